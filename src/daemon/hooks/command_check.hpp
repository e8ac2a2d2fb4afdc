#pragma once

#include "daemon/config/config.hpp"

namespace hawser::daemon::hooks {

/// Checks the program that [hooks] names. It runs with our privileges, so only root and the effective user
/// may be able to change or replace it. Empty: the program may run.
[[nodiscard]] config::ConfigErrors check_hook_command(const config::Config& config);

}  // namespace hawser::daemon::hooks
