#include "hawser/crypto/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace hawser::crypto {
namespace {

TEST(SystemRandom, FillsEveryByteOfTheRangeAndNoneBeyond) {
  SystemRandom random;
  std::array<std::byte, 34> seen{};  // positions that were not zero at least once
  for (int round = 0; round < 64; ++round) {
    std::array<std::byte, 34> out{};
    random.fill(MutableBytes(out).subspan(1, 32));
    for (std::size_t i = 0; i < out.size(); ++i) seen[i] |= out[i];
  }
  EXPECT_EQ(seen.front(), std::byte{0});
  EXPECT_EQ(seen.back(), std::byte{0});
  EXPECT_TRUE(std::all_of(seen.begin() + 1, seen.end() - 1, [](std::byte b) { return b != std::byte{0}; }));
}

TEST(SystemRandom, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) numbers.insert(random.u64());
  EXPECT_EQ(numbers.size(), 1000U);
}

TEST(SystemRandom, TakesAnEmptyRange) {
  SystemRandom random;
  EXPECT_NO_THROW(random.fill({}));
}

}  // namespace
}  // namespace hawser::crypto
