#pragma once

#include <algorithm>
#include <cstdint>

#include "hawser/sctp/message.hpp"
#include "sctp/tx/copies.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/tx/partial_reliability.hpp"
#include "sctp/tx/sack_coverage.hpp"
#include "sctp/tx/send_queue.hpp"
#include "sctp/tx/stream_numbers.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// The send half of the data transfer of one association: messages wait, are cut into chunks when they leave
/// (RFC 9260 §6.9), and are kept until the peer has acknowledged them. Owns the queue, the outstanding
/// chunks, the stream sequence numbers and the peer's window. Never chooses a path.
///
/// The order of sending: retransmissions of urgent and real-time messages, urgent and real-time messages,
/// other retransmissions, messages of the application, bulk messages of the source.
class DataSender {
 public:
  /// `pool` outlives this. `initial_tsn` is the TSN of the first chunk.
  DataSender(const EndpointConfig& config, BufferPool& pool, Tsn initial_tsn);

  /// Takes the number of outbound streams, the peer's first window, bytes (RFC 9260 §5.1.1), and whether
  /// PR-SCTP was negotiated.
  void on_established(std::uint16_t streams, std::uint32_t peer_window, bool partial_reliability = false);

  /// Queues a message of the application. On failure, `message` is unchanged.
  SendResult enqueue(Timestamp now, Buffer&& message, const SendOptions& options);
  /// The messages that have no TSN yet: internal ones, which ignore the limit of the send buffer, go directly
  /// there, and the user's source is set there.
  [[nodiscard]] SendQueue& queue() { return queue_; }
  /// Bytes of messages and chunks that count against the send buffer.
  [[nodiscard]] std::size_t queued_bytes() const { return outstanding_.held_bytes() + queue_.bytes(); }
  /// Bytes of messages that have no TSN yet, without those in the source.
  [[nodiscard]] std::size_t backlog() const { return queue_.bytes(); }
  /// Whether the next chunk holds up others, or is of use only for a short time.
  [[nodiscard]] bool next_is_urgent() const;
  /// The congestion windows of all paths are `windows` bytes: sizes the send buffer for them.
  void size_buffer(std::size_t windows) { limit_ = std::clamp(2 * windows, least_, most_); }
  /// Free bytes of the send buffer.
  [[nodiscard]] std::size_t space() const { return queued_bytes() < limit_ ? limit_ - queued_bytes() : 0; }
  /// Whether no message waits, except in the source, and every chunk is acknowledged.
  [[nodiscard]] bool drained() const { return queue_.bytes() == 0 && outstanding_.empty(); }
  /// Messages that enqueue() accepted or that were taken from the source so far.
  [[nodiscard]] std::uint64_t messages_accepted() const { return messages_accepted_; }
  /// Messages from the source that enqueue() would have refused; they were dropped.
  [[nodiscard]] std::uint64_t messages_refused() const { return messages_refused_; }
  /// True once after a would_block, as soon as half of the send buffer is free.
  bool take_writable();

  /// Abandons what waits to be sent, for the first time or again, and is over. True: messages were abandoned
  /// since the last call.
  bool abandon_stale(Timestamp now) { return reliability_.abandon_stale(now, outstanding_, queue_); }
  /// Which messages are abandoned, and what FORWARD TSN reports.
  [[nodiscard]] PartialReliability& reliability() { return reliability_; }
  /// Which messages are abandoned, and what FORWARD TSN reports.
  [[nodiscard]] const PartialReliability& reliability() const { return reliability_; }
  /// The newest chunk in flight on `path` that may be sent again; path::kNoTsn: there is none. Looks at
  /// chunks in flight there.
  [[nodiscard]] std::uint64_t newest_worth_sending(const path::Path& path, Timestamp now);
  /// Adds to `packet` the newest chunk in flight on `path` that may be sent again, as a tail loss probe (RFC
  /// 8985 §7.3) that the peer acknowledges immediately. False: there is none, or it does not fit.
  bool fill_probe(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now);

  /// User bytes of the chunk that would leave next; 0 when there is none. At most so many while its message
  /// is still in the source.
  [[nodiscard]] std::size_t next_chunk_size();
  /// Takes the message that would leave next from the source, if it is there, so that next_chunk_size() is
  /// exact. To be called when `path` has room. False: nothing is left to be sent.
  bool prepare(Timestamp now, const path::Path& path);
  /// Whether a chunk waits that the peer's window permits.
  [[nodiscard]] bool ready();
  /// Whether data waits to be sent, for the first time or again.
  [[nodiscard]] bool has_data() const { return outstanding_.has_queued() || queue_.waits(); }
  /// Whether the peer's window permits a full-sized chunk.
  [[nodiscard]] bool peer_has_room() const { return window_permits(max_chunk_payload_); }
  /// Adds to `packet` as many chunks as fit and have its DSCP, in the order of sending. They
  /// count as packet `number` of `path`. Returns the user bytes added: 0 when the next chunk does not fit or
  /// none is ready.
  std::size_t fill(PacketBuilder& packet, path::Path& path, path::PacketNumber number, Timestamp now);
  /// Sets the most user bytes of one chunk; larger messages are fragmented.
  void set_max_chunk_payload(std::size_t bytes) { max_chunk_payload_ = bytes; }
  /// The most user bytes of one chunk.
  [[nodiscard]] std::size_t max_chunk_payload() const { return max_chunk_payload_; }

  /// What a SACK was: it acknowledged data, acknowledged nothing new, was older than an earlier one, or
  /// acknowledged data that was never sent. The last two change nothing.
  enum class SackVerdict { advanced, nothing_new, stale, invalid };
  /// The content of a SACK or NR-SACK. Borrows the lists.
  struct Sack {
    const wire::SackFields& fields;
    wire::GapBlockList gaps;           ///< renegable
    wire::GapBlockList non_renegable;  ///< empty for a plain SACK
    wire::DuplicateList duplicates;
    bool overtaken = false;  ///< a SACK that left later has arrived: its window is out of date
  };
  /// Applies a SACK or NR-SACK (RFC 9260 §6.2.1) and sets each path's flight.acked.
  SackVerdict on_sack(const Sack& sack, path::PathTable& paths, Timestamp now);
  /// Applies the cumulative TSN of a SHUTDOWN (RFC 9260 §9.2).
  SackVerdict on_cumulative(Tsn tsn, path::PathTable& paths, Timestamp now);

  /// Whether the chunks that the peer has not acknowledged had not arrived when its newest SACK left, so that
  /// they may be lost.
  [[nodiscard]] bool acknowledgements_complete() const { return coverage_.certain(); }
  /// The chunks that have a TSN.
  [[nodiscard]] Outstanding& outstanding() { return outstanding_; }
  /// The chunks that have a TSN.
  [[nodiscard]] const Outstanding& outstanding() const { return outstanding_; }
  /// The a_rwnd that the peer advertised last, bytes.
  [[nodiscard]] std::size_t peer_window() const { return peer_window_; }
  /// Bytes that may be in flight or held by the peer for the order: the largest window that the peer has
  /// advertised, or what fits into the span of TSNs.
  [[nodiscard]] std::size_t whole_window() const {
    return std::min<std::size_t>(largest_window_, Outstanding::kMaxSpan * max_chunk_payload_);
  }
  /// Whether the chunk in flight only probes a closed window (RFC 9260 §6.1 A).
  [[nodiscard]] bool probing_window() const { return probing_window_; }
  /// The initial TSN of this end's INIT or INIT ACK.
  [[nodiscard]] Tsn initial_tsn() const { return initial_tsn_; }

 private:
  using Lane = SendQueue::Lane;
  /// The packet that fill() fills.
  struct Filling {
    PacketBuilder& packet;
    path::Path& path;
    path::PacketNumber number;
    Timestamp now;
    std::size_t added = 0;  ///< user bytes
  };
  [[nodiscard]] Lane overtaking() const;
  [[nodiscard]] Lane following() const;
  [[nodiscard]] std::size_t size_in(Lane lane);
  bool fetch(Timestamp now, Lane lane, const path::Path& path);
  [[nodiscard]] SendResult check(const Buffer& message, const SendOptions& options) const;
  bool send_again(Filling& to);
  bool send_new(Filling& to, Lane lane);
  void send(Filling& to, std::uint64_t tsn);
  OutChunk cut(Lane lane, std::size_t size);
  [[nodiscard]] bool window_permits(std::size_t size) const;
  SackVerdict apply(const SackView& view, std::uint32_t a_rwnd, path::PathTable& paths);

  BufferPool* pool_;
  std::size_t least_;  ///< the least of the send buffer
  std::size_t most_;   ///< the most
  std::size_t limit_;  ///< its size now
  std::size_t max_message_;
  Tsn initial_tsn_;
  Outstanding outstanding_;
  PartialReliability reliability_;
  SendQueue queue_;
  std::uint16_t streams_;
  StreamNumbers numbers_;
  SackCoverageTracker coverage_;
  std::size_t max_chunk_payload_ = 0;
  std::uint32_t peer_window_ = 0;
  std::uint32_t largest_window_ = 0;
  std::uint64_t messages_accepted_ = 0;
  std::uint64_t messages_refused_ = 0;
  bool probing_window_ = false;
  bool blocked_ = false;
};

}  // namespace hawser::sctp::tx
