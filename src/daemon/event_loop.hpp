#pragma once

#include "daemon/config/config.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon {

/// Runs one tunnel with these keys until SIGINT or SIGTERM. Throws std::exception (io::SetupError,
/// std::system_error) if it cannot start or the TUN device is lost.
void run(const config::Config& config, sctp::SecurityConfig security);

}  // namespace hawser::daemon
