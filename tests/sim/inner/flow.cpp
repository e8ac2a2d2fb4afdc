#include "sim/inner/flow.hpp"

#include <algorithm>
#include <numeric>

namespace hawser::sim::inner {

void ArrivalLog::add(Timestamp now, std::uint64_t bytes) {
  const auto slot = static_cast<std::size_t>((now - start_) / kSlot);
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  slots_[slot] += bytes;
  if (now - last_ > kPause) pauses_.push_back({now - start_, now - last_});
  last_ = now;
}

Duration ArrivalLog::longest_pause(Duration from, Duration to) const {
  Duration longest{};
  for (const Pause& pause : pauses_) {
    if (pause.end >= from && pause.end < to) longest = std::max(longest, pause.length);
  }
  return longest;
}

std::uint64_t ArrivalLog::bytes(Duration from, Duration to) const {
  const auto first = std::min(slots_.size(), static_cast<std::size_t>(from / kSlot));
  const auto last = std::min(slots_.size(), static_cast<std::size_t>(to / kSlot));
  if (first >= last) return 0;
  const auto begin = slots_.begin();
  return std::accumulate(begin + static_cast<std::ptrdiff_t>(first),
                         begin + static_cast<std::ptrdiff_t>(last), std::uint64_t{0});
}

double ArrivalLog::rate(Duration from, Duration to) const {
  return static_cast<double>(bytes(from, to)) * 8 / std::chrono::duration<double>(to - from).count();
}

}  // namespace hawser::sim::inner
