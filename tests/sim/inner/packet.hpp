#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/bytes.hpp"

/// Transport protocols inside the tunnel: models of what hosts behind an edge and a hub run.
namespace hawser::sim::inner {

/// An IPv4 packet.
using Packet = std::vector<std::byte>;

/// Protocol numbers of IPv4.
enum class Protocol : std::uint8_t { icmp = 1, tcp = 6, udp = 17 };

/// The ECN field of the IP header (RFC 3168 §5).
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// The parts of an IPv4 header that the models use.
struct IpHeader {
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
  Protocol protocol = Protocol::tcp;
  std::uint8_t dscp = 0;
  Ecn ecn = Ecn::not_ect;
  bool dont_fragment = true;
};

/// Sequence numbers begin (included) to end (not included).
struct SackBlock {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// A TCP header with the options that Linux uses: timestamps always, and SACK blocks beside them.
struct TcpHeader {
  static constexpr std::size_t kMaxSacks = 3;  ///< that fit beside the timestamps
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  bool syn = false;
  bool acks = false;  ///< the flag ACK
  bool ece = false;
  bool cwr = false;
  std::uint16_t window = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t echo = 0;
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  std::array<SackBlock, kMaxSacks> sacks{};
  std::size_t sack_count = 0;
};

/// A UDP datagram or an ICMP echo without its payload.
struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
};
struct EchoHeader {
  bool reply = false;
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
};

/// A parsed packet: its IP header, its size, and what follows the IP header.
struct IpView {
  IpHeader ip;
  std::size_t size = 0;
  Bytes body;
};
/// Nothing: not IPv4, or a wrong length or checksum.
[[nodiscard]] std::optional<IpView> parse_ip(Bytes packet);

struct TcpView {
  TcpHeader header;
  std::size_t payload = 0;  ///< bytes
};
/// Nothing: malformed, or a wrong checksum.
[[nodiscard]] std::optional<TcpView> parse_tcp(const IpView& packet);
/// A segment with `payload` bytes of zeros.
[[nodiscard]] Packet make_tcp(const IpHeader& ip, const TcpHeader& tcp, std::size_t payload);
/// Bytes of IP and TCP headers of a segment with data.
inline constexpr std::size_t kTcpHeaders = 52;

struct UdpView {
  UdpHeader header;
  Bytes payload;
};
[[nodiscard]] std::optional<UdpView> parse_udp(const IpView& packet);
[[nodiscard]] Packet make_udp(const IpHeader& ip, const UdpHeader& udp, Bytes payload);

struct EchoView {
  EchoHeader header;
  Bytes payload;
};
[[nodiscard]] std::optional<EchoView> parse_echo(const IpView& packet);
[[nodiscard]] Packet make_echo(const IpHeader& ip, const EchoHeader& echo, Bytes payload);

/// The 64-bit sequence number nearest to `near` whose low 32 bits are `wire`.
[[nodiscard]] constexpr std::uint64_t expand(std::uint32_t wire, std::uint64_t near) {
  return near + static_cast<std::uint64_t>(static_cast<std::int64_t>(
                    static_cast<std::int32_t>(wire - static_cast<std::uint32_t>(near))));
}

}  // namespace hawser::sim::inner
