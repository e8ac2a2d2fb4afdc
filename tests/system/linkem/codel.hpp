#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::linkem {

/// The control law of CoDel (RFC 8289 section 5), with its target of 5 ms and its interval of 100 ms. Decides
/// per packet; never holds packets.
class Codel {
 public:
  /// A packet leaves the queue at `now` after `sojourn`. Returns whether it must be dropped or marked.
  bool signals(Timestamp now, Duration sojourn) {
    const bool above = above_target(now, sojourn);
    if (!above) {
      dropping_ = false;
      return false;
    }
    if (dropping_) {
      if (now < next_) return false;
      ++count_;
      next_ += pause();
      return true;
    }
    dropping_ = true;
    const std::uint32_t recent = count_ - count_before_;
    count_ = recent > 1 && now - next_ < 16 * kInterval ? recent : 1;
    count_before_ = count_;
    next_ = now + pause();
    return true;
  }

 private:
  static constexpr Duration kTarget = std::chrono::milliseconds{5};
  static constexpr Duration kInterval = std::chrono::milliseconds{100};

  bool above_target(Timestamp now, Duration sojourn) {
    if (sojourn < kTarget) {
      first_above_ = kNever;
      return false;
    }
    if (first_above_ == kNever) {
      first_above_ = now + kInterval;
      return false;
    }
    return now >= first_above_;
  }

  Duration pause() const {
    return Duration{std::llround(static_cast<double>(kInterval.count()) / std::sqrt(count_))};
  }

  bool dropping_ = false;
  std::uint32_t count_ = 0;
  std::uint32_t count_before_ = 0;
  Timestamp first_above_ = kNever;
  Timestamp next_{};
};

}  // namespace hawser::linkem
