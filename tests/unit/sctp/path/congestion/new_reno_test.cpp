#include <gtest/gtest.h>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMtu = 1000;
constexpr std::size_t kPeerWindow = 1'000'000;

AckSample ack(std::size_t bytes, std::size_t flight) {
  AckSample sample;
  sample.acked = bytes;
  sample.flight_before = flight;
  sample.pseudo_cumulative = true;
  return sample;
}
LossSample loss() {
  LossSample sample;
  sample.lost = kMtu;
  sample.new_window = true;
  return sample;
}

// In congestion avoidance with a window of 20 packets.
std::unique_ptr<CongestionController> in_avoidance() {
  auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_ack(ack(36'000, 40'000));
  control->on_loss(loss());
  EXPECT_EQ(control->cwnd(), 20 * kMtu);
  control->on_ack(ack(0, 0));
  return control;
}

TEST(NewReno, StartsWithTheInitialWindowOfTheRfc) {
  EXPECT_EQ(make_new_reno(1452, kPeerWindow)->cwnd(), 4404U);
  EXPECT_EQ(make_new_reno(500, kPeerWindow)->cwnd(), 2000U) << "four packets where they are small";
  EXPECT_EQ(make_new_reno(8952, kPeerWindow)->cwnd(), 17'904U) << "two packets where they are large";
}

TEST(NewReno, StartsInSlowStartBelowThePeersWindow) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  EXPECT_LE(control->cwnd(), control->ssthresh());
  EXPECT_EQ(control->ssthresh(), kPeerWindow);
}

TEST(NewReno, GrowsInSlowStartByWhatWasAcknowledged) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  const std::size_t before = control->cwnd();
  control->on_ack(ack(2 * kMtu, before));
  EXPECT_EQ(control->cwnd(), before + 2 * kMtu);
}

TEST(NewReno, DoesNotGrowWhileMostOfTheWindowIsUnused) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  const std::size_t before = control->cwnd();
  control->on_ack(ack(kMtu, before / 2 - 1));
  EXPECT_EQ(control->cwnd(), before);
}

TEST(NewReno, DoesNotGrowWhileItRecovers) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  const std::size_t before = control->cwnd();
  auto recovering = ack(kMtu, before);
  recovering.in_recovery = true;
  control->on_ack(recovering);
  EXPECT_EQ(control->cwnd(), before);
}

TEST(NewReno, DoesNotGrowUnlessTheOldestChunkOfThePathWasAcknowledged) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  const std::size_t before = control->cwnd();
  auto out_of_order = ack(kMtu, before);
  out_of_order.pseudo_cumulative = false;
  control->on_ack(out_of_order);
  EXPECT_EQ(control->cwnd(), before);
}

TEST(NewReno, HalvesTheWindowOnALoss) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_ack(ack(36'000, 40'000));
  const std::size_t before = control->cwnd();
  control->on_loss(loss());
  EXPECT_EQ(control->cwnd(), before / 2);
  EXPECT_EQ(control->ssthresh(), before / 2);
}

TEST(NewReno, KeepsFourPacketsAfterALossInASmallWindow) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_loss(loss());
  EXPECT_EQ(control->cwnd(), 4 * kMtu);
  EXPECT_EQ(control->ssthresh(), 4 * kMtu);
}

TEST(NewReno, FallsToOnePacketOnATimeoutAndRemembersHalf) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_ack(ack(36'000, 40'000));
  const std::size_t before = control->cwnd();
  control->on_timeout();
  EXPECT_EQ(control->cwnd(), kMtu);
  EXPECT_EQ(control->ssthresh(), before / 2);
  EXPECT_LE(control->cwnd(), control->ssthresh());
}

TEST(NewReno, GoesOnWithTheWindowThatItHadWhenATimeoutWasSpurious) {
  const auto control = in_avoidance();
  control->on_timeout();
  control->on_timeout();
  control->on_spurious_timeout();
  EXPECT_EQ(control->cwnd(), 20 * kMtu);
  EXPECT_EQ(control->ssthresh(), 20 * kMtu);
}

TEST(NewReno, KeepsNoWindowToGoBackToAcrossAReturn) {
  const auto control = in_avoidance();
  control->on_timeout();
  control->on_return(false);
  const std::size_t after = control->cwnd();
  control->on_spurious_timeout();
  EXPECT_EQ(control->cwnd(), after);
}

TEST(NewReno, KeepsItsWindowOnAReturnBeforeWhichNothingWasLost) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  const std::size_t before = control->cwnd();
  control->on_return(true);
  EXPECT_EQ(control->cwnd(), before) << "the first ssthresh is no window that the path has carried";
}

TEST(NewReno, GoesOnWithHalfItsWindowOnABriefReturn) {
  const auto control = in_avoidance();
  const std::size_t before = control->cwnd();
  control->on_timeout();
  control->on_return(true);
  EXPECT_EQ(control->cwnd(), before / 2);
}

TEST(NewReno, GrowsByOnePacketPerWindowInCongestionAvoidance) {
  const auto control = in_avoidance();
  control->on_ack(ack(kMtu, 20 * kMtu));
  const std::size_t before = control->cwnd();  // at ssthresh slow start makes the last step
  ASSERT_GT(control->cwnd(), control->ssthresh());
  for (std::size_t acked = 0; acked + kMtu < before; acked += kMtu) {
    control->on_ack(ack(kMtu, before));
    EXPECT_EQ(control->cwnd(), before);
  }
  control->on_ack(ack(kMtu, before));
  EXPECT_EQ(control->cwnd(), before + kMtu);
}

TEST(NewReno, DoesNotGrowInCongestionAvoidanceWhileTheWindowIsNotFull) {
  const auto control = in_avoidance();
  control->on_ack(ack(kMtu, 20 * kMtu));
  const std::size_t before = control->cwnd();
  for (int i = 0; i < 100; ++i) control->on_ack(ack(kMtu, 10 * kMtu));
  EXPECT_EQ(control->cwnd(), before);
}

TEST(NewReno, CreditEarnedInAnUnusedWindowIsWorthOnePacketAtMost) {
  const auto control = in_avoidance();
  control->on_ack(ack(kMtu, 20 * kMtu));
  const std::size_t before = control->cwnd();
  for (int i = 0; i < 200; ++i) control->on_ack(ack(kMtu, 10 * kMtu));
  control->on_ack(ack(kMtu, before));
  control->on_ack(ack(kMtu, before));
  EXPECT_EQ(control->cwnd(), before + kMtu);
}

TEST(NewReno, HalvesAnIdleWindowDownToFourPackets) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_ack(ack(16'000, 40'000));
  Timestamp now{};
  control->on_sent(now, kMtu, kMtu);
  control->on_sent(now += 2s, kMtu, kMtu);
  EXPECT_EQ(control->cwnd(), 10 * kMtu);
  for (int i = 0; i < 5; ++i) control->on_sent(now += 2s, kMtu, kMtu);
  EXPECT_EQ(control->cwnd(), 4 * kMtu);
}

TEST(NewReno, IdlenessNeverOpensTheWindow) {
  const auto control = make_new_reno(kMtu, kPeerWindow);
  control->on_timeout();
  control->on_sent(Timestamp{}, kMtu, kMtu);
  control->on_sent(Timestamp{} + 2s, kMtu, kMtu);
  EXPECT_EQ(control->cwnd(), kMtu);
}

}  // namespace
}  // namespace hawser::sctp::path
