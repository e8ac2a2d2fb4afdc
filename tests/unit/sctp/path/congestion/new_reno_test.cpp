#include "sctp/path/congestion/new_reno.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/congestion_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::ControlledPath;

constexpr std::size_t kMtu = ControlledPath::kPacket;
constexpr std::size_t kPeerWindow = 1'000'000;

ControlledPath new_path() {
  return ControlledPath(make_new_reno(kMtu, kPeerWindow));
}

bool in_slow_start(const ControlledPath& path) {
  return path.control->cwnd() <= path.control->ssthresh();
}

// In congestion avoidance with a window of 20 packets.
ControlledPath in_avoidance() {
  ControlledPath path = new_path();
  path.ack(36'000, 40'000);
  path.lose();
  EXPECT_EQ(path.control->cwnd(), 20 * kMtu);
  path.now += path.rtt;
  path.delivered += 40 * kMtu;
  path.ack(1, 20 * kMtu);  // at ssthresh slow start makes the last step
  EXPECT_FALSE(in_slow_start(path));
  return path;
}

TEST(NewReno, StartsWithTheInitialWindowOfTheRfc) {
  EXPECT_EQ(make_new_reno(1452, kPeerWindow)->cwnd(), 4404U);
  EXPECT_EQ(make_new_reno(500, kPeerWindow)->cwnd(), 2000U) << "four packets where they are small";
  EXPECT_EQ(make_new_reno(8952, kPeerWindow)->cwnd(), 17'904U) << "two packets where they are large";
}

TEST(NewReno, StartsInSlowStartBelowThePeersWindow) {
  const ControlledPath path = new_path();
  EXPECT_TRUE(in_slow_start(path));
  EXPECT_EQ(path.control->ssthresh(), kPeerWindow);
}

TEST(NewReno, GrowsInSlowStartByWhatWasAcknowledged) {
  ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  path.ack(2 * kMtu);
  EXPECT_EQ(path.control->cwnd(), before + 2 * kMtu);
}

TEST(NewReno, DoesNotGrowWhileMostOfTheWindowIsUnused) {
  ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  path.ack(kMtu, before / 2 - 1);
  EXPECT_EQ(path.control->cwnd(), before);
}

TEST(NewReno, DoesNotGrowWhileItRecovers) {
  ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  AckSample recovering = path.sample(kMtu, before);
  recovering.in_recovery = true;
  path.control->on_ack(recovering);
  EXPECT_EQ(path.control->cwnd(), before);
}

TEST(NewReno, DoesNotGrowUnlessTheOldestPacketOfThePathWasAcknowledged) {
  ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  AckSample out_of_order = path.sample(kMtu, before);
  out_of_order.pseudo_cumulative = false;
  path.control->on_ack(out_of_order);
  EXPECT_EQ(path.control->cwnd(), before);
}

TEST(NewReno, HalvesTheWindowOnALoss) {
  ControlledPath path = new_path();
  path.ack(36'000, 40'000);
  const std::size_t before = path.control->cwnd();
  path.lose();
  EXPECT_EQ(path.control->cwnd(), before / 2);
  EXPECT_EQ(path.control->ssthresh(), before / 2);
}

TEST(NewReno, HalvesTheWindowOnceForTheLossesOfOneWindow) {
  ControlledPath path = new_path();
  path.ack(36'000, 40'000);
  path.lose();
  const std::size_t reduced = path.control->cwnd();
  path.control->on_loss({.now = path.now, .lost = kMtu, .flight = reduced});
  EXPECT_EQ(path.control->cwnd(), reduced);
}

TEST(NewReno, KeepsFourPacketsAfterALossInASmallWindow) {
  ControlledPath path = new_path();
  path.lose();
  EXPECT_EQ(path.control->cwnd(), 4 * kMtu);
  EXPECT_EQ(path.control->ssthresh(), 4 * kMtu);
}

TEST(NewReno, TakesTheReductionBackWhenTheLossWasSpurious) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  path.lose();
  path.control->on_spurious_loss();
  EXPECT_EQ(path.control->cwnd(), before);
  path.control->on_spurious_loss();
  EXPECT_EQ(path.control->cwnd(), before) << "there is nothing left to take back";
}

TEST(NewReno, ReducesOnAMarkOncePerRoundTrip) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  AckSample marked = path.sample(kMtu, before);
  marked.ce_marked = 1;
  path.control->on_ack(marked);
  const std::size_t reduced = path.control->cwnd();
  EXPECT_NEAR(static_cast<double>(reduced), 0.8 * static_cast<double>(before), 1);
  marked = path.sample(kMtu, before - kMtu);
  marked.ce_marked = 1;
  path.control->on_ack(marked);
  EXPECT_GE(path.control->cwnd(), reduced) << "it left before the reduction";
  path.delivered += before;
  marked = path.sample(kMtu, reduced);
  marked.ce_marked = 1;
  path.control->on_ack(marked);
  EXPECT_LT(path.control->cwnd(), reduced);
}

TEST(NewReno, DoesNotReduceForALossThatAMarkHasAnnounced) {
  ControlledPath path = in_avoidance();
  AckSample marked = path.sample(kMtu, path.control->cwnd());
  marked.ce_marked = 1;
  path.control->on_ack(marked);
  const std::size_t reduced = path.control->cwnd();
  path.now += path.rtt / 2;
  path.lose();
  EXPECT_EQ(path.control->cwnd(), reduced);
  path.now += path.rtt;
  path.lose();
  EXPECT_LT(path.control->cwnd(), reduced);
}

TEST(NewReno, FallsToOnePacketOnATimeoutAndRemembersHalf) {
  ControlledPath path = new_path();
  path.ack(36'000, 40'000);
  const std::size_t before = path.control->cwnd();
  path.control->on_timeout();
  EXPECT_EQ(path.control->cwnd(), kMtu);
  EXPECT_EQ(path.control->ssthresh(), before / 2);
  EXPECT_TRUE(in_slow_start(path));
}

TEST(NewReno, GoesOnWithTheWindowThatItHadWhenATimeoutWasSpurious) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  path.control->on_timeout();
  path.control->on_timeout();
  path.control->on_spurious_timeout();
  EXPECT_EQ(path.control->cwnd(), before);
  EXPECT_EQ(path.control->ssthresh(), 20 * kMtu);
}

TEST(NewReno, KeepsNoWindowToGoBackToAcrossAReturn) {
  ControlledPath path = in_avoidance();
  path.control->on_timeout();
  path.control->on_return(false);
  const std::size_t after = path.control->cwnd();
  path.control->on_spurious_timeout();
  EXPECT_EQ(path.control->cwnd(), after);
}

TEST(NewReno, KeepsItsWindowOnAReturnBeforeWhichNothingWasLost) {
  const ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  path.control->on_return(true);
  EXPECT_EQ(path.control->cwnd(), before) << "the first ssthresh is no window that the path has carried";
}

TEST(NewReno, GoesOnWithHalfItsWindowOnABriefReturn) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  path.control->on_timeout();
  path.control->on_return(true);
  EXPECT_EQ(path.control->cwnd(), before / 2);
}

TEST(NewReno, GrowsByOnePacketPerWindowInCongestionAvoidance) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  for (std::size_t acked = 0; acked + kMtu < before; acked += kMtu) {
    path.ack(kMtu);
    EXPECT_EQ(path.control->cwnd(), before);
  }
  path.ack(kMtu);
  EXPECT_EQ(path.control->cwnd(), before + kMtu);
}

TEST(NewReno, DoesNotGrowInCongestionAvoidanceWhileTheWindowIsNotFull) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  for (int i = 0; i < 100; ++i) path.ack(kMtu, 10 * kMtu);
  EXPECT_EQ(path.control->cwnd(), before);
}

TEST(NewReno, CreditEarnedInAnUnusedWindowIsWorthOnePacketAtMost) {
  ControlledPath path = in_avoidance();
  const std::size_t before = path.control->cwnd();
  for (int i = 0; i < 200; ++i) path.ack(kMtu, 10 * kMtu);
  path.ack(kMtu);
  path.ack(kMtu);
  EXPECT_EQ(path.control->cwnd(), before + kMtu);
}

TEST(NewReno, HalvesAnIdleWindowOncePerTimeoutDownToFourPackets) {
  ControlledPath path = new_path();
  path.ack(16'000, 40'000);
  path.control->on_sent(path.now, kMtu, 10 * kMtu);
  path.control->on_sent(path.now + 300ms, kMtu, kMtu);
  EXPECT_EQ(path.control->cwnd(), 10 * kMtu);
  path.control->on_sent(path.now + 5s, kMtu, kMtu);
  EXPECT_EQ(path.control->cwnd(), 4 * kMtu);
}

TEST(NewReno, IsNotIdleWhileDataIsInFlightOrThePauseIsShort) {
  ControlledPath path = new_path();
  path.ack(16'000, 40'000);
  path.control->on_sent(path.now, kMtu, kMtu);
  path.control->on_sent(path.now + 5s, kMtu, 2 * kMtu);
  path.control->on_sent(path.now + 5s + 200ms, kMtu, kMtu);
  EXPECT_EQ(path.control->cwnd(), 20 * kMtu);
}

TEST(NewReno, IdlenessNeverOpensTheWindow) {
  ControlledPath path = new_path();
  path.control->on_sent(path.now, kMtu, kMtu);
  path.control->on_timeout();
  path.control->on_sent(path.now + 5s, kMtu, kMtu);
  EXPECT_EQ(path.control->cwnd(), kMtu);
}

TEST(NewRenoPacing, IsUnknownBeforeTheFirstRoundTrip) {
  EXPECT_EQ(make_new_reno(kMtu, kPeerWindow)->pacing_rate(), 0);
}

TEST(NewRenoPacing, IsTwiceTheWindowPerLowestRoundTripWhileTheWindowDoubles) {
  ControlledPath path = new_path();
  AckSample ack = path.sample(kMtu, path.control->cwnd());
  ack.srtt = 400ms;
  ack.min_rtt = 50ms;
  path.control->on_ack(ack);
  EXPECT_NEAR(path.control->pacing_rate(), 40.0 * static_cast<double>(path.control->cwnd()), 1);
}

TEST(NewRenoPacing, IsAQuarterMoreThanTheWindowPerRoundTripAfterSlowStart) {
  const ControlledPath path = in_avoidance();
  EXPECT_NEAR(path.control->pacing_rate(), 12.5 * static_cast<double>(path.control->cwnd()), 1);
}

TEST(NewRenoPacing, IsOneWindowPerRoundTripWhileLossesAreRepaired) {
  ControlledPath path = in_avoidance();
  path.lose();
  EXPECT_NEAR(path.control->pacing_rate(), 10.0 * static_cast<double>(path.control->cwnd()), 1);
}

TEST(NewRenoPacing, SpreadsTheWindowOverNoMoreThanASecond) {
  ControlledPath path = new_path();
  path.rtt = 18s;  // an acknowledgement that was delayed
  path.ack(kMtu);
  EXPECT_GE(path.control->pacing_rate(), static_cast<double>(path.control->cwnd()));
}

}  // namespace
}  // namespace hawser::sctp::path
