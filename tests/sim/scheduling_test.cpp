// The weighted and the redundant scheduling.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

using sctp::Scheduling;

/// Fixture with a protected or plain bond of two uplinks.
class Schedulings : public EitherMode<Scenario> {
 protected:
  Bond& start(Scheduling scheduling, std::vector<UplinkSpec> uplinks) {
    BondSpec spec = bond_of(std::move(uplinks), 47);
    spec.edge.scheduling = spec.hub.scheduling = scheduling;
    return make(spec);
  }
  /// Plans a message of `size` bytes upwards each `every` for `span`.
  static void plan(Bond& bond, std::size_t size, Duration every, Duration span) {
    for (Duration at{}; at < span; at += every) bond.edge_app().plan({at, {}, true, size});
  }
  static void connect(Bond& bond) {
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
  }
  static std::uint64_t sent(const Bond& bond, std::size_t uplink) {
    return bond.edge_path(uplink)->counters.data_chunks_sent;
  }
  static std::uint64_t copied(const Bond& bond, std::size_t uplink) {
    return bond.edge_path(uplink)->counters.data_chunks_copied;
  }
};
INSTANTIATE_TEST_SUITE_P(Both, Schedulings, ::testing::Bool(), mode_name);

TEST_P(Schedulings, WeightedDividesALightLoadByTheWeights) {
  Bond& bond = start(Scheduling::weighted, {uplink(50, 20ms), uplink(50, 5ms)});
  plan(bond, 1300, 2ms, 20s);
  connect(bond);
  ASSERT_TRUE(bond.edge().endpoint().set_path_weight(bond.edge_id(), bond.edge_path(0)->id, 10));
  EXPECT_FALSE(bond.edge().endpoint().set_path_weight(bond.edge_id(), bond.edge_path(0)->id, 0));
  bond.run_for(5s);
  const std::uint64_t dear = sent(bond, 1);
  const std::uint64_t cheap = sent(bond, 0);
  bond.run_for(10s);
  const double ratio = static_cast<double>(sent(bond, 0) - cheap) / static_cast<double>(sent(bond, 1) - dear);
  EXPECT_GT(ratio, 8);
  EXPECT_LT(ratio, 12);
  bond.run_for(10s);
  expect_clean_end();
}

TEST_P(Schedulings, WeightedNeverLeavesAPathIdleThatHasRoom) {
  Bond& bond = start(Scheduling::weighted, {uplink(20, 20ms), uplink(20, 20ms)});
  bond.edge_app().flood(1380, 1);
  connect(bond);
  ASSERT_TRUE(bond.edge().endpoint().set_path_weight(bond.edge_id(), bond.edge_path(0)->id, 100));
  bond.run_for(5s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.88 * 40e6);
  expect_clean_end();
}

TEST_P(Schedulings, WeightedGoesOnWhereAPathFails) {
  Bond& bond = start(Scheduling::weighted, {uplink(50, 20ms), uplink(50, 20ms)});
  plan(bond, 1000, 10ms, 20s);
  connect(bond);
  ASSERT_TRUE(bond.edge().endpoint().set_path_weight(bond.edge_id(), bond.edge_path(0)->id, 100));
  bond.run_for(5s);
  bond.set_blackhole(0, true);
  bond.hub_app().reset_gap();
  bond.run_for(5s);
  EXPECT_LT(bond.hub_app().longest_gap(), 600ms);
  bond.set_blackhole(0, false);
  bond.run_for(15s);
  expect_clean_end();
}

// The second copy arrives while the first one's path is dead: no gap at all.
TEST_P(Schedulings, RedundantHidesThatAPathDies) {
  Bond& bond = start(Scheduling::redundant_all, {uplink(20, 20ms), uplink(20, 25ms)});
  plan(bond, 300, 10ms, 20s);
  connect(bond);
  bond.run_for(5s);
  bond.hub_app().reset_gap();
  bond.set_blackhole(0, true);
  bond.run_for(5s);
  EXPECT_LT(bond.hub_app().longest_gap(), 40ms);
  if (GetParam()) {
    EXPECT_NE(bond.edge_path(0)->state, sctp::PathState::active) << "noticed although nothing was missing";
  }
  bond.set_blackhole(0, false);
  bond.run_for(15s);
  EXPECT_TRUE(bond.all_arrived()) << bond.up_ledger().summary();
  expect_clean_end();
}

TEST_P(Schedulings, RedundantSendsEachMessageTwiceAndCountsNoFalseLoss) {
  Bond& bond = start(Scheduling::redundant_all, {uplink(20, 20ms), uplink(20, 60ms)});
  plan(bond, 500, 5ms, 10s);
  connect(bond);
  bond.run_for(12s);
  const std::uint64_t messages = bond.up_ledger().messages_arrived();
  EXPECT_EQ(messages, 2000U);
  EXPECT_GE(copied(bond, 0) + copied(bond, 1), messages * 9 / 10);
  EXPECT_GE(bond.hub().endpoint().status(bond.hub_id())->duplicate_tsns_received, messages * 9 / 10);
  for (std::size_t i = 0; i < 2; ++i) {
    const sctp::PathStatus path = *bond.edge_path(i);
    EXPECT_EQ(path.counters.data_chunks_lost, 0U) << i;
    EXPECT_EQ(path.counters.spurious_losses, 0U) << i;
    EXPECT_EQ(path.counters.timeouts, 0U) << i;
    EXPECT_LE(path.flight, GetParam() ? 0U : 1'000U)
        << i << ": in plain mode the last copy waits for the next SACK";
    EXPECT_NEAR(std::chrono::duration<double>(path.srtt).count(), i == 0 ? 0.040 : 0.120, 0.025) << i;
  }
  expect_clean_end();
}

TEST_P(Schedulings, RedundantCarriesHalfOfTheSumWhenSaturated) {
  Bond& bond = start(Scheduling::redundant_all, {uplink(50, 20ms), uplink(50, 20ms)});
  bond.edge_app().flood(1380, 1);
  connect(bond);
  bond.run_for(8s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 40e6);
  expect_clean_end();
}

TEST_P(Schedulings, RedundantRepairsLossesWithoutARoundTrip) {
  const auto worst_gap = [&](Scheduling scheduling) {
    Bond& bond = start(scheduling, {uplink(20, 50ms, 0.03), uplink(20, 50ms, 0.03)});
    plan(bond, 300, 10ms, 30s);
    connect(bond);
    bond.run_for(3s);
    bond.hub_app().reset_gap();
    bond.run_for(20s);
    const Duration gap = bond.hub_app().longest_gap();
    bond.run_for(20s);
    EXPECT_TRUE(bond.all_arrived()) << bond.up_ledger().summary();
    std::uint64_t repairs = 0;
    for (std::size_t i = 0; i < 2; ++i) repairs += bond.edge_path(i)->counters.data_chunks_retransmitted;
    expect_clean_end();
    return std::pair(gap, repairs);
  };
  const auto single = worst_gap(Scheduling::earliest);
  const auto twice = worst_gap(Scheduling::redundant_all);
  EXPECT_LT(twice.second, single.second / 3) << "the copies repair most losses";
}

}  // namespace
}  // namespace hawser::sim
