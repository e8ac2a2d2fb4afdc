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

/// A DATA chunk that has a TSN and is not acknowledged for good.
struct OutChunk {
  enum class State : std::uint8_t {
    in_flight,  ///< in the list of its path
    queued,     ///< waits for transmission, for the first time or again
    gap_acked,  ///< received, but the peer may still renege (plain SACK)
    released,   ///< received for good; its payload is gone
  };
  Buffer payload;
  path::Path* path = nullptr;          ///< where it was sent last; null: that path is gone
  path::PacketNumber packet;           ///< number of the packet on that path
  std::uint64_t older = path::kNoTsn;  ///< neighbours in the send order of that path
  std::uint64_t newer = path::kNoTsn;
  Timestamp sent_at{};
  Ppid ppid;
  StreamId stream;
  Ssn ssn;
  State state = State::released;
  std::uint8_t transmissions = 0;  ///< saturates at 255
  bool begin = false;
  bool end = false;
  bool unordered = false;
  bool immediate = false;
  path::PacketSize size = path::PacketSize::small;  ///< of the packet, with its last chunk; small: also of
                                                    ///< one that IP may fragment
};

/// What a SACK or NR-SACK says, with the sender's numbering.
struct SackView {
  std::uint64_t cumulative = 0;
  wire::GapBlockList gaps;                ///< renegable
  wire::GapBlockList non_renegable_gaps;  ///< empty for a plain SACK
  Timestamp received = kNever;            ///< when it came
};

/// The chunks between the peer's cumulative TSN and the newest TSN sent: a ring indexed by TSN, and per path
/// the order in which they were sent there. Owns the chunks; decides which are acknowledged and which are
/// lost. Never sends, knows no window.
///
/// Loss is detected per path in that path's own send order (RACK's idea, RFC 8985): a chunk is lost when
/// three later packets of the same path, or one later packet and 9/8 of a round trip, were acknowledged
/// before it. Since other paths have no say, this is split fast retransmit (SFR); the list head is the
/// pseudo-cumulative acknowledgement (CUC).
class Outstanding {
 public:
  /// Keeps the 16-bit offsets of SACK and the receiver's ring good.
  static constexpr std::size_t kMaxSpan = 32'768;

  explicit Outstanding(Tsn initial_tsn);

  /// 64-bit number of the next new TSN; its low 32 bits are the TSN.
  [[nodiscard]] std::uint64_t next_tsn() const { return next_; }
  [[nodiscard]] std::uint64_t cumulative() const { return base_ - 1; }
  [[nodiscard]] bool empty() const { return base_ == next_; }
  [[nodiscard]] bool full() const { return next_ - base_ >= kMaxSpan; }
  [[nodiscard]] std::size_t flight_bytes() const { return flight_bytes_; }
  [[nodiscard]] std::size_t flight_chunks() const { return flight_chunks_; }
  /// User bytes held for a possible retransmission.
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

  /// Takes a new chunk: it gets next_tsn() and state lost with no transmission; call on_sent next. Not when
  /// full().
  OutChunk& append(OutChunk&& chunk);
  [[nodiscard]] OutChunk& at(std::uint64_t tsn) { return ring_[tsn & (ring_.size() - 1)]; }
  /// The size class of the packet that holds the newest chunk of `path`, which has just left.
  void set_newest_packet_size(const path::Path& path, path::PacketSize size) {
    at(path.flight.newest).size = size;
  }
  /// When the chunk left, for the last time.
  [[nodiscard]] Timestamp sent_at(std::uint64_t tsn) const { return ring_[tsn & (ring_.size() - 1)].sent_at; }
  /// The lowest TSN that waits for retransmission, or path::kNoTsn.
  [[nodiscard]] std::uint64_t next_queued();
  [[nodiscard]] bool has_queued() const { return queued_count_ != 0; }

  /// The chunk leaves on `path` in that path's packet number `packet`.
  void on_sent(std::uint64_t tsn, path::Path& path, path::PacketNumber packet, Timestamp now);

  /// Whether the acknowledgement speaks only of TSNs that were sent, with sane blocks (trap: optimistic and
  /// wrapped acks).
  [[nodiscard]] bool plausible(const SackView& sack) const;
  /// Marks what the SACK acknowledges; each path's flight.acked says what that means for it. `sack` must be
  /// plausible and its cumulative not below ours. Returns the user bytes newly released for good.
  std::size_t acknowledge(const SackView& sack, path::PathTable& paths);
  /// Declares chunks of `path` lost by what was acknowledged after them. Returns how many.
  std::size_t detect_losses(path::Path& path, Timestamp now);
  /// All that is in flight on `path` is lost (T3-rtx).
  void lose_all(path::Path& path);
  /// `path` goes away: all that is in flight there is lost, and nothing points there any more.
  void forget(path::Path& path);

 private:
  void grow();
  void on_acknowledged(std::uint64_t tsn, bool for_good, Timestamp now);
  void note_delivery(const OutChunk& chunk, Timestamp now);
  void acknowledge_block(std::uint64_t first, std::uint64_t last, bool for_good, Timestamp now);
  void detect_reneging(const SackView& sack);
  void note_unreported(const SackView& sack);
  [[nodiscard]] bool unreported(std::uint64_t tsn) const {
    return tsn > reported_end_ || (tsn > unreported_after_ && tsn < unreported_before_);
  }
  void advance_base(std::uint64_t cumulative);
  void unlink(std::uint64_t tsn, OutChunk& chunk);
  void mark_lost(std::uint64_t tsn, OutChunk& chunk);
  void release(std::uint64_t tsn, OutChunk& chunk);

  std::vector<OutChunk> ring_;
  RingBitmap unreleased_;  ///< not yet acknowledged for good
  RingBitmap queued_;
  RingBitmap gap_acked_;
  std::uint64_t base_;  ///< lowest TSN not cumulatively acknowledged
  std::uint64_t next_;
  std::uint64_t queued_hint_;  ///< no lost TSN is below
  std::uint64_t highest_gap_end_ = 0;
  std::uint64_t acknowledged_ = 0;  ///< chunks ever acknowledged, for the first time
  // Of TSNs strictly between the first two and above the third, the newest SACK had no room to speak.
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
