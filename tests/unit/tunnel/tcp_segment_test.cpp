#include "tunnel/tcp_segment.hpp"

#include <gtest/gtest.h>

#include "packets.hpp"

namespace hawser::tunnel {
namespace {

TcpSegment segment_of(const PacketBytes& packet) {
  return {*IpPacket::parse(packet), packet};
}

class TcpSegments : public testing::TestWithParam<unsigned> {
 protected:
  static bool pure(std::uint8_t flags, std::size_t payload = 0) {
    const PacketBytes packet = tcp_segment(GetParam(), flags, payload);
    return segment_of(packet).is_pure_acknowledgement();
  }
};

INSTANTIATE_TEST_SUITE_P(Of, TcpSegments, testing::Values(4, 6),
                         [](const auto& version) { return "IPv" + std::to_string(version.param); });

TEST_P(TcpSegments, ArePureAcknowledgementsWithoutDataAndOtherFlags) {
  EXPECT_TRUE(pure(0x10));
  EXPECT_TRUE(pure(0x18)) << "PSH";
  EXPECT_TRUE(pure(0xd0)) << "CWR and ECE";
  EXPECT_FALSE(pure(0x10, 1)) << "data";
  EXPECT_FALSE(pure(0x11)) << "FIN";
  EXPECT_FALSE(pure(0x12)) << "SYN";
  EXPECT_FALSE(pure(0x14)) << "RST";
  EXPECT_FALSE(pure(0x30)) << "URG";
  EXPECT_FALSE(pure(0x00)) << "no ACK";
}

TEST_P(TcpSegments, HaveTheirOptionsInTheHeader) {
  PacketBytes packet = tcp_segment(GetParam(), 0x10, 12);
  const std::size_t offset = packet.size() - 20;
  packet[offset] = std::byte{0x80};
  EXPECT_TRUE(segment_of(packet).is_pure_acknowledgement());
  packet[offset] = std::byte{0x70};
  EXPECT_FALSE(segment_of(packet).is_pure_acknowledgement()) << "four bytes are data";
  packet[offset] = std::byte{0xf0};
  EXPECT_FALSE(segment_of(packet).is_pure_acknowledgement()) << "the header is longer than the packet";
}

TEST_P(TcpSegments, KnowASyn) {
  EXPECT_TRUE(segment_of(tcp_segment(GetParam(), 0x02, 0)).is_syn());
  EXPECT_TRUE(segment_of(tcp_segment(GetParam(), 0x12, 0)).is_syn());
  EXPECT_FALSE(segment_of(tcp_segment(GetParam(), 0x10, 0)).is_syn());
}

TEST(TcpSegment, OfAFragmentIsNotKnown) {
  PacketBytes packet = tcp_segment(4, 0x10, 0);
  packet[6] = std::byte{0x20};  // more fragments
  EXPECT_FALSE(segment_of(packet).is_pure_acknowledgement()) << "data may follow";
  packet = tcp_segment(4, 0x12, 0);
  packet[7] = std::byte{0x01};  // a later fragment
  EXPECT_FALSE(segment_of(packet).is_syn());
}

TEST_P(TcpSegments, ThatAreTruncatedAreNone) {
  const bool v6 = GetParam() == 6;
  const PacketBytes packet = tcp_segment(GetParam(), 0x10, 0);
  for (std::size_t size = v6 ? 40 : 20; size < packet.size(); ++size) {
    PacketBytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    cut[v6 ? 5 : 3] = static_cast<std::byte>(v6 ? size - 40 : size);
    EXPECT_FALSE(segment_of(cut).is_pure_acknowledgement()) << size;
    EXPECT_FALSE(segment_of(cut).is_syn()) << size;
  }
}

TEST(TcpSegment, OfAnotherProtocolIsNone) {
  PacketBytes packet = tcp_segment(4, 0x12, 0);
  packet[9] = std::byte{17};
  EXPECT_FALSE(segment_of(packet).is_syn());
}

}  // namespace
}  // namespace hawser::tunnel
