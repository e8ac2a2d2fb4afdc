#include "sctp/path/congestion/coupled.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/congestion_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::ControlledPath;

constexpr std::size_t kMtu = ControlledPath::kPacket;

class CoupledTest : public ::testing::Test {
 protected:
  // In congestion avoidance.
  ControlledPath add(std::size_t packets, Duration rtt = 100ms) {
    ControlledPath path(make_coupled(kMtu, packets * kMtu, group));
    path.rtt = rtt;
    path.open(packets * kMtu);
    return path;
  }
  // Full windows of all paths are acknowledged for `span`. Returns the packets by which the first one grew.
  static double grow(std::initializer_list<ControlledPath*> paths, Duration span) {
    const ControlledPath& first = **paths.begin();
    const std::size_t before = first.control->cwnd();
    const Timestamp end = first.now + span;
    while (first.now < end) {
      ControlledPath* const earliest = *std::ranges::min_element(
          paths, [](const ControlledPath* a, const ControlledPath* b) { return a->now < b->now; });
      earliest->now += earliest->rtt / ControlledPath::kAcksPerRound;
      earliest->ack(earliest->control->cwnd() / ControlledPath::kAcksPerRound);
    }
    return static_cast<double>(first.control->cwnd() - before) / kMtu;
  }

  CouplingGroup group;
};

TEST_F(CoupledTest, APathAloneGrowsByOnePacketPerRoundTrip) {
  ControlledPath path = add(100);
  EXPECT_NEAR(grow({&path}, 2s), 20, 1);
}

TEST_F(CoupledTest, TwoEqualPathsGrowTogetherByHalfAPacketPerRoundTrip) {
  // Each has half the window and sees half the losses of one TCP, so this gives both together its rate.
  ControlledPath a = add(100);
  ControlledPath b = add(100);
  EXPECT_NEAR(grow({&a, &b}, 4s), 10, 1);
}

TEST_F(CoupledTest, ASmallWindowGrowsNoFasterThanThatOfOneTcp) {
  ControlledPath small = add(10);
  ControlledPath large = add(200);
  EXPECT_LE(grow({&small, &large}, 2s), 20);
}

TEST_F(CoupledTest, TheLongPathIsNotStarvedByTheShortOne) {
  ControlledPath far = add(200, 200ms);
  ControlledPath near = add(20, 20ms);
  EXPECT_GT(grow({&far, &near}, 10s), 10) << "at least a fifth of what one TCP would grow";
}

TEST_F(CoupledTest, HalvesOnlyTheWindowOfThePathThatLosesPackets) {
  ControlledPath path = add(100);
  const ControlledPath other = add(100);
  path.lose_and_recover();
  EXPECT_NEAR(static_cast<double>(path.control->cwnd()), 50 * kMtu, kMtu);
  EXPECT_EQ(other.control->cwnd(), 100 * kMtu);
}

TEST_F(CoupledTest, APathThatCarriesNothingTakesNothingFromTheOthers) {
  ControlledPath idle = add(100);
  ControlledPath path = add(100);
  path.now = idle.now + 10s;
  EXPECT_NEAR(grow({&path}, 2s), 20, 1);
}

TEST_F(CoupledTest, APathThatIsRemovedTakesNothingFromTheOthers) {
  ControlledPath path = add(100);
  {
    ControlledPath gone = add(100);
    path.now = gone.now;
  }
  EXPECT_NEAR(grow({&path}, 500ms), 5, 1);
}

}  // namespace
}  // namespace hawser::sctp::path
