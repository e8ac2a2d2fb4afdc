#include "hawser/base/bytes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace hawser {
namespace {

std::vector<std::byte> counting(std::size_t n) {
  std::vector<std::byte> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(i + 1);
  return out;
}

TEST(ByteOrder, StoresTheHighestByteFirst) {
  std::array<std::byte, 8> raw{};
  store_be<std::uint64_t>(raw.data(), 0x0102030405060708);
  EXPECT_EQ(raw[0], std::byte{1});
  EXPECT_EQ(raw[7], std::byte{8});
  EXPECT_EQ(load_be<std::uint16_t>(raw.data()), 0x0102);
  EXPECT_EQ(load_be<std::uint32_t>(raw.data()), 0x01020304U);
  EXPECT_EQ(load_be<std::uint64_t>(raw.data()), 0x0102030405060708U);
  EXPECT_EQ(load_be<std::uint8_t>(raw.data()), 1);
}

TEST(Padded4, RoundsUpToTheNextMultipleOfFour) {
  EXPECT_EQ(padded4(0), 0U);
  EXPECT_EQ(padded4(1), 4U);
  EXPECT_EQ(padded4(4), 4U);
  EXPECT_EQ(padded4(65535), 65536U);
}

TEST(ByteReader, ReadsFieldsInOrder) {
  const auto bytes = counting(16);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fU);
  EXPECT_EQ(reader.remaining(), 1U);
  EXPECT_EQ(reader.take_rest().size(), 1U);
  EXPECT_TRUE(reader.empty());
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, StaysFailedAfterAReadPastTheEnd) {
  const auto bytes = counting(3);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "a failed reader returns no more bytes";
  EXPECT_TRUE(reader.take_rest().empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, FailsOnTakingMoreThanIsLeftAndNotOnTakingNothing) {
  const auto bytes = counting(3);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.take(3).size(), 3U);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.take(1).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, SurvivesAHugeCount) {
  const auto bytes = counting(3);
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.take(static_cast<std::size_t>(-1)).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesFieldsInOrder) {
  std::array<std::byte, 32> room{};
  ByteWriter writer(room);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0f);
  const auto expected = counting(15);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(std::vector<std::byte>(writer.written().begin(), writer.written().end()), expected);
  writer.pad4();
  EXPECT_EQ(writer.size(), 16U);
  EXPECT_EQ(writer.remaining(), 16U);
}

TEST(ByteWriter, DropsWhatDoesNotFitAsAWhole) {
  std::array<std::byte, 3> room{};
  ByteWriter writer(room);
  writer.u8(7);
  writer.u32(0x01020304);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 1U);
  EXPECT_EQ(room[1], std::byte{0});
  writer.u16(0x0102);
  EXPECT_FALSE(writer.ok()) << "a failed writer does not recover";
}

TEST(ByteWriter, PatchesOnlyWhatWasWritten) {
  std::array<std::byte, 4> room{};
  ByteWriter writer(room);
  writer.u16(0);
  writer.patch_u16(0, 0x0102);
  writer.patch_u16(1, 0x0909);
  EXPECT_EQ(load_be<std::uint32_t>(room.data()), 0x01020000U);
}

TEST(ByteWriter, TakesEmptyBytes) {
  ByteWriter writer(MutableBytes{});
  writer.bytes({});
  writer.zeros(0);
  writer.pad4();
  EXPECT_TRUE(writer.ok());
  writer.u8(1);
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace hawser
