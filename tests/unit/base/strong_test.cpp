#include "hawser/base/strong.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "base/serial.hpp"

namespace hawser {
namespace {

using Narrow = Strong<struct NarrowTag, std::uint8_t>;
using Wide = Strong<struct WideTag, std::uint32_t>;

TEST(Strong, ComparesLikeItsInteger) {
  EXPECT_EQ(Narrow{7}, Narrow{7});
  EXPECT_LT(Narrow{7}, Narrow{8});
  EXPECT_EQ(Narrow{}.value(), 0);
}

TEST(Strong, StepsToTheNextNumberAndWrapsAround) {
  Narrow number{254};
  EXPECT_EQ(number++, Narrow{254});
  EXPECT_EQ(number, Narrow{255});
  EXPECT_EQ(++number, Narrow{0});
}

TEST(Strong, UnwrapsLikeItsInteger) {
  constexpr std::uint64_t kReference = (std::uint64_t{5} << 32) - 1;
  EXPECT_EQ(unwrap(Wide{3}, kReference), (std::uint64_t{5} << 32) + 3);
  EXPECT_EQ(unwrap(Wide{0xffff'fff0}, kReference), kReference - 15);
}

}  // namespace
}  // namespace hawser
