#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// Lowers the MSS that a SYN or SYN-ACK announces to the size that fits an IP packet of `mtu` bytes without
/// IP and TCP options (RFC 6691), and updates the checksum (RFC 1624). Returns whether the packet was
/// changed.
///
/// Never raises an MSS. Leaves a SYN without the option unchanged: the other end then sends at most 536 or
/// 1220 bytes (RFC 9293 §3.7.1), which fit every MTU in use here. Also leaves options unchanged that are
/// malformed, truncated or reach beyond the TCP header, because the end hosts reject them.
///
/// Expects a packet with a complete checksum. The kernel completes it before the packet is read, because the
/// TUN device is opened without vnet headers.
bool clamp_mss(const IpPacket& ip, MutableBytes packet, std::size_t mtu);

}  // namespace hawser::tunnel
