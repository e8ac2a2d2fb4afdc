#include "ecn_field.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace hawser::linkem {
namespace {

/// An Ethernet frame with an IPv4 header whose checksum is right.
std::vector<std::byte> v4_frame(unsigned traffic_class) {
  std::vector<std::byte> frame(14 + 20 + 8);
  frame[12] = std::byte{0x08};
  const unsigned header[] = {
      0x45, traffic_class, 0, 28, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
  for (std::size_t i = 0; i < 20; ++i) frame[14 + i] = static_cast<std::byte>(header[i]);
  return frame;
}

std::uint32_t sum_of(const std::vector<std::byte>& frame) {
  std::uint32_t sum = 0;
  for (std::size_t i = 14; i < 34; i += 2)
    sum += static_cast<std::uint32_t>(frame[i]) << 8U | static_cast<std::uint32_t>(frame[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return sum;
}

std::vector<std::byte> with_checksum(std::vector<std::byte> frame) {
  const std::uint32_t sum = ~sum_of(frame);
  frame[24] = static_cast<std::byte>(sum >> 8U & 0xffU);
  frame[25] = static_cast<std::byte>(sum & 0xffU);
  return frame;
}

TEST(EcnField, IsMarkedAndClearedInIpv4WithTheChecksum) {
  for (unsigned traffic_class = 0; traffic_class < 256; ++traffic_class) {
    auto frame = with_checksum(v4_frame(traffic_class));
    EXPECT_EQ(mark_congestion(frame), (traffic_class & 3U) != 0);
    const unsigned marked = (traffic_class & 3U) != 0 ? traffic_class | 3U : traffic_class;
    EXPECT_EQ(frame[15], static_cast<std::byte>(marked));
    EXPECT_EQ(sum_of(frame), 0xffffU) << traffic_class;
    clear_ecn(frame);
    EXPECT_EQ(frame[15], static_cast<std::byte>(traffic_class & 0xfcU));
    EXPECT_EQ(sum_of(frame), 0xffffU) << traffic_class;
  }
}

TEST(EcnField, IsMarkedAndClearedInIpv6WithoutTheFlowLabel) {
  std::vector<std::byte> frame(14 + 40);
  frame[12] = std::byte{0x86};
  frame[13] = std::byte{0xdd};
  frame[14] = std::byte{0x6b};  // DSCP 46
  frame[15] = std::byte{0xa5};  // ECT(0), and the flow label
  EXPECT_TRUE(mark_congestion(frame));
  EXPECT_EQ(frame[14], std::byte{0x6b});
  EXPECT_EQ(frame[15], std::byte{0xb5});
  clear_ecn(frame);
  EXPECT_EQ(frame[15], std::byte{0x85});
  EXPECT_FALSE(mark_congestion(frame));
}

TEST(EcnField, LeavesOtherFramesAlone) {
  for (const std::size_t size : {0U, 13U, 15U, 33U, 60U}) {
    std::vector<std::byte> frame(size, std::byte{0xff});
    const auto before = frame;
    EXPECT_FALSE(mark_congestion(frame));
    clear_ecn(frame);
    EXPECT_EQ(frame, before);
  }
}

}  // namespace
}  // namespace hawser::linkem
