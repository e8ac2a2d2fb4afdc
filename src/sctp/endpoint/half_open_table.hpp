#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/token_bucket.hpp"
#include "hawser/base/address.hpp"
#include "hawser/base/random.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/endpoint/association_table.hpp"
#include "sctp/endpoint/handshake_limiter.hpp"
#include "sctp/endpoint/source_prefixes.hpp"

namespace hawser::sctp::endpoint {

/// Decides which handshakes of peers begin and go on, in a protected endpoint. The senders have returned
/// their State Cookies, so their addresses are real. Two kinds of associations are half-open:
///
///   anonymous   the peer has proven no key    limits by source prefix, and in all; a newer one takes the
///                                             place of the oldest of the most crowded prefix
///   proven      TLS is complete, with the     at most kProvenPerKey for each key, the newest win; they count
///               key of a peer; no record yet  against no prefix
///
/// A handshake takes a token of its prefixes, and returns it when it proves a key: a prefix is charged only
/// for handshakes that prove nothing, so that any number of edges can stand behind one address. Owns the
/// counts, not the associations. Reads no clock.
class HalfOpenTable {
 public:
  /// All arguments outlive it.
  HalfOpenTable(const SecurityConfig& config, RandomSource& random, AssociationTable& associations,
                DropCounters& drops);

  /// Whether a handshake of this source may begin, which then counts; its association is given to add().
  /// `access_key` is the index of the access key that its sender has proven. Otherwise the reason.
  [[nodiscard]] std::optional<DropReason> admit(Timestamp now, const IpAddress& source,
                                                std::uint16_t access_key);
  /// Adds the association of the handshake that was admitted last. May end other ones to make room.
  void add(Timestamp now, AssociationTable::Entry& association, const IpAddress& source,
           std::uint16_t access_key);

 private:
  using Entry = AssociationTable::Entry;
  /// A half-open association. Its id stays valid when the association is gone.
  struct Member {
    AssociationId id;
    SourcePrefixes prefixes;
    std::optional<crypto::PublicKey> key = std::nullopt;  ///< nothing: anonymous
  };

  /// How many anonymous members its prefixes have, widest prefix first.
  using Crowd = std::array<std::uint16_t, 3>;

  [[nodiscard]] bool take_budget(Timestamp now, const SourcePrefixes& prefixes);
  void settle(Timestamp now);
  void on_proven(Timestamp now, Member& member, const crypto::PublicKey& key);
  void limit_proven(Timestamp now, const crypto::PublicKey& key);
  void make_room(Timestamp now, const SourcePrefixes& prefixes);
  [[nodiscard]] std::size_t most_crowded(std::optional<std::uint16_t> prefix) const;
  [[nodiscard]] Crowd crowd_around(const Member& member) const;
  void evict(Timestamp now, std::size_t member);
  void count(const SourcePrefixes& prefixes, int change);

  AssociationTable& associations_;
  DropCounters& drops_;
  std::size_t capacity_;
  std::size_t share_;  ///< most anonymous ones of a prefix
  BucketHash hash_;
  HandshakeLimiter prefixes_;
  HandshakeLimiter keys_;
  TokenBucket budget_;                                           ///< of TLS handshakes
  std::vector<Member> members_;                                  ///< oldest first
  std::array<std::uint16_t, BucketHash::kBuckets> anonymous_{};  ///< anonymous members by prefix
  std::size_t anonymous_count_ = 0;
  Timestamp next_settle_ = Timestamp::min();
};

}  // namespace hawser::sctp::endpoint
