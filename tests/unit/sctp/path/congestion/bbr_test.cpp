#include "sctp/path/congestion/bbr.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/model_link.hpp"

// What the controller achieves on a link, with bounds that any sound tuning of it meets.

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::ModelLink;

constexpr double kMegabit = 125'000;  // bytes per second
constexpr std::size_t kMtu = ModelLink::kPacket;

ModelLink::Shape dsl() {
  return {.rate = 50 * kMegabit, .round_trip = 40ms};
}

// A link that the controller knows well.
struct KnownLink : ModelLink {
  KnownLink() : ModelLink(dsl()) { run(5s); }
};

class BbrLinks : public ::testing::TestWithParam<ModelLink::Shape> {};

INSTANTIATE_TEST_SUITE_P(Bbr, BbrLinks,
                         ::testing::Values(ModelLink::Shape{.rate = 2 * kMegabit, .round_trip = 60ms},
                                           ModelLink::Shape{.rate = 50 * kMegabit, .round_trip = 40ms},
                                           ModelLink::Shape{.rate = 300 * kMegabit, .round_trip = 10ms},
                                           ModelLink::Shape{.rate = 100 * kMegabit, .round_trip = 150ms}));

TEST_P(BbrLinks, StartupFindsTheRateWithinTwentyRoundTrips) {
  ModelLink link(GetParam());
  link.rounds(20);
  EXPECT_GT(link.rounds(10), 0.85 * link.shape.rate);
  EXPECT_LT(link.path.pacing_rate(), 2.1 * link.shape.rate);
}

TEST_P(BbrLinks, TheLinkIsFullAndItsQueueShort) {
  ModelLink link(GetParam());
  link.rounds(40);
  const double rate = link.run(10s);
  EXPECT_GT(rate, 0.93 * link.shape.rate);
  const Duration packets = Duration(static_cast<Duration::rep>(10e9 * kMtu / link.shape.rate));
  EXPECT_LT(link.longest_queue, std::max<Duration>(2 * link.shape.round_trip, 20ms) + packets);
  EXPECT_EQ(link.lost, 0U);
}

TEST(Bbr, BeginsWithItsInitialWindowAndNoRate) {
  const Bbr bbr(kMtu);
  EXPECT_EQ(bbr.cwnd(), 32 * kMtu);
  EXPECT_EQ(bbr.pacing_rate(), 0) << "until a round trip is measured";
}

TEST(Bbr, IsolatedLossesDoNotLowerTheRate) {
  ModelLink::Shape shape = dsl();
  shape.lose_every = 50;
  ModelLink link(shape);
  link.rounds(30);
  EXPECT_GT(link.run(10s), 0.9 * 0.98 * shape.rate);
  EXPECT_GT(link.lost, 100U);
}

TEST(Bbr, LossesThatBeginLaterDoNotLowerTheRateEither) {
  KnownLink link;
  link.shape.lose_every = 50;
  EXPECT_GT(link.run(10s), 0.9 * 0.98 * link.shape.rate);
}

TEST(Bbr, DrainsAQueueThatStands) {
  KnownLink link;
  link.fill_queue(100ms);
  ASSERT_GE(link.queue(), 100ms);
  link.run(1s);
  link.run(1s);
  EXPECT_LT(link.longest_queue, 40ms) << "at the rate of the link it would stand for ever";
  EXPECT_GT(link.run(2s), 0.9 * link.shape.rate);
}

TEST(Bbr, FollowsWithinASecondWhenTheRateHalves) {
  KnownLink link;
  link.shape.rate /= 2;
  link.run(1s);
  EXPECT_GT(link.run(1s), 0.85 * link.shape.rate);
  EXPECT_LT(link.longest_queue, 400ms);
  link.run(2s);
  EXPECT_GT(link.run(2s), 0.9 * link.shape.rate);
  EXPECT_LT(link.path.pacing_rate(), 1.5 * link.shape.rate);
}

TEST(Bbr, FollowsWithinSecondsWhenTheRateDoubles) {
  KnownLink link;
  link.shape.rate *= 2;
  link.run(3s);
  EXPECT_GT(link.run(2s), 0.85 * link.shape.rate);
}

TEST(Bbr, AShallowQueueIsNotOverrunForLong) {
  ModelLink::Shape shape = dsl();
  shape.queue = 5ms;
  ModelLink link(shape);
  link.run(2s);
  EXPECT_GT(link.run(10s), 0.85 * shape.rate);
  EXPECT_LT(link.lost, link.sent_in_run / 12);
}

// A policer drops without a queue, so only losses show that the rate is too high.
TEST(Bbr, ObeysAPolicer) {
  ModelLink::Shape shape = dsl();
  shape.policed = 0.4 * shape.rate;
  ModelLink link(shape);
  link.run(10s);
  EXPECT_GT(link.run(20s), 0.85 * shape.policed);
  EXPECT_LT(link.lost, link.sent_in_run / 40) << "without a limit it would be more than half";
}

TEST(Bbr, FindsThatAPolicerIsGone) {
  ModelLink::Shape shape = dsl();
  shape.policed = 0.4 * shape.rate;
  ModelLink link(shape);
  link.run(20s);
  link.shape.policed = 0;
  link.run(10s);
  EXPECT_GT(link.run(2s), 0.9 * shape.rate);
}

TEST(Bbr, TakesManyRandomLossesForNoPolicer) {
  ModelLink::Shape shape = dsl();
  shape.lose_every = 15;
  ModelLink link(shape);
  link.run(10s);
  EXPECT_GT(link.run(30s), 0.9 * 0.93 * shape.rate);
}

TEST(Bbr, TooLittleDataDoesNotLowerTheRate) {
  KnownLink link;
  link.supply = 0.1 * link.shape.rate;
  link.run(10s);
  EXPECT_GT(link.path.pacing_rate(), 0.7 * link.shape.rate);
  link.supply = 0;
  link.rounds(1);
  EXPECT_GT(link.rounds(5), 0.8 * link.shape.rate);
}

TEST(Bbr, TooLittleDataFromTheBeginningDoesNotEndTheSearch) {
  ModelLink link(dsl());
  link.supply = 0.02 * link.shape.rate;
  link.run(2s);
  link.supply = 0;
  link.rounds(25);
  EXPECT_GT(link.rounds(10), 0.85 * link.shape.rate);
}

TEST(Bbr, TheWindowIsNeverLessThanFourPackets) {
  ModelLink link({.rate = 1 * kMegabit, .round_trip = 1ms});
  for (int i = 0; i < 200; ++i) {
    link.run(20ms);
    ASSERT_GE(link.cwnd(), 4 * kMtu);
  }
}

TEST(Bbr, TheWindowHoldsMoreThanThePipeAndNotMuchMore) {
  const KnownLink link;
  EXPECT_GT(static_cast<double>(link.cwnd()), 1.2 * link.bdp());
  EXPECT_LT(static_cast<double>(link.cwnd()), 4 * link.bdp());
  EXPECT_NEAR(static_cast<double>(link.path.congestion->ssthresh()), link.bdp(), 0.3 * link.bdp());
}

TEST(Bbr, SendsOnePacketAfterATimeoutAndGoesOnAsBeforeIfItWasSpurious) {
  KnownLink link;
  const std::size_t before = link.cwnd();
  link.path.congestion->on_timeout();
  EXPECT_EQ(link.cwnd(), kMtu);
  link.path.congestion->on_timeout();
  EXPECT_EQ(link.cwnd(), kMtu);
  link.path.congestion->on_spurious_timeout();
  EXPECT_EQ(link.cwnd(), before);
  link.rounds(2);
  EXPECT_GT(link.rounds(5), 0.85 * link.shape.rate);
}

TEST(Bbr, RemembersThePathAcrossABriefReturn) {
  KnownLink link;
  const std::size_t before = link.cwnd();
  link.path.congestion->on_timeout();
  link.path.congestion->on_return(true);
  EXPECT_GE(link.cwnd(), before / 2);
  EXPECT_GT(link.path.pacing_rate(), 0.7 * link.shape.rate);
}

TEST(Bbr, BeginsAgainAfterALongReturn) {
  KnownLink link;
  link.path.congestion->on_timeout();
  link.path.congestion->on_return(false);
  EXPECT_EQ(link.cwnd(), 32 * kMtu);
  EXPECT_EQ(link.path.congestion->pacing_rate(), 0);
  link.path.congestion->on_spurious_timeout();
  EXPECT_EQ(link.cwnd(), 32 * kMtu) << "nothing of the time before counts";
  link.rounds(25);
  EXPECT_GT(link.rounds(10), 0.85 * link.shape.rate);
}

TEST(Bbr, AReturnWithoutATimeoutKeepsTheWindow) {
  KnownLink link;
  const std::size_t before = link.cwnd();
  link.path.congestion->on_return(true);
  EXPECT_EQ(link.cwnd(), before);
}

TEST(Bbr, CountsItsSmallestWindowInPacketsOfThePath) {
  ModelLink link({.rate = 1 * kMegabit, .round_trip = 1ms});
  link.run(2s);
  link.path.congestion->on_mtu(4 * kMtu);
  link.run(1s);
  EXPECT_GE(link.cwnd(), 16 * kMtu);
}

}  // namespace
}  // namespace hawser::sctp::path
