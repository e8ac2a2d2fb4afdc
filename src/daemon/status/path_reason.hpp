#pragma once

#include <string>

#include "hawser/sctp/status.hpp"

namespace hawser::daemon::status {

/// In words for people: what limits or excludes a path at `now`. `tx_mbps` is what it carries, `over_quota`
/// whether its role comes from a quota that is used up.
[[nodiscard]] std::string idle_reason_text(const sctp::PathStatus& path, Timestamp now, double tx_mbps,
                                           bool over_quota);

}  // namespace hawser::daemon::status
