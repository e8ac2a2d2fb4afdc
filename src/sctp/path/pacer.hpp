#pragma once

#include <algorithm>
#include <cstddef>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Spreads the window of a path over its round trip, so that an acknowledgement of many packets does not
/// cause a burst of as many. A token bucket: its depth is the burst limit (Max.Burst packets, RFC 9260 §6.1
/// D) or the bytes of 2 ms, whichever is more, so that fast paths send whole batches. Owns only the bucket;
/// never sends.
class Pacer {
 public:
  /// Whether a packet may leave at `now`.
  [[nodiscard]] bool ready(Timestamp now) const { return now >= next_; }
  /// When the next packet may leave.
  [[nodiscard]] Timestamp next() const { return next_; }

  /// A packet of `bytes` left at `now`. `rate` is in bytes per second; 0: unknown, no limit.
  void on_sent(Timestamp now, std::size_t bytes, double rate, std::size_t burst_bytes) {
    if (rate <= 0) return;
    const double depth = std::max(static_cast<double>(burst_bytes), rate * kQuantumSeconds);
    const auto credit = Duration(static_cast<Duration::rep>(depth / rate * 1e9));
    const auto cost = Duration(static_cast<Duration::rep>(static_cast<double>(bytes) / rate * 1e9));
    // The bucket is full again at `finish_`; packets may leave while the debt is below the depth. Once it is
    // empty, half of it fills before the next packet leaves, so that each wake-up sends several.
    finish_ = std::max(finish_, now) + cost;
    next_ = finish_ - credit;
    if (next_ > now) next_ += credit / 2;
  }

 private:
  static constexpr double kQuantumSeconds = 0.002;
  Timestamp finish_ = Timestamp::min();
  Timestamp next_ = Timestamp::min();
};

}  // namespace hawser::sctp::path
