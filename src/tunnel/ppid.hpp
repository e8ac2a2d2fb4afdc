#pragma once

#include "hawser/sctp/types.hpp"

namespace hawser::tunnel {

// Payload protocol identifiers of the tunnel's messages (RFC 9260 §3.3.1): unassigned values made of "HW" and
// a kind.

inline constexpr sctp::Ppid kPpidIpv4{0x4857'0004};  ///< one IPv4 packet, on the stream of its flow
inline constexpr sctp::Ppid kPpidIpv6{0x4857'0006};  ///< one IPv6 packet, on the stream of its flow

}  // namespace hawser::tunnel
