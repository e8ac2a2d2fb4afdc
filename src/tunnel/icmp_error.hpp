#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// Room for any answer: an ICMPv6 error never exceeds the least IPv6 MTU (RFC 4443 §2.4 c).
inline constexpr std::size_t kMaxIcmpError = 1280;

/// Whether a packet that is too big may be answered, so that its sender learns the MTU: nobody on the way may
/// fragment it, it goes from one host to one host, and it is neither an ICMP error nor a later fragment (RFC
/// 1122 §3.2.2, RFC 4443 §2.4 e).
[[nodiscard]] bool may_answer_too_big(const IpPacket& ip, Bytes packet);

/// Writes the answer to a packet that is too big into `room` (at least kMaxIcmpError bytes), and returns it:
/// ICMP "fragmentation needed and DF set" with the next-hop MTU (RFC 792, RFC 1191 §4), or ICMPv6 "packet too
/// big" (RFC 4443 §3.2).
///
/// It comes from the packet's own destination, which is sure to be routed into the tunnel. An address of this
/// host would be the proper source, but the kernel takes a packet that comes in with one of its own addresses
/// for a forgery ("martian source") and drops it.
[[nodiscard]] Bytes write_too_big(const IpPacket& ip, Bytes packet, std::size_t mtu, MutableBytes room);

}  // namespace hawser::tunnel
