#pragma once

#include "daemon/config/config.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon::config {

/// Reads the key files that the configuration names; everything that only they can contradict is checked
/// here. Messages never hold a key. What sealing costs on this machine is left for the race to measure.
[[nodiscard]] Result<sctp::SecurityConfig, ConfigErrors> load_keys(const Config& config);

}  // namespace hawser::daemon::config
