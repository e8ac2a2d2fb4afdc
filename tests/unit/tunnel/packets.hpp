#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::tunnel {

using PacketBytes = std::vector<std::byte>;
using Packets = std::vector<PacketBytes>;

/// An IPv4 packet of `size` bytes with UDP ports.
inline PacketBytes ipv4_packet(std::string_view source, std::string_view destination, std::size_t size = 60,
                               std::uint16_t source_port = 1000, std::uint16_t destination_port = 2000) {
  PacketBytes out(size);
  ByteWriter w(out);
  w.u8(0x45);
  w.u8(0xb8);  // DSCP 46
  w.u16(static_cast<std::uint16_t>(size));
  w.u32(0);
  w.u8(64);
  w.u8(17);
  w.u16(0);
  w.bytes(IpAddress::parse(source)->bytes());
  w.bytes(IpAddress::parse(destination)->bytes());
  w.u16(source_port);
  w.u16(destination_port);
  return out;
}

/// An IPv6 packet of `size` bytes; `next_header` follows the fixed header.
inline PacketBytes ipv6_packet(std::string_view source, std::string_view destination, std::size_t size = 80,
                               std::uint8_t next_header = 17) {
  PacketBytes out(size);
  ByteWriter w(out);
  w.u32(0x6b80'0000);  // DSCP 46
  w.u16(static_cast<std::uint16_t>(size - 40));
  w.u8(next_header);
  w.u8(64);
  w.bytes(IpAddress::parse(source)->bytes());
  w.bytes(IpAddress::parse(destination)->bytes());
  if (next_header == 17) {
    w.u16(1000);
    w.u16(2000);
  }
  return out;
}

/// A TCP segment of either family with `payload` bytes and `flags`, for example 0x10: ACK.
inline PacketBytes tcp_segment(unsigned version, std::uint8_t flags, std::size_t payload) {
  const std::size_t header = version == 4 ? 20 : 40;
  const std::size_t size = header + 20 + payload;
  PacketBytes out =
      version == 4 ? ipv4_packet("10.9.0.2", "10.9.0.1", size) : ipv6_packet("fd90::2", "fd90::1", size, 6);
  out[1] = version == 4 ? std::byte{0} : out[1];
  if (version == 4) out[9] = std::byte{6};
  out[header + 12] = std::byte{0x50};
  out[header + 13] = std::byte{flags};
  return out;
}

/// A SYN of either family that announces an MSS of 1460.
inline PacketBytes tcp_syn(unsigned version, std::string_view from, std::string_view to) {
  const std::size_t header = version == 4 ? 20 : 40;
  PacketBytes out = version == 4 ? ipv4_packet(from, to, 44) : ipv6_packet(from, to, 64);
  out[version == 4 ? 9 : 6] = std::byte{6};
  out[header + 12] = std::byte{0x60};
  out[header + 13] = std::byte{2};
  store_be<std::uint32_t>(out.data() + header + 20, 0x0204'05b4);
  return out;
}
}  // namespace hawser::tunnel
