// How long a flow waits for a message that is late or lost (EndpointConfig::order_hold).
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr Duration kHold = 500ms;

class OrderHold : public Scenario {
 protected:
  OrderHold() { sealed_ = true; }

  /// A hub that sends one flow, on stream 1, over both uplinks to an edge, which holds it for `hold` at most.
  Bond& start(std::vector<UplinkSpec> uplinks, Duration hold = kHold, std::uint64_t seed = 1) {
    BondSpec spec = bond_of(std::move(uplinks), seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.edge.order_hold = hold;
    Bond& bond = make(spec);
    if (hold != Duration{}) bond.down_ledger().permit_holes();
    bond.hub_app().flood(1300, 1, false, 1);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    return bond;
  }
  static sctp::AssociationStatus edge_status(Bond& bond) {
    return bond.edge().endpoint().status(bond.edge_id()).value();
  }
};

TEST_F(OrderHold, UnlikePathsThatLoseNothingDeliverInOrder) {
  Bond& bond = start({uplink(20, 10ms), uplink(20, 50ms)});
  bond.run_for(5s);
  const auto before = edge_status(bond);
  bond.run_for(10s);
  const auto after = edge_status(bond);
  EXPECT_EQ(after.holes_skipped, before.holes_skipped);
  EXPECT_GT(after.messages_received - before.messages_received, 20'000U);
  EXPECT_GT(after.order_hold, 50ms) << "the paths differ by 40 ms";
  expect_clean_end();
}

TEST_F(OrderHold, LossesAreWaitedForUntilTheyAreRepaired) {
  Bond& bond = start({uplink(20, 20ms, 0.005), uplink(20, 20ms, 0.005)});
  bond.run_for(5s);
  const auto before = edge_status(bond);
  bond.run_for(20s);
  const auto after = edge_status(bond);
  const auto lost = (after.messages_received - before.messages_received) / 200;
  EXPECT_LT(after.late_messages_received - before.late_messages_received, lost / 10);
  EXPECT_LT(after.order_hold, 300ms);
  expect_clean_end();
}

TEST_F(OrderHold, ADeadPathHoldsAFlowUpNoLongerThanTheLimit) {
  constexpr Duration kShort = 60ms;
  for (const Duration hold : {kShort, Duration{}}) {
    Bond& bond = start({uplink(20, 20ms), uplink(20, 20ms)}, hold);
    bond.run_for(5s);
    bond.edge_app().reset_gap();
    bond.set_blackhole(1, true);
    bond.run_for(3s);
    const Duration gap = bond.edge_app().longest_gap();
    std::printf("longest gap with a hold of %.0f ms: %.0f ms\n",
                std::chrono::duration<double, std::milli>(hold).count(),
                std::chrono::duration<double, std::milli>(gap).count());
    if (hold == kShort) {
      EXPECT_LE(gap, kShort + 15ms);
      EXPECT_GT(edge_status(bond).late_messages_received, 0U);
    } else {
      EXPECT_GT(gap, 100ms);
    }
    expect_clean_end();
  }
}

}  // namespace
}  // namespace hawser::sim
