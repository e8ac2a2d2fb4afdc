#include "tunnel/ip_packet.hpp"

#include <optional>

namespace hawser::tunnel {
namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

// Protocol numbers, IANA "Assigned Internet Protocol Numbers".
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kDccp = 33;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kSctp = 132;
constexpr std::uint8_t kUdpLite = 136;

// Packets with more extension headers are hashed without ports.
constexpr int kMaxExtensionHeaders = 8;

std::uint8_t octet(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint8_t>(bytes[at]);
}
std::uint16_t word(Bytes bytes, std::size_t at) {
  return load_be<std::uint16_t>(bytes.data() + at);
}

bool has_ports(std::uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kUdpLite || protocol == kSctp ||
         protocol == kDccp;
}

void read_ports(IpPacket& packet, Bytes bytes) {
  if (packet.fragment || !has_ports(packet.protocol)) return;
  if (packet.header_length + std::size_t{4} > packet.total_length) return;
  packet.source_port = word(bytes, packet.header_length);
  packet.destination_port = word(bytes, packet.header_length + std::size_t{2});
}

// Length of the extension header at `at` in bytes (RFC 8200 §4; AH counts in words, RFC 4302 §2.2). Nothing:
// `type` is not an extension header whose length is known, or the header is truncated.
std::optional<std::size_t> extension_length(std::uint8_t type, Bytes bytes, std::size_t at) {
  if (type == kFragment) return 8;
  if (at + 2 > bytes.size()) return std::nullopt;
  const std::size_t units = octet(bytes, at + 1);
  if (type == kAuthentication) return (units + 2) * 4;
  if (type == kHopByHop || type == kRouting || type == kDestinationOptions || type == kMobility)
    return (units + 1) * 8;
  return std::nullopt;
}

void walk_extension_headers(IpPacket& packet, Bytes bytes) {
  std::size_t at = kIpv6Header;
  std::uint8_t type = octet(bytes, 6);
  for (int i = 0; i < kMaxExtensionHeaders; ++i) {
    const auto length = extension_length(type, bytes, at);
    if (!length || at + *length > bytes.size()) break;
    if (type == kFragment) {
      // A fragment header with offset and M both zero is a whole packet (RFC 6946).
      packet.fragment = (word(bytes, at + 2) & 0xfff9U) != 0;
      packet.later_fragment = (word(bytes, at + 2) & 0xfff8U) != 0;
    }
    type = octet(bytes, at);
    at += *length;
    if (packet.fragment) break;
  }
  packet.protocol = type;
  packet.header_length = static_cast<std::uint16_t>(at);
}

Result<IpPacket, IpError> parse_v4(Bytes bytes) {
  if (bytes.size() < kIpv4Header) return IpError::truncated;
  IpPacket packet;
  packet.version = 4;
  packet.header_length = static_cast<std::uint16_t>((octet(bytes, 0) & 0x0fU) * 4U);
  packet.total_length = word(bytes, 2);
  if (packet.header_length < kIpv4Header || packet.header_length > bytes.size())
    return IpError::bad_header_length;
  if (packet.total_length > bytes.size() || packet.total_length < packet.header_length) {
    return IpError::bad_total_length;
  }
  packet.dscp = static_cast<std::uint8_t>(octet(bytes, 1) >> 2U);
  packet.protocol = octet(bytes, 9);
  packet.fragment = (word(bytes, 6) & 0x3fffU) != 0;  // offset, or the flag "more fragments"
  packet.later_fragment = (word(bytes, 6) & 0x1fffU) != 0;
  packet.dont_fragment = (word(bytes, 6) & 0x4000U) != 0;
  packet.source = IpAddress::v4(bytes.subspan(12, 4));
  packet.destination = IpAddress::v4(bytes.subspan(16, 4));
  read_ports(packet, bytes);
  return packet;
}

Result<IpPacket, IpError> parse_v6(Bytes bytes) {
  if (bytes.size() < kIpv6Header) return IpError::truncated;
  IpPacket packet;
  packet.version = 6;
  packet.dont_fragment = true;
  const std::uint16_t payload = word(bytes, 4);
  packet.total_length = static_cast<std::uint32_t>(kIpv6Header + payload);
  // A zero payload length with a hop-by-hop header announces a jumbogram (RFC 2675), which the tunnel cannot
  // carry.
  const bool jumbo = payload == 0 && octet(bytes, 6) == kHopByHop;
  if (packet.total_length > bytes.size() || jumbo) return IpError::bad_total_length;
  packet.dscp = static_cast<std::uint8_t>((word(bytes, 0) >> 6U) & 0x3fU);
  packet.source = IpAddress::v6(bytes.subspan(8, 16));
  packet.destination = IpAddress::v6(bytes.subspan(24, 16));
  walk_extension_headers(packet, bytes.first(packet.total_length));
  read_ports(packet, bytes);
  return packet;
}

// One step of a multiply-and-fold hash: the product carries each input bit into the high half, the shift
// brings it back into the low half.
std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9fb2'1c65'1e98'df25U;
  return hash ^ (hash >> 32U);
}

std::uint64_t mix(std::uint64_t hash, const IpAddress& address) {
  const Bytes raw = address.bytes();
  if (raw.size() == 4) return mix(hash, load_be<std::uint32_t>(raw.data()));
  return mix(mix(hash, load_be<std::uint64_t>(raw.data())), load_be<std::uint64_t>(raw.data() + 8));
}

}  // namespace

Result<IpPacket, IpError> IpPacket::parse(Bytes bytes) {
  if (bytes.empty()) return IpError::truncated;
  switch (octet(bytes, 0) >> 4U) {
    case 4: return parse_v4(bytes);
    case 6: return parse_v6(bytes);
    default: return IpError::bad_version;
  }
}

std::uint32_t flow_hash(const IpPacket& packet, std::uint64_t seed) {
  std::uint64_t hash = mix(mix(seed, packet.source), packet.destination);
  const std::uint64_t ports = (std::uint64_t{packet.source_port} << 16U) | packet.destination_port;
  hash = mix(hash, (std::uint64_t{packet.protocol} << 32U) | ports);
  return static_cast<std::uint32_t>(mix(hash, seed) >> 16U);
}

}  // namespace hawser::tunnel
