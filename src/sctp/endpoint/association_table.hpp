#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "sctp/association/association.hpp"
#include "sctp/endpoint/tag_table.hpp"

namespace hawser::sctp::endpoint {

/// The associations of one endpoint. Owns them; finds them by id, verification tag or route; remembers which
/// may have something to send or to deliver. Never parses a packet.
class AssociationTable {
 public:
  /// An association with the table's state for it. What it does may throw: there is no memory, or OpenSSL
  /// fails. Then only this association ends.
  struct Entry final : association::Association {
    using Association::Association;
    /// Runs `work` on the association. An exception leaves it in an unknown state: it ends without a packet,
    /// and the result is `otherwise`.
    template <class Result, class Work>
    Result guarded(Result otherwise, Work work) {
      try {
        return work();
      } catch (const std::bad_alloc&) {
        end({}, association::broken("out of memory"));
      } catch (const std::exception&) {
        end({}, association::broken("an internal failure"));
      }
      return otherwise;
    }
    /// Association::handle_packet(), which see.
    void handle_packet(Timestamp now, const Route& route, const wire::PacketView& packet,
                       const security::OpenedRecord* record = nullptr);
    /// Association::open_record(), which see.
    [[nodiscard]] Result<security::OpenedRecord, DropReason> open_record(Timestamp now,
                                                                         MutableBytes datagram);
    Timestamp deadline = kNever;
    bool touched = false;   ///< in touched_
    bool readable = false;  ///< in readable_
    bool anonymous = true;  ///< the peer had proven no key when the association was last touched
  };
  /// The peer of an association has proven its key.
  struct Proof {
    AssociationId association;
    crypto::PublicKey key;
  };

  /// A new id; ids are never reused.
  [[nodiscard]] AssociationId next_id() { return AssociationId(next_id_++); }
  /// Adds an association, whose id must be the highest so far.
  Entry& add(std::unique_ptr<Entry> entry);
  /// The own verification tag of `entry` has changed from `old_tag`.
  void retag(VerificationTag old_tag, Entry& entry);
  /// `entry` may have something to send, to deliver, or another deadline than before.
  void touch(Entry& entry);

  // --- look-up; null: there is no such association. Only find_by_tag finds one that is closed.
  /// The association with this id.
  [[nodiscard]] Entry* find(AssociationId id) const;
  /// The association with this own verification tag, open or closed.
  [[nodiscard]] Entry* find_by_tag(VerificationTag tag) const { return tags_.find(tag); }
  /// The association that has a path with this route and this SCTP port of the peer.
  [[nodiscard]] Entry* find_by_route(const Route& route, std::uint16_t peer_port) const;
  /// The association that has a path with this route and this verification tag of the peer.
  [[nodiscard]] Entry* find_by_peer_tag(const Route& route, VerificationTag tag) const;
  /// Number of associations that are not closed.
  [[nodiscard]] std::size_t live_count() const;
  /// The proofs since the last call, in protected endpoints that accept.
  [[nodiscard]] std::vector<Proof> take_proofs() { return std::exchange(proofs_, {}); }
  /// All associations, closed ones included, in the order of their ids.
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  /// The end of the associations.
  [[nodiscard]] auto end() const { return entries_.end(); }

  // --- all associations
  /// Handles the timeouts that are due.
  void handle_timeout(Timestamp now);
  /// Fills `batch` from an association that has something to send. False: none has.
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  /// The next received message of any association; nothing: there is none.
  std::optional<ReceivedMessage> poll_message();
  /// The next timeout of any association; kNever: none.
  [[nodiscard]] Timestamp next_timeout();

 private:
  void note_proof(Entry& entry);
  void reap_closed();

  TagTable<Entry> tags_;
  std::vector<std::unique_ptr<Entry>> entries_;  ///< in the order of their ids
  std::vector<Entry*> touched_;                  ///< may have something to send, or another deadline
  std::vector<Entry*> readable_;                 ///< may have messages
  std::vector<Proof> proofs_;                    ///< of associations that a peer has begun
  std::uint32_t next_id_ = 1;
};

}  // namespace hawser::sctp::endpoint
