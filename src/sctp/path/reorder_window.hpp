#pragma once

#include <algorithm>

#include "base/windowed_filter.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// How long a packet of ONE path may be overtaken by later packets before it counts as lost (RFC 8985 §6.2).
/// Without reordering, three later packets are enough. Once packets have arrived out of order, only time
/// counts, and the window follows how late they were: it grows at the first packet that was declared lost
/// and then arrived, and shrinks when none is late for a while. At most two smoothed round trips, or 100 ms.
class ReorderWindow {
 public:
  /// How long an overtaken packet is remembered.
  static constexpr Duration kMemory = std::chrono::seconds(10);

  /// A packet arrived `late`: so much after the time at which it would have arrived without being overtaken.
  void on_late_arrival(Timestamp now, Duration late) {
    late_.add(late, now);
    newest_ = now;
  }
  /// Whether packets arrive out of order, so that their number is no evidence.
  [[nodiscard]] bool reordering(Timestamp now) const { return !late_.empty() && now - newest_ < kMemory; }
  /// The window now.
  [[nodiscard]] Duration length(Timestamp now, Duration srtt, Duration min_rtt) const {
    const Duration least = std::max<Duration>(min_rtt / 4, std::chrono::milliseconds(1));
    if (!reordering(now)) return std::min(least, std::max(srtt, kLeast));
    return std::clamp(late_.best() + late_.best() / 4, kLeast, std::max(2 * srtt, kMost));
  }

 private:
  static constexpr Duration kLeast = std::chrono::milliseconds(1);
  static constexpr Duration kMost =
      std::chrono::milliseconds(100);  ///< or two round trips, if those are longer
  WindowedMax<Duration, Timestamp, Duration> late_{kMemory};
  Timestamp newest_{};
};

}  // namespace hawser::sctp::path
