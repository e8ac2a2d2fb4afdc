#include "sctp/rx/gap_report.hpp"

#include <algorithm>

namespace hawser::sctp::rx {
namespace {

// With at most this many, all are reported each time.
constexpr std::size_t kFewBlocks = 8;
constexpr Duration kShortestRefresh = std::chrono::milliseconds(20);
constexpr Duration kLongestRefresh = std::chrono::milliseconds(500);

wire::GapBlock block_of(std::uint64_t first, std::uint64_t last, std::uint64_t cumulative) {
  return {static_cast<std::uint16_t>(first - cumulative), static_cast<std::uint16_t>(last - cumulative)};
}

}  // namespace

void GapReport::on_arrival(std::uint64_t tsn) {
  Interval& now = intervals_[current_];
  if (now.count != 0 && now.runs[now.count - 1].last + 1 == tsn) {
    now.runs[now.count - 1].last = tsn;
    return;
  }
  if (now.count == Interval::kMaxRuns) {
    // These runs are left to the next NR-SACK with all blocks. The step of the number shows that.
    now.count = 0;
    number_ += kRepeats;
    refresh_ = true;
  }
  now.runs[now.count++] = {tsn, tsn};
}

GapReport::Choice GapReport::choose(const Occasion& occasion, const TsnTracker& tracker,
                                    std::span<wire::GapBlock> out) const {
  std::array<wire::GapBlock, kFewBlocks + 1> few;
  const std::size_t count = tracker.lowest_gap_blocks(few);
  if (count <= std::min(kFewBlocks, out.size())) {
    std::copy_n(few.begin(), count, out.begin());
    return {count, wire::SackCoverage::complete, 0};
  }
  const Duration interval = std::clamp(occasion.round_trip, kShortestRefresh, kLongestRefresh);
  const bool stale = last_all_ == Timestamp::min() || occasion.now - last_all_ >= interval;
  const bool all = refresh_ || stale || occasion.kind != Kind::next;
  return all ? choose_all(tracker, out) : choose_recent(tracker, out);
}

// What does not fit is reported by the next one of this kind.
GapReport::Choice GapReport::choose_all(const TsnTracker& tracker, std::span<wire::GapBlock> out) const {
  std::size_t count = tracker.lowest_gap_blocks(out);
  const auto end = [&] { return count == 0 ? 0 : tracker.cumulative() + out[count - 1].end; };
  if (end() == tracker.highest()) return {count, wire::SackCoverage::complete, 0};
  if (continue_at_ > tracker.cumulative()) count = tracker.gap_blocks_from(continue_at_, out);
  return {count, wire::SackCoverage::partial, end() == tracker.highest() ? 0 : end() + 1};
}

GapReport::Choice GapReport::choose_recent(const TsnTracker& tracker, std::span<wire::GapBlock> out) const {
  std::array<Run, kRepeats * Interval::kMaxRuns> runs;
  std::size_t count = 0;
  for (const Interval& interval : intervals_) {
    for (const Run& run : std::span(interval.runs).first(interval.count)) {
      if (run.last <= tracker.cumulative()) continue;
      runs[count++] = {std::max(run.first, tracker.cumulative() + 1), run.last};
    }
  }
  std::ranges::sort(std::span(runs).first(count), {}, &Run::first);
  std::size_t merged = 0;
  for (const Run& run : std::span(runs).first(count)) {
    if (merged != 0 && run.first <= runs[merged - 1].last + 1) {
      runs[merged - 1].last = std::max(runs[merged - 1].last, run.last);
    } else {
      runs[merged++] = run;
    }
  }
  const std::size_t fit = std::min(merged, out.size());
  for (std::size_t i = 0; i < fit; ++i) out[i] = block_of(runs[i].first, runs[i].last, tracker.cumulative());
  return {fit, fit == merged ? wire::SackCoverage::recent : wire::SackCoverage::partial, continue_at_};
}

std::uint16_t GapReport::number(const Choice& choice, Kind kind) const {
  const bool counts = choice.coverage != wire::SackCoverage::partial && kind != Kind::aside;
  return static_cast<std::uint16_t>(number_ + (counts ? 1 : 0));
}

// One that leaves aside does not change what the others report: it may arrive much later than they do.
void GapReport::on_sent(Timestamp now, const Choice& choice, Kind kind) {
  if (kind == Kind::aside) return;
  number_ = number(choice, kind);
  if (choice.coverage != wire::SackCoverage::recent) {
    last_all_ = now;
    refresh_ = false;
    continue_at_ = choice.next;
  }
  if (choice.coverage == wire::SackCoverage::partial) return;
  current_ = (current_ + 1) % kRepeats;
  intervals_[current_].count = 0;
}

}  // namespace hawser::sctp::rx
