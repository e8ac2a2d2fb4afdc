#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// Whether the packet begins a TCP connection, so that it may announce an MSS (RFC 9293 §3.7.1). Cheap: for
/// every packet.
[[nodiscard]] inline bool is_tcp_syn(const IpPacket& ip, Bytes packet) {
  constexpr std::uint8_t kTcp = 6;
  constexpr std::size_t kFlags = 13;
  constexpr std::byte kSyn{0x02};
  if (ip.protocol != kTcp || ip.later_fragment) return false;
  const std::size_t at = ip.header_length + kFlags;
  return at < ip.total_length && (packet[at] & kSyn) != std::byte{};
}

/// Lowers the MSS that a SYN or SYN-ACK announces to what fits an IP packet of `mtu` bytes without IP or TCP
/// options (RFC 6691), and corrects the checksum (RFC 1624). Returns whether the packet was changed.
///
/// An MSS is never raised. A SYN without the option is left alone: its peer then sends at most 536 or 1220
/// bytes (RFC 9293 §3.7.1), which fit every MTU there is here. So are options that are malformed, cut off, or
/// reach beyond the TCP header: they are the end hosts' to judge.
///
/// The packet's checksum must be complete. It is: the TUN device is opened without vnet headers, so the
/// kernel finishes every checksum before we read the packet.
bool clamp_mss(const IpPacket& ip, MutableBytes packet, std::size_t mtu);

}  // namespace hawser::tunnel
