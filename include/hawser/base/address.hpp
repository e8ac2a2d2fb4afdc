#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// An IPv4 or IPv6 address, without zone. The default is the IPv4 wildcard 0.0.0.0.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  /// An IPv4 address from a number in host byte order: 0xC0000201 is 192.0.2.1.
  static IpAddress v4(std::uint32_t host_order);
  /// An IPv4 address from its first 4 bytes in network byte order; expects at least 4.
  static IpAddress v4(Bytes four);
  /// An IPv6 address from its first 16 bytes in network byte order; expects at least 16.
  static IpAddress v6(Bytes sixteen);
  /// The wildcard 0.0.0.0.
  static IpAddress any_v4() { return {}; }
  /// The wildcard ::.
  static IpAddress any_v6();
  /// Parses "192.0.2.1" or "2001:db8::1"; returns nothing for any other text.
  static std::optional<IpAddress> parse(std::string_view text);

  /// Whether this is an IPv4 address.
  [[nodiscard]] bool is_v4() const { return size_ == 4; }
  /// Whether this is an IPv6 address.
  [[nodiscard]] bool is_v6() const { return size_ == 16; }
  /// 0.0.0.0 or ::.
  [[nodiscard]] bool is_wildcard() const;
  /// A possible source of a packet: neither wildcard, nor multicast, nor 255.255.255.255.
  [[nodiscard]] bool is_unicast() const;
  /// 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_loopback() const;
  /// The 4 or 16 bytes of the address in network byte order; valid as long as this object.
  [[nodiscard]] Bytes bytes() const { return Bytes(octets_).first(size_); }
  /// The text that parse() reads.
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::byte, 16> octets_{};
  std::uint8_t size_ = 4;
};

/// A UDP transport address: IP address and UDP port.
struct UdpAddress {
  IpAddress ip;            ///< IPv4 or IPv6
  std::uint16_t port = 0;  ///< host byte order

  /// Parses "192.0.2.1:9899" or "[2001:db8::1]:9899"; returns nothing for any other text.
  static std::optional<UdpAddress> parse(std::string_view text);
  /// The text that parse() reads.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const UdpAddress&, const UdpAddress&) = default;
};

/// An address with a prefix length, as in "10.90.0.2/24". Keeps the host bits; network() clears them.
struct IpPrefix {
  IpAddress ip;             ///< with host bits
  std::uint8_t length = 0;  ///< 0..32 for IPv4, 0..128 for IPv6

  /// Parses "10.90.0.2/24" or "fd90::2/64"; without "/", the length is 32 or 128. Returns nothing for any
  /// other text.
  static std::optional<IpPrefix> parse(std::string_view text);
  /// The text that parse() reads, always with a length.
  [[nodiscard]] std::string to_string() const;
  /// Whether the first `length` bits of `address` equal those of `ip`; false for the other address family.
  [[nodiscard]] bool contains(const IpAddress& address) const;
  /// The prefix with all host bits zero: 10.90.0.0/24 for 10.90.0.2/24.
  [[nodiscard]] IpPrefix network() const;
  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace hawser
