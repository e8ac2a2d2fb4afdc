#include "daemon/config/values.hpp"

#include <algorithm>

#include "daemon/config/config.hpp"

namespace hawser::daemon::config {
namespace {

bool has_only_interface_characters(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c != '/' && c != ':' && c > ' ' && c <= '~'; });
}

}  // namespace

std::optional<std::string> interface_name(std::string_view text) {
  if (text.empty() || text.size() > 15 || text == "." || text == "..") return std::nullopt;
  return has_only_interface_characters(text) ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> uplink_name(std::string_view text) {
  constexpr std::size_t kMaxPatternLength = 64;
  if (!is_pattern(text)) return interface_name(text);
  const bool good = text.size() <= kMaxPatternLength && has_only_interface_characters(text);
  return good ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> plain_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  const bool good = !text.empty() && text.size() <= 64 && std::ranges::all_of(text, allowed);
  return good ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> absolute_path(std::string_view text) {
  return text.starts_with('/') ? std::optional<std::string>(text) : std::nullopt;
}

// A key that stands in the place of a path may begin with a slash, but always ends with the padding of
// base64.
std::optional<std::string> key_path(std::string_view text) {
  if (text.ends_with('=') || text.find('\n') != std::string_view::npos) return std::nullopt;
  return absolute_path(text);
}

std::optional<crypto::PublicKey> public_key(std::string_view text) {
  if (text.ends_with('\n')) return std::nullopt;
  const auto key = crypto::PublicKey::from_base64(text);
  return key ? std::optional(*key) : std::nullopt;
}

std::optional<UdpAddress> listen_address(std::string_view text) {
  const auto address = UdpAddress::parse(text);
  return address && address->port != 0 ? address : std::nullopt;
}

std::string range_text(std::int64_t low, std::int64_t high, std::string_view unit) {
  return std::to_string(low) + " to " + std::to_string(high) + " " + std::string(unit);
}

std::optional<bool> flag_node(const toml::node& node) {
  return node.value_exact<bool>();
}

}  // namespace hawser::daemon::config
