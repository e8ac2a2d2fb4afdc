#include "daemon/config/hooks.hpp"

#include <algorithm>

#include "daemon/config/table_reader.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::int64_t kMaxSeconds = 60;

std::optional<std::string> command_path(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' '; }) ? absolute_path(text) : std::nullopt;
}

}  // namespace

HooksConfig read_hooks(Mistakes& mistakes, const toml::table& table) {
  const TableReader in(mistakes, table, "hooks");
  in.refuse_unknown({"command", "timeout"});
  HooksConfig out;
  in.require(out.command, "command", "an absolute path to a program that takes no arguments",
             text_node(command_path));
  out.command_line = in.line_of("command");
  in.read(out.timeout_seconds, "timeout", range_text(1, kMaxSeconds, "seconds"), number_node(1, kMaxSeconds));
  return out;
}

}  // namespace hawser::daemon::config
