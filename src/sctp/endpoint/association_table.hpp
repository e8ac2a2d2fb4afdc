#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sctp/association/association.hpp"
#include "sctp/endpoint/tag_table.hpp"

namespace hawser::sctp::endpoint {

/// The associations of one endpoint. Owns them; finds them by id, verification tag or route; keeps which of
/// them may have something to send or to deliver. Never looks into a packet.
class AssociationTable {
 public:
  /// An association and what the table remembers about it.
  struct Entry final : association::Association {
    using Association::Association;
    Timestamp deadline = kNever;
    bool touched = false;   ///< in touched_
    bool readable = false;  ///< in readable_
  };

  /// Never reused.
  [[nodiscard]] AssociationId next_id() { return AssociationId(next_id_++); }
  Entry& add(std::unique_ptr<Entry> entry);
  /// `entry` answers to another verification tag than `old_tag` from now on.
  void retag(VerificationTag old_tag, Entry& entry);
  /// `entry` may have something to send, to deliver, or another deadline than before.
  void touch(Entry& entry);

  // --- look-up; null: there is no such association. Only find_by_tag finds one that is closed.
  [[nodiscard]] Entry* find(AssociationId id) const;
  [[nodiscard]] Entry* find_by_tag(VerificationTag tag) const { return tags_.find(tag); }
  [[nodiscard]] Entry* find_by_route(const Route& route, std::uint16_t peer_port) const;
  [[nodiscard]] Entry* find_by_peer_tag(const Route& route, VerificationTag tag) const;
  [[nodiscard]] std::size_t live_count() const;
  /// Live ones whose peer has not proven its keys.
  [[nodiscard]] std::size_t half_open_count() const;
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

  // --- what all of them do
  void handle_timeout(Timestamp now);
  bool poll_transmit(Timestamp now, TransmitBatch& batch);
  std::optional<ReceivedMessage> poll_message();
  [[nodiscard]] Timestamp next_timeout();

 private:
  void reap_closed();

  TagTable<Entry> tags_;
  std::vector<std::unique_ptr<Entry>> entries_;  ///< in the order of their ids
  std::vector<Entry*> touched_;                  ///< may have something to send, or another deadline
  std::vector<Entry*> readable_;                 ///< may have messages
  std::uint32_t next_id_ = 1;
};

}  // namespace hawser::sctp::endpoint
