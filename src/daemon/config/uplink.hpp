#pragma once

#include "daemon/config/reader.hpp"

namespace hawser::daemon::config {

/// One [[uplink]].
[[nodiscard]] UplinkConfig read_uplink(ConfigReader& reader, const toml::table& table);

}  // namespace hawser::daemon::config
