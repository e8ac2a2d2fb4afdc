#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hawser::daemon::config {

/// The line of the first byte beyond ASCII that is in neither a string nor a comment; none: there is none.
/// TOML 1.0 has no such letters, and toml++ 3.3 does not expect them: reading one is undefined behaviour.
[[nodiscard]] std::optional<std::uint32_t> find_stray_letter(std::string_view text);

}  // namespace hawser::daemon::config
