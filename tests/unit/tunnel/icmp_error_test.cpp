#include "tunnel/icmp_error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "packets.hpp"
#include "unit/crypto/hex.hpp"

namespace hawser::tunnel {
namespace {

using crypto::test::to_hex;

// A UDP packet that must not be fragmented; the program of the vectors uses the same payload.
PacketBytes offending(unsigned version, std::size_t size) {
  PacketBytes out = version == 4 ? ipv4_packet("192.168.7.2", "198.51.100.9", size)
                                 : ipv6_packet("2001:db8:7::2", "2001:db8:9::9", size);
  if (version == 4) out[6] = std::byte{0x40};
  for (std::size_t i = version == 4 ? 24 : 44; i < size; ++i) out[i] = static_cast<std::byte>(i * 7 + 3);
  return out;
}

PacketBytes answer_to(const PacketBytes& packet, std::size_t mtu) {
  std::array<std::byte, kMaxIcmpError> room{};
  const Bytes answer = write_too_big(*IpPacket::parse(packet), packet, mtu, room);
  return {answer.begin(), answer.end()};
}

bool may_answer(const PacketBytes& packet) {
  return may_answer_too_big(*IpPacket::parse(packet), packet);
}

/// Expected ICMP errors, computed with Python's struct: their size, and their IP and ICMP headers.
struct Vector {
  unsigned version;
  std::size_t size;
  std::size_t mtu;
  std::size_t answer_size;
  const char* headers;
};

class TooBigVectors : public testing::TestWithParam<Vector> {};

TEST_P(TooBigVectors, AreWhatIsWrittenFollowedByThePacket) {
  const Vector& v = GetParam();
  const PacketBytes packet = offending(v.version, v.size);
  const PacketBytes answer = answer_to(packet, v.mtu);
  ASSERT_EQ(answer.size(), v.answer_size);
  const std::size_t headers = v.version == 4 ? 28 : 48;
  EXPECT_EQ(to_hex(Bytes(answer).first(headers)), v.headers);
  EXPECT_TRUE(
      std::equal(answer.begin() + static_cast<std::ptrdiff_t>(headers), answer.end(), packet.begin()));
}

INSTANTIATE_TEST_SUITE_P(
    Python, TooBigVectors,
    testing::Values(Vector{4, 1393, 1280, 576, "45c002400000000040018616c6336409c0a807020304d69d00000500"},
                    Vector{4, 1500, 1392, 576, "45c002400000000040018616c6336409c0a807020304d5c200000570"},
                    Vector{4, 33, 1300, 61, "45c0003d0000000040018819c6336409c0a8070203044e3d00000514"},
                    Vector{6, 1400, 1280, 1280,
                           "6000000004d83a4020010db800090000000000000000000920010db80007000000000000000000020"
                           "2004b6700000500"},
                    Vector{6, 1281, 1280, 1280,
                           "6000000004d83a4020010db800090000000000000000000920010db80007000000000000000000020"
                           "2004bde00000500"},
                    Vector{6, 61, 1333, 109,
                           "6000000000453a4020010db800090000000000000000000920010db80007000000000000000000020"
                           "200ce2700000535"}));

TEST(TooBig, IsAnsweredToAPacketThatMayNotBeFragmented) {
  EXPECT_TRUE(may_answer(offending(4, 100)));
  EXPECT_TRUE(may_answer(offending(6, 100)));
  EXPECT_FALSE(may_answer(ipv4_packet("192.168.7.2", "198.51.100.9"))) << "without DF";
}

TEST(TooBig, IsNotAnsweredToAnErrorOrWhatMayBeOne) {
  for (const unsigned type : {3U, 4U, 5U, 11U, 12U, 0U, 8U, 13U}) {
    PacketBytes v4 = offending(4, 100);
    v4[9] = std::byte{1};
    v4[20] = static_cast<std::byte>(type);
    EXPECT_EQ(may_answer(v4), type == 0 || type == 8 || type == 13) << type;
  }
  for (const unsigned type : {1U, 2U, 3U, 4U, 127U, 137U, 128U, 129U, 135U}) {
    PacketBytes v6 = ipv6_packet("2001:db8::1", "2001:db8::2", 100, 58);
    v6[40] = static_cast<std::byte>(type);
    EXPECT_EQ(may_answer(v6), type == 128 || type == 129 || type == 135) << type;
  }
  PacketBytes empty = offending(4, 20);
  empty[9] = std::byte{1};
  EXPECT_FALSE(may_answer(empty));
  EXPECT_FALSE(may_answer(ipv6_packet("2001:db8::1", "2001:db8::2", 40, 58)));
}

TEST(TooBig, IsAnsweredToTheFirstFragmentOnly) {
  PacketBytes v4 = offending(4, 100);
  v4[6] = std::byte{0x60};  // DF and more fragments: a host may send this
  EXPECT_TRUE(may_answer(v4));
  v4[7] = std::byte{1};
  EXPECT_FALSE(may_answer(v4));
  PacketBytes v6 = ipv6_packet("2001:db8::1", "2001:db8::2", 100, 44);
  v6[40] = std::byte{17};
  v6[43] = std::byte{1};
  EXPECT_TRUE(may_answer(v6));
  v6[42] = std::byte{1};
  EXPECT_FALSE(may_answer(v6));
}

TEST(TooBig, IsAnsweredOnlyFromOneHostToOneHost) {
  const auto v4 = [](const char* source, const char* destination) {
    PacketBytes out = ipv4_packet(source, destination);
    out[6] = std::byte{0x40};
    return may_answer(out);
  };
  EXPECT_TRUE(v4("10.0.0.1", "10.0.0.2"));
  EXPECT_FALSE(v4("10.0.0.1", "224.0.0.5"));
  EXPECT_FALSE(v4("10.0.0.1", "255.255.255.255"));
  EXPECT_FALSE(v4("0.0.0.0", "10.0.0.2"));
  EXPECT_FALSE(v4("239.1.1.1", "10.0.0.2"));
  EXPECT_FALSE(v4("127.0.0.1", "10.0.0.2"));
  EXPECT_FALSE(may_answer(ipv6_packet("2001:db8::1", "ff02::1")));
  EXPECT_FALSE(may_answer(ipv6_packet("::", "2001:db8::1")));
}

TEST(TooBig, SurvivesRandomPacketsAndNeverExceedsItsRoom) {
  std::mt19937 random(2);
  std::size_t answered = 0;
  for (int i = 0; i < 50'000; ++i) {
    const unsigned version = random() % 2 == 0 ? 4 : 6;
    PacketBytes packet = offending(version, (version == 4 ? 24 : 44) + random() % 1600);
    for (int flips = 0; flips < 8; ++flips)
      packet[random() % 64 % packet.size()] = static_cast<std::byte>(random());
    const auto ip = IpPacket::parse(packet);
    if (!ip || !may_answer_too_big(*ip, packet)) continue;
    ++answered;
    const PacketBytes answer = answer_to(packet, 1280);
    const auto parsed = IpPacket::parse(answer);
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->total_length, answer.size());
    ASSERT_EQ(parsed->destination, ip->source);
    ASSERT_LE(answer.size(), ip->version == 4 ? 576U : 1280U);
  }
  EXPECT_GT(answered, 1'000U);
}

}  // namespace
}  // namespace hawser::tunnel
