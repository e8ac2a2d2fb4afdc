#include "sim/inner/cubic.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr double kC = 0.4;                // RFC 9438 §5.1
constexpr double kBeta = 0.7;             // RFC 9438 §4.6
constexpr std::uint32_t kLowWindow = 16;  // HyStart begins here
constexpr unsigned kMinSamples = 8;
constexpr Duration kAckTrainGap = 2ms;
constexpr Duration kLeastIncrease = 4ms;
constexpr Duration kMostIncrease = 16ms;
// Four bursts of the largest size at the pacing rate, at most 1 ms.
constexpr double kTrainSlackBytes = 4.0 * 65'536;
constexpr Duration kMostTrainSlack = 1ms;
// The window is computed at most once in this time while it does not change.
constexpr Duration kUpdateInterval = 31250us;

double seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

// --- the window

void Cubic::on_ack(Timestamp now, std::uint32_t acked, bool limited) {
  if (!limited) return;
  if (in_slow_start()) {
    acked = slow_start(acked);
    if (acked == 0) return;
  }
  update(now, acked);
  grow(acked);
}

// Returns the acknowledged segments that are left at the end of slow start.
std::uint32_t Cubic::slow_start(std::uint32_t acked) {
  const std::uint32_t used = std::min(acked, threshold_ - window_);
  window_ += used;
  return acked - used;
}

void Cubic::begin_epoch(Timestamp now, std::uint32_t acked) {
  epoch_ = now;
  reno_credit_ = acked;
  reno_window_ = window_;
  k_ = 0;
  origin_ = window_;
  if (last_max_ <= window_) return;
  k_ = std::cbrt((last_max_ - window_) / kC);
  origin_ = last_max_;
}

double Cubic::target(Timestamp now) const {
  const Duration delay = least_rtt_ == Duration::max() ? Duration::zero() : least_rtt_;
  const double t = seconds(now - epoch_ + delay) - k_;
  return origin_ + kC * t * t * t;
}

void Cubic::update(Timestamp now, std::uint32_t acked) {
  reno_credit_ += acked;
  if (updated_window_ == window_ && now - updated_ <= kUpdateInterval) return;
  updated_window_ = window_;
  updated_ = now;
  if (epoch_ == kNever) begin_epoch(now, acked);
  const double ahead = target(now) - window_;
  const double slowest = 100.0 * window_;
  per_increase_ = ahead > 0 ? std::min(window_ / ahead, slowest) : slowest;
  if (last_max_ == 0) per_increase_ = std::min(per_increase_, 20.0);
  befriend_reno(acked);
  per_increase_ = std::max(per_increase_, 2.0);
}

// RFC 9438 §4.3: grows at least as Reno with the same reduction would.
void Cubic::befriend_reno(std::uint32_t /*acked*/) {
  constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);
  reno_window_ += kAlpha * reno_credit_ / window_;
  reno_credit_ = 0;
  if (reno_window_ >= window_ + 1.0)
    per_increase_ = std::min(per_increase_, window_ / (reno_window_ - window_));
}

void Cubic::grow(std::uint32_t acked) {
  const auto step = std::max(1U, static_cast<std::uint32_t>(per_increase_));
  if (credit_ >= step) {
    credit_ = 0;
    ++window_;
  }
  credit_ += acked;
  if (credit_ < step) return;
  window_ += credit_ / step;
  credit_ %= step;
}

std::uint32_t Cubic::reduce() {
  epoch_ = kNever;
  // Fast convergence (RFC 9438 §4.7).
  last_max_ = window_ < last_max_ ? static_cast<std::uint32_t>(window_ * (1 + kBeta) / 2) : window_;
  threshold_ = std::max(2U, static_cast<std::uint32_t>(window_ * kBeta));
  return threshold_;
}

void Cubic::on_timeout(std::uint32_t window) {
  window_ = std::max(1U, window);
  credit_ = 0;
  last_max_ = 0;
  epoch_ = kNever;
  least_rtt_ = Duration::max();
  found_ = false;
  round_begun_ = false;
}

void Cubic::undo(std::uint32_t window, std::uint32_t threshold) {
  window_ = std::max(window_, window);
  threshold_ = std::max(threshold_, threshold);
}

// --- HyStart

void Cubic::on_rtt(const Sample& sample) {
  constexpr Duration kAfterReduction = 1s;
  if (epoch_ != kNever && sample.now - epoch_ < kAfterReduction) return;
  least_rtt_ = std::min(least_rtt_, sample.rtt);
  if (!found_ && in_slow_start() && window_ >= kLowWindow) hystart(sample);
}

void Cubic::begin_round(const Sample& sample) {
  round_begun_ = true;
  round_start_ = last_ack_ = sample.now;
  round_end_ = sample.sent_to;
  round_rtt_ = Duration::max();
  round_samples_ = 0;
}

void Cubic::hystart(const Sample& sample) {
  if (!round_begun_ || sample.acked_to > round_end_) begin_round(sample);
  // A train of acknowledgements as long as half of the least round-trip time: the path is full.
  if (sample.now - last_ack_ <= kAckTrainGap) {
    last_ack_ = sample.now;
    Duration slack = kMostTrainSlack;
    if (sample.pacing_rate_bytes > 0) {
      const std::chrono::duration<double> burst(kTrainSlackBytes / sample.pacing_rate_bytes);
      slack = std::min(slack, std::chrono::duration_cast<Duration>(burst));
    }
    Duration limit = least_rtt_ + slack;
    if (!sample.paced) limit /= 2;
    if (sample.now - round_start_ > limit) {
      found_ = true;
      leave_slow_start();
    }
  }
  // The least round-trip time of this round has grown.
  round_rtt_ = std::min(round_rtt_, sample.rtt);
  if (round_samples_ < kMinSamples) {
    ++round_samples_;
  } else if (round_rtt_ > least_rtt_ + std::clamp<Duration>(least_rtt_ / 8, kLeastIncrease, kMostIncrease)) {
    found_ = true;
    leave_slow_start();
  }
}

}  // namespace hawser::sim::inner
