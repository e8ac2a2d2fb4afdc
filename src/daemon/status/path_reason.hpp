#pragma once

#include <string>

#include "hawser/sctp/status.hpp"

namespace hawser::daemon::status {

/// What limits or excludes a path at `now`, for people (docs/control.md). `tx_mbps` is its rate;
/// `over_quota`: its role comes from a quota that is used up.
[[nodiscard]] std::string idle_reason_text(const sctp::PathStatus& path, Timestamp now, double tx_mbps,
                                           bool over_quota);

}  // namespace hawser::daemon::status
