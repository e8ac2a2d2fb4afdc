#include "daemon/watchdog.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "daemon/notify.hpp"

namespace hawser::daemon {
namespace {

// A positive number in an environment variable; none: anything else.
std::optional<std::int64_t> number_of(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool good = error == std::errc{} && rest == text.data() + text.size() && number > 0;
  return good ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::microseconds> Watchdog::demanded_interval() {
  const auto interval = number_of("WATCHDOG_USEC");
  const auto process = number_of("WATCHDOG_PID");
  if (!interval || (process && *process != ::getpid())) return std::nullopt;
  return std::chrono::microseconds(*interval) / 2;
}

Watchdog::Watchdog(boost::asio::io_context& context) : timer_(context), interval_(demanded_interval()) {
  if (interval_) report();
}

void Watchdog::report() {
  notify_service_manager("WATCHDOG=1");
  timer_.expires_after(*interval_);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) report();
  });
}

}  // namespace hawser::daemon
