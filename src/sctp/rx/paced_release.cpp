#include "sctp/rx/paced_release.hpp"

#include <algorithm>

namespace hawser::sctp::rx {
namespace {

constexpr int kShare = 6;  // of the time for which the first message waited

}  // namespace

std::size_t PacedRelease::burst(std::size_t count, Duration waited) {
  if (count <= kBurst) return kBurst;
  const auto ticks = static_cast<std::size_t>(std::max<Duration::rep>(1, waited / (kShare * kTick)));
  return std::max(kBurst, (count + ticks - 1) / ticks);
}

void PacedRelease::add(Timestamp now, StreamId stream, std::size_t burst) {
  if (streams_.empty()) next_tick_ = now + kTick;
  const auto at = std::ranges::find(streams_, stream, &Stream::id);
  if (at == streams_.end()) {
    streams_.push_back({stream, burst});
  } else {
    at->burst = std::max(at->burst, burst);
  }
}

}  // namespace hawser::sctp::rx
