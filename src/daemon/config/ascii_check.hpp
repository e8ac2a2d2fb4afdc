#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What toml++ 3.3 needs before it reads a text with letters beyond ASCII: where it expects a token or white
/// space, such a letter is undefined behaviour.
namespace hawser::daemon::config {

/// The line of the first byte beyond ASCII that is in neither a comment nor a string of one line; none: there
/// is none. Correct for a text that is valid TOML once as_ascii() has been applied to it.
[[nodiscard]] std::optional<std::uint32_t> find_stray_letter(std::string_view text);

/// The text with an underscore for each byte beyond ASCII, except for a byte order mark: whether it is valid
/// TOML, and where its strings begin and end, does not depend on these bytes.
[[nodiscard]] std::string as_ascii(std::string_view text);

}  // namespace hawser::daemon::config
