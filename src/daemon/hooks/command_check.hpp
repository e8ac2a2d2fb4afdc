#pragma once

#include "daemon/config/config.hpp"

namespace hawser::daemon::hooks {

/// What is wrong with the program that [hooks] names, as it lies on the disk now. It runs with our rights, so
/// nobody else may be able to change it.
[[nodiscard]] config::ConfigErrors check_hook_command(const config::Config& config);

}  // namespace hawser::daemon::hooks
