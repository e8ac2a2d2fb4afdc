#include "daemon/config/config.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace hawser::daemon::config {
namespace {

constexpr std::size_t kMaxHostName = 253;  // RFC 1035 §2.3.4

bool is_host_name(std::string_view text) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  // A text of digits and dots is an address with a mistake.
  const bool numeric = std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return !text.empty() && text.size() <= kMaxHostName && !numeric && std::ranges::all_of(text, in_name);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc{} && rest == end && port != 0 ? std::optional(port) : std::nullopt;
}

// "192.0.2.1", "[2001:db8::1]" or "2001:db8::1".
std::optional<IpAddress> parse_address_alone(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto ip = IpAddress::parse(text.substr(1, text.size() - 2));
    return ip && ip->is_v6() ? ip : std::nullopt;
  }
  const auto ip = IpAddress::parse(text);
  const std::size_t colon = text.rfind(':');
  if (!ip || colon == std::string_view::npos) return ip;
  const bool may_have_port = IpAddress::parse(text.substr(0, colon)) && parse_port(text.substr(colon + 1));
  return may_have_port ? std::nullopt : ip;
}

std::optional<UdpAddress> parse_literal(std::string_view text) {
  if (const auto address = UdpAddress::parse(text)) return address;
  const auto ip = parse_address_alone(text);
  return ip ? std::optional(UdpAddress{*ip, HostPort::kDefaultPort}) : std::nullopt;
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text) {
  if (const auto literal = parse_literal(text)) {
    if (literal->port == 0 || !literal->ip.is_unicast()) return std::nullopt;
    return HostPort{literal->ip.to_string(), literal->port, literal};
  }
  const std::size_t colon = std::min(text.rfind(':'), text.size());
  const std::string_view host = text.substr(0, colon);
  const auto port = colon == text.size() ? kDefaultPort : parse_port(text.substr(colon + 1));
  if (!is_host_name(host) || !port) return std::nullopt;
  return HostPort{std::string(host), *port, std::nullopt};
}

std::string HostPort::to_string() const {
  return literal ? literal->to_string() : host + ":" + std::to_string(port);
}

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line != 0) text += ":" + std::to_string(line);
  if (!key.empty()) text += ": " + key;
  text += ": " + problem;
  if (!allowed.empty()) text += "; allowed: " + allowed;
  // A quoted key may hold any character: it must not forge lines of the log or steer a terminal.
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

}  // namespace hawser::daemon::config
