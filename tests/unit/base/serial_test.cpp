#include "base/serial.hpp"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(SerialLess, ComparesAcrossTheWrap) {
  EXPECT_TRUE(serial_less<std::uint32_t>(1, 2));
  EXPECT_FALSE(serial_less<std::uint32_t>(2, 1));
  EXPECT_FALSE(serial_less<std::uint32_t>(2, 2));
  EXPECT_TRUE(serial_less<std::uint32_t>(0xFFFF'FFFF, 0));
  EXPECT_FALSE(serial_less<std::uint32_t>(0, 0xFFFF'FFFF));
  EXPECT_TRUE(serial_less<std::uint16_t>(0xFFFE, 3));
}

TEST(Unwrap, FindsTheValueNearestToTheReference) {
  constexpr std::uint64_t kReference = 0x5'0000'0010;
  EXPECT_EQ(unwrap<std::uint32_t>(0x10, kReference), kReference);
  EXPECT_EQ(unwrap<std::uint32_t>(0x11, kReference), kReference + 1);
  EXPECT_EQ(unwrap<std::uint32_t>(0x0F, kReference), kReference - 1);
  EXPECT_EQ(unwrap<std::uint32_t>(0xFFFF'FFF0, kReference), 0x4'FFFF'FFF0U);
  EXPECT_EQ(unwrap<std::uint16_t>(0x0002, 0x1FFFF), 0x20002U);
  EXPECT_EQ(unwrap<std::uint16_t>(0xFFFF, 0x20001), 0x1FFFFU);
}

TEST(Unwrap, FollowsACounterThroughManyWraps) {
  std::uint64_t value = 0x1'0000;
  for (int step = 0; step < 100'000; ++step) {
    const std::uint64_t next = value + 20'000;
    ASSERT_EQ(unwrap(static_cast<std::uint16_t>(next), value), next);
    value = next;
  }
}

TEST(Unwrap, IsUsableInConstantExpressions) {
  static_assert(unwrap<std::uint32_t>(0, 0xFFFF'FFFF) == 0x1'0000'0000);
  static_assert(serial_less<std::uint32_t>(0xFFFF'FFFF, 0));
}

}  // namespace
}  // namespace hawser
