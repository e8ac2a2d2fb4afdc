#include "sctp/rx/tsn_tracker.hpp"

#include <algorithm>
#include <bit>

namespace hawser::sctp::rx {
namespace {

constexpr std::uint64_t kWordBits = 64;
constexpr std::size_t kFirstWords = 16;

}  // namespace

// Starting one turn of the TSN space up keeps every unwrapped number, even of the oldest duplicate, above
// zero.
TsnTracker::TsnTracker(Tsn peer_initial_tsn)
    : cumulative_((std::uint64_t{1} << 32) + peer_initial_tsn.value() - 1),
      highest_(cumulative_),
      words_(kFirstWords) {}

void TsnTracker::record(std::uint64_t tsn) {
  if (tsn == cumulative_ + 1) {
    advance_to(tsn);
    return;
  }
  if (tsn > highest_) {
    grow(tsn);
    highest_ = tsn;
  }
  word(tsn) |= std::uint64_t{1} << (tsn % kWordBits);
}

void TsnTracker::note_duplicate(std::uint64_t tsn) {
  ++total_duplicates_;
  if (duplicate_count_ < kMaxDuplicates) duplicates_[duplicate_count_++] = wire_tsn(tsn);
}

void TsnTracker::advance_to(std::uint64_t tsn) {
  if (tsn <= cumulative_) return;
  if (tsn >= highest_) {
    clear(cumulative_ + 1, highest_);
    cumulative_ = highest_ = tsn;
    return;
  }
  const std::uint64_t next_missing = missing_from(tsn + 1);
  clear(cumulative_ + 1, next_missing - 1);
  cumulative_ = next_missing - 1;
}

// Looks for the bits that differ from the one before: runs begin and end there by turns. `visit` says whether
// it wants more.
template <class Visit>
void TsnTracker::for_each_run(Visit visit) const {
  std::uint64_t begin = 0;
  bool inside = false;
  for (std::uint64_t base = (cumulative_ + 1) / kWordBits * kWordBits; base <= highest_; base += kWordBits) {
    const std::uint64_t bits = word(base);
    std::uint64_t edges = bits ^ (bits << 1 | (inside ? 1U : 0U));
    for (; edges != 0; edges &= edges - 1) {
      const std::uint64_t at = base + static_cast<std::uint64_t>(std::countr_zero(edges));
      inside = !inside;
      if (inside) {
        begin = at;
      } else if (!visit(block(begin, at - 1))) {
        return;
      }
    }
  }
  if (inside) visit(block(begin, highest_));
}

std::size_t TsnTracker::lowest_gap_blocks(std::span<wire::GapBlock> out) const {
  std::size_t count = 0;
  if (out.empty()) return 0;
  for_each_run([&](const wire::GapBlock& run) {
    out[count++] = run;
    return count < out.size();
  });
  return count;
}

std::size_t TsnTracker::outer_gap_blocks(std::span<wire::GapBlock> out) const {
  if (out.size() < 2) return lowest_gap_blocks(out);
  const std::size_t low = out.size() / 2;
  const std::span ring = out.subspan(low);  // keeps the last ones
  std::size_t count = 0;
  for_each_run([&](const wire::GapBlock& run) {
    (count < low ? out[count] : ring[(count - low) % ring.size()]) = run;
    ++count;
    return true;
  });
  if (count <= out.size()) return count;
  const auto oldest = static_cast<std::ptrdiff_t>((count - low) % ring.size());
  std::rotate(ring.begin(), ring.begin() + oldest, ring.end());
  return out.size();
}

wire::GapBlock TsnTracker::block(std::uint64_t first, std::uint64_t last) const {
  return {static_cast<std::uint16_t>(first - cumulative_), static_cast<std::uint16_t>(last - cumulative_)};
}

/// The first TSN from `from` on that has not arrived.
std::uint64_t TsnTracker::missing_from(std::uint64_t from) const {
  while (from <= highest_) {
    const std::uint64_t missing = ~word(from) >> (from % kWordBits);
    if (missing != 0) return from + static_cast<std::uint64_t>(std::countr_zero(missing));
    from += kWordBits - from % kWordBits;
  }
  return highest_ + 1;
}

void TsnTracker::clear(std::uint64_t first, std::uint64_t last) {
  while (first <= last) {
    std::uint64_t mask = ~std::uint64_t{0} << (first % kWordBits);
    const std::uint64_t next = first + kWordBits - first % kWordBits;
    if (next > last) mask &= ~std::uint64_t{0} >> (kWordBits - 1 - last % kWordBits);
    word(first) &= ~mask;
    first = next;
  }
}

/// Makes room for `tsn`, above highest_: words from the cumulative TSN to it get places of their own.
void TsnTracker::grow(std::uint64_t tsn) {
  const std::uint64_t first_word = (cumulative_ + 1) / kWordBits;
  const std::uint64_t needed = tsn / kWordBits - first_word + 1;
  if (needed <= words_.size()) return;
  std::vector<std::uint64_t> larger(std::bit_ceil(static_cast<std::size_t>(needed)));
  for (std::uint64_t w = first_word; w <= highest_ / kWordBits; ++w) {
    larger[w & (larger.size() - 1)] = words_[w & (words_.size() - 1)];
  }
  words_ = std::move(larger);
}

}  // namespace hawser::sctp::rx
