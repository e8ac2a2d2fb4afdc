// Caps of paths in both directions: how precisely they hold, what the other path carries, and how fast a
// change takes effect.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr std::uint64_t kCap = 10'000'000;

/// Fixture for tests of caps, in protected mode.
class Caps : public Scenario {
 protected:
  Caps() { sealed_ = true; }

  /// Two uplinks of 50 Mbit/s, the second with `caps`; both sides always have data to send.
  Bond& capped_bond(const sctp::PathCaps& caps) {
    Bond& bond = make(bond_of({uplink(50, 20ms), uplink(50, 20ms)}, 7));
    bond.edge_app().flood(1300, 1);
    bond.hub_app().flood(1300, 1);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    set(bond, 1, caps);
    bond.run_for(5s);
    return bond;
  }
  static void set(Bond& bond, std::size_t uplink, const sctp::PathCaps& caps) {
    EXPECT_TRUE(bond.edge().endpoint().set_path_caps(bond.edge_id(), bond.edge_path(uplink)->id, caps));
    bond.edge().drain();
  }
  /// The rate of IP packets, in bit/s, that a link delivers in the next `span`.
  static double rate(Bond& bond, Link& link, Duration span) {
    const std::uint64_t before = link.counters().bytes_delivered;
    bond.run_for(span);
    return static_cast<double>(link.counters().bytes_delivered - before) * 8 /
           std::chrono::duration<double>(span).count();
  }
};

TEST_F(Caps, AreHeldWithinAHundredthUpwardsWhileTheOtherPathCarriesTheRest) {
  Bond& bond = capped_bond({kCap, 0});
  EXPECT_NEAR(rate(bond, bond.up(1), 10s), kCap, kCap / 100);
  EXPECT_GT(rate(bond, bond.up(0), 5s), 40e6);
  EXPECT_EQ(bond.edge_path(1)->cap_bps, kCap);
  expect_clean_end();
}

TEST_F(Caps, AreHeldByTheHubOnRequest) {
  Bond& bond = capped_bond({0, kCap});
  EXPECT_NEAR(rate(bond, bond.down(1), 10s), kCap, kCap / 100);
  EXPECT_GT(rate(bond, bond.down(0), 5s), 40e6);
  EXPECT_EQ(bond.hub_path(1)->cap_bps, kCap);
  EXPECT_EQ(bond.edge_path(1)->cap_bps, 0U);
  expect_clean_end();
}

TEST_F(Caps, HoldTheSumOfDataAndAcknowledgementsBothWaysAtOnce) {
  Bond& bond = capped_bond({kCap, kCap});
  EXPECT_NEAR(rate(bond, bond.up(1), 10s), kCap, kCap / 50);
  EXPECT_NEAR(rate(bond, bond.down(1), 10s), kCap, kCap / 50);
  expect_clean_end();
}

TEST_F(Caps, LeaveNoQueueOnTheUplink) {
  Bond& bond = capped_bond({kCap, kCap});
  bond.run_for(5s);
  EXPECT_LT(bond.edge_path(1)->srtt, 45ms) << "40 ms, and the delay of an acknowledgement";
  expect_clean_end();
}

TEST_F(Caps, HoldAtOnceWhenTheyAreChangedOrLifted) {
  Bond& bond = capped_bond({kCap, kCap});
  set(bond, 1, {kCap / 2, kCap});
  bond.run_for(20ms);  // until packets in transit have arrived
  EXPECT_NEAR(rate(bond, bond.up(1), 500ms), kCap / 2, kCap / 40);
  set(bond, 1, {0, kCap});
  bond.run_for(1s);
  EXPECT_GT(rate(bond, bond.up(1), 2s), 25e6);
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
