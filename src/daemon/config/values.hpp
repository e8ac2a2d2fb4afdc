#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"

namespace hawser::daemon::config {

inline constexpr std::string_view kInterfaceNames =
    "a network interface name, 1 to 15 characters without '/', ':' or spaces";
inline constexpr std::string_view kUplinkNames =
    "a network interface name, or a pattern of names as \"wwan*\" or \"enx????\"";
inline constexpr std::string_view kNames = "1 to 64 of A-Z a-z 0-9 . _ -";

inline bool has_only_interface_characters(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c != '/' && c != ':' && c > ' ' && c <= '~'; });
}

inline std::optional<std::string> interface_name(std::string_view text) {
  if (text.empty() || text.size() > 15 || text == "." || text == "..") return std::nullopt;
  return has_only_interface_characters(text) ? std::optional<std::string>(text) : std::nullopt;
}

/// The name of an interface, or a pattern of names.
inline std::optional<std::string> uplink_name(std::string_view text) {
  constexpr std::size_t kMaxPatternLength = 64;
  if (!is_pattern(text)) return interface_name(text);
  const bool good = text.size() <= kMaxPatternLength && has_only_interface_characters(text);
  return good ? std::optional<std::string>(text) : std::nullopt;
}

inline std::optional<std::string> plain_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (text.empty() || text.size() > 64 || !std::all_of(text.begin(), text.end(), allowed))
    return std::nullopt;
  return std::string(text);
}

/// Wraps a parser of text as a parser of nodes.
template <class Parse>
auto text_node(Parse parse) {
  return [parse](const toml::node& node) {
    const auto text = node.value_exact<std::string_view>();
    return text ? parse(*text) : decltype(parse(std::string_view{})){};
  };
}

inline auto number_node(std::int64_t low, std::int64_t high) {
  return [low, high](const toml::node& node) -> std::optional<std::size_t> {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < low || *number > high) return std::nullopt;
    return static_cast<std::size_t>(*number);
  };
}

}  // namespace hawser::daemon::config
