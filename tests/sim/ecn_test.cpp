// ECN of the outer datagrams, in simulated time: marks are counted and answered, and paths that do not carry
// the field are found without harm.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture with sealed bonds whose edge sends.
class OuterEcn : public Scenario {
 protected:
  OuterEcn() { sealed_ = true; }

  Bond& upload(const std::vector<UplinkSpec>& uplinks, bool ecn = true,
               sctp::CongestionControl control = sctp::CongestionControl::model) {
    BondSpec spec = bond_of(uplinks, 41);
    for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
      like_a_tunnel(*config);
      config->ecn = ecn;
      config->congestion = control;
    }
    Bond& bond = make(spec);
    bond.edge_app().flood(1380, 1);
    EXPECT_TRUE(bond.establish());
    if (uplinks.size() > 1) {
      EXPECT_TRUE(bond.add_all_paths());
    }
    return bond;
  }
};

class OuterEcnOf : public OuterEcn, public ::testing::WithParamInterface<sctp::CongestionControl> {};

TEST_P(OuterEcnOf, KeepsTheQueueShortWithoutLoss) {
  UplinkSpec line = uplink(20, 20ms);
  line.up.mark_above = 25'000;  // 10 ms
  Bond& bond = upload({line}, true, GetParam());
  bond.run_for(5s);
  const auto before = bond.edge_path(0)->counters;
  const std::uint64_t overflowed = bond.up(0).counters().overflowed;
  EXPECT_GE(bond.measure(bond.up_ledger(), 10s), 0.8 * 20e6);
  const auto path = *bond.edge_path(0);
  EXPECT_EQ(path.ecn, sctp::EcnState::capable);
  EXPECT_GT(bond.up(0).counters().marked, 0U);
  EXPECT_EQ(bond.up(0).counters().overflowed, overflowed) << "marks come before the queue is full";
  EXPECT_EQ(path.counters.data_chunks_lost, before.data_chunks_lost);
  std::printf("%s: %llu marks, round trip %.1f ms\n", std::string(to_string(GetParam())).c_str(),
              static_cast<unsigned long long>(path.counters.ecn_marks_reported),
              std::chrono::duration<double, std::milli>(path.srtt).count());
  EXPECT_LT(path.srtt, 65ms) << "40 ms, and a short queue";
  expect_clean_end();
}

// The queue of the line is much shorter than what the controls fill without marks.
TEST_P(OuterEcnOf, YieldsToMarksOnALineThatLosesNothing) {
  UplinkSpec line = uplink(20, 20ms);
  line.up.queue_bytes = 1'000'000;
  line.up.mark_above = 12'500;  // 5 ms
  Bond& bond = upload({line}, true, GetParam());
  bond.run_for(5s);
  const double rate = bond.measure(bond.up_ledger(), 10s);
  std::printf("%s: %.1f Mbit/s\n", std::string(to_string(GetParam())).c_str(), rate / 1e6);
  EXPECT_GE(rate, 0.6 * 20e6);
  EXPECT_LT(bond.edge_path(0)->srtt, 55ms);
  EXPECT_EQ(bond.edge_path(0)->counters.data_chunks_lost, 0U);
}

INSTANTIATE_TEST_SUITE_P(EveryControl, OuterEcnOf,
                         ::testing::Values(sctp::CongestionControl::model, sctp::CongestionControl::cubic,
                                           sctp::CongestionControl::new_reno,
                                           sctp::CongestionControl::coupled),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_F(OuterEcn, ReportsEveryMarkToTheSender) {
  UplinkSpec line = uplink(20, 20ms);
  line.up.mark_above = 25'000;
  Bond& bond = upload({line});
  bond.run_for(3s);
  bond.edge_app().stop();
  bond.run_for(2s);
  const auto sent = bond.edge_path(0)->counters;
  EXPECT_GT(sent.ecn_marks_reported, 0U);
  EXPECT_EQ(sent.ecn_marks_reported, bond.hub_path(0)->counters.ecn_marks_received);
  EXPECT_LE(sent.ecn_marks_reported, bond.up(0).counters().marked);
}

TEST_F(OuterEcn, StopsOnAPathThatClearsTheFieldAndOnlyThere) {
  UplinkSpec bleaching = uplink(20, 20ms);
  bleaching.up.clears_ecn = true;
  Bond& bond = upload({bleaching, uplink(20, 20ms)});
  bond.run_for(3s);
  EXPECT_EQ(bond.edge_path(0)->ecn, sctp::EcnState::cleared);
  EXPECT_EQ(bond.edge_path(1)->ecn, sctp::EcnState::capable);
  const std::uint64_t ect = bond.edge_path(0)->counters.ect_sent;
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.85 * 40e6);
  EXPECT_EQ(bond.edge_path(0)->counters.ect_sent, ect);
  EXPECT_LT(ect, 100U) << "what leaves before the first report";
  expect_clean_end();
}

TEST_F(OuterEcn, StopsOnAPathThatDropsTheField) {
  UplinkSpec dropping = uplink(20, 20ms);
  dropping.up.drops_ect = true;
  for (const bool alone : {true, false}) {
    Bond& bond = alone ? upload({dropping}) : upload({uplink(20, 20ms), dropping});
    bond.run_for(5s);
    const std::size_t index = alone ? 0 : 1;
    EXPECT_EQ(bond.edge_path(index)->ecn, sctp::EcnState::lost);
    EXPECT_EQ(bond.edge_path(index)->state, sctp::PathState::active);
    EXPECT_GE(bond.measure(bond.up_ledger(), 5s), (alone ? 0.85 * 20e6 : 0.85 * 40e6));
    expect_clean_end();
  }
}

TEST_F(OuterEcn, StopsOnAPathThatMarksEverything) {
  UplinkSpec all = uplink(20, 20ms);
  all.up.marks_all = true;
  Bond& bond = upload({all});
  bond.run_for(5s);
  EXPECT_EQ(bond.edge_path(0)->ecn, sctp::EcnState::mangled);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.85 * 20e6);
}

TEST_F(OuterEcn, LeavesTheFieldEmptyWhenSwitchedOff) {
  UplinkSpec line = uplink(20, 20ms);
  line.up.mark_above = 25'000;
  Bond& bond = upload({line}, false);
  bond.run_for(5s);
  EXPECT_EQ(bond.edge_path(0)->ecn, sctp::EcnState::off);
  EXPECT_EQ(bond.edge_path(0)->counters.ect_sent, 0U);
  EXPECT_EQ(bond.up(0).counters().marked, 0U);
}

}  // namespace
}  // namespace hawser::sim
