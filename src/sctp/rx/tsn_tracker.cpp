#include "sctp/rx/tsn_tracker.hpp"

#include <algorithm>
#include <bit>

namespace hawser::sctp::rx {
namespace {

constexpr std::size_t kFirstCapacity = 1024;

}  // namespace

// The numbers start one turn of the TSN space up, so that every unwrapped number, even that of the oldest
// duplicate, is above zero.
TsnTracker::TsnTracker(Tsn peer_initial_tsn)
    : cumulative_((std::uint64_t{1} << 32) + peer_initial_tsn.value() - 1),
      highest_(cumulative_),
      received_(kFirstCapacity) {}

void TsnTracker::record(std::uint64_t tsn) {
  if (tsn == cumulative_ + 1) {
    advance_to(tsn);
    return;
  }
  if (tsn > highest_) {
    make_room(tsn);
    highest_ = tsn;
  }
  received_.set(tsn);
}

void TsnTracker::note_duplicate(std::uint64_t tsn) {
  ++total_duplicates_;
  if (duplicate_count_ < kMaxDuplicates) duplicates_[duplicate_count_++] = wire_tsn(tsn);
}

void TsnTracker::advance_to(std::uint64_t tsn) {
  if (tsn <= cumulative_) return;
  if (tsn >= highest_) {
    received_.clear(cumulative_ + 1, highest_ + 1);
    cumulative_ = highest_ = tsn;
    return;
  }
  // highest_ + 1 when none is missing.
  const std::uint64_t next_missing = std::min(received_.find_clear(tsn + 1, highest_ + 1), highest_ + 1);
  received_.clear(cumulative_ + 1, next_missing);
  cumulative_ = next_missing - 1;
}

std::uint64_t TsnTracker::missing_up_to(std::uint64_t tsn) const {
  if (tsn <= cumulative_) return 0;
  std::uint64_t missing = tsn - cumulative_;
  received_.for_each_run(cumulative_ + 1, std::min(tsn, highest_) + 1,
                         [&](std::uint64_t first, std::uint64_t last) {
                           missing -= last - first + 1;
                           return true;
                         });
  return missing;
}

std::size_t TsnTracker::lowest_gap_blocks(std::span<wire::GapBlock> out) const {
  return gap_blocks_from(cumulative_ + 1, out);
}

std::size_t TsnTracker::gap_blocks_from(std::uint64_t tsn, std::span<wire::GapBlock> out) const {
  std::size_t count = 0;
  if (out.empty()) return 0;
  received_.for_each_run(tsn, highest_ + 1, [&](std::uint64_t first, std::uint64_t last) {
    out[count++] = block(first, last);
    return count < out.size();
  });
  return count;
}

std::size_t TsnTracker::outer_gap_blocks(std::span<wire::GapBlock> out) const {
  if (out.size() < 2) return lowest_gap_blocks(out);
  const std::size_t count = lowest_gap_blocks(out);
  if (count < out.size()) return count;
  // There may be more runs. The walk visits the lowest and the highest ones only: a peer that leaves
  // thousands of gaps must not make every SACK expensive.
  std::size_t next = out.size() / 2;
  const std::uint64_t high = received_.find_run_from_top(cumulative_ + 1, highest_ + 1, count - next);
  received_.for_each_run(high, highest_ + 1, [&](std::uint64_t first, std::uint64_t last) {
    out[next++] = block(first, last);
    return true;
  });
  return count;
}

wire::GapBlock TsnTracker::block(std::uint64_t first, std::uint64_t last) const {
  return {static_cast<std::uint16_t>(first - cumulative_), static_cast<std::uint16_t>(last - cumulative_)};
}

void TsnTracker::trim() {
  if (!has_gaps() && received_.capacity() > kFirstCapacity) received_ = RingBitmap(kFirstCapacity);
}

// Makes room in the ring for `tsn`, which is above highest_.
void TsnTracker::make_room(std::uint64_t tsn) {
  const std::uint64_t needed = tsn - cumulative_;
  if (needed <= received_.capacity()) return;
  received_.grow(std::bit_ceil(static_cast<std::size_t>(needed)), cumulative_ + 1, highest_ + 1);
}

}  // namespace hawser::sctp::rx
