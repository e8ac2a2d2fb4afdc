#include "daemon/config/mistakes.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>

namespace hawser::daemon::config {
namespace {

// Whether the text has a run of base64 that is as long as a key, or a few characters shorter.
bool may_hold_key(std::string_view text) {
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  constexpr std::size_t kSuspicious = 40;
  std::size_t run = 0;
  return std::ranges::any_of(text, [&](char c) {
    run = kBase64.find(c) == std::string_view::npos ? 0 : run + 1;
    return run >= kSuspicious;
  });
}

}  // namespace

void Mistakes::add(const toml::source_region& where, std::string key, std::string problem,
                   std::string_view allowed) {
  errors_.push_back({file_, where.begin.line, std::move(key), std::move(problem), std::string(allowed)});
}

void Mistakes::add(const toml::node& node, std::string key, std::string_view allowed) {
  add(node.source(), std::move(key), "saw " + shown_value(node), allowed);
}

std::string key_name(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : std::string(section).append(".").append(key);
}

std::string shown_value(const toml::node& node) {
  std::ostringstream text;
  constexpr auto kFlags = toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings;
  text << toml::toml_formatter{node, kFlags};
  std::string line = text.str();
  if (may_hold_key(line)) return "a value that is not shown, as it may be a key";
  std::ranges::replace(line, '\n', ' ');
  return line.size() <= 80 ? line : line.substr(0, 77) + "...";
}

}  // namespace hawser::daemon::config
