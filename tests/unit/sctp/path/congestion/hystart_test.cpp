#include "sctp/path/congestion/hystart.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

// Plays rounds of `samples` acknowledgements with the same round trip. Returns whether slow start has ended.
class HyStartTest : public ::testing::Test {
 protected:
  bool round(Duration rtt, int samples = 10) {
    bool over = false;
    for (int i = 0; i < samples; ++i) {
      AckSample ack;
      ack.acked = 1000;
      ack.rtt = rtt;
      over |= hystart.on_ack(ack, i == 0);
    }
    return over;
  }

  HyStart hystart;
};

TEST_F(HyStartTest, GrowsByWhatWasAcknowledgedWhileTheRoundTripStays) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(round(40ms));
  EXPECT_FALSE(hystart.conservative());
  EXPECT_EQ(hystart.growth(8000), 8000U);
}

TEST_F(HyStartTest, GrowsByAQuarterOnceTheRoundTripGrows) {
  round(40ms);
  round(46ms);
  EXPECT_TRUE(hystart.conservative()) << "5 ms are an eighth of the round trip";
  EXPECT_EQ(hystart.growth(8000), 2000U);
}

TEST_F(HyStartTest, NeedsAGrowthOfFourMillisecondsOnAShortPathAndOfSixteenOnALongOne) {
  round(4ms);
  round(7ms);
  EXPECT_FALSE(hystart.conservative());
  round(11ms);
  EXPECT_TRUE(hystart.conservative());
  hystart = {};
  round(600ms);
  round(615ms);
  EXPECT_FALSE(hystart.conservative());
  round(631ms);
  EXPECT_TRUE(hystart.conservative());
}

TEST_F(HyStartTest, EndsSlowStartAfterFiveConservativeRounds) {
  round(40ms);
  round(50ms);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(round(50ms)) << i;
  EXPECT_TRUE(round(50ms));
  EXPECT_FALSE(hystart.conservative());
}

TEST_F(HyStartTest, EndsSlowStartAfterAWholeConservativeRoundInWhichTheRoundTripHasGrownOn) {
  round(40ms);
  round(50ms);
  EXPECT_FALSE(round(60ms));
  EXPECT_TRUE(round(70ms)) << "the growth of the round before is known at its end";
}

TEST_F(HyStartTest, NoticesAQueueThatBeginsToGrowWithinARound) {
  round(40ms, 80);
  for (int i = 0; i < 80; ++i) {
    AckSample ack;
    ack.acked = 1000;
    ack.rtt = 40ms + i * 500us;
    hystart.on_ack(ack, i == 0);
    EXPECT_EQ(hystart.conservative(), i >= 39) << i << ": the second quarter is 10 ms above the last round";
  }
}

TEST_F(HyStartTest, ReturnsToSlowStartWhenTheGrowthWasJitter) {
  round(40ms);
  round(50ms);
  ASSERT_TRUE(hystart.conservative());
  round(49ms);
  EXPECT_FALSE(hystart.conservative());
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(round(49ms));
}

TEST_F(HyStartTest, IgnoresASingleLowSampleOfARoundThatIsNotOver) {
  round(40ms);
  round(50ms, 7);
  EXPECT_FALSE(hystart.conservative()) << "the lowest of eight samples counts";
}

TEST_F(HyStartTest, DecidesAtTheEndOfARoundThatHasFewSamples) {
  round(40ms, 4);
  round(50ms, 4);
  EXPECT_FALSE(hystart.conservative());
  round(50ms, 1);
  EXPECT_TRUE(hystart.conservative());
}

TEST_F(HyStartTest, DecidesNothingFromTwoSamples) {
  round(40ms, 2);
  round(50ms, 2);
  round(60ms, 2);
  EXPECT_FALSE(hystart.conservative());
}

TEST_F(HyStartTest, ReportsTheEndOnceAndNeverAfterALoss) {
  hystart.stop();
  round(40ms);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(round(80ms));
  EXPECT_EQ(hystart.growth(8000), 8000U) << "a later slow start has a threshold";
}

}  // namespace
}  // namespace hawser::sctp::path
