#pragma once

#include <toml++/toml.h>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Reads the table [hooks].
[[nodiscard]] HooksConfig read_hooks(Mistakes& mistakes, const toml::table& table);

}  // namespace hawser::daemon::config
