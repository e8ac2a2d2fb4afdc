#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/random.hpp"
#include "hawser/crypto/secret.hpp"
#include "hawser/sctp/security.hpp"
#include "sctp/wire/init.hpp"

// The ACCESS proof of an INIT shows that its sender knows the hub's public key (and the pre-shared key, if
// there is one). It does not depend on a clock, because routers boot with a clock set to 1970. A replayed
// INIT causes one stateless answer and nothing else, because the COOKIE ECHO needs a MAC under the access key
// that covers the transcript, and each INIT ACK is new.
//
// The hub checks two MACs. The first depends on the hub's public key alone and costs one HMAC however many
// pre-shared keys there are. It also hides the key hint, by which the hub finds the access key of the second
// MAC in a table.

namespace hawser::sctp::security {

/// The keys with which an edge signs its INIT to a hub. Owns them.
struct InitSecrets {
  crypto::SecretBytes hub_key;     ///< crypto::derive_hub_key()
  crypto::SecretBytes access_key;  ///< crypto::derive_access_key()
  crypto::SecretBytes hints;       ///< crypto::derive_access_hints()

  /// Derives the keys from the hub's public key and the pre-shared key, which may be null.
  static InitSecrets derive(const crypto::PublicKey& hub, const crypto::PresharedKey* preshared_key);
};

/// Appends ACCESS, which must be the last parameter, with a random nonce and zeros behind it.
void write_access_nonce(ByteWriter& parameters, RandomSource& random);
/// Writes both MACs and the key hint of the ACCESS parameter at the end of a serialised INIT chunk.
void sign_access(MutableBytes init_chunk, const InitSecrets& secrets);

/// The keys of a hub for ACCESS proofs and handshake MACs: one for each distinct pre-shared key of its peers,
/// and one for peers without any. Owns the keys and the table of their hints; keeps nothing about a peer.
class AccessKeys {
 public:
  /// Derives the keys from the hub's own key and its peers.
  explicit AccessKeys(const SecurityConfig& security);

  /// A hint of an access key.
  struct Hint {
    std::uint32_t value;
    std::uint16_t key;  ///< index of the access key
  };
  /// The keys whose hint an INIT contains. Two keys rarely share a hint.
  using Candidates = std::span<const Hint>;

  /// The keys that an INIT may be signed with, at most kMaxCandidates; nothing: its sender does not know the
  /// hub's public key. Costs one HMAC if the chunk ends with ACCESS.
  [[nodiscard]] std::optional<Candidates> candidates(Bytes init_chunk,
                                                     const wire::InitParameters& parameters) const;
  /// The index of the key with which the INIT was signed; nothing: no candidate fits. Costs one HMAC for each
  /// candidate.
  [[nodiscard]] std::optional<std::uint16_t> verify(Bytes init_chunk, Candidates candidates) const;

  /// The number of access keys.
  [[nodiscard]] std::size_t count() const { return keys_.size(); }
  /// The access key with this index, as long as this object lives; empty: there is none.
  [[nodiscard]] Bytes key(std::uint16_t index) const {
    return index < keys_.size() ? keys_[index].view() : Bytes{};
  }

  static constexpr std::size_t kMaxCandidates = 4;  ///< further keys with the same hint are not tried

 private:
  crypto::SecretBytes hub_key_;
  std::vector<crypto::SecretBytes> keys_;
  /// crypto::kAccessHints tables of keys_.size() hints each, sorted by value.
  std::vector<Hint> hints_;
};

}  // namespace hawser::sctp::security
