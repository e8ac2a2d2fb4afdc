#pragma once

#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "hawser/base/result.hpp"

namespace hawser::daemon::config {

/// Reads a configuration file (docs/configuration.md). The error holds every mistake of the file.
[[nodiscard]] Result<Config, ConfigErrors> load_config(const std::string& file);
/// Reads the text of a configuration file; `file` is its name in error messages.
[[nodiscard]] Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file);

}  // namespace hawser::daemon::config
