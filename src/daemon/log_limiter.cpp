#include "daemon/log_limiter.hpp"

#include <chrono>
#include <utility>

namespace hawser::daemon {
namespace {

constexpr TokenBucket::Limit kLines{20, std::chrono::seconds(10)};

}  // namespace

bool LogLimiter::admit(Timestamp now, const Kind& kind) {
  Entry& entry = kinds_[kind];
  if (entry.lines.take(now, kLines)) return true;
  ++entry.suppressed;
  return false;
}

std::vector<LogLimiter::Suppressed> LogLimiter::take_suppressed(Timestamp now) {
  std::vector<Suppressed> out;
  for (auto& [kind, entry] : kinds_) {
    if (entry.suppressed != 0 && entry.lines.take(now, kLines))
      out.push_back({kind, std::exchange(entry.suppressed, 0)});
  }
  return out;
}

}  // namespace hawser::daemon
