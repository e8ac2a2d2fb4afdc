#pragma once

#include "daemon/config/config.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon {

/// Runs one tunnel, protected by these keys, until SIGINT or SIGTERM. Throws std::exception (io::SetupError,
/// std::system_error) when it cannot start.
void run(const config::Config& config, sctp::SecurityConfig protection);

}  // namespace hawser::daemon
