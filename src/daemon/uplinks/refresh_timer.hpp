#pragma once

#include <algorithm>

#include "hawser/base/time.hpp"

namespace hawser::daemon::uplinks {

/// When the interfaces are listed again: after a change, and from time to time. Reads no clock.
class RefreshTimer {
 public:
  /// Changes are collected for this time, as a machine with many routes may report thousands at a time.
  static constexpr Duration kMinInterval = std::chrono::milliseconds(50);
  /// Without a change, in case that one was not reported.
  static constexpr Duration kMaxInterval = std::chrono::seconds(10);

  /// The interfaces are being listed. The first call starts the timer.
  void on_refresh(Timestamp now) {
    last_ = now;
    next_ = now + kMaxInterval;
  }
  /// Something about interfaces, addresses or routes may have changed.
  void on_change() {
    if (next_ != kNever) next_ = std::min(next_, last_ + kMinInterval);
  }
  /// No refresh is due until the next on_refresh().
  void stop() { next_ = kNever; }

  /// kNever: the timer does not run.
  [[nodiscard]] Timestamp next_timeout() const { return next_; }

 private:
  Timestamp last_{};
  Timestamp next_ = kNever;
};

}  // namespace hawser::daemon::uplinks
