#include "daemon/config/ascii_check.hpp"

#include <algorithm>

namespace hawser::daemon::config {
namespace {

// The delimiter of the string or comment that begins with `text`; empty: none begins.
std::string_view opening(std::string_view text) {
  for (const std::string_view delimiter : {"\"\"\"", "'''", "\"", "'", "#"}) {
    if (text.starts_with(delimiter)) return delimiter;
  }
  return {};
}

// The length of the string or comment that begins with `delimiter` and continues with `rest`, without the
// delimiter at its beginning. A string of one line ends with its line at the latest, as a comment does.
std::size_t length_of(std::string_view delimiter, std::string_view rest) {
  const bool one_line = delimiter.size() == 1;
  const bool escapes = delimiter.front() == '"';
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (one_line && rest[i] == '\n') return i;
    if (delimiter != "#" && rest.substr(i).starts_with(delimiter)) return i + delimiter.size();
    if (escapes && rest[i] == '\\') ++i;
  }
  return rest.size();
}

}  // namespace

std::optional<std::uint32_t> find_stray_letter(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  while (!text.empty()) {
    if (const std::string_view delimiter = opening(text); !delimiter.empty()) {
      text.remove_prefix(delimiter.size());
      text.remove_prefix(std::min(text.size(), length_of(delimiter, text)));
      continue;
    }
    if ((static_cast<unsigned char>(text.front()) & 0x80U) != 0) {
      const std::string_view before = whole.substr(0, whole.size() - text.size());
      return static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n'));
    }
    text.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace hawser::daemon::config
