#include "daemon/status/path_reason.hpp"

#include <spdlog/fmt/fmt.h>

#include "daemon/config/units.hpp"

namespace hawser::daemon::status {
namespace {

constexpr double kNothing = 0.05;  ///< Mbit/s: heartbeats, the odd acknowledgement

std::string since(Timestamp then, Timestamp now) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
}

}  // namespace

std::string reason_of(const sctp::PathStatus& path, Timestamp now, double tx_mbps, bool over_quota) {
  using sctp::PathLimit;
  switch (path.limit) {
    case PathLimit::joining: return "joining: no answer from the peer to this address yet";
    case PathLimit::unproven: return "unproven: no answer from the peer's address yet";
    case PathLimit::failed: return "potentially failed since " + since(path.failed_since, now);
    case PathLimit::given_up: return "failed since " + since(path.failed_since, now);
    case PathLimit::never: return over_quota ? "over quota" : "never: not to be used";
    case PathLimit::backup: return std::string(over_quota ? "over quota" : "backup") + ": better paths work";
    case PathLimit::secondary: return "secondary: the always-paths have room";
    case PathLimit::idle: return tx_mbps > kNothing ? "has room: no more data to send" : "no data to send";
    case PathLimit::peer_window: return "the peer's receive window is full";
    case PathLimit::congestion_window: return "the congestion window is full";
    case PathLimit::capped: return "at its cap of " + config::rate_text(path.cap_bps);
    case PathLimit::pacing: return "paced over the round trip";
    case PathLimit::none: break;
  }
  return "has room";
}

}  // namespace hawser::daemon::status
