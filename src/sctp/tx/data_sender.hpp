#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/ring_queue.hpp"
#include "hawser/sctp/message.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/tx/partial_reliability.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// The send half of the data transfer of one association: messages wait, are cut into chunks when they leave
/// (RFC 9260 §6.9), and are kept until the peer has acknowledged them. Owns the queues, the outstanding
/// chunks, the stream sequence numbers and the peer's window. Never chooses a path.
class DataSender {
 public:
  /// `pool` outlives this. `initial_tsn` is the TSN of the first chunk.
  DataSender(const EndpointConfig& config, BufferPool& pool, Tsn initial_tsn);

  /// Takes the number of outbound streams, the peer's first window, bytes (RFC 9260 §5.1.1), and whether
  /// PR-SCTP was negotiated.
  void on_established(std::uint16_t streams, std::uint32_t peer_window, bool partial_reliability = false);

  /// Queues a message of the application. On failure, `message` is unchanged.
  SendResult enqueue(Timestamp now, Buffer&& message, const SendOptions& options);
  /// Queues an internal message. It ignores the limit of the send buffer, and leaves before every message of
  /// which no part was sent.
  void enqueue_urgent(Buffer&& message, const SendOptions& options);
  /// Bytes of messages and chunks that count against the send buffer.
  [[nodiscard]] std::size_t queued_bytes() const { return outstanding_.held_bytes() + backlog_; }
  /// Bytes of messages that have no TSN yet.
  [[nodiscard]] std::size_t backlog() const { return backlog_; }
  /// Free bytes of the send buffer.
  [[nodiscard]] std::size_t space() const { return queued_bytes() < limit_ ? limit_ - queued_bytes() : 0; }
  /// Whether no message waits and every chunk is acknowledged.
  [[nodiscard]] bool drained() const { return !any_queued() && outstanding_.empty(); }
  /// Messages that enqueue() accepted so far.
  [[nodiscard]] std::uint64_t messages_accepted() const { return messages_accepted_; }
  /// True once after a would_block, as soon as half of the send buffer is free.
  bool take_writable();

  /// Abandons what waits to be sent, for the first time or again, and is over. True: messages were abandoned
  /// since the last call.
  bool abandon_stale(Timestamp now);
  /// When the next of them is over, or a FORWARD TSN becomes due; kNever: neither.
  [[nodiscard]] Timestamp next_timeout() const { return std::min(stale_at_, reliability_.next_timeout()); }
  /// Which chunks are abandoned, and what FORWARD TSN reports.
  [[nodiscard]] PartialReliability& reliability() { return reliability_; }
  /// Whether PR-SCTP was negotiated.
  [[nodiscard]] bool partial_reliability() const { return reliability_.enabled(); }
  /// Messages that were abandoned, whether or not a part of them was sent.
  [[nodiscard]] std::uint64_t messages_abandoned() const {
    return messages_expired_ + reliability_.messages_abandoned();
  }

  /// User bytes of the chunk that would leave next; 0 when there is none.
  [[nodiscard]] std::size_t next_chunk_size();
  /// Whether a chunk waits that the peer's window permits.
  [[nodiscard]] bool ready();
  /// Whether data waits to be sent, for the first time or again.
  [[nodiscard]] bool has_data() const { return any_queued() || outstanding_.has_queued(); }
  /// Whether the peer's window permits a full-sized chunk.
  [[nodiscard]] bool peer_has_room() const { return window_permits(max_chunk_payload_); }
  /// Adds to `packet` as many chunks as fit, retransmissions first. They count as packet `number` of `path`.
  /// Returns the user bytes added: 0 when the next chunk does not fit or none is ready.
  std::size_t fill(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now);
  /// Sets the most user bytes of one chunk; larger messages are fragmented.
  void set_max_chunk_payload(std::size_t bytes) { max_chunk_payload_ = bytes; }
  /// The most user bytes of one chunk.
  [[nodiscard]] std::size_t max_chunk_payload() const { return max_chunk_payload_; }

  /// What a SACK was: it acknowledged data, acknowledged nothing new, was older than an earlier one, or
  /// acknowledged data that was never sent. The last two change nothing.
  enum class SackVerdict { advanced, nothing_new, stale, invalid };
  /// Applies a SACK or NR-SACK (RFC 9260 §6.2.1) and sets each path's flight.acked.
  SackVerdict on_sack(const wire::SackFields& fields, const wire::GapBlockList& gaps,
                      const wire::GapBlockList& non_renegable, path::PathTable& paths, Timestamp now);
  /// Applies the cumulative TSN of a SHUTDOWN (RFC 9260 §9.2).
  SackVerdict on_cumulative(Tsn tsn, path::PathTable& paths, Timestamp now);

  /// The chunks that have a TSN.
  [[nodiscard]] Outstanding& outstanding() { return outstanding_; }
  /// The chunks that have a TSN.
  [[nodiscard]] const Outstanding& outstanding() const { return outstanding_; }
  /// The a_rwnd that the peer advertised last, bytes.
  [[nodiscard]] std::size_t peer_window() const { return peer_window_; }
  /// Whether the chunk in flight only probes a closed window (RFC 9260 §6.1 A).
  [[nodiscard]] bool probing_window() const { return probing_window_; }
  /// The initial TSN of this end's INIT or INIT ACK.
  [[nodiscard]] Tsn initial_tsn() const { return initial_tsn_; }

 private:
  struct Pending {
    Buffer message;
    SendOptions options;
    std::size_t offset = 0;  ///< bytes already cut off
    Timestamp expires = kNever;
    bool doomed = false;  ///< a fragment of it is abandoned
  };
  bool send_next(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
                 std::size_t& added);
  bool add_new(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now,
               std::size_t& added);
  OutChunk cut(RingQueue<Pending>& queue, std::size_t size);
  [[nodiscard]] bool any_queued() const { return !queue_.empty() || !urgent_.empty(); }
  [[nodiscard]] RingQueue<Pending>& next_queue();
  void abandon(std::uint64_t tsn);
  void drop_expired(Timestamp now);
  [[nodiscard]] bool window_permits(std::size_t size) const;
  SackVerdict apply(const SackView& view, std::uint32_t a_rwnd, path::PathTable& paths);

  BufferPool* pool_;
  std::size_t limit_;
  std::size_t max_message_;
  Tsn initial_tsn_;
  Outstanding outstanding_;
  PartialReliability reliability_;
  RingQueue<Pending> queue_;
  RingQueue<Pending> urgent_;
  std::uint16_t streams_;
  std::vector<Ssn> next_ssn_;  ///< of the streams up to the highest one in use
  std::size_t max_chunk_payload_ = 0;
  std::size_t backlog_ = 0;
  std::size_t peer_window_ = 0;
  std::uint64_t messages_accepted_ = 0;
  std::uint64_t messages_expired_ = 0;  ///< of which no part was sent
  Timestamp stale_at_ = kNever;         ///< see next_timeout()
  Timestamp not_before_{};              ///< earliest stale_at_
  bool limits_used_ = false;            ///< a message with a limit was queued
  bool abandoned_any_ = false;          ///< since the last abandon_stale()
  bool probing_window_ = false;
  bool blocked_ = false;
};

}  // namespace hawser::sctp::tx
