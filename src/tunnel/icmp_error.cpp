#include "tunnel/icmp_error.hpp"

#include <algorithm>

#include "tunnel/checksum.hpp"

namespace hawser::tunnel {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmpV6 = 58;
constexpr std::uint8_t kTtl = 64;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kMaxIcmpV4Error = 576;  // RFC 1812 §4.3.2.3

// Whether the packet is an ICMP error, or may be one because it has no ICMP header.
bool is_icmp_v4_error(const IpPacket& ip, Bytes packet) {
  if (ip.protocol != kIcmp) return false;
  if (ip.header_length >= ip.total_length) return true;
  switch (std::to_integer<unsigned>(packet[ip.header_length])) {
    case 3:   // destination unreachable
    case 4:   // source quench
    case 5:   // redirect
    case 11:  // time exceeded
    case 12:  // parameter problem
      return true;
    default: return false;
  }
}

// RFC 4443 §2.1: errors have a type below 128; §2.4 e.2: a redirect (RFC 4861 §4.5) is not answered either.
bool is_icmp_v6_error(const IpPacket& ip, Bytes packet) {
  constexpr unsigned kFirstInformational = 128;
  constexpr unsigned kRedirect = 137;
  if (ip.protocol != kIcmpV6) return false;
  if (ip.header_length >= ip.total_length) return true;
  const auto type = std::to_integer<unsigned>(packet[ip.header_length]);
  return type < kFirstInformational || type == kRedirect;
}

// The IP header of the answer, from the packet's destination to its source.
void write_ipv4_header(ByteWriter& w, const IpPacket& ip, std::size_t total) {
  w.u8(0x45);
  w.u8(0xc0);  // RFC 1812 §4.3.2.5: precedence 6, internetwork control
  w.u16(static_cast<std::uint16_t>(total));
  w.u32(0);  // identification and flags: the answer is too small to be fragmented
  w.u8(kTtl);
  w.u8(kIcmp);
  w.u16(0);
  w.bytes(ip.destination.bytes());
  w.bytes(ip.source.bytes());
}

void write_ipv6_header(ByteWriter& w, const IpPacket& ip, std::size_t payload) {
  w.u32(0x6000'0000);
  w.u16(static_cast<std::uint16_t>(payload));
  w.u8(kIcmpV6);
  w.u8(kTtl);
  w.bytes(ip.destination.bytes());
  w.bytes(ip.source.bytes());
}

Bytes write_v4(const IpPacket& ip, Bytes packet, std::size_t mtu, MutableBytes room) {
  constexpr std::size_t kCode = 4;  // fragmentation needed and DF set
  const Bytes quoted =
      packet.first(std::min<std::size_t>(ip.total_length, kMaxIcmpV4Error - kIpv4Header - kIcmpHeader));
  ByteWriter w(room);
  write_ipv4_header(w, ip, kIpv4Header + kIcmpHeader + quoted.size());
  w.u8(3);  // destination unreachable
  w.u8(kCode);
  w.u32(0);  // checksum; unused
  w.u16(static_cast<std::uint16_t>(std::min<std::size_t>(mtu, 0xffff)));
  w.bytes(quoted);
  InternetChecksum header;
  header.add(w.written().first(kIpv4Header));
  w.patch_u16(10, header.value());
  InternetChecksum message;
  message.add(w.written().subspan(kIpv4Header));
  w.patch_u16(kIpv4Header + 2, message.value());
  return w.written();
}

Bytes write_v6(const IpPacket& ip, Bytes packet, std::size_t mtu, MutableBytes room) {
  const Bytes quoted =
      packet.first(std::min<std::size_t>(ip.total_length, kMaxIcmpError - kIpv6Header - kIcmpHeader));
  const std::size_t payload = kIcmpHeader + quoted.size();
  ByteWriter w(room);
  write_ipv6_header(w, ip, payload);
  w.u8(2);  // packet too big
  w.u8(0);
  w.u16(0);
  w.u32(static_cast<std::uint32_t>(mtu));
  w.bytes(quoted);
  // The pseudo-header (RFC 8200 §8.1): both addresses, length, next header.
  InternetChecksum message;
  message.add(w.written().subspan(8, 32));
  message.add(static_cast<std::uint16_t>(payload));
  message.add(kIcmpV6);
  message.add(w.written().subspan(kIpv6Header));
  w.patch_u16(kIpv6Header + 2, message.value());
  return w.written();
}

}  // namespace

bool may_answer_too_big(const IpPacket& ip, Bytes packet) {
  if (!ip.dont_fragment || ip.later_fragment) return false;
  if (!ip.source.is_unicast() || ip.source.is_loopback() || !ip.destination.is_unicast()) return false;
  return ip.version == 4 ? !is_icmp_v4_error(ip, packet) : !is_icmp_v6_error(ip, packet);
}

Bytes write_too_big(const IpPacket& ip, Bytes packet, std::size_t mtu, MutableBytes room) {
  return ip.version == 4 ? write_v4(ip, packet, mtu, room) : write_v6(ip, packet, mtu, room);
}

}  // namespace hawser::tunnel
