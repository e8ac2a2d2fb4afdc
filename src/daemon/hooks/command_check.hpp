#pragma once

#include "daemon/config/config.hpp"

namespace hawser::daemon::hooks {

/// Checks the file of the program that [hooks] names. The program runs with our privileges, so only its
/// owner, root or us, may be able to change it. Empty: the program may run.
[[nodiscard]] config::ConfigErrors check_hook_command(const config::Config& config);

}  // namespace hawser::daemon::hooks
