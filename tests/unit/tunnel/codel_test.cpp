#include "tunnel/codel.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMany = 100'000;  // bytes left in the queue

// One packet each millisecond, with the same sojourn, from `from` to `to`. Returns the times of the signals
// in milliseconds.
std::vector<int> run(Codel& codel, int from, int to, Duration sojourn, std::size_t left = kMany) {
  std::vector<int> signals;
  for (int ms = from; ms < to; ++ms) {
    if (codel.signals(Timestamp{} + 1h + ms * 1ms, sojourn, left, {})) signals.push_back(ms);
  }
  return signals;
}

TEST(Codel, SignalsNothingBelowTheTarget) {
  Codel codel;
  EXPECT_TRUE(run(codel, 0, 10'000, 4ms).empty());
}

TEST(Codel, SignalsFirstAfterAWholeIntervalAboveTheTarget) {
  Codel codel;
  EXPECT_EQ(run(codel, 0, 150, 6ms), std::vector{100});
}

TEST(Codel, ToleratesABurstThatDrainsWithinAnInterval) {
  Codel codel;
  for (int burst = 0; burst < 50; ++burst) {
    EXPECT_TRUE(run(codel, burst * 100, burst * 100 + 90, 50ms).empty());
    EXPECT_TRUE(run(codel, burst * 100 + 90, burst * 100 + 100, 1ms).empty());
  }
}

TEST(Codel, ToleratesAQueueOfOnePacket) {
  Codel codel;
  EXPECT_TRUE(run(codel, 0, 10'000, 500ms, 1500).empty());
}

// RFC 8289 §5: the interval, here with the queue of 20 ms, divided by the square root of the number of
// signals.
TEST(Codel, SignalsFasterWithTheSquareRootOfTheirNumber) {
  Codel codel;
  EXPECT_EQ(run(codel, 0, 480, 20ms), (std::vector{100, 220, 305, 375, 435}));
}

TEST(Codel, StopsAsSoonAsTheDelayIsLow) {
  Codel codel;
  EXPECT_FALSE(run(codel, 0, 500, 20ms).empty());
  EXPECT_TRUE(run(codel, 500, 501, 1ms).empty());
  EXPECT_TRUE(run(codel, 501, 600, 20ms).empty());
}

TEST(Codel, ContinuesAtTheRateThatItHadAfterAShortPause) {
  Codel codel;
  run(codel, 0, 3000, 20ms);
  run(codel, 3000, 3100, 1ms);
  const auto again = run(codel, 3100, 3400, 20ms);
  ASSERT_GT(again.size(), 5U);
  EXPECT_EQ(again.front(), 3200);
}

TEST(Codel, BeginsSlowlyAfterALongPause) {
  Codel codel;
  run(codel, 0, 3000, 20ms);
  run(codel, 3000, 6000, 1ms);
  EXPECT_EQ(run(codel, 6000, 6250, 20ms), (std::vector{6100, 6220}));
}

TEST(Codel, FollowsItsParameters) {
  Codel codel;
  const CodelParameters slow{50ms, 300ms};
  std::vector<int> signals;
  for (int ms = 0; ms < 700; ++ms) {
    if (codel.signals(Timestamp{} + 1h + ms * 1ms, 60ms, kMany, slow)) signals.push_back(ms);
  }
  EXPECT_EQ(signals, (std::vector{300, 660}));
  EXPECT_FALSE(codel.signals(Timestamp{} + 2h, 49ms, kMany, slow));
}

}  // namespace
}  // namespace hawser::tunnel
