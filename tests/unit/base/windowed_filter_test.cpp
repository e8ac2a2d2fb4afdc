#include "base/windowed_filter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace hawser {
namespace {

constexpr int kWindow = 100;
using Min = WindowedMin<int, int, int>;
using Max = WindowedMax<int, int, int>;

/// The best value after these pairs of value and time.
template <class Filter>
int best_of(const std::vector<std::pair<int, int>>& values) {
  Filter filter(kWindow);
  for (const auto& [value, at] : values) filter.add(value, at);
  return filter.best();
}

TEST(WindowedFilter, IsEmptyUntilTheFirstValue) {
  Min filter(kWindow);
  EXPECT_TRUE(filter.empty());
  filter.add(7, 1'000);
  EXPECT_FALSE(filter.empty());
  EXPECT_EQ(filter.best(), 7);
}

TEST(WindowedFilter, KeepsTheBestValueAndTakesABetterOneAtOnce) {
  EXPECT_EQ(best_of<Min>({{5, 0}, {8, 10}, {6, 20}}), 5);
  EXPECT_EQ(best_of<Min>({{5, 0}, {8, 10}, {4, 20}}), 4);
  EXPECT_EQ(best_of<Max>({{5, 0}, {3, 10}, {4, 20}}), 5);
  EXPECT_EQ(best_of<Max>({{5, 0}, {3, 10}, {6, 20}}), 6);
}

TEST(WindowedFilter, AValueCountsForTheWholeWindowAndNoLonger) {
  EXPECT_EQ(best_of<Min>({{1, 0}, {3, 40}, {5, 80}, {9, 100}}), 1);
  EXPECT_EQ(best_of<Min>({{1, 0}, {3, 40}, {5, 80}, {9, 101}}), 3) << "the best one after it takes over";
  EXPECT_EQ(best_of<Min>({{1, 0}, {3, 40}, {5, 80}, {9, 101}, {9, 141}}), 5);
  EXPECT_EQ(best_of<Min>({{1, 0}, {3, 40}, {5, 80}, {9, 101}, {9, 141}, {9, 181}}), 9);
}

TEST(WindowedFilter, SkipsASuccessorThatIsTooOldAsWell) {
  EXPECT_EQ(best_of<Min>({{1, 0}, {3, 40}, {5, 80}, {9, 145}}), 5);
}

TEST(WindowedFilter, OneValueAfterALongPauseReplacesAll) {
  EXPECT_EQ(best_of<Min>({{1, 0}, {2, 10}, {9, 200}}), 9);
  EXPECT_EQ(best_of<Max>({{9, 0}, {8, 10}, {1, 200}}), 1);
}

TEST(WindowedFilter, AValueAsGoodAsTheBestRenewsIt) {
  EXPECT_EQ(best_of<Min>({{1, 0}, {1, 20}, {9, 110}}), 1);
}

TEST(WindowedFilter, ASmallerWindowExpiresValuesWithTheNextOne) {
  Max filter(kWindow);
  for (const auto& [value, at] : {std::pair{9, 0}, {5, 40}, {3, 60}}) filter.add(value, at);
  filter.set_window(50);
  EXPECT_EQ(filter.best(), 9);
  filter.add(1, 80);
  EXPECT_EQ(filter.best(), 5);
}

// The filter knows three values only, so it may miss the best one of the window, but it never returns one
// that is outside of it.
TEST(WindowedFilter, NeverReturnsAValueFromOutsideTheWindowNorAWorseOneThanTheNewest) {
  std::mt19937_64 random(5);
  Min filter(kWindow);
  std::vector<std::pair<int, int>> values;
  int at = 0;
  int exact = 0;
  for (int i = 0; i < 20'000; ++i) {
    at += static_cast<int>(random() % 8);
    const int value = static_cast<int>(random() % 1'000);
    filter.add(value, at);
    values.emplace_back(value, at);
    std::erase_if(values, [at](const auto& each) { return at - each.second > kWindow; });
    const int smallest = std::ranges::min_element(values)->first;
    ASSERT_GE(filter.best(), smallest);
    ASSERT_LE(filter.best(), value);
    exact += filter.best() == smallest ? 1 : 0;
  }
  EXPECT_GT(exact, 18'000);
}

}  // namespace
}  // namespace hawser
