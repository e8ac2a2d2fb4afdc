#include "base/ring_bitmap.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace hawser::sctp {
namespace {

TEST(RingBitmap, StartsWithNothingSet) {
  const RingBitmap bits(128);
  EXPECT_EQ(bits.find_set(0, 128), RingBitmap::kNone);
}

TEST(RingBitmap, SetsTestsAndClearsSingleNumbers) {
  RingBitmap bits(128);
  bits.set(63);
  bits.set(64);
  EXPECT_TRUE(bits.test(63));
  EXPECT_TRUE(bits.test(64));
  EXPECT_FALSE(bits.test(62));
  EXPECT_FALSE(bits.test(65));
  bits.clear(63);
  EXPECT_FALSE(bits.test(63));
  EXPECT_TRUE(bits.test(64));
}

TEST(RingBitmap, FindsTheFirstSetNumberOfARange) {
  RingBitmap bits(256);
  bits.set(5);
  bits.set(130);
  EXPECT_EQ(bits.find_set(0, 256), 5U);
  EXPECT_EQ(bits.find_set(5, 256), 5U);
  EXPECT_EQ(bits.find_set(6, 256), 130U);
  EXPECT_EQ(bits.find_set(131, 256), RingBitmap::kNone);
}

TEST(RingBitmap, TheEndOfARangeIsNotPartOfIt) {
  RingBitmap bits(128);
  bits.set(70);
  EXPECT_EQ(bits.find_set(0, 70), RingBitmap::kNone);
  EXPECT_EQ(bits.find_set(0, 71), 70U);
  EXPECT_EQ(bits.find_set(70, 70), RingBitmap::kNone);
}

TEST(RingBitmap, WorksFarBeyondItsCapacity) {
  RingBitmap bits(64);
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 40) + 61;
  bits.set(kFar);
  bits.set(kFar + 10);
  EXPECT_EQ(bits.find_set(kFar - 20, kFar + 20), kFar);
  EXPECT_EQ(bits.find_set(kFar + 1, kFar + 20), kFar + 10);
}

TEST(RingBitmap, AgreesWithASetOverARandomWalk) {
  constexpr std::size_t kCapacity = 512;
  RingBitmap bits(kCapacity);
  std::set<std::uint64_t> model;
  std::mt19937_64 random(7);
  std::uint64_t base = 1'000'000;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t n = base + random() % kCapacity;
    if (random() % 2 == 0) {
      bits.set(n);
      model.insert(n);
    } else {
      bits.clear(n);
      model.erase(n);
    }
    const std::uint64_t from = base + random() % kCapacity;
    const std::uint64_t to = from + random() % (base + kCapacity - from + 1);
    const auto at = model.lower_bound(from);
    ASSERT_EQ(bits.find_set(from, to), at == model.end() || *at >= to ? RingBitmap::kNone : *at);
    if (step % 16 == 0) {
      bits.clear(base);
      model.erase(base);
      ++base;
    }
  }
}

}  // namespace
}  // namespace hawser::sctp
