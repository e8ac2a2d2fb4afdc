#pragma once

#include "daemon/config/config.hpp"
#include "daemon/privileges/privileges.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon {

/// Runs one tunnel with these keys until SIGINT or SIGTERM. Drops the privileges before the first packet.
/// Throws std::exception (io::SetupError, std::system_error) if it cannot start or the TUN device is lost.
void run(const config::Config& config, sctp::SecurityConfig security,
         const privileges::Privileges& privileges);

}  // namespace hawser::daemon
