#include "hawser/base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hawser {
namespace {

template <class T>
std::optional<T> parse_number(std::string_view text, T max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return static_cast<T>(value);
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress a;
  store_be(a.octets_.data(), host_order);
  return a;
}

IpAddress IpAddress::v4(Bytes four) {
  IpAddress a;
  std::copy_n(four.begin(), 4, a.octets_.begin());
  return a;
}

IpAddress IpAddress::v6(Bytes sixteen) {
  IpAddress a = any_v6();
  std::copy_n(sixteen.begin(), 16, a.octets_.begin());
  return a;
}

IpAddress IpAddress::any_v6() {
  IpAddress a;
  a.size_ = 16;
  return a;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton stops at the first NUL
  const std::string terminated(text);
  std::array<std::byte, 16> raw{};
  if (inet_pton(AF_INET, terminated.c_str(), raw.data()) == 1) return v4(Bytes(raw).first(4));
  if (inet_pton(AF_INET6, terminated.c_str(), raw.data()) == 1) return v6(raw);
  return std::nullopt;
}

bool IpAddress::is_wildcard() const {
  return std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{0}; });
}

bool IpAddress::is_unicast() const {
  if (is_wildcard()) return false;
  if (is_v6()) return octets_[0] != std::byte{0xff};
  const auto first = std::to_integer<unsigned>(octets_[0]);
  const bool multicast = first >= 224 && first <= 239;
  const bool broadcast = std::ranges::all_of(bytes(), [](std::byte b) { return b == std::byte{0xff}; });
  return !multicast && !broadcast;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == std::byte{127};
  return std::all_of(octets_.begin(), octets_.end() - 1, [](std::byte b) { return b == std::byte{0}; }) &&
         octets_.back() == std::byte{1};
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

std::optional<UdpAddress> UdpAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1), 65535);
  if (!ip || !port || ip->is_v6() != bracketed) return std::nullopt;
  return UdpAddress{*ip, *port};
}

std::string UdpAddress::to_string() const {
  const std::string host = ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
  return host + ":" + std::to_string(port);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const std::uint8_t longest = ip->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return IpPrefix{*ip, longest};
  const auto length = parse_number<std::uint8_t>(text.substr(slash + 1), longest);
  if (!length) return std::nullopt;
  return IpPrefix{*ip, *length};
}

std::string IpPrefix::to_string() const {
  return ip.to_string() + "/" + std::to_string(length);
}

bool IpPrefix::contains(const IpAddress& address) const {
  if (address.is_v4() != ip.is_v4()) return false;
  const Bytes a = address.bytes();
  const Bytes b = ip.bytes();
  const std::size_t whole = length / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const unsigned left = length % 8U;
  if (left == 0) return true;
  const auto mask = static_cast<std::byte>(0xff00U >> left);
  return (a[whole] & mask) == (b[whole] & mask);
}

IpPrefix IpPrefix::network() const {
  std::array<std::byte, 16> octets{};
  const Bytes from = ip.bytes();
  const std::size_t whole = length / 8;
  std::copy_n(from.begin(), whole, octets.begin());
  if (const unsigned left = length % 8U; left != 0)
    octets[whole] = from[whole] & static_cast<std::byte>(0xff00U >> left);
  return {ip.is_v4() ? IpAddress::v4(Bytes(octets).first(4)) : IpAddress::v6(octets), length};
}

}  // namespace hawser
