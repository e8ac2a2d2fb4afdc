#include "sctp/path/congestion/cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/sctp/support/congestion_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::ControlledPath;

constexpr std::size_t kMtu = ControlledPath::kPacket;
constexpr std::size_t kPeerWindow = 100'000'000;

ControlledPath new_path() {
  return ControlledPath(make_cubic(kMtu, kPeerWindow));
}

// After a loss in a window of `packets`.
ControlledPath after_loss(std::size_t packets, Duration rtt = 100ms) {
  ControlledPath path = new_path();
  path.rtt = rtt;
  path.open(packets * kMtu);
  path.lose_and_recover();
  return path;
}

double packets(const ControlledPath& path) {
  return static_cast<double>(path.control->cwnd()) / kMtu;
}

TEST(Cubic, StartsWithTenPackets) {
  EXPECT_EQ(make_cubic(1452, kPeerWindow)->cwnd(), 14'520U);
  EXPECT_EQ(make_cubic(8952, kPeerWindow)->cwnd(), 17'904U) << "two packets where they are large";
}

TEST(Cubic, ReducesTheWindowToSevenTenths) {
  EXPECT_NEAR(packets(after_loss(1000)), 700, 1);
}

TEST(Cubic, IsBackAtItsWindowAfterTheTimeThatTheCurveGives) {
  ControlledPath path = after_loss(1000);
  const double k = std::cbrt(1000 * 0.3 / 0.4);
  path.rounds(static_cast<int>(k * 10) - 20);
  EXPECT_LT(packets(path), 1000);
  EXPECT_GT(packets(path), 985) << "the curve is flat around the old window";
  path.rounds(20);
  EXPECT_NEAR(packets(path), 1000, 5);
  path.rounds(static_cast<int>(k * 10));
  EXPECT_NEAR(packets(path), 1300, 40) << "beyond it, the curve rises as it fell";
}

TEST(Cubic, GrowsByNoMoreThanHalfTheWindowPerRoundTrip) {
  ControlledPath path = after_loss(20);
  for (int i = 0; i < 200; ++i) {
    const double before = packets(path);
    path.rounds(1);
    EXPECT_LE(packets(path), 1.6 * before);
  }
}

TEST(Cubic, GrowsAsRenoWouldWhereTheRoundTripIsShort) {
  ControlledPath path = after_loss(50, 10ms);
  const double before = packets(path);
  path.rounds(20);
  EXPECT_NEAR(packets(path) - before, 20 * 0.53, 1.5) << "0.53 packets per round trip up to the old window";
  path.rounds(200);
  EXPECT_GT(packets(path), 200) << "and one after it";
}

TEST(Cubic, LeavesRoomForOthersWhenItsWindowShrinks) {
  ControlledPath path = after_loss(1000);
  path.lose_and_recover();
  ASSERT_NEAR(packets(path), 490, 5);
  path.rounds(70);
  ControlledPath other = after_loss(700);
  other.rounds(70);
  EXPECT_LT(packets(path), 0.9 * packets(other)) << "it heads for 595 packets, not for 700";
}

TEST(Cubic, NeitherGrowsNorLetsTheTimePassWhileThereIsLittleToSend) {
  ControlledPath path = after_loss(1000);
  const std::size_t before = path.control->cwnd();
  for (int i = 0; i < 600; ++i) {
    path.now += 100ms;
    path.ack(10 * kMtu, 100 * kMtu);
  }
  EXPECT_EQ(path.control->cwnd(), before);
  path.rounds(2);
  EXPECT_LT(packets(path), 800) << "after a minute the curve would be beyond 10,000 packets";
}

TEST(Cubic, ContinuesTheCurveAfterALossThatWasSpurious) {
  ControlledPath path = after_loss(1000);
  ControlledPath undisturbed = after_loss(1000);
  for (ControlledPath* each : {&path, &undisturbed}) each->rounds(30);
  path.lose();
  ASSERT_LT(path.control->ssthresh(), undisturbed.control->cwnd());
  path.control->on_spurious_loss();
  EXPECT_EQ(path.control->cwnd(), undisturbed.control->cwnd());
  for (ControlledPath* each : {&path, &undisturbed}) each->rounds(80);
  EXPECT_EQ(path.control->cwnd(), undisturbed.control->cwnd());
}

TEST(Cubic, BeginsAtThePlateauAfterATimeout) {
  ControlledPath path = after_loss(1000);
  path.control->on_timeout();
  EXPECT_EQ(path.control->cwnd(), kMtu);
  EXPECT_NEAR(static_cast<double>(path.control->ssthresh()), 490 * kMtu, 5 * kMtu);
  while (path.control->cwnd() < path.control->ssthresh()) path.rounds(1);
  const double before = packets(path);
  path.rounds(10);
  EXPECT_LT(packets(path), before + 15);
}

TEST(Cubic, GrowsWithAcknowledgementsInAnyOrder) {
  ControlledPath path = new_path();
  const std::size_t before = path.control->cwnd();
  AckSample out_of_order = path.sample(kMtu, before);
  out_of_order.pseudo_cumulative = false;
  path.control->on_ack(out_of_order);
  EXPECT_EQ(path.control->cwnd(), before + kMtu);
}

TEST(Cubic, ReducesLessForAMarkAndOncePerRoundTrip) {
  ControlledPath path = after_loss(1000);
  for (int i = 0; i < 2; ++i) {
    AckSample marked = path.sample(kMtu, path.control->cwnd());
    marked.ce_marked = 3;
    path.control->on_ack(marked);
    EXPECT_NEAR(packets(path), 0.85 * 700, 2);
  }
}

TEST(Cubic, SendsDuringRecoveryInProportionToWhatIsDelivered) {
  ControlledPath path = new_path();
  path.open(1000 * kMtu);
  path.lose(kMtu);
  std::size_t flight = 999 * kMtu;
  std::size_t sent = 0;
  for (int i = 0; i < 99; ++i) {
    path.now += 1ms;
    for (; flight < path.control->cwnd(); flight += kMtu) {
      path.control->on_sent(path.now, kMtu, flight + kMtu);
      sent += kMtu;
    }
    AckSample ack = path.sample(10 * kMtu, flight);
    ack.in_recovery = true;
    flight = ack.flight;
    path.control->on_ack(ack);
  }
  EXPECT_NEAR(static_cast<double>(sent), 0.7 * 990 * kMtu, 15 * kMtu);
  path.ack(kMtu, flight);
  EXPECT_NEAR(packets(path), 700, 2) << "recovery ends with the reduced window";
}

TEST(Cubic, LeavesSlowStartBeforeTheQueueOverflows) {
  // A bottleneck of 100 packets per round trip: above that, the round trip grows.
  ControlledPath path = new_path();
  const Duration empty = 40ms;
  for (int i = 0; i < 40; ++i) {
    const auto queued = static_cast<int>(path.control->cwnd() / kMtu);
    path.rtt = std::max<Duration>(empty, empty * queued / 100);
    path.rounds(1);
  }
  EXPECT_LT(path.control->ssthresh(), 600 * kMtu) << "it would double until packets are lost";
  EXPECT_GT(packets(path), 100);
}

TEST(Cubic, LeadsSlowStartBackToMostOfAnIdleWindow) {
  ControlledPath path = after_loss(1000);
  path.control->on_sent(path.now, kMtu, kMtu);
  path.now += 10s;
  path.control->on_sent(path.now, kMtu, kMtu);
  EXPECT_EQ(path.control->cwnd(), 4 * kMtu);
  EXPECT_NEAR(static_cast<double>(path.control->ssthresh()), 700 * kMtu, kMtu);
}

}  // namespace
}  // namespace hawser::sctp::path
