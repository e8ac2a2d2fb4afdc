#pragma once

#include <algorithm>
#include <cstddef>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Spreads the window of a path over its round trip, so that an acknowledgement of many packets does not
/// become a burst of as many. A token bucket: the depth is the burst limit (Max.Burst packets, RFC 9260 §6.1
/// D) or a millisecond or two's worth, so that fast paths keep whole batches.
class Pacer {
 public:
  /// Bytes that may leave at `now`. `rate` in bytes per second, 0: unknown, unlimited.
  [[nodiscard]] bool ready(Timestamp now) const { return now >= next_; }
  [[nodiscard]] Timestamp next() const { return next_; }

  void on_sent(Timestamp now, std::size_t bytes, double rate, std::size_t burst_bytes) {
    if (rate <= 0) return;
    const double depth = std::max(static_cast<double>(burst_bytes), rate * kQuantumSeconds);
    const auto credit = Duration(static_cast<Duration::rep>(depth / rate * 1e9));
    const auto cost = Duration(static_cast<Duration::rep>(static_cast<double>(bytes) / rate * 1e9));
    // `finish_` is when the bucket is full again; sending is allowed while the debt is below the depth.
    finish_ = std::max(finish_, now) + cost;
    next_ = finish_ - credit;
  }

 private:
  static constexpr double kQuantumSeconds = 0.002;
  Timestamp finish_ = Timestamp::min();
  Timestamp next_ = Timestamp::min();
};

}  // namespace hawser::sctp::path
