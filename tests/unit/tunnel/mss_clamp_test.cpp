#include "tunnel/mss_clamp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "packets.hpp"
#include "tunnel/tcp_segment.hpp"
#include "unit/crypto/hex.hpp"

namespace hawser::tunnel {
namespace {

using crypto::test::from_hex;
using crypto::test::to_hex;

// Clamps like the tunnel; the second value is whether the packet was changed.
std::pair<PacketBytes, bool> clamped(PacketBytes packet, std::size_t mtu) {
  const auto ip = IpPacket::parse(packet);
  if (!ip || !TcpSegment(*ip, packet).is_syn()) return {packet, false};
  const bool changed = clamp_mss(*ip, packet, mtu);
  return {packet, changed};
}

/// Packets before and after, computed with Python's struct; each checksum is computed over the whole packet.
struct Vector {
  const char* name;
  std::size_t mtu;
  const char* before;
  const char* after;
};

class MssClampVectors : public testing::TestWithParam<Vector> {};

TEST_P(MssClampVectors, AreClampedToTheMtu) {
  const auto [packet, changed] = clamped(from_hex(GetParam().before), GetParam().mtu);
  EXPECT_TRUE(changed);
  EXPECT_EQ(to_hex(packet), GetParam().after);
}

TEST_P(MssClampVectors, AreLeftAloneWhenTheyFitAlready) {
  const auto [packet, changed] = clamped(from_hex(GetParam().after), GetParam().mtu);
  EXPECT_FALSE(changed);
  EXPECT_EQ(to_hex(packet), GetParam().after);
  EXPECT_FALSE(clamped(from_hex(GetParam().before), 65'535 + 60).second) << "never raised";
}

INSTANTIATE_TEST_SUITE_P(
    Python, MssClampVectors,
    testing::Values(Vector{"Ipv4Syn", 1392,
                           "4500003c12344000400636a1c0a80702c6336409a8ca01bb1122334400000000a002faf06c3b0000"
                           "020405b40402080a000000010000000001030307",
                           "4500003c12344000400636a1c0a80702c6336409a8ca01bb1122334400000000a002faf06ca70000"
                           "020405480402080a000000010000000001030307"},
                    Vector{
                        "Ipv6SynAck", 1392,
                        "600123450028064020010db800070000000000000000000220010db8000900000000000000000009"
                        "a8ca01bb1122334455667788a012faf035ab0000020405a00402080a000000010000000001030307",
                        "600123450028064020010db800070000000000000000000220010db8000900000000000000000009"
                        "a8ca01bb1122334455667788a012faf036170000020405340402080a000000010000000001030307"},
                    Vector{"AtAnOddOffset", 1280,
                           "4500003012344000400636adc0a80702c6336409a8ca01bb11223344000000007002faf0ae120000"
                           "010204ffff010101",
                           "4500003012344000400636adc0a80702c6336409a8ca01bb11223344000000007002faf0d60d0000"
                           "01020404d8010101"},
                    Vector{"BehindIpv4Options", 1300,
                           "4600003012344000400633acc0a80702c633640901010100a8ca01bb11223344000000006002faf0"
                           "bc9e000002040578",
                           "4600003012344000400633acc0a80702c633640901010100a8ca01bb11223344000000006002faf0"
                           "bd2a0000020404ec"},
                    Vector{"BehindIpv6ExtensionHeaders", 1280,
                           "600123450034004020010db800070000000000000000000220010db8000900000000000000000009"
                           "3c000104000000000601010c000000000000000000000000a8ca01bb11223344000000007002faf0"
                           "a467000001020405a0010101",
                           "600123450034004020010db800070000000000000000000220010db8000900000000000000000009"
                           "3c000104000000000601010c000000000000000000000000a8ca01bb11223344000000007002faf0"
                           "8068000001020404c4010101"},
                    Vector{"InTheFirstIpv4Fragment", 1392,
                           "4500002c12342000400656b1c0a80702c6336409a8ca01bb11223344000000006002faf037ba0000"
                           "020405b4",
                           "4500002c12342000400656b1c0a80702c6336409a8ca01bb11223344000000006002faf038260000"
                           "02040548"},
                    Vector{"InTheFirstIpv6Fragment", 1392,
                           "6001234500202c4020010db800070000000000000000000220010db8000900000000000000000009"
                           "06000001abcdef01a8ca01bb11223344000000006002faf0ce280000020405a0",
                           "6001234500202c4020010db800070000000000000000000220010db8000900000000000000000009"
                           "06000001abcdef01a8ca01bb11223344000000006002faf0ce94000002040534"},
                    Vector{"AnnouncedTwice", 1280,
                           "4500003012344000400636adc0a80702c6336409a8ca01bb11223344000000007002faf087320000"
                           "020405b402042328",
                           "4500003012344000400636adc0a80702c6336409a8ca01bb11223344000000007002faf0a65e0000"
                           "020404d8020404d8"},
                    Vector{"WithDataOfOddLength", 1392,
                           "4500003112344000400636acc0a80702c6336409a8ca01bb112233440000000060c2faf05a7f0000"
                           "0204230068656c6c6f",
                           "4500003112344000400636acc0a80702c6336409a8ca01bb112233440000000060c2faf078370000"
                           "0204054868656c6c6f"}),
    [](const auto& test) { return std::string(test.param.name); });

// An IPv4 SYN: an IP header, a TCP header, these options.
PacketBytes syn(const PacketBytes& options, std::uint8_t data_offset, std::uint8_t flags = 2) {
  PacketBytes out = ipv4_packet("10.0.0.1", "10.0.0.2", 40 + options.size());
  out[9] = std::byte{6};
  out[32] = static_cast<std::byte>(data_offset << 4U);
  out[33] = static_cast<std::byte>(flags);
  std::copy(options.begin(), options.end(), out.begin() + 40);
  return out;
}

void expect_unchanged(const PacketBytes& packet) {
  const auto [after, changed] = clamped(packet, 576);
  EXPECT_FALSE(changed) << to_hex(packet);
  EXPECT_EQ(after, packet);
}

TEST(MssClamp, LeavesAloneWhatIsNoSyn) {
  const PacketBytes mss = from_hex("020405b4");
  EXPECT_TRUE(clamped(syn(mss, 6), 576).second);
  expect_unchanged(syn(mss, 6, 0x10));
  PacketBytes udp = syn(mss, 6);
  udp[9] = std::byte{17};
  expect_unchanged(udp);
}

TEST(MssClamp, LeavesALaterFragmentAlone) {
  PacketBytes packet = syn(from_hex("020405b4"), 6);
  packet[7] = std::byte{0x01};
  expect_unchanged(packet);
  PacketBytes v6 = ipv6_packet("::1", "::2", 40 + 8 + 24, 44);
  v6[40] = std::byte{6};
  v6[48 + 12] = std::byte{0x60};
  v6[48 + 13] = std::byte{2};
  store_be<std::uint32_t>(v6.data() + 48 + 20, 0x0204'05b4);
  EXPECT_TRUE(clamped(v6, 1280).second);
  v6[43] = std::byte{0x08};  // offset 8 bytes
  EXPECT_FALSE(clamped(v6, 1280).second);
}

TEST(MssClamp, LeavesASynWithoutTheOptionAlone) {
  expect_unchanged(syn({}, 5));
  expect_unchanged(syn(from_hex("01010402"), 6));
  expect_unchanged(syn(from_hex("00000000020405b4"), 7));  // after the end of options
}

TEST(MssClamp, LeavesOptionsThatLieAlone) {
  expect_unchanged(
      syn(from_hex("02060000020405b4"), 7));  // an MSS option of six bytes, which covers the next option
  expect_unchanged(syn(from_hex("0203ffff01010101"), 7));
  expect_unchanged(syn(from_hex("0200ffff020405b4"), 7));  // a length of zero would never end
  expect_unchanged(syn(from_hex("0201ffff020405b4"), 7));
  expect_unchanged(syn(from_hex("08ff0000020405b4"), 7));  // longer than the header
  expect_unchanged(syn(from_hex("0101010102040000"), 6));  // begins after the header
  expect_unchanged(syn(from_hex("01010204ffff0101"), 6));  // reaches beyond the header
  expect_unchanged(syn(from_hex("01010102"), 6));          // its length is missing
}

TEST(MssClamp, LeavesAHeaderThatIsNotWholeAlone) {
  expect_unchanged(syn(from_hex("020405b4"), 7));  // claims more than the packet has
  expect_unchanged(syn(from_hex("020405b4"), 15));
  expect_unchanged(syn(from_hex("020405b4"), 4));  // less than the fixed header
  expect_unchanged(syn(from_hex("020405b4"), 0));
  const PacketBytes whole = syn(from_hex("020405b4"), 6);
  for (std::size_t size = 20; size < whole.size(); ++size) {
    PacketBytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    store_be(cut.data() + 2, static_cast<std::uint16_t>(size));
    expect_unchanged(cut);
  }
}

TEST(MssClamp, ToleratesAnMtuWithoutRoomForAnything) {
  EXPECT_TRUE(clamped(syn(from_hex("020405b4"), 6), 10).second);
}

// The one's complement sum of the bytes that TCP's checksum covers; 0xffff when the checksum is right.
std::uint32_t tcp_sum(const IpPacket& ip, const PacketBytes& packet) {
  std::uint32_t sum = 6 + ip.total_length - ip.header_length;
  const auto add = [&sum](Bytes bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  };
  add(ip.source.bytes());
  add(ip.destination.bytes());
  add(Bytes(packet).subspan(ip.header_length, ip.total_length - ip.header_length));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return sum;
}

// A packet with random, inconsistent headers: version, extension headers, fragments, options, lengths.
PacketBytes random_syn(std::mt19937& random) {
  const auto roll = [&random](unsigned sides) { return static_cast<std::uint8_t>(random() % sides); };
  const bool v4 = roll(2) == 0;
  const std::size_t size = 40 + random() % 120;
  PacketBytes out = v4 ? ipv4_packet("10.0.0.1", "10.0.0.2", size) : ipv6_packet("::1", "::2", size, 0);
  const std::size_t header = v4 ? 20 : 40;
  for (std::size_t i = header; i < size; ++i)
    out[i] = static_cast<std::byte>(roll(4) == 0 ? random() : roll(6));
  std::size_t tcp = header;
  if (v4) {
    tcp = 20 + 4 * std::size_t{roll(3)};
    out[0] = static_cast<std::byte>(0x40 + tcp / 4);
    out[9] = std::byte{6};
    if (roll(4) == 0) out[6] = std::byte{0x20};
  } else {
    constexpr std::array<std::uint8_t, 5> kTypes{6, 0, 60, 44, 43};
    out[6] = static_cast<std::byte>(kTypes[roll(5)]);
    for (; out[6] != std::byte{6} && tcp + 8 <= size && roll(3) != 0; tcp += 8) {
      out[tcp] = static_cast<std::byte>(kTypes[roll(5)]);
      out[tcp + 1] = static_cast<std::byte>(roll(2));
    }
  }
  if (tcp + 20 <= size) {
    out[tcp + 12] = static_cast<std::byte>(roll(16) << 4U);
    out[tcp + 13] = static_cast<std::byte>(2 | roll(64));
    const std::size_t option = tcp + 20 + roll(20);
    if (option + 4 <= size)
      store_be(out.data() + option, 0x0204'0000U | static_cast<std::uint16_t>(random()));
  }
  return out;
}

TEST(MssClamp, OfRandomPacketsChangesNothingButTheMssAndItsChecksum) {
  std::mt19937 random(1);
  std::size_t changes = 0;
  for (int i = 0; i < 200'000; ++i) {
    const PacketBytes before = random_syn(random);
    const auto [after, changed] = clamped(before, 500 + random() % 1000);
    ASSERT_EQ(changed, before != after);
    if (!changed) continue;
    ++changes;
    const auto ip = IpPacket::parse(before);
    const std::uint32_t sum = tcp_sum(*ip, before) % 0xffff;  // 0xffff and 0 are the same number
    ASSERT_EQ(tcp_sum(*ip, after) % 0xffff, sum) << to_hex(before) << "\n" << to_hex(after);
    for (std::size_t at = 0; at < before.size(); ++at) {
      const std::size_t in_tcp = at - ip->header_length;
      const bool may_change = at >= ip->header_length && (in_tcp == 16 || in_tcp == 17 || in_tcp >= 22);
      ASSERT_TRUE(may_change || before[at] == after[at]) << at;
    }
  }
  EXPECT_GT(changes, 1'000U) << "too few of the packets have an MSS to lower";
}

}  // namespace
}  // namespace hawser::tunnel
