#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/address.hpp"
#include "hawser/crypto/keys.hpp"

/// Parsers of the values that configuration keys may have.
namespace hawser::daemon::config {

// What each parser allows, for error messages.

inline constexpr std::string_view kInterfaceNames =
    "a network interface name, 1 to 15 characters without '/', ':' or spaces";
inline constexpr std::string_view kUplinkNames =
    "a network interface name, or a pattern of names such as \"wwan*\" or \"enx????\"";
inline constexpr std::string_view kNames = "1 to 64 of A-Z a-z 0-9 . _ -";
inline constexpr std::string_view kFlags = "true or false";
inline constexpr std::string_view kPaths = "an absolute path";
inline constexpr std::string_view kPrefixes =
    "an address with a prefix length, such as \"10.90.0.2/24\" or \"fd90::2/64\"";
inline constexpr std::string_view kListenAddresses =
    "an address and UDP port, such as \"0.0.0.0:9899\" or \"[::]:9899\"";
inline constexpr std::string_view kEndpoints =
    "a host and UDP port, such as \"hub.example.net:9899\", \"192.0.2.1:9899\" or \"[2001:db8::1]:9899\"; "
    "without a port, 9899";
inline constexpr std::string_view kPublicKeys = "44 characters of base64, as `hawser pubkey` prints them";

/// The name of one interface.
[[nodiscard]] std::optional<std::string> interface_name(std::string_view text);
/// The name of an interface, or a pattern of names.
[[nodiscard]] std::optional<std::string> uplink_name(std::string_view text);
/// A name of a peer or a label of an uplink.
[[nodiscard]] std::optional<std::string> plain_name(std::string_view text);
/// A path that begins with a slash.
[[nodiscard]] std::optional<std::string> absolute_path(std::string_view text);
/// The path of a key file; a key in its place is refused.
[[nodiscard]] std::optional<std::string> key_path(std::string_view text);
/// A public key in base64.
[[nodiscard]] std::optional<crypto::PublicKey> public_key(std::string_view text);
/// An address with a port other than 0.
[[nodiscard]] std::optional<UdpAddress> listen_address(std::string_view text);

/// "1 to 900 seconds": what number_node(low, high) allows.
[[nodiscard]] std::string range_text(std::int64_t low, std::int64_t high, std::string_view unit);

/// A parser of nodes: true or false.
[[nodiscard]] std::optional<bool> flag_node(const toml::node& node);

/// Makes a parser of nodes from a parser of text.
template <class Parse>
auto text_node(Parse parse) {
  return [parse](const toml::node& node) {
    const auto text = node.value_exact<std::string_view>();
    return text ? parse(*text) : decltype(parse(std::string_view{})){};
  };
}

/// A parser of nodes: an integer within these limits.
template <class T = std::size_t>
auto number_node(std::int64_t low, std::int64_t high) {
  return [low, high](const toml::node& node) -> std::optional<T> {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < low || *number > high) return std::nullopt;
    return static_cast<T>(*number);
  };
}

}  // namespace hawser::daemon::config
