#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/result.hpp"

namespace hawser::tunnel {

/// Why bytes are not a well-formed IP packet.
enum class IpError : std::uint8_t {
  truncated,          ///< shorter than the fixed header
  bad_version,        ///< IP version other than 4 and 6
  bad_header_length,  ///< IPv4 header length below 20 or beyond the packet
  bad_total_length,   ///< total length beyond the bytes or below the header, or a jumbogram
};

/// The header fields of an IP packet that the tunnel needs: its destination and its flow. Owns nothing and
/// keeps no reference to the packet. Never checks options, checksums or payload, which only concern the end
/// hosts.
struct IpPacket {
  std::uint8_t version = 4;         ///< 4 or 6
  std::uint8_t dscp = 0;            ///< RFC 2474, 0..63
  std::uint8_t protocol = 0;        ///< of the upper layer, after IPv6 extension headers
  bool fragment = false;            ///< part of a fragmented packet (RFC 791, RFC 8200 §4.5)
  bool later_fragment = false;      ///< a fragment other than the first, without upper-layer header
  bool dont_fragment = false;       ///< routers must not fragment it: IPv4 with DF, or IPv6 (RFC 8200 §5)
  std::uint16_t header_length = 0;  ///< bytes before the upper layer's header
  std::uint32_t total_length = 0;   ///< bytes of header and payload; at most the bytes parsed
  std::uint16_t source_port = 0;    ///< of TCP, UDP, UDP-Lite, SCTP and DCCP; 0 for others and for fragments
  std::uint16_t destination_port = 0;  ///< like source_port
  IpAddress source;                    ///< inner source address
  IpAddress destination;               ///< inner destination address

  /// Parses a packet. `bytes` begins with the IP header; bytes beyond the total length are ignored.
  static Result<IpPacket, IpError> parse(Bytes bytes);
};

/// Returns a number that is equal for all packets of a flow: a hash of addresses, protocol and ports, for
/// fragments of addresses and protocol only, because only the first has the ports. An unpredictable `seed`
/// prevents attackers from choosing flows with equal hashes.
[[nodiscard]] std::uint32_t flow_hash(const IpPacket& packet, std::uint64_t seed);

}  // namespace hawser::tunnel
