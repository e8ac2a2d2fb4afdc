#include "sim/inner/round_trip.hpp"

#include <algorithm>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeastRto = 200ms;
constexpr Duration kMostRto = 120s;
constexpr Duration kFirstRto = 1s;

}  // namespace

void RoundTrip::sample(Duration rtt, bool new_round) {
  least_ = std::min(least_, rtt);
  if (!measured()) {
    smoothed_ = rtt;
    deviation_ = rtt / 2;
    variance_ = round_deviation_ = std::max(2 * rtt, kLeastRto);
    return;
  }
  const Duration error = rtt - smoothed_;
  smoothed_ += error / 8;
  // A sample far below the mean adds little: the round trip became shorter.
  Duration change = (error < Duration::zero() ? -error : error) - deviation_;
  if (error < Duration::zero() && change > Duration::zero()) change /= 8;
  deviation_ += change / 4;
  round_deviation_ = std::max(round_deviation_, 4 * deviation_);
  variance_ = std::max(variance_, round_deviation_);
  if (!new_round) return;
  if (round_deviation_ < variance_) variance_ -= (variance_ - round_deviation_) / 4;
  round_deviation_ = kLeastRto;
}

Duration RoundTrip::rto() const {
  if (!measured()) return kFirstRto * (1 << back_off_);
  return std::min(kMostRto, (smoothed_ + variance_) * (1 << back_off_));
}

}  // namespace hawser::sim::inner
