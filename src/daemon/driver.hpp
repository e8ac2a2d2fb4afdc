#pragma once

#include "daemon/config.hpp"

namespace hawser::daemon {

/// Runs one tunnel until SIGINT or SIGTERM. Throws std::exception (io::SetupError, std::system_error) when it
/// cannot start.
void run(const Config& config);

}  // namespace hawser::daemon
