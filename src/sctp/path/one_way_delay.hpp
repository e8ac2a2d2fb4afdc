#pragma once

#include <optional>

#include "base/windowed_filter.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// The time that packets of ONE path take to the peer, from the peer's reports of when they arrived. The two
/// clocks have an unknown offset, so only differences mean anything: to the shortest of the path, which is
/// the delay of its queues, and to other paths of the same association.
class OneWayDelay {
 public:
  /// How long the shortest delay counts. Clocks drift apart by less than a millisecond meanwhile.
  static constexpr Duration kWindow = std::chrono::seconds(10);

  /// A packet that left at `sent_at` arrived at `received_at`, by the peer's clock; reported at `now`.
  void add(Timestamp now, Timestamp sent_at, Timestamp received_at) {
    latest_ = received_at - sent_at;
    reported_at_ = now;
    shortest_.add(latest_, now);
    smoothed_ = smoothed_ ? (7 * *smoothed_ + latest_) / 8 : latest_;
  }
  /// Delay of the newest reported packet above the shortest one; nothing: no report.
  [[nodiscard]] std::optional<Duration> queue_delay() const {
    return smoothed_ ? std::optional(latest_ - shortest_.best()) : std::nullopt;
  }
  /// Smoothed delay plus the offset of the clocks, which is the same for all paths; nothing: no report. After
  /// kFresh without a report the queue of then is gone, and the shortest delay counts.
  [[nodiscard]] std::optional<Duration> with_offset(Timestamp now) const {
    return smoothed_ && now - reported_at_ > kFresh ? shortest_.best() : smoothed_;
  }

 private:
  static constexpr Duration kFresh = std::chrono::milliseconds(500);
  Duration latest_{};
  Timestamp reported_at_{};
  std::optional<Duration> smoothed_;
  WindowedMin<Duration, Timestamp, Duration> shortest_{kWindow};
};

}  // namespace hawser::sctp::path
