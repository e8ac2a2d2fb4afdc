// Caps of paths, both ways: how closely they are held, what the other path does, and how soon a change holds.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr std::uint64_t kCap = 10'000'000;

class Caps : public Scenario {
 protected:
  Caps() { sealed_ = true; }

  /// Two uplinks of 50 Mbit/s; the second has a cap in either direction, and both sides have always
  /// something to send.
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
    bond.edge().settle();
  }
  /// Bits per second of whole IP packets that a link delivers in the next `span`.
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

TEST_F(Caps, AreHeldByTheHubOfWhichTheyWereAsked) {
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
  EXPECT_LT(bond.edge_path(1)->srtt, 45ms) << "two times 20 ms, and the delay of an acknowledgement";
  expect_clean_end();
}

TEST_F(Caps, HoldAtOnceWhenTheyAreChangedOrLifted) {
  Bond& bond = capped_bond({kCap, kCap});
  set(bond, 1, {kCap / 2, kCap});
  bond.run_for(20ms);  // what is under way
  EXPECT_NEAR(rate(bond, bond.up(1), 500ms), kCap / 2, kCap / 40);
  set(bond, 1, {0, kCap});
  bond.run_for(1s);
  EXPECT_GT(rate(bond, bond.up(1), 2s), 25e6);
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
