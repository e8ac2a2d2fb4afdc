#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hawser/base/time.hpp"
#include "sctp/rx/tsn_tracker.hpp"
#include "sctp/wire/sack.hpp"

namespace hawser::sctp::rx {

/// Chooses the gap blocks of NR-SACKs between ends that know their coverage (wire::SackCoverage). The sender
/// releases a chunk permanently when a block reports it, so a block needs to arrive only once: each NR-SACK
/// reports what arrived since the fourth last one, and all blocks once per round trip, or when they are few.
///
/// Owns the runs of TSNs that arrived recently, and the numbers of the NR-SACKs. Never decides when one
/// leaves.
class GapReport {
 public:
  /// In how many NR-SACKs each arrival is reported.
  static constexpr std::size_t kRepeats = 4;

  /// `tsn` has arrived, above the cumulative TSN.
  void on_arrival(std::uint64_t tsn);
  /// The next NR-SACK reports all blocks: the peer sends what has arrived.
  void refresh() { refresh_ = true; }

  /// How an NR-SACK relates to the ones before it.
  enum class Kind : std::uint8_t {
    next,   ///< it follows the last one on the same path
    first,  ///< it leaves on another path than the last one and may overtake it: it reports all blocks
    aside,  ///< an additional one on another path: it reports all blocks and has no number of its own
  };
  /// When and how an NR-SACK is written.
  struct Occasion {
    Timestamp now;
    Duration round_trip{};  ///< the longest one of the paths in use
    Kind kind = Kind::next;
  };
  /// The blocks of one NR-SACK.
  struct Choice {
    std::size_t count = 0;
    wire::SackCoverage coverage = wire::SackCoverage::complete;
    std::uint64_t next = 0;  ///< TSN from which the next NR-SACK continues that reports all blocks
  };
  /// Chooses the blocks of an NR-SACK, and writes as many as `out` has room for.
  [[nodiscard]] Choice choose(const Occasion& occasion, const TsnTracker& tracker,
                              std::span<wire::GapBlock> out) const;
  /// The number for an NR-SACK with `choice`.
  [[nodiscard]] std::uint16_t number(const Choice& choice, Kind kind) const;
  /// An NR-SACK with `choice` was written.
  void on_sent(Timestamp now, const Choice& choice, Kind kind);

 private:
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  /// What arrived between two NR-SACKs.
  struct Interval {
    static constexpr std::size_t kMaxRuns = 32;
    std::array<Run, kMaxRuns> runs{};
    std::size_t count = 0;
  };
  [[nodiscard]] Choice choose_recent(const TsnTracker& tracker, std::span<wire::GapBlock> out) const;
  [[nodiscard]] Choice choose_all(const TsnTracker& tracker, std::span<wire::GapBlock> out) const;

  std::array<Interval, kRepeats> intervals_;
  std::size_t current_ = 0;
  std::uint16_t number_ = 0;  ///< of the last NR-SACK that was neither partial nor aside
  bool refresh_ = false;
  Timestamp last_all_ = Timestamp::min();
  std::uint64_t continue_at_ = 0;
};

}  // namespace hawser::sctp::rx
