#include "sctp/path/delivery_rate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 1000;
constexpr Duration kRoundTrip = 10ms;

// Packets of one size; times count from the beginning.
class DeliveryRateTest : public ::testing::Test {
 protected:
  void send(Duration at, bool idle = false) { rate.on_sent(packets.emplace_back(), kStart + at, idle); }
  DeliveryRate::Sample acked(std::size_t index, Duration at, Timestamp received = kNever,
                             Duration min_rtt = kRoundTrip) {
    rate.on_delivered(kSize);
    return rate.sample(packets.at(index), kStart + at, received, min_rtt);
  }

  static constexpr Timestamp kStart = Timestamp{} + 1h;
  DeliveryRate rate;
  std::vector<SentPacket> packets;
};

TEST_F(DeliveryRateTest, IsWhatArrivesInARoundTripOnceTheWindowIsFull) {
  std::vector<double> rates;
  for (int i = 0; i < 30; ++i) {
    if (i >= 10) rates.push_back(acked(static_cast<std::size_t>(i) - 10, i * 1ms).rate);
    send(i * 1ms, i == 0);
  }
  EXPECT_DOUBLE_EQ(rates[0], 100'000) << "one packet in the first round trip";
  for (std::size_t i = 11; i < rates.size(); ++i) EXPECT_DOUBLE_EQ(rates[i], 1e6);
}

TEST_F(DeliveryRateTest, AcknowledgementsThatArriveTogetherDoNotRaiseIt) {
  for (int i = 0; i < 20; ++i) send(i * 1ms, i == 0);
  for (std::size_t i = 0; i < 20; ++i) acked(i, 50ms);
  for (int i = 0; i < 20; ++i) send(50ms + i * 1ms);
  for (std::size_t i = 20; i < 39; ++i) acked(i, 100ms);
  const double all = acked(39, 100ms).rate;
  EXPECT_NEAR(all, 20 * kSize / 0.05, 1) << "20 packets between acknowledgements 50 ms apart";
}

TEST_F(DeliveryRateTest, IsNeverMoreThanWhatWasSent) {
  for (int i = 0; i < 4; ++i) send(i * 10ms, i == 0);
  acked(0, 40ms, kNever, 1ms);
  send(40ms);
  for (std::size_t i = 1; i < 4; ++i) acked(i, 40ms, kNever, 1ms);
  EXPECT_NEAR(acked(4, 45ms, kNever, 1ms).rate, 4 * kSize / 0.04, 1)
      << "they left in 40 ms, although they were acknowledged in 5";
}

TEST_F(DeliveryRateTest, TimesOfArrivalReplaceThoseOfAcknowledgements) {
  const Timestamp peer = Timestamp{} + 77s;  // another clock
  send(0ms, true);
  acked(0, 10ms, peer);
  for (int i = 1; i <= 10; ++i) send(10ms + i * 1ms);
  for (std::size_t i = 1; i < 10; ++i) acked(i, 60ms, peer + 10ms + i * 1ms);
  // The acknowledgement was held back for 40 ms: by its time, the rate would be a fifth.
  EXPECT_NEAR(acked(10, 60ms, peer + 20ms).rate, 10 * kSize / 0.02, 1);
}

TEST_F(DeliveryRateTest, ATimeOfArrivalCountsOnlyWhereBothAreKnown) {
  const Timestamp peer = Timestamp{} + 77s;
  send(0ms, true);
  acked(0, 10ms);
  send(10ms);
  EXPECT_NEAR(acked(1, 30ms, peer).rate, kSize / 0.02, 1) << "none for the first one";
  send(30ms);
  EXPECT_NEAR(acked(2, 50ms).rate, kSize / 0.02, 1) << "none for the second one";
}

TEST_F(DeliveryRateTest, TimeWithoutDataDoesNotCount) {
  send(0ms, true);
  acked(0, 10ms);
  send(10s, true);
  send(10s);
  acked(1, 10s + 10ms);
  EXPECT_NEAR(acked(2, 10s + 10ms).rate, 2 * kSize / 0.01, 1);
}

TEST_F(DeliveryRateTest, ATimeShorterThanARoundTripGivesNoSample) {
  send(0ms, true);
  acked(0, 10ms);
  send(10ms);
  send(10ms);
  send(11ms);
  EXPECT_GT(acked(1, 20ms).rate, 0);
  send(20ms);
  const DeliveryRate::Sample soon = acked(4, 29ms, kNever, 5ms);
  EXPECT_GT(soon.rate, 0) << "as long as the shortest round trip";
  send(29ms, true);
  EXPECT_EQ(acked(5, 29ms).rate, 0) << "no time at all";
}

TEST_F(DeliveryRateTest, ReportedTimesThatLieCloserThanARoundTripGiveNoSample) {
  const Timestamp peer = Timestamp{} + 77s;
  send(0ms, true);
  acked(0, 10ms, peer);
  send(1ms);
  packets.back().before.received_at = peer;  // it left when the first one was already reported
  EXPECT_EQ(acked(1, 12ms, peer + 2ms).rate, 0);
}

TEST_F(DeliveryRateTest, AnAcknowledgementOnAFasterPathMayBeSoonerThanARoundTrip) {
  send(0ms, true);
  EXPECT_NEAR(acked(0, 6ms, kNever, 10ms).rate, kSize / 0.006, 1);
}

TEST_F(DeliveryRateTest, IsALowerBoundUntilWhatWasInFlightWhenDataRanOutIsDelivered) {
  rate.on_delivered(50 * kSize);
  send(0ms, true);
  send(1ms);
  EXPECT_FALSE(packets.back().app_limited);
  rate.on_app_limited(2 * kSize);
  send(5ms);
  send(6ms);
  EXPECT_FALSE(acked(0, 10ms).app_limited) << "it left before";
  EXPECT_FALSE(acked(1, 11ms).app_limited);
  send(11ms);
  EXPECT_TRUE(packets.back().app_limited);
  EXPECT_TRUE(acked(2, 15ms).app_limited);
  send(15ms);
  EXPECT_FALSE(packets.back().app_limited) << "more is delivered than was in flight";
  EXPECT_TRUE(acked(3, 16ms).app_limited);
  EXPECT_TRUE(acked(4, 21ms).app_limited);
  EXPECT_FALSE(acked(5, 25ms).app_limited);
}

TEST_F(DeliveryRateTest, APathThatCarriedNothingYetIsLimitedByTheData) {
  rate.on_app_limited(0);
  send(0ms, true);
  EXPECT_TRUE(acked(0, 10ms).app_limited);
  send(10ms, true);
  EXPECT_FALSE(acked(1, 20ms).app_limited);
}

TEST_F(DeliveryRateTest, CountsWhatWasDelivered) {
  EXPECT_EQ(rate.delivered(), 0U);
  rate.on_delivered(700);
  rate.on_delivered(1);
  EXPECT_EQ(rate.delivered(), 701U);
}

}  // namespace
}  // namespace hawser::sctp::path
