#pragma once

#include <toml++/toml.h>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Reads one table [[peer]].
[[nodiscard]] PeerConfig read_peer(Mistakes& mistakes, const toml::table& table);

}  // namespace hawser::daemon::config
