#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {

/// What the tunnel needs to know about the TCP segment in an IP packet (RFC 9293 §3.1). Never throws, and
/// reads nothing beyond the packet: fields that are missing or contradict its length make it no segment.
class TcpSegment {
 public:
  static constexpr std::size_t kHeader = 20;  ///< bytes without options

  /// `packet` begins with the IP header that `ip` describes; IpPacket::parse() ensures that its length covers
  /// the header.
  TcpSegment(const IpPacket& ip, Bytes packet) {
    if (ip.protocol != kProtocol || ip.later_fragment) return;
    bytes_ = packet.subspan(ip.header_length, ip.total_length - ip.header_length);
    whole_ = !ip.fragment;
  }

  /// Whether it is a SYN or SYN-ACK, which may announce an MSS (RFC 9293 §3.7.1).
  [[nodiscard]] bool is_syn() const { return (flags() & kSyn) != std::byte{}; }
  /// Whether it acknowledges and does nothing else: no data, no SYN, FIN, RST or URG. TCP expects that one of
  /// these is lost or overtaken by a later one (RFC 9293 §3.10.7.4).
  [[nodiscard]] bool is_pure_acknowledgement() const {
    return whole_ && bytes_.size() >= kHeader && bytes_.size() == header_length() &&
           (flags() & (kFin | kSyn | kRst | kAck | kUrg)) == kAck;
  }

 private:
  static constexpr std::uint8_t kProtocol = 6;
  static constexpr std::size_t kOffset = 12;
  static constexpr std::size_t kFlags = 13;
  static constexpr std::byte kFin{0x01};
  static constexpr std::byte kSyn{0x02};
  static constexpr std::byte kRst{0x04};
  static constexpr std::byte kAck{0x10};
  static constexpr std::byte kUrg{0x20};

  [[nodiscard]] std::byte flags() const { return bytes_.size() > kFlags ? bytes_[kFlags] : std::byte{}; }
  [[nodiscard]] std::size_t header_length() const {
    return std::to_integer<std::size_t>(bytes_[kOffset] >> 4U) * 4;
  }

  Bytes bytes_;  ///< header and payload; empty: no segment
  bool whole_ = false;
};

}  // namespace hawser::tunnel
