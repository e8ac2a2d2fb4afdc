#pragma once

#include <toml++/toml.h>

#include "daemon/config/mistakes.hpp"

namespace hawser::daemon::config {

/// Checks keys against each other; `config` is what was read from `root`. A mistake names the later of the
/// two keys that contradict each other.
void check_between_keys(Mistakes& mistakes, const toml::table& root, const Config& config);

}  // namespace hawser::daemon::config
