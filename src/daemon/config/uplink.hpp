#pragma once

#include <toml++/toml.h>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Reads one table [[uplink]].
[[nodiscard]] UplinkConfig read_uplink(Mistakes& mistakes, const toml::table& table);

}  // namespace hawser::daemon::config
