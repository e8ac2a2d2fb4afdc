#include "ecn.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hawser::linkem {
namespace {

std::vector<std::byte> frame_of(std::initializer_list<int> type_and_header) {
  std::vector<std::byte> frame(12);
  for (const int byte : type_and_header) frame.push_back(static_cast<std::byte>(byte));
  frame.resize(80);
  return frame;
}

// The header of a real packet: 84 bytes of ICMP from 192.168.1.2 to 203.0.113.1, TOS 2, with its checksum.
std::vector<std::byte> ipv4(int tos, int checksum) {
  return frame_of(
      {0x08, 0x00, 0x45, tos, 0x00, 0x54, 0x12, 0x34, 0x40, 0x00, 0x40, 0x01, checksum >> 8, checksum & 0xff,
       192,  168,  1,    2,   203,  0,    113,  1});
}

std::uint32_t sum_of_header(const std::vector<std::byte>& frame) {
  std::uint32_t sum = 0;
  for (std::size_t at = 14; at < 34; at += 2) {
    sum += std::to_integer<std::uint32_t>(frame[at]) << 8 | std::to_integer<std::uint32_t>(frame[at + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::vector<std::byte> ipv4_with_checksum(int tos) {
  const std::uint32_t sum = sum_of_header(ipv4(tos, 0));
  return ipv4(tos, static_cast<int>(~sum & 0xffff));
}

TEST(Ecn, OnlyEcnCapablePacketsMayBeMarked) {
  EXPECT_FALSE(may_be_marked(ipv4_with_checksum(0xb8)));
  for (const int codepoint : {1, 2, 3}) EXPECT_TRUE(may_be_marked(ipv4_with_checksum(0xb8 | codepoint)));
  EXPECT_FALSE(may_be_marked(frame_of({0x86, 0xdd, 0x6b, 0x80})));
  EXPECT_TRUE(may_be_marked(frame_of({0x86, 0xdd, 0x6b, 0xa0})));
}

TEST(Ecn, OtherAndTruncatedFramesAreLeftAlone) {
  EXPECT_FALSE(may_be_marked(frame_of({0x08, 0x06, 0x45, 0x03})));  // ARP
  std::vector<std::byte> short_frame = ipv4_with_checksum(2);
  short_frame.resize(33);
  EXPECT_FALSE(may_be_marked(short_frame));
}

TEST(Ecn, AMarkChangesTheCodepointAndKeepsTheChecksumValid) {
  for (int tos = 1; tos < 256; ++tos) {
    std::vector<std::byte> frame = ipv4_with_checksum(tos);
    if (!may_be_marked(frame)) continue;
    mark_congestion(frame);
    EXPECT_EQ(std::to_integer<int>(frame[15]), tos | 3);
    EXPECT_EQ(sum_of_header(frame), 0xffffU) << "tos " << tos;
  }
}

TEST(Ecn, ClearingChangesTheCodepointAndKeepsTheChecksumValid) {
  for (int tos = 0; tos < 256; ++tos) {
    std::vector<std::byte> frame = ipv4_with_checksum(tos);
    clear_ecn(frame);
    EXPECT_EQ(std::to_integer<int>(frame[15]), tos & 0xfc);
    EXPECT_EQ(sum_of_header(frame), 0xffffU) << "tos " << tos;
  }
}

TEST(Ecn, ClearingLeavesTheRestOfIpv6AndOtherFramesAlone) {
  std::vector<std::byte> frame = frame_of({0x86, 0xdd, 0x6b, 0xb1, 0x23, 0x45, 1, 2, 17, 64});
  std::vector<std::byte> wanted = frame;
  wanted[15] = std::byte{0x81};
  clear_ecn(frame);
  EXPECT_EQ(frame, wanted);
  for (const std::size_t size : {0U, 13U, 15U, 33U, 60U}) {
    std::vector<std::byte> other(size, std::byte{0xff});
    const std::vector<std::byte> before = other;
    clear_ecn(other);
    EXPECT_EQ(other, before);
  }
}

TEST(Ecn, AMarkOfIpv6ChangesNothingElse) {
  std::vector<std::byte> frame = frame_of({0x86, 0xdd, 0x6b, 0xa1, 0x23, 0x45, 1, 2, 17, 64});
  std::vector<std::byte> wanted = frame;
  wanted[15] = std::byte{0xb1};
  mark_congestion(frame);
  EXPECT_EQ(frame, wanted);
}

}  // namespace
}  // namespace hawser::linkem
