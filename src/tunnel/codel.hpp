#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::tunnel {

/// The parameters of CoDel (RFC 8289 §4.2, §4.3).
struct CodelParameters {
  Duration target = std::chrono::milliseconds(5);      ///< the delay that may persist
  Duration interval = std::chrono::milliseconds(100);  ///< how long the delay must exceed it; a round trip
};

/// The control law of CoDel (RFC 8289 §5) for one queue: while packets have waited longer than the target for
/// a whole interval, it signals congestion, more and more often. Between two signals, the interval contains
/// the queue itself, through which the reaction to a signal has to pass. Owns its state; never touches a
/// packet.
class Codel {
 public:
  /// Whether the packet that has just left the queue after `sojourn` is to be dropped or marked. `left`:
  /// bytes that still wait. To be called for each packet, also for one that follows a dropped one at once.
  [[nodiscard]] bool signals(Timestamp now, Duration sojourn, std::size_t left,
                             const CodelParameters& parameters) {
    const bool above = lasts_above(now, sojourn, left, parameters);
    // The reaction to a signal shows only behind what waits now.
    const Duration interval = parameters.interval + sojourn;
    if (!dropping_) return above && begin(now, interval);
    dropping_ = above;
    if (!above || now < next_) return false;
    ++count_;
    next_ = following(next_, interval);
    return true;
  }

 private:
  /// A queue of less than one packet is no standing queue (RFC 8289 §4.4).
  static constexpr std::size_t kOnePacket = 1500;

  bool lasts_above(Timestamp now, Duration sojourn, std::size_t left, const CodelParameters& parameters) {
    if (sojourn < parameters.target || left <= kOnePacket) {
      above_until_ = kNever;
      return false;
    }
    if (above_until_ == kNever) above_until_ = now + parameters.interval;
    return now >= above_until_;
  }
  // Signals that ended a short while ago continue at about the rate that they had (RFC 8289 §5.4).
  bool begin(Timestamp now, Duration interval) {
    constexpr int kShortWhile = 16;
    const std::uint32_t recent = count_ - last_count_;
    count_ = recent > 1 && now - next_ < kShortWhile * interval ? recent : 1;
    last_count_ = count_;
    next_ = following(now, interval);
    dropping_ = true;
    return true;
  }
  // The signals come faster with the square root of their number, because the rate of a TCP is inverse to the
  // root of its losses.
  [[nodiscard]] Timestamp following(Timestamp from, Duration interval) const {
    const double step = static_cast<double>(interval.count()) / std::sqrt(static_cast<double>(count_));
    return from + Duration(static_cast<Duration::rep>(step));
  }

  Timestamp above_until_ = kNever;  ///< when the delay will have lasted for an interval; kNever: it is low
  Timestamp next_{};                ///< of the next signal
  std::uint32_t count_ = 0;         ///< signals since they began
  std::uint32_t last_count_ = 0;    ///< count_ when they began
  bool dropping_ = false;
};

}  // namespace hawser::tunnel
