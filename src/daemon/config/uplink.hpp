#pragma once

#include "daemon/config/reader.hpp"

namespace hawser::daemon {

/// One [[uplink]].
[[nodiscard]] UplinkConfig read_uplink(ConfigReader& reader, const toml::table& table);

}  // namespace hawser::daemon
