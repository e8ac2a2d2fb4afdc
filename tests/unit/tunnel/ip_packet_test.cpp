#include "tunnel/ip_packet.hpp"

#include <gtest/gtest.h>

#include <set>

#include "packets.hpp"

namespace hawser::tunnel {
namespace {

TEST(IpPacket, ReadsAnIpv4Header) {
  const auto packet = IpPacket::parse(ipv4_packet("10.0.0.1", "10.0.0.2", 60));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->version, 4);
  EXPECT_EQ(packet->dscp, 46);
  EXPECT_EQ(packet->protocol, 17);
  EXPECT_EQ(packet->header_length, 20);
  EXPECT_EQ(packet->total_length, 60U);
  EXPECT_EQ(packet->source.to_string(), "10.0.0.1");
  EXPECT_EQ(packet->destination.to_string(), "10.0.0.2");
  EXPECT_EQ(packet->source_port, 1000);
  EXPECT_EQ(packet->destination_port, 2000);
  EXPECT_FALSE(packet->fragment);
}

TEST(IpPacket, ReadsAnIpv6Header) {
  const auto packet = IpPacket::parse(ipv6_packet("2001:db8::1", "2001:db8::2", 80));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->version, 6);
  EXPECT_EQ(packet->dscp, 46);
  EXPECT_EQ(packet->protocol, 17);
  EXPECT_EQ(packet->total_length, 80U);
  EXPECT_EQ(packet->source.to_string(), "2001:db8::1");
  EXPECT_EQ(packet->destination_port, 2000);
}

TEST(IpPacket, IgnoresBytesPastTheTotalLength) {
  PacketBytes bytes = ipv4_packet("10.0.0.1", "10.0.0.2", 60);
  bytes.resize(100);
  const auto packet = IpPacket::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->total_length, 60U);
}

TEST(IpPacket, NamesWhatIsWrong) {
  const PacketBytes good = ipv4_packet("10.0.0.1", "10.0.0.2", 60);
  const auto error_after = [&](std::size_t at, int value) {
    PacketBytes bad = good;
    bad[at] = static_cast<std::byte>(value);
    return IpPacket::parse(bad).error();
  };
  EXPECT_EQ(IpPacket::parse({}).error(), IpError::truncated);
  EXPECT_EQ(IpPacket::parse(Bytes(good).first(19)).error(), IpError::truncated);
  EXPECT_EQ(IpPacket::parse(Bytes(ipv6_packet("::1", "::2")).first(39)).error(), IpError::truncated);
  EXPECT_EQ(error_after(0, 0x55), IpError::bad_version);
  EXPECT_EQ(error_after(0, 0x44), IpError::bad_header_length);
  EXPECT_EQ(IpPacket::parse(Bytes(good).first(59)).error(), IpError::bad_total_length);
  EXPECT_EQ(error_after(3, 19), IpError::bad_total_length);
  EXPECT_EQ(IpPacket::parse(Bytes(ipv6_packet("::1", "::2")).first(79)).error(), IpError::bad_total_length);
}

TEST(IpPacket, RefusesAHeaderThatReachesBeyondTheBytes) {
  PacketBytes bytes = ipv4_packet("10.0.0.1", "10.0.0.2", 24);
  bytes[0] = std::byte{0x4f};  // 60 bytes of header
  EXPECT_EQ(IpPacket::parse(bytes).error(), IpError::bad_header_length);
}

TEST(IpPacket, RefusesAJumbogram) {
  EXPECT_EQ(IpPacket::parse(ipv6_packet("::1", "::2", 40, 0)).error(), IpError::bad_total_length);
}

TEST(IpPacket, StepsOverIpv6ExtensionHeadersToThePorts) {
  PacketBytes bytes =
      ipv6_packet("::1", "::2", 80, 0);  // hop-by-hop, then destination options of 16 bytes, then UDP
  bytes[40] = std::byte{60};
  bytes[48] = std::byte{17};
  bytes[49] = std::byte{1};
  store_be<std::uint16_t>(bytes.data() + 64, 53);
  const auto packet = IpPacket::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->protocol, 17);
  EXPECT_EQ(packet->header_length, 64);
  EXPECT_EQ(packet->source_port, 53);
}

TEST(IpPacket, SurvivesEveryTruncationOfAnExtensionChain) {
  PacketBytes bytes = ipv6_packet("::1", "::2", 80, 0);
  bytes[40] = std::byte{60};
  bytes[41] = std::byte{255};  // longer than the packet
  for (std::size_t size = 40; size <= bytes.size(); ++size) {
    PacketBytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    store_be<std::uint16_t>(cut.data() + 4, static_cast<std::uint16_t>(size - 40));
    const auto packet = IpPacket::parse(cut);
    EXPECT_EQ(packet ? packet->source_port : 0, 0) << size;
  }
}

TEST(IpPacket, RecognisesFragmentsByOffsetOrMoreFragments) {
  PacketBytes v4 = ipv4_packet("10.0.0.1", "10.0.0.2");
  v4[6] = std::byte{0x40};  // DF
  EXPECT_FALSE(IpPacket::parse(v4)->fragment);
  v4[6] = std::byte{0x20};  // more fragments
  EXPECT_TRUE(IpPacket::parse(v4)->fragment);
  EXPECT_EQ(IpPacket::parse(v4)->source_port, 0);
  PacketBytes v6 = ipv6_packet("::1", "::2", 80, 44);
  v6[40] = std::byte{17};
  EXPECT_FALSE(IpPacket::parse(v6)->fragment);  // atomic fragment
  v6[43] = std::byte{0x08};
  EXPECT_TRUE(IpPacket::parse(v6)->fragment);
  EXPECT_EQ(IpPacket::parse(v6)->protocol, 17);
}

std::uint32_t hash_of(const PacketBytes& bytes, std::uint64_t seed = 1) {
  return flow_hash(*IpPacket::parse(bytes), seed);
}

TEST(FlowHash, IsEqualWithinAFlowAndDependsOnTheSeed) {
  EXPECT_EQ(hash_of(ipv4_packet("10.0.0.1", "10.0.0.2", 60)),
            hash_of(ipv4_packet("10.0.0.1", "10.0.0.2", 1400)));
  EXPECT_NE(hash_of(ipv4_packet("10.0.0.1", "10.0.0.2"), 1), hash_of(ipv4_packet("10.0.0.1", "10.0.0.2"), 2));
}

TEST(FlowHash, SpreadsPortsOverAllStreams) {
  std::array<int, 63> load{};
  for (std::uint16_t port = 0; port < 6300; ++port) {
    ++load[hash_of(ipv4_packet("10.0.0.1", "10.0.0.2", 60, port, 443)) % load.size()];
  }
  for (const int flows : load) {
    EXPECT_GT(flows, 50);
    EXPECT_LT(flows, 160);
  }
}

TEST(FlowHash, KeepsTheFragmentsOfAPacketTogether) {
  PacketBytes first = ipv4_packet("10.0.0.1", "10.0.0.2");
  first[6] = std::byte{0x20};
  PacketBytes second =
      ipv4_packet("10.0.0.1", "10.0.0.2", 60, 7, 8);  // the bytes in place of the ports are payload
  second[7] = std::byte{0x10};
  EXPECT_EQ(hash_of(first), hash_of(second));
}

TEST(FlowHash, KeepsIpv6FlowsApart) {
  std::set<std::uint32_t> hashes;
  for (int i = 1; i <= 100; ++i)
    hashes.insert(hash_of(ipv6_packet("2001:db8::" + std::to_string(i), "2001:db8::ffff")));
  EXPECT_EQ(hashes.size(), 100U);
}

}  // namespace
}  // namespace hawser::tunnel
