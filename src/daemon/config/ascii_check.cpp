#include "daemon/config/ascii_check.hpp"

#include <algorithm>

namespace hawser::daemon::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool beyond_ascii(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// The delimiter of the string or comment that begins with `text`; empty: none begins.
std::string_view opening(std::string_view text) {
  for (const std::string_view delimiter : {"\"\"\"", "'''", "\"", "'", "#"}) {
    if (text.starts_with(delimiter)) return delimiter;
  }
  return {};
}

// The length of the string or comment that begins with `delimiter` and continues with `rest`, without the
// delimiter at its beginning. A string of one line ends with its line at the latest, as a comment does. The
// delimiter at the end of a longer string may follow up to two quotation marks that belong to the string.
std::size_t length_of(std::string_view delimiter, std::string_view rest) {
  const bool one_line = delimiter.size() == 1;
  const bool escapes = delimiter.front() == '"';
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (one_line && rest[i] == '\n') return i;
    if (delimiter != "#" && rest.substr(i).starts_with(delimiter)) {
      std::size_t end = i + delimiter.size();
      for (int more = 0; !one_line && more < 2 && rest.substr(end).starts_with(delimiter.front()); ++more)
        ++end;
      return end;
    }
    if (escapes && rest[i] == '\\') ++i;
  }
  return rest.size();
}

}  // namespace

std::optional<std::uint32_t> find_stray_letter(std::string_view text) {
  std::uint32_t line = 1;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const std::string_view delimiter = opening(text);
    std::size_t length = 1;
    if (!delimiter.empty())
      length = std::min(text.size(), delimiter.size() + length_of(delimiter, text.substr(delimiter.size())));
    const std::string_view token = text.substr(0, length);
    const auto letter = std::ranges::find_if(token, beyond_ascii);
    if (letter != token.end() && delimiter.size() != 1)
      return line + static_cast<std::uint32_t>(std::count(token.begin(), letter, '\n'));
    line += static_cast<std::uint32_t>(std::ranges::count(token, '\n'));
    text.remove_prefix(length);
  }
  return std::nullopt;
}

std::string as_ascii(std::string_view text) {
  std::string out(text);
  const std::size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), beyond_ascii, '_');
  return out;
}

}  // namespace hawser::daemon::config
