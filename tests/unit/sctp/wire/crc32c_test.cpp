#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::wire {
namespace {

Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<std::byte> random_bytes(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::byte> out(n);
  for (std::byte& b : out) b = static_cast<std::byte>(generator());
  return out;
}

// The definition of CRC32c, bit by bit.
std::uint32_t crc32c_by_bits(Bytes bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte b : bytes) {
    crc ^= std::to_integer<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F6'3B78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, MeetsKnownVectors) {
  std::vector<std::byte> ascending(32);
  for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<std::byte>(i);
  std::vector<std::byte> descending(ascending.rbegin(), ascending.rend());
  for (const auto crc : {crc32c, crc32c_table}) {
    EXPECT_EQ(crc({}), 0U);
    EXPECT_EQ(crc(as_bytes("123456789")), 0xE306'9283U);
    EXPECT_EQ(crc(std::vector<std::byte>(32, std::byte{0})), 0x8A91'36AAU);
    EXPECT_EQ(crc(std::vector<std::byte>(32, std::byte{0xFF})), 0x62A8'AB43U);
    EXPECT_EQ(crc(ascending), 0x46DD'794EU);
    EXPECT_EQ(crc(descending), 0x113F'DB5CU);
  }
}

TEST(Crc32c, InstructionTableAndDefinitionAgreeOnEveryLengthAndAlignment) {
  const auto data = random_bytes(2008, 1);
  for (std::size_t length = 0; length <= 2000; ++length) {
    const Bytes bytes = Bytes(data).subspan(length % 8, length);
    const std::uint32_t expected = crc32c_by_bits(bytes);
    ASSERT_EQ(crc32c_table(bytes), expected) << length;
    ASSERT_EQ(crc32c(bytes), expected) << length;
  }
}

TEST(Crc32c, InstructionAndTableAgreeBeyondTheLongestLanes) {
  const auto data = random_bytes(70'000, 2);
  for (const std::size_t length : {6143U, 6144U, 6145U, 9000U, 12'300U, 65'535U, 70'000U}) {
    const Bytes bytes = Bytes(data).first(length);
    ASSERT_EQ(crc32c(bytes), crc32c_table(bytes)) << length;
  }
}

TEST(PacketChecksum, IsTheLowestByteOfTheCrcFirstOverAZeroField) {
  std::array<std::byte, 16> packet{};
  for (std::size_t i = 0; i < packet.size(); ++i) packet[i] = static_cast<std::byte>(i);
  auto zeroed = packet;
  std::fill_n(zeroed.begin() + 8, 4, std::byte{0});
  const std::uint32_t crc = crc32c_by_bits(zeroed);
  seal_checksum(packet);
  EXPECT_EQ(packet[8], static_cast<std::byte>(crc));
  EXPECT_EQ(packet[9], static_cast<std::byte>(crc >> 8));
  EXPECT_EQ(packet[10], static_cast<std::byte>(crc >> 16));
  EXPECT_EQ(packet[11], static_cast<std::byte>(crc >> 24));
  EXPECT_EQ(packet[7], std::byte{7});
  EXPECT_EQ(packet[12], std::byte{12});
}

TEST(PacketChecksum, HoldsForWhatWasSealedWhateverTheFieldHeldBefore) {
  for (const std::size_t length : {12U, 13U, 16U, 100U, 1400U, 1472U}) {
    auto packet = random_bytes(length, 3);
    seal_checksum(packet);
    EXPECT_TRUE(checksum_ok(packet)) << length;
  }
}

TEST(PacketChecksum, FailsForEverySingleFlippedBit) {
  auto packet = random_bytes(200, 4);
  seal_checksum(packet);
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << (bit % 8));
    packet[bit / 8] ^= mask;
    ASSERT_FALSE(checksum_ok(packet)) << bit;
    packet[bit / 8] ^= mask;
  }
  EXPECT_TRUE(checksum_ok(packet));
}

TEST(PacketChecksum, FailsForLessThanACommonHeader) {
  const auto packet = random_bytes(11, 5);
  for (std::size_t length = 0; length <= packet.size(); ++length) {
    EXPECT_FALSE(checksum_ok(Bytes(packet).first(length))) << length;
  }
}

}  // namespace
}  // namespace hawser::sctp::wire
