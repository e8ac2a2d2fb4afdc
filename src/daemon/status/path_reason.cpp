#include "daemon/status/path_reason.hpp"

#include <spdlog/fmt/fmt.h>

#include "daemon/config/units.hpp"

namespace hawser::daemon::status {
namespace {

// In Mbit/s. Heartbeats and single acknowledgements stay below it.
constexpr double kNoData = 0.05;

std::string since(Timestamp then, Timestamp now) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
}

}  // namespace

std::string idle_reason_text(const sctp::PathStatus& path, Timestamp now, double tx_mbps, bool over_quota) {
  using sctp::PathIdleReason;
  switch (path.idle_reason) {
    case PathIdleReason::joining: return "joining: no answer from the peer to this address yet";
    case PathIdleReason::unproven: return "unproven: no answer from the peer's address yet";
    case PathIdleReason::failed: return "potentially failed since " + since(path.failed_since, now);
    case PathIdleReason::given_up: return "failed since " + since(path.failed_since, now);
    case PathIdleReason::moving: return "moving: no answer at the new address of the uplink yet";
    case PathIdleReason::never: return over_quota ? "over quota" : "never: not to be used";
    case PathIdleReason::backup:
      return std::string(over_quota ? "over quota" : "backup") + ": better paths work";
    case PathIdleReason::secondary: return "secondary: the always-paths have room";
    case PathIdleReason::idle:
      return tx_mbps > kNoData ? "has room: no more data to send" : "no data to send";
    case PathIdleReason::peer_window: return "the peer's receive window is full";
    case PathIdleReason::congestion_window: return "the congestion window is full";
    case PathIdleReason::capped: return "at its cap of " + config::rate_text(path.cap_bps);
    case PathIdleReason::pacing: return "paced over the round trip";
    case PathIdleReason::none: break;
  }
  return "has room";
}

}  // namespace hawser::daemon::status
