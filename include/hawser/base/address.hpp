#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// An IPv4 or IPv6 address. The default is the IPv4 wildcard 0.0.0.0.
class IpAddress {
 public:
  constexpr IpAddress() = default;
  static IpAddress v4(std::uint32_t host_order);
  static IpAddress v4(Bytes four);
  static IpAddress v6(Bytes sixteen);
  static IpAddress any_v4() { return {}; }
  static IpAddress any_v6();
  /// Textual form, "192.0.2.1" or "2001:db8::1"; nothing for anything else.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return size_ == 4; }
  [[nodiscard]] bool is_v6() const { return size_ == 16; }
  [[nodiscard]] bool is_wildcard() const;
  /// Neither wildcard, nor multicast, nor the IPv4 broadcast address: something a packet can come from.
  [[nodiscard]] bool is_unicast() const;
  /// 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_loopback() const;
  /// 4 or 16 bytes in network order.
  [[nodiscard]] Bytes bytes() const { return Bytes(octets_).first(size_); }
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::byte, 16> octets_{};
  std::uint8_t size_ = 4;
};

/// A UDP transport address.
struct UdpAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "192.0.2.1:9899" or "[2001:db8::1]:9899"; nothing for anything else.
  static std::optional<UdpAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const UdpAddress&, const UdpAddress&) = default;
};

/// An address with a prefix length, as in "10.90.0.0/24". Host bits are kept.
struct IpPrefix {
  IpAddress ip;
  std::uint8_t length = 0;  ///< 0..32 for IPv4, 0..128 for IPv6

  static std::optional<IpPrefix> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool contains(const IpAddress& address) const;
  /// The prefix with all host bits zero: 10.90.0.0/24 for 10.90.0.2/24.
  [[nodiscard]] IpPrefix network() const;
  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace hawser
