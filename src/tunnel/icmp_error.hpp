#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// Bytes of the largest answer: an ICMPv6 error never exceeds the minimum IPv6 MTU (RFC 4443 §2.4 c).
inline constexpr std::size_t kMaxIcmpError = 1280;

/// Whether a packet that is too big may be answered, so that its sender learns the MTU. Routers must not
/// fragment it, its source and destination are unicast, its source is not loopback, and it is neither an ICMP
/// error nor a later fragment (RFC 1122 §3.2.2, RFC 4443 §2.4 e).
[[nodiscard]] bool may_answer_too_big(const IpPacket& ip, Bytes packet);

/// Writes the answer to a packet that is too big into `room`, which has at least kMaxIcmpError bytes, and
/// returns the written part: ICMP "fragmentation needed and DF set" with the next-hop MTU (RFC 792, RFC 1191
/// §4), or ICMPv6 "packet too big" (RFC 4443 §3.2).
///
/// The answer's source is the packet's own destination, which is certainly routed into the tunnel. An address
/// of this host would be the proper source, but the kernel drops received packets whose source is one of its
/// own addresses ("martian source").
[[nodiscard]] Bytes write_too_big(const IpPacket& ip, Bytes packet, std::size_t mtu, MutableBytes room);

}  // namespace hawser::tunnel
