#pragma once

#include <toml++/toml.h>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Reads the table [interface].
[[nodiscard]] InterfaceConfig read_interface(Mistakes& mistakes, const toml::table& table);

}  // namespace hawser::daemon::config
