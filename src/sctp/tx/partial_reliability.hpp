#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"
#include "sctp/path/path.hpp"
#include "sctp/tx/outstanding.hpp"
#include "sctp/tx/send_queue.hpp"
#include "sctp/wire/forward_tsn.hpp"

namespace hawser::sctp::tx {

/// Partial reliability of what this end sends (RFC 3758, RFC 7496 with the policies TTL and RTX): which
/// chunks are abandoned, and what the FORWARD TSN reports to the peer.
///
/// Owns the Advanced.Peer.Ack.Point, the streams that it skips, and the times at which FORWARD TSN leaves.
/// Changes chunks and messages only in the Outstanding and the SendQueue that are passed to it. Never sends.
/// A chunk is abandoned when its turn to be transmitted comes, never in flight: it may have arrived.
class PartialReliability {
 public:
  /// Most streams that one FORWARD TSN skips, so that it fits the smallest packet. The point stops before the
  /// next one.
  static constexpr std::size_t kMaxStreams = 100;

  /// Whether both ends support it; off until then.
  void set_enabled(bool enabled) { enabled_ = enabled; }
  /// Whether both ends support it.
  [[nodiscard]] bool enabled() const { return enabled_; }

  /// A message with these options is handed over now. Returns the end of its lifetime.
  [[nodiscard]] Timestamp admit(Timestamp now, const SendOptions& options);
  /// How often a chunk of such a message may leave; 0: as often as it takes.
  [[nodiscard]] std::uint8_t max_transmissions(const SendOptions& options) const;

  /// Whether the chunk must not be transmitted, for the first time or again.
  [[nodiscard]] static bool is_over(const OutChunk& chunk, Timestamp now) {
    return chunk.doomed || chunk.expires <= now ||
           (chunk.max_transmissions != 0 && chunk.transmissions >= chunk.max_transmissions);
  }
  /// Abandons what waits to be sent, for the first time or again, and is over. True: messages were abandoned
  /// since the last call.
  bool abandon_stale(Timestamp now, Outstanding& chunks, SendQueue& queue);
  /// Abandons `tsn`, which is queued, and with it all fragments of its message: the queued ones now, those in
  /// flight if they are lost, and those that have no TSN yet when they get one.
  void abandon(std::uint64_t tsn, Outstanding& chunks, SendQueue& queue);
  /// Drops the first messages of a lane that are over and of which no part was sent.
  void drop_stale(Timestamp now, SendQueue::Lane lane, SendQueue& queue);
  /// To be called after the chunks have changed: moves the Advanced.Peer.Ack.Point (RFC 3758 §3.5 C2).
  void advance(Outstanding& chunks);

  /// Whether FORWARD TSN is to be sent now: it is news and the last one left a round trip ago, or the last
  /// one was not acknowledged within an RTO.
  [[nodiscard]] bool due(Timestamp now) const { return next_at() <= now; }
  /// When it becomes due, or what waits to be sent is over; kNever: not by time.
  [[nodiscard]] Timestamp next_timeout() const { return std::min(stale_at_, blocked_ ? kNever : next_at()); }
  /// No path can carry it now, so that no timer waits for it.
  void set_blocked(bool blocked) { blocked_ = blocked; }
  /// Writes the chunk: at most 8 bytes and four for each of kMaxStreams.
  void write(ByteWriter& writer) const;
  /// It left on `path`.
  void on_sent(Timestamp now, const path::Path& path);

  /// Messages that were abandoned, whether or not a part of them was sent.
  [[nodiscard]] std::uint64_t messages_abandoned() const { return messages_abandoned_; }

 private:
  /// An ordered stream with abandoned messages.
  struct Skipped {
    wire::SkippedStream last;  ///< its highest SSN among them
    std::uint64_t tsn = 0;     ///< of that message
  };
  [[nodiscard]] Timestamp next_at() const;
  bool note(std::uint64_t tsn, const OutChunk& chunk);
  bool abandon_fragments(std::uint64_t tsn, Outstanding& chunks);

  bool enabled_ = false;
  bool blocked_ = false;
  std::uint64_t cumulative_ = 0;  ///< the peer's
  std::uint64_t point_ = 0;    ///< Advanced.Peer.Ack.Point; not above cumulative_: there is nothing to report
  std::uint64_t scanned_ = 0;  ///< chunks below were considered
  std::uint64_t sent_point_ = 0;  ///< as the last FORWARD TSN reported it
  Timestamp again_at_{};          ///< when that one may be followed by another
  Timestamp retry_at_{};          ///< when that one counts as lost
  std::vector<Skipped> skipped_;  ///< at most kMaxStreams
  std::uint64_t messages_abandoned_ = 0;
  Timestamp stale_at_ = kNever;  ///< when what waits to be sent is over
  Timestamp not_before_{};       ///< earliest stale_at_
  bool limits_used_ = false;     ///< a message with a limit was handed over
  bool abandoned_any_ = false;   ///< since the last abandon_stale()
};

}  // namespace hawser::sctp::tx
