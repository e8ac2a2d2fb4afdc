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
  path::Path* path = nullptr;  ///< where it was sent last; null: that path was removed
  path::PacketNumber packet;   ///< number of the packet on that path
  path::PacketNumber
      lost_packet;             ///< of the packet that later ones showed to be lost; 0: none, or it arrived
  PathId lost_path = kNoPath;  ///< the path of that packet
  std::uint64_t older = path::kNoTsn;  ///< neighbours in the send order of that path
  std::uint64_t newer = path::kNoTsn;
  Timestamp sent_at{};
  Timestamp expires = kNever;  ///< end of the lifetime of the message
  Timestamp acked_at{};        ///< when it was first acknowledged
  Ppid ppid;
  StreamId stream;
  Ssn ssn;
  State state = State::released;
  std::uint8_t transmissions = 0;      ///< at most 255
  std::uint8_t max_transmissions = 0;  ///< 0: no limit
  std::uint8_t dscp = 0;               ///< of the packets that carry it
  bool doomed = false;                 ///< a fragment of its message is abandoned
  bool begin = false;
  bool end = false;
  bool unordered = false;
  bool immediate = false;
  bool urgent = false;  ///< sent again before chunks that are not
  bool copied = false;  ///< also sent on another path, in a packet of which this end keeps no chunk
  /// In the last chunk of a packet: the size class of the packet. `small` also for one that IP may fragment.
  path::PacketSize size = path::PacketSize::small;
};

/// A received SACK or NR-SACK with an unwrapped cumulative TSN. Borrows the gap blocks.
struct SackView {
  std::uint64_t cumulative = 0;
  wire::GapBlockList gaps;                ///< renegable
  wire::GapBlockList non_renegable_gaps;  ///< empty for a plain SACK
  Timestamp received = kNever;            ///< when it arrived
  bool may_be_cut = true;                 ///< it may have had no room for all blocks, without stating it
  /// Neither it nor the one before left anything out: what it reports for the first time has just arrived.
  bool prompt = true;
};

/// The chunks between the peer's cumulative TSN and the newest TSN sent: a ring indexed by unwrapped TSN, and
/// for each path a list in the order of sending. Owns the chunks; decides which are acknowledged and which
/// are lost. Never sends; uses no window.
///
/// Loss is detected per path, in that path's order of sending (RACK, RFC 8985): a chunk is lost when a later
/// packet of the same path was acknowledged, and its own acknowledgement is later than that by the path's
/// reordering window, or, as long as the path keeps the order, when three later packets were acknowledged.
/// Other paths do not count: this is split fast retransmit (SFR). The head of the list is the
/// pseudo-cumulative acknowledgement (CUC).
///
/// A SACK costs O(span / 64 + blocks), and beyond that only for chunks that change their state: each chunk is
/// acknowledged by a renegable block once, reneged once, and released once.
class Outstanding {
 public:
  /// Most TSNs outstanding at a time: offsets in SACKs have 16 bits.
  static constexpr std::size_t kMaxSpan = 65'535;

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
  /// The chunk `tsn`.
  [[nodiscard]] const OutChunk& at(std::uint64_t tsn) const { return ring_[tsn & (ring_.size() - 1)]; }
  /// When the chunk was sent last.
  [[nodiscard]] Timestamp sent_at(std::uint64_t tsn) const { return ring_[tsn & (ring_.size() - 1)].sent_at; }
  /// The chunk that left next after `tsn` on the same path, or path::kNoTsn.
  [[nodiscard]] std::uint64_t sent_after(std::uint64_t tsn) const {
    return ring_[tsn & (ring_.size() - 1)].newer;
  }
  /// The lowest TSN in state `queued`, of an urgent chunk if there is one, or path::kNoTsn.
  [[nodiscard]] std::uint64_t next_queued();
  /// Whether a chunk is in state `queued`.
  [[nodiscard]] bool has_queued() const { return queued_count_ != 0; }
  /// Whether an urgent chunk is in state `queued`.
  [[nodiscard]] bool has_urgent_queued() const { return urgent_queued_count_ != 0; }

  /// Notes that the chunk, which is `queued`, leaves on `path` in that path's packet `packet`.
  void on_sent(std::uint64_t tsn, path::Path& path, path::PacketNumber packet, Timestamp now);

  /// Gives up the chunk, which is `queued` (PartialReliability).
  void abandon(std::uint64_t tsn);

  /// Whether the SACK acknowledges only TSNs that were sent, and each list of blocks is ascending and
  /// disjoint, as RFC 9260 §3.3.4 has it. Rejects optimistic and wrapped acknowledgements.
  [[nodiscard]] bool plausible(const SackView& sack) const;
  /// Chunks that were ever acknowledged, and packets that were found to have arrived without one.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_ + settled_; }
  /// Whether `sack` reports fewer renegable chunks than were reported before.
  [[nodiscard]] bool reports_less(const SackView& sack) const;
  /// Marks the chunks that the SACK acknowledges, and notes in each path's flight.acked what it means for
  /// that path. `sack` is plausible, and its cumulative TSN is at least cumulative(). Returns the user bytes
  /// released.
  std::size_t acknowledge(const SackView& sack, path::PathTable& paths);
  /// The peer reports that it has received `tsn`, unwrapped, more than once. If it was declared lost and sent
  /// again, the first packet has arrived, too.
  void on_duplicate(std::uint64_t tsn, path::PathTable& paths, Timestamp now);

  /// What detect_losses() declared lost.
  struct Losses {
    std::size_t chunks = 0;
    std::size_t bytes = 0;        ///< of the IP packets
    path::PacketNumber newest{};  ///< the newest of the packets
  };
  /// Declares chunks of `path` lost by the packets acknowledged after them, and sets the path's
  /// loss_deadline.
  Losses detect_losses(path::Path& path, Timestamp now);
  /// Notes that the chunk, which is in flight, leaves once more on its path, in that path's packet `packet`.
  void resend(std::uint64_t tsn, path::PacketNumber packet, Timestamp now);
  /// Declares all chunks in flight on `path` lost (T3-rtx).
  void lose_all(path::Path& path);
  /// Gives back the memory of the rings, which grow again on demand, if nothing is outstanding.
  void trim();
  /// Prepares the removal of `path`: the chunks in flight there are lost, and no chunk points to it.
  void forget(path::Path& path);

 private:
  void grow();
  void enqueue(std::uint64_t tsn, const OutChunk& chunk);
  void dequeue(std::uint64_t tsn, const OutChunk& chunk);
  OutChunk& on_acknowledged(std::uint64_t tsn, path::PathTable& paths, Timestamp now);
  [[nodiscard]] bool has_not_arrived(const OutChunk& chunk, Timestamp now) const;
  void note_delivery(const OutChunk& chunk, Timestamp now) const;
  static void note_late_arrival(OutChunk& chunk, path::PathTable& paths, Timestamp now);
  void link(std::uint64_t tsn, OutChunk& chunk, path::Path& path);
  void release_block(std::uint64_t first, std::uint64_t last, path::PathTable& paths, Timestamp now);
  void gap_ack_block(std::uint64_t first, std::uint64_t last, path::PathTable& paths, Timestamp now);
  void detect_reneging(const SackView& sack);
  void renege(std::uint64_t first, std::uint64_t last);
  void forget_delivered(path::Path& path);
  void note_unreported(const SackView& sack);
  void advance_base(std::uint64_t cumulative);
  void unlink(OutChunk& chunk);
  void queue_again(std::uint64_t tsn, OutChunk& chunk);
  void lose(std::uint64_t tsn, OutChunk& chunk, Losses& losses);
  void release(std::uint64_t tsn, OutChunk& chunk);

  std::vector<OutChunk> ring_;
  RingBitmap unreleased_;  ///< not yet released
  RingBitmap never_acked_;
  RingBitmap queued_;
  RingBitmap urgent_queued_;  ///< those of queued_ that are urgent
  RingBitmap gap_acked_;
  std::uint64_t base_;  ///< lowest TSN not cumulatively acknowledged
  std::uint64_t next_;
  std::uint64_t queued_hint_;  ///< no lost TSN is below
  std::uint64_t highest_gap_end_ = 0;
  std::uint64_t acknowledged_ = 0;             ///< chunks ever acknowledged, for the first time
  std::uint64_t settled_ = 0;                  ///< loose packets that have arrived
  std::uint64_t reported_end_ = path::kNoTsn;  ///< the newest SACK had no room for the TSNs above
  std::size_t queued_count_ = 0;
  std::size_t urgent_queued_count_ = 0;
  std::size_t gap_acked_count_ = 0;
  std::size_t flight_bytes_ = 0;
  std::size_t flight_chunks_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t released_now_ = 0;
  Duration shortest_round_trip_{};  ///< of the active paths, for the SACK that is being processed
  bool prompt_ = true;              ///< SackView::prompt of the SACK that is being processed
};

}  // namespace hawser::sctp::tx
