#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/result.hpp"

namespace hawser::tunnel {

enum class IpError : std::uint8_t {
  truncated,          ///< shorter than the fixed header
  bad_version,        ///< neither 4 nor 6
  bad_header_length,  ///< IPv4 header length below 20 or beyond the packet
  bad_total_length,   ///< the packet claims more bytes than there are, or fewer than its header
};

/// What the tunnel reads of an IP packet: where it goes and which flow it belongs to. Owns nothing and keeps
/// no reference to the packet; never judges options, checksums or payload, which are the end hosts' business.
struct IpPacket {
  std::uint8_t version = 4;     ///< 4 or 6
  std::uint8_t dscp = 0;        ///< RFC 2474, 0..63
  std::uint8_t protocol = 0;    ///< upper layer, after IPv6 extension headers
  bool fragment = false;        ///< part of a fragmented packet (RFC 791, RFC 8200 §4.5)
  bool later_fragment = false;  ///< one that is not the first: the upper layer's header is elsewhere
  bool dont_fragment = false;   ///< nobody on the way may fragment it: IPv4 with DF, or IPv6 (RFC 8200 §5)
  std::uint16_t header_length = 0;  ///< bytes before the upper layer
  std::uint32_t total_length = 0;   ///< header and payload; at most the bytes parsed
  std::uint16_t source_port = 0;    ///< of TCP, UDP, UDP-Lite, SCTP and DCCP; 0 for others and for fragments
  std::uint16_t destination_port = 0;
  IpAddress source;
  IpAddress destination;

  /// `bytes` begins with the IP header; bytes past the total length are ignored.
  static Result<IpPacket, IpError> parse(Bytes bytes);
};

/// Names the flow of a packet: equal for packets of one flow (addresses, protocol and ports; for fragments,
/// of which only the first shows the ports, addresses and protocol). `seed` keeps outsiders from aiming flows
/// at one value.
[[nodiscard]] std::uint32_t flow_hash(const IpPacket& packet, std::uint64_t seed);

}  // namespace hawser::tunnel
