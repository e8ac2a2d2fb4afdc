#pragma once

#include "hawser/sctp/types.hpp"

namespace hawser::tunnel {

/// Payload protocol identifiers of the tunnel's messages (RFC 9260 §3.3.1). Unassigned values of our own:
/// "HW" and a kind.
inline constexpr sctp::Ppid kPpidControl{0x4857'0001};  ///< a control message, on stream 0 (see hello.hpp)
inline constexpr sctp::Ppid kPpidIpv4{0x4857'0004};     ///< one IPv4 packet, on the stream of its flow
inline constexpr sctp::Ppid kPpidIpv6{0x4857'0006};     ///< one IPv6 packet, on the stream of its flow

/// Control messages have a stream of their own, so that no flow delays them; flows share the others.
inline constexpr sctp::StreamId kControlStream{0};

}  // namespace hawser::tunnel
