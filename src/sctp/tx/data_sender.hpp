#pragma once

#include <cstdint>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// The send half of the data transfer of one association: messages wait here, are cut into chunks when they
/// leave (RFC 9260 §6.9), and stay until the peer has them. Owns queue, stream sequence numbers and the view
/// of the peer's window. Chooses no path.
class DataSender {
 public:
  DataSender(const EndpointConfig& config, BufferPool& pool, Tsn initial_tsn);

  /// The peer's side is known: how many streams it takes, and its window (RFC 9260 §5.1.1).
  void on_established(std::uint16_t streams, std::uint32_t peer_window);

  SendResult enqueue(Buffer&& message, const SendOptions& options);
  /// Ours, not the user's: takes no notice of the limit of the buffer, and leaves before every message of
  /// which nothing was sent yet.
  void enqueue_urgent(Buffer&& message, const SendOptions& options);
  [[nodiscard]] std::size_t queued_bytes() const { return outstanding_.held_bytes() + backlog_; }
  [[nodiscard]] std::size_t backlog() const { return backlog_; }
  [[nodiscard]] std::size_t space() const { return queued_bytes() < limit_ ? limit_ - queued_bytes() : 0; }
  /// Everything was delivered.
  [[nodiscard]] bool drained() const { return !any_queued() && outstanding_.empty(); }
  [[nodiscard]] std::uint64_t messages_accepted() const { return messages_accepted_; }
  /// True once after a would_block, when half of the buffer is free again.
  bool take_writable();

  /// User bytes of the chunk that would leave next; 0 when there is none.
  [[nodiscard]] std::size_t next_chunk_size();
  /// Something may leave now as far as the peer's window is concerned.
  [[nodiscard]] bool ready();
  /// Something waits to be sent, for the first time or again.
  [[nodiscard]] bool has_data() const { return any_queued() || outstanding_.has_queued(); }
  /// The peer's window lets a full-sized chunk go.
  [[nodiscard]] bool peer_has_room() const { return window_permits(max_chunk_payload_); }
  /// Puts into `packet` as many chunks as fit, retransmissions first; they count for `path` as its packet
  /// `number`. Returns how many user bytes were added: 0 when the next chunk does not fit or nothing is
  /// ready.
  std::size_t fill(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now);
  /// Largest user data of one chunk; messages above it are fragmented.
  void set_max_chunk_payload(std::size_t bytes) { max_chunk_payload_ = bytes; }
  [[nodiscard]] std::size_t max_chunk_payload() const { return max_chunk_payload_; }

  enum class SackVerdict { advanced, nothing_new, stale, invalid };
  /// Takes in a SACK or NR-SACK (RFC 9260 §6.2.1): paths' flight.acked tell what it means for each.
  SackVerdict on_sack(const wire::SackFields& fields, const wire::GapBlockList& gaps,
                      const wire::GapBlockList& non_renegable, path::PathTable& paths, Timestamp now);
  /// The cumulative TSN in a SHUTDOWN (RFC 9260 §9.2).
  SackVerdict on_cumulative(Tsn tsn, path::PathTable& paths, Timestamp now);

  [[nodiscard]] Outstanding& outstanding() { return outstanding_; }
  [[nodiscard]] const Outstanding& outstanding() const { return outstanding_; }
  [[nodiscard]] std::size_t peer_window() const { return peer_window_; }
  /// What is in flight only probes a closed window (RFC 9260 §6.1 A).
  [[nodiscard]] bool probing_window() const { return probing_window_; }
  /// TSN to announce in our INIT or INIT ACK.
  [[nodiscard]] Tsn initial_tsn() const { return initial_tsn_; }

 private:
  struct Pending {
    Buffer message;
    SendOptions options;
    std::size_t offset = 0;  ///< bytes already cut off
  };
  bool send_next(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
                 std::size_t& added);
  bool add_new(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
               std::size_t& added);
  OutChunk cut(RingQueue<Pending>& queue, std::size_t size);
  [[nodiscard]] bool any_queued() const { return !queue_.empty() || !urgent_.empty(); }
  [[nodiscard]] RingQueue<Pending>& next_queue();
  [[nodiscard]] bool window_permits(std::size_t size) const;
  SackVerdict apply(const SackView& view, std::uint32_t a_rwnd, path::PathTable& paths);

  BufferPool* pool_;
  std::size_t limit_;
  std::size_t max_message_;
  Tsn initial_tsn_;
  Outstanding outstanding_;
  RingQueue<Pending> queue_;
  RingQueue<Pending> urgent_;
  std::vector<Ssn> next_ssn_;
  std::size_t max_chunk_payload_ = 0;
  std::size_t backlog_ = 0;
  std::size_t peer_window_ = 0;
  std::uint64_t messages_accepted_ = 0;
  bool probing_window_ = false;
  bool blocked_ = false;
};

}  // namespace hawser::sctp::tx
