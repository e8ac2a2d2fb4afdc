#include "sctp/path/rtt_estimator.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

EndpointConfig quick() {
  EndpointConfig config;
  config.rto_initial = 1s;
  config.rto_min = 10ms;
  config.rto_max = 8s;
  return config;
}

TEST(RttEstimator, StartsWithTheInitialRtoAndNoMeasurement) {
  const RttEstimator rtt(quick());
  EXPECT_FALSE(rtt.measured());
  EXPECT_EQ(rtt.rto(), 1s);
  EXPECT_EQ(rtt.srtt(), Duration::zero());
}

TEST(RttEstimator, TakesTheFirstSampleWholeAndHalfOfItAsVariance) {
  RttEstimator rtt(quick());
  rtt.add_sample(Timestamp{}, 100ms);
  EXPECT_TRUE(rtt.measured());
  EXPECT_EQ(rtt.srtt(), 100ms);
  EXPECT_EQ(rtt.rttvar(), 50ms);
  EXPECT_EQ(rtt.rto(), 300ms);
}

TEST(RttEstimator, SmoothsLaterSamplesWithTheWeightsOfTheRfc) {
  RttEstimator rtt(quick());
  rtt.add_sample(Timestamp{}, 100ms);
  rtt.add_sample(Timestamp{}, 200ms);
  EXPECT_EQ(rtt.rttvar(), 62'500us);
  EXPECT_EQ(rtt.srtt(), 112'500us);
  EXPECT_EQ(rtt.rto(), 362'500us);
  EXPECT_EQ(rtt.latest(), 200ms);
}

TEST(RttEstimator, CountsSamplesBelowTheAverageAsVarianceToo) {
  RttEstimator rtt(quick());
  rtt.add_sample(Timestamp{}, 200ms);
  rtt.add_sample(Timestamp{}, 100ms);
  EXPECT_EQ(rtt.rttvar(), 100ms);
  EXPECT_EQ(rtt.srtt(), 187'500us);
}

TEST(RttEstimator, RemembersTheVarianceOfARoundTripHoweverManySamplesFollow) {
  RttEstimator rtt(quick());
  Timestamp now{};
  for (int i = 0; i < 1000; ++i) rtt.add_sample(now += 1ms, 40ms);
  rtt.add_sample(now, 160ms);  // a radio stalled for a moment
  const Duration after = rtt.rttvar();
  EXPECT_GE(after, 30ms);
  for (int i = 0; i < 39; ++i) rtt.add_sample(now += 1ms, 40ms);
  EXPECT_GE(rtt.rttvar(), after * 3 / 4) << "one round trip later";
  for (int i = 0; i < 2000; ++i) rtt.add_sample(now += 1ms, 40ms);
  EXPECT_LE(rtt.rttvar(), 2ms);
}

TEST(RttEstimator, TheShortestRoundTripExpires) {
  RttEstimator rtt(quick());
  Timestamp now{};
  rtt.add_sample(now, 20ms);
  for (int i = 0; i < 12; ++i) rtt.add_sample(now += 1s, 50ms);
  EXPECT_EQ(rtt.min_rtt(), 50ms);
}

TEST(RttEstimator, TheShortestRoundTripCountsForTenSeconds) {
  RttEstimator rtt(quick());
  EXPECT_EQ(rtt.min_rtt(), Duration::zero());
  rtt.add_sample(Timestamp{}, 20ms);
  for (int i = 1; i <= 10; ++i) rtt.add_sample(Timestamp{} + i * 1s, i == 6 ? 30ms : 50ms);
  EXPECT_EQ(rtt.min_rtt(), 20ms);
  rtt.add_sample(Timestamp{} + 10s + 1ms, 50ms);
  EXPECT_EQ(rtt.min_rtt(), 30ms) << "the shortest one after it";
  rtt.add_sample(Timestamp{} + 11s, 10ms);
  EXPECT_EQ(rtt.min_rtt(), 10ms);
}

TEST(RttEstimator, TheVariationRisesAtOnceAndDeclinesByAQuarterPerRoundTrip) {
  RttEstimator rtt(quick());
  Timestamp now{};
  for (int i = 0; i < 2'000; ++i) rtt.add_sample(now += 1ms, 40ms);
  ASSERT_LT(rtt.rttvar(), 1ms);
  rtt.add_sample(now += 1ms, 80ms);
  EXPECT_GE(rtt.rttvar(), 10ms);
  for (int i = 0; i < 300; ++i) rtt.add_sample(now += 1ms, 40ms);
  const Duration high = rtt.rttvar();
  for (int i = 0; i < 400; ++i) rtt.add_sample(now += 1ms, 40ms);  // ten round trips
  const double left = static_cast<double>(rtt.rttvar().count()) / static_cast<double>(high.count());
  EXPECT_NEAR(left, 0.056, 0.02) << "0.75 to the power of 10";
}

TEST(RttEstimator, KnowsTheRtoWithoutItsBackOff) {
  RttEstimator rtt(quick());
  rtt.back_off();
  EXPECT_EQ(rtt.rto_before_back_off(), 2s) << "nothing is measured";
  rtt.add_sample(Timestamp{}, 100ms);
  rtt.back_off();
  EXPECT_EQ(rtt.rto_before_back_off(), 300ms);
  EXPECT_EQ(rtt.rto(), 600ms);
}

TEST(RttEstimator, KeepsTheRtoWithinItsBounds) {
  RttEstimator rtt(quick());
  rtt.add_sample(Timestamp{}, 1ms);
  EXPECT_EQ(rtt.rto(), 10ms);
  rtt.add_sample(Timestamp{}, 100s);
  EXPECT_EQ(rtt.rto(), 8s);
}

TEST(RttEstimator, ExceedsItsUpperBoundWhereEveryRoundTripIsLonger) {
  RttEstimator rtt(quick());
  for (int i = 0; i < 50; ++i) rtt.add_sample(Timestamp{}, 10s);
  EXPECT_GT(rtt.rto(), 10s);
  EXPECT_LE(rtt.rto(), 15s);
  rtt.back_off();
  EXPECT_LE(rtt.rto(), 15s);
}

TEST(RttEstimator, BeginsAboveTheTimeThatTheHandshakeTook) {
  RttEstimator rtt(quick());
  const Duration before = rtt.rto();
  rtt.on_handshake(1ms);
  EXPECT_EQ(rtt.rto(), before);
  rtt.on_handshake(600s);
  EXPECT_EQ(rtt.rto(), before) << "the path was down in the meantime";
  rtt.on_handshake(6s);
  EXPECT_EQ(rtt.rto(), 9s);
  rtt.add_sample(Timestamp{}, 100ms);
  EXPECT_EQ(rtt.rto(), 300ms);
}

TEST(RttEstimator, NeverTakesTheVarianceForZero) {
  EndpointConfig config = quick();
  config.rto_min = 1us;
  RttEstimator rtt(config);
  for (int i = 0; i < 200; ++i) rtt.add_sample(Timestamp{} + i * 50ms, 50ms);
  EXPECT_GE(rtt.rto(), 54ms) << "four times the clock granularity above the round trip";
  EXPECT_LE(rtt.rto(), 55ms);
}

TEST(RttEstimator, DoublesTheRtoAfterATimeoutUpToTheMaximum) {
  RttEstimator rtt(quick());
  rtt.back_off();
  EXPECT_EQ(rtt.rto(), 2s);
  rtt.back_off();
  rtt.back_off();
  EXPECT_EQ(rtt.rto(), 8s);
  rtt.back_off();
  EXPECT_EQ(rtt.rto(), 12s) << "before the first sample the round trip may be longer than the maximum";
  rtt.back_off();
  EXPECT_EQ(rtt.rto(), 12s);
  rtt.add_sample(Timestamp{}, 2s);
  for (int i = 0; i < 3; ++i) rtt.back_off();
  EXPECT_EQ(rtt.rto(), 8s);
}

TEST(RttEstimator, ForgetsTheBackOffOnceThePathAnswers) {
  RttEstimator rtt(quick());
  rtt.add_sample(Timestamp{}, 100ms);
  rtt.back_off();
  rtt.back_off();
  EXPECT_EQ(rtt.rto(), 1200ms);
  rtt.undo_back_off();
  EXPECT_EQ(rtt.rto(), 300ms);
}

TEST(RttEstimator, KeepsTheBackOffWhileNothingWasMeasured) {
  RttEstimator rtt(quick());
  rtt.back_off();
  rtt.undo_back_off();
  EXPECT_EQ(rtt.rto(), 2s);
}

}  // namespace
}  // namespace hawser::sctp::path
