#include "tunnel/ecn.hpp"

#include <gtest/gtest.h>

#include <array>

#include "packets.hpp"
#include "tunnel/checksum.hpp"
#include "tunnel/ip_packet.hpp"

namespace hawser::tunnel {
namespace {

// ECT(1), ECT(0) and CE.
constexpr std::array<std::uint8_t, 3> kCapable = {1, 2, 3};

// An IPv4 packet with a correct checksum and this ECN codepoint.
PacketBytes v4_with(std::uint8_t ecn) {
  PacketBytes packet = ipv4_packet("10.9.0.2", "10.9.0.1", 61);
  packet[1] = (packet[1] & std::byte{0xfc}) | std::byte{ecn};
  InternetChecksum sum;
  sum.add(Bytes(packet).first(20));
  store_be(packet.data() + 10, sum.value());
  return packet;
}

std::uint16_t checksum_of_header(const PacketBytes& packet) {
  InternetChecksum sum;
  sum.add(Bytes(packet).first(20));
  return sum.value();
}

PacketBytes v6_with(std::uint8_t ecn) {
  PacketBytes packet = ipv6_packet("fd90::2", "fd90::1");
  packet[1] = (packet[1] & std::byte{0xcf}) | (std::byte{ecn} << 4U);
  return packet;
}

TEST(MarkCongestion, SetsCeInIpv4AndKeepsTheChecksumCorrect) {
  for (const std::uint8_t ecn : kCapable) {
    PacketBytes packet = v4_with(ecn);
    const PacketBytes before = packet;
    ASSERT_TRUE(mark_congestion(packet));
    EXPECT_EQ(packet[1], before[1] | std::byte{3});
    EXPECT_EQ(checksum_of_header(packet), 0U);
    EXPECT_EQ(IpPacket::parse(packet)->dscp, 46U);
    EXPECT_TRUE(std::equal(packet.begin() + 12, packet.end(), before.begin() + 12));
  }
}

TEST(MarkCongestion, SetsCeInTheTrafficClassOfIpv6) {
  for (const std::uint8_t ecn : kCapable) {
    PacketBytes packet = v6_with(ecn);
    ASSERT_TRUE(mark_congestion(packet));
    EXPECT_EQ(packet, v6_with(3));
    EXPECT_EQ(IpPacket::parse(packet)->dscp, 46U);
  }
}

TEST(MarkCongestion, LeavesPacketsThatAreNotEcnCapable) {
  for (PacketBytes packet : {v4_with(0), v6_with(0)}) {
    const PacketBytes before = packet;
    EXPECT_FALSE(mark_congestion(packet));
    EXPECT_EQ(packet, before);
  }
}

}  // namespace
}  // namespace hawser::tunnel
