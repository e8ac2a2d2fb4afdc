#pragma once

#include <cstdint>
#include <vector>

#include "base/ring_bitmap.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"
#include "sctp/path/path.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/sack.hpp"

namespace hawser::sctp::tx {

/// A DATA chunk that has a TSN and may have to be sent again. Owns its payload until it is released.
struct OutChunk {
  enum class State : std::uint8_t {
    in_flight,  ///< sent, and in the list of its path
    queued,     ///< waits for transmission, for the first time or again
    gap_acked,  ///< received, but the peer may still renege (plain SACK)
    released,   ///< received, and the peer cannot renege; the payload is freed
    abandoned,  ///< no longer sent (RFC 3758); the payload is freed
  };
  Buffer payload;
  path::Path* path = nullptr;          ///< where it was sent last; null: that path was removed
  path::PacketNumber packet;           ///< number of the packet on that path
  std::uint64_t older = path::kNoTsn;  ///< neighbours in the send order of that path
  std::uint64_t newer = path::kNoTsn;
  Timestamp sent_at{};
  Timestamp expires = kNever;  ///< end of the lifetime of the message
  Ppid ppid;
  StreamId stream;
  Ssn ssn;
  State state = State::released;
  std::uint8_t transmissions = 0;      ///< at most 255
  std::uint8_t max_transmissions = 0;  ///< 0: no limit
  bool doomed = false;                 ///< a fragment of its message is abandoned
  bool begin = false;
  bool end = false;
  bool unordered = false;
  bool immediate = false;
  /// In the last chunk of a packet: the size class of the packet. `small` also for one that IP may fragment.
  path::PacketSize size = path::PacketSize::small;
};

/// A received SACK or NR-SACK with an unwrapped cumulative TSN. Borrows the gap blocks.
struct SackView {
  std::uint64_t cumulative = 0;
  wire::GapBlockList gaps;                ///< renegable
  wire::GapBlockList non_renegable_gaps;  ///< empty for a plain SACK
  Timestamp received = kNever;            ///< when it arrived
};

/// The chunks between the peer's cumulative TSN and the newest TSN sent: a ring indexed by unwrapped TSN, and
/// for each path a list in the order of sending. Owns the chunks; decides which are acknowledged and which
/// are lost. Never sends; uses no window.
///
/// Loss is detected per path, in that path's order of sending (as RACK, RFC 8985): a chunk is lost when three
/// later packets of the same path were acknowledged, or one later packet, and 9/8 of a round trip has passed.
/// Other paths do not count: this is split fast retransmit (SFR). The head of the list is the
/// pseudo-cumulative acknowledgement (CUC).
///
/// A SACK costs O(span / 64 + blocks), and beyond that only for chunks that change their state: each chunk is
/// acknowledged by a renegable block once, reneged once, and released once.
class Outstanding {
 public:
  /// Most TSNs outstanding at a time. Offsets in SACKs have 16 bits, and the receiver's ring has as many
  /// slots.
  static constexpr std::size_t kMaxSpan = 32'768;

  explicit Outstanding(Tsn initial_tsn);

  /// The next new TSN, unwrapped.
  [[nodiscard]] std::uint64_t next_tsn() const { return next_; }
  /// The cumulative TSN that the peer acknowledged, unwrapped.
  [[nodiscard]] std::uint64_t cumulative() const { return base_ - 1; }
  /// Whether every chunk is acknowledged cumulatively.
  [[nodiscard]] bool empty() const { return base_ == next_; }
  /// Whether append() has no room.
  [[nodiscard]] bool full() const { return next_ - base_ >= kMaxSpan; }
  /// User bytes in flight on all paths.
  [[nodiscard]] std::size_t flight_bytes() const { return flight_bytes_; }
  /// Chunks in flight on all paths.
  [[nodiscard]] std::size_t flight_chunks() const { return flight_chunks_; }
  /// User bytes held for a possible retransmission.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  /// Takes a new chunk: it gets next_tsn() and the state `queued`. The caller calls on_sent next. Not when
  /// full().
  OutChunk& append(OutChunk&& chunk);
  /// The chunk `tsn`, which is at least the lowest that is not cumulatively acknowledged, and below
  /// next_tsn().
  [[nodiscard]] OutChunk& at(std::uint64_t tsn) { return ring_[tsn & (ring_.size() - 1)]; }
  /// Notes the size class of the packet that ends with the newest chunk of `path` and has just left.
  void set_newest_packet_size(const path::Path& path, path::PacketSize size) {
    at(path.flight.newest).size = size;
  }
  /// When the chunk was sent last.
  [[nodiscard]] Timestamp sent_at(std::uint64_t tsn) const { return ring_[tsn & (ring_.size() - 1)].sent_at; }
  /// The lowest TSN in state `queued`, or path::kNoTsn.
  [[nodiscard]] std::uint64_t next_queued();
  /// Whether a chunk is in state `queued`.
  [[nodiscard]] bool has_queued() const { return queued_count_ != 0; }

  /// Notes that the chunk, which is `queued`, leaves on `path` in that path's packet `packet`.
  void on_sent(std::uint64_t tsn, path::Path& path, path::PacketNumber packet, Timestamp now);

  /// Gives up the chunk, which is `queued` (PartialReliability).
  void abandon(std::uint64_t tsn);

  /// Whether the SACK acknowledges only TSNs that were sent, and each list of blocks is ascending and
  /// disjoint, as RFC 9260 §3.3.4 has it. Rejects optimistic and wrapped acknowledgements.
  [[nodiscard]] bool plausible(const SackView& sack) const;
  /// Marks the chunks that the SACK acknowledges, and notes in each path's flight.acked what it means for
  /// that path. `sack` is plausible, and its cumulative TSN is at least cumulative(). Returns the user bytes
  /// released.
  std::size_t acknowledge(const SackView& sack, path::PathTable& paths);
  /// Declares chunks of `path` lost by the packets acknowledged after them. Returns how many.
  std::size_t detect_losses(path::Path& path, Timestamp now);
  /// Declares all chunks in flight on `path` lost (T3-rtx).
  void lose_all(path::Path& path);
  /// Prepares the removal of `path`: the chunks in flight there are lost, and no chunk points to it.
  void forget(path::Path& path);

 private:
  void grow();
  OutChunk& on_acknowledged(std::uint64_t tsn, Timestamp now);
  void note_delivery(const OutChunk& chunk, Timestamp now);
  void release_block(std::uint64_t first, std::uint64_t last, Timestamp now);
  void gap_ack_block(std::uint64_t first, std::uint64_t last, Timestamp now);
  void detect_reneging(const SackView& sack);
  void renege(std::uint64_t first, std::uint64_t last);
  void note_unreported(const SackView& sack);
  [[nodiscard]] bool unreported(std::uint64_t tsn) const {
    return tsn > reported_end_ || (tsn > unreported_after_ && tsn < unreported_before_);
  }
  void advance_base(std::uint64_t cumulative);
  void unlink(std::uint64_t tsn, OutChunk& chunk);
  void mark_lost(std::uint64_t tsn, OutChunk& chunk);
  void release(std::uint64_t tsn, OutChunk& chunk);

  std::vector<OutChunk> ring_;
  RingBitmap unreleased_;  ///< not yet released
  RingBitmap never_acked_;
  RingBitmap queued_;
  RingBitmap gap_acked_;
  std::uint64_t base_;  ///< lowest TSN not cumulatively acknowledged
  std::uint64_t next_;
  std::uint64_t queued_hint_;  ///< no lost TSN is below
  std::uint64_t highest_gap_end_ = 0;
  std::uint64_t acknowledged_ = 0;  ///< chunks ever acknowledged, for the first time
  // The newest SACK had no room for the TSNs strictly between the first two and above the third.
  std::uint64_t unreported_after_ = path::kNoTsn;
  std::uint64_t unreported_before_ = 0;
  std::uint64_t reported_end_ = path::kNoTsn;
  std::size_t queued_count_ = 0;
  std::size_t gap_acked_count_ = 0;
  std::size_t flight_bytes_ = 0;
  std::size_t flight_chunks_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t released_now_ = 0;
};

}  // namespace hawser::sctp::tx
