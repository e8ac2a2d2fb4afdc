#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

namespace hawser::daemon {

/// Reports to the service manager, at half of the interval that it demands (WatchdogSec=,
/// sd_watchdog_enabled(3)), that the event loop turns. Does nothing without that demand. Owns its timer.
class Watchdog {
 public:
  /// `context` is the event loop; it outlives the watchdog. Reports begin with the loop.
  explicit Watchdog(boost::asio::io_context& context);

  /// Half of the demanded interval; none: no report is demanded of this process.
  [[nodiscard]] static std::optional<std::chrono::microseconds> demanded_interval();

 private:
  void report();

  boost::asio::steady_timer timer_;
  std::optional<std::chrono::microseconds> interval_;
};

}  // namespace hawser::daemon
