#include "sctp/path/one_way_delay.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

// The clock of the peer differs by `offset`.
struct Reports {
  explicit Reports(Duration clock_offset) : offset(clock_offset) {}
  void add(Duration took) {
    now += 100ms;
    delay.add(now, now - 50ms, now - 50ms + took + offset);
  }
  void add(Duration took, int count) {
    for (int i = 0; i < count; ++i) add(took);
  }

  Duration offset;
  Timestamp now = Timestamp{} + 1h;
  OneWayDelay delay;
};

TEST(OneWayDelay, IsUnknownBeforeTheFirstReport) {
  const OneWayDelay delay;
  EXPECT_EQ(delay.queue_delay(), std::nullopt);
  EXPECT_EQ(delay.with_offset(Timestamp{}), std::nullopt);
}

TEST(OneWayDelay, TheQueueIsWhatThePathTakesLongerThanItsShortestWhateverTheClocksShow) {
  for (const Duration offset : {Duration(0s), Duration(1h), Duration(-2h)}) {
    Reports reports(offset);
    reports.add(20ms);
    EXPECT_EQ(reports.delay.queue_delay(), 0ms);
    reports.add(35ms);
    EXPECT_EQ(reports.delay.queue_delay(), 15ms) << "the newest packet, not an average";
    reports.add(18ms);
    EXPECT_EQ(reports.delay.queue_delay(), 0ms);
    reports.add(20ms);
    EXPECT_EQ(reports.delay.queue_delay(), 2ms);
  }
}

TEST(OneWayDelay, DelaysOfTwoPathsDifferByTheirRealDifference) {
  Reports near(-2h);
  Reports far(-2h);
  near.add(10ms, 5);
  far.add(45ms, 5);
  EXPECT_EQ(*far.delay.with_offset(far.now) - *near.delay.with_offset(near.now), 35ms);
}

TEST(OneWayDelay, IsSmoothedOverEightReports) {
  Reports reports(0s);
  reports.add(20ms);
  EXPECT_EQ(reports.delay.with_offset(reports.now), 20ms) << "the first one counts in full";
  reports.add(60ms);
  EXPECT_EQ(reports.delay.with_offset(reports.now), 25ms);
  reports.add(60ms, 40);
  EXPECT_GT(*reports.delay.with_offset(reports.now), 59ms);
  EXPECT_LE(*reports.delay.with_offset(reports.now), 60ms);
}

TEST(OneWayDelay, OfAPathThatCarriesNothingIsThatWithoutAQueue) {
  Reports reports(1h);
  reports.add(20ms);
  reports.add(30ms);
  EXPECT_GT(reports.delay.with_offset(reports.now + 400ms), 20ms + 1h);
  EXPECT_EQ(reports.delay.with_offset(reports.now + 600ms), 20ms + 1h);
}

TEST(OneWayDelay, ALongerWayIsAQueueForTenSecondsAndNoLonger) {
  Reports reports(1h);
  reports.add(20ms);
  reports.add(30ms, 100);
  EXPECT_EQ(reports.delay.queue_delay(), 10ms);
  reports.add(30ms);
  EXPECT_EQ(reports.delay.queue_delay(), 0ms);
}

}  // namespace
}  // namespace hawser::sctp::path
