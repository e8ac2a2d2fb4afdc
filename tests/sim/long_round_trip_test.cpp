// Lines with round trips of seconds: satellites, 2G, modems with full queues.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

double seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

class LongRoundTrip : public Scenario, public ::testing::WithParamInterface<int> {
 protected:
  LongRoundTrip() { sealed_ = true; }

  static BondSpec tunnel_of(std::vector<UplinkSpec> uplinks) {
    BondSpec spec = bond_of(std::move(uplinks));
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.edge_options.wildcard_local = true;
    return spec;
  }
};
INSTANTIATE_TEST_SUITE_P(Milliseconds, LongRoundTrip,
                         ::testing::Values(20, 400, 700, 1'000, 1'600, 2'000, 3'000, 6'000));

TEST_P(LongRoundTrip, AnAssociationIsUpAfterThreeRoundTripsAndASecondAtMost) {
  const Duration round_trip = std::chrono::milliseconds(GetParam());
  Bond& bond = make(tunnel_of({uplink(10, round_trip / 2), uplink(10, round_trip / 2)}));
  const Timestamp begin = bond.world().now();
  bond.connect();
  const auto up_at_the_edge = [&] { return Bond::count(bond.edge_events(), Kind::connected) == 1; };
  ASSERT_TRUE(bond.run_until(3 * round_trip + 1s, up_at_the_edge));
  std::printf("round trip %.1f s: up after %.2f s\n", seconds(round_trip),
              seconds(bond.world().now() - begin));
  // It works at once, and no path is declared down.
  const Timestamp up = bond.world().now();
  bond.edge_app().plan({0s, sctp::StreamId(1), false, 1'000});
  bond.edge_app().pump();
  EXPECT_TRUE(bond.run_until(round_trip + 200ms, [&] { return bond.up_ledger().messages_arrived() == 1; }));
  EXPECT_TRUE(bond.add_all_paths(6 * round_trip + 2s));
  std::printf("  second path after %.2f s\n", seconds(bond.world().now() - up));
  bond.run_for(60s);
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::path_down), 0U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::path_down), 0U);
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
