// What acknowledgements cost, and that thin return paths and lost acknowledgements do no harm, in simulated
// time.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture that measures sealed bonds with a saturating download.
class Acknowledgements : public Scenario {
 protected:
  struct Result {
    double goodput = 0;  ///< Mbit/s
    double share = 0;    ///< bytes of the edge's packets, which are acknowledgements, of those of the hub
    std::uint64_t duplicates = 0;
  };
  [[nodiscard]] static Result download(const std::vector<UplinkSpec>& uplinks, bool sealed = true) {
    BondSpec spec = bond_of(uplinks, 31);
    spec.sealed = sealed;
    for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
      config->receive_window = 16U << 20;
      config->send_buffer = 16U << 20;
      config->sack_delay = 20ms;
    }
    Bond bond(spec);
    bond.hub_app().flood(1380, 1);
    EXPECT_TRUE(bond.establish());
    if (uplinks.size() > 1) {
      EXPECT_TRUE(bond.add_all_paths());
    }
    bond.run_for(5s);
    const std::uint64_t up = bytes(bond, true);
    const std::uint64_t down = bytes(bond, false);
    const std::uint64_t duplicates = bond.edge().endpoint().status(bond.edge_id())->duplicate_tsns_received;
    Result result;
    result.goodput = bond.measure(bond.down_ledger(), 10s) / 1e6;
    result.share =
        static_cast<double>(bytes(bond, true) - up) / static_cast<double>(bytes(bond, false) - down);
    result.duplicates = bond.edge().endpoint().status(bond.edge_id())->duplicate_tsns_received - duplicates;
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return result;
  }
  static Result report(const std::string& name, const std::vector<UplinkSpec>& uplinks) {
    const Result plain = download(uplinks, false);
    const Result result = download(uplinks);
    std::printf("%s: %.1f Mbit/s, acknowledgements %.2f %% (plain SCTP: %.1f Mbit/s, %.2f %%)\n",
                name.c_str(), result.goodput, 100 * result.share, plain.goodput, 100 * plain.share);
    return result;
  }

 private:
  static std::uint64_t bytes(Bond& bond, bool up) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bond.uplinks(); ++i)
      sum += (up ? bond.up(i) : bond.down(i)).counters().bytes_delivered;
    return sum;
  }
};

TEST_F(Acknowledgements, NeedLessThanOnePercentOnOnePath) {
  EXPECT_LT(report("50 / 20 ms", {uplink(50, 20ms)}).share, 0.01);
  EXPECT_LT(report("300 / 10 ms", {uplink(300, 10ms)}).share, 0.01);
}

TEST_F(Acknowledgements, NeedLittleMoreThanOnePercentOnSeveralPaths) {
  EXPECT_LT(report("50 / 20 ms + 50 / 20 ms", {uplink(50, 20ms), uplink(50, 20ms)}).share, 0.012);
  EXPECT_LT(report("50 / 5 ms + 50 / 40 ms", {uplink(50, 5ms), uplink(50, 40ms)}).share, 0.015);
  EXPECT_LT(report("40 / 17 ms + 20 / 160 ms", {uplink(40, 17ms), uplink(20, 160ms)}).share, 0.02);
}

TEST_F(Acknowledgements, LeaveAThinUplinkAlmostFree) {
  UplinkSpec line = uplink(9, 20ms);
  line.up.rate = 600'000;
  const Result result = report("9 and 0.6 Mbit/s / 20 ms", {line});
  EXPECT_GE(result.goodput, 0.9 * 9);
  EXPECT_LT(result.share, 0.013);
}

// Blocks are reported four times and once per round trip: losing every tenth acknowledgement must not cause
// retransmissions of what has arrived.
TEST_F(Acknowledgements, MayBeLostWithoutRetransmissions) {
  UplinkSpec near = uplink(40, 17ms);
  UplinkSpec far = uplink(20, 80ms);
  near.up.loss = far.up.loss = 0.1;
  const Result result = report("10 % of the acknowledgements lost", {near, far});
  EXPECT_GE(result.goodput, 0.85 * 60);
  EXPECT_LT(result.duplicates, 100U);
}

// With data in both directions, the queues make one path faster than the other in turns. An acknowledgement
// on the path with the shorter queue overtakes those on the other one, and must not rely on them.
TEST_F(Acknowledgements, MayOvertakeEachOtherWithoutRetransmissions) {
  BondSpec spec = bond_of({uplink(50, 20ms), uplink(50, 20ms)}, 7);
  spec.sealed = true;
  spec.edge.congestion = spec.hub.congestion = sctp::CongestionControl::new_reno;  // it fills the queues
  Bond& bond = make(spec);
  bond.edge_app().flood(1300, 1);
  bond.hub_app().flood(1300, 1);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(20s);
  const std::uint64_t lost = bond.up(0).counters().overflowed + bond.up(1).counters().overflowed;
  const auto hub = *bond.hub().endpoint().status(bond.hub_id());
  std::printf("%lu packets lost, %lu retransmissions of what had arrived\n", static_cast<unsigned long>(lost),
              static_cast<unsigned long>(hub.duplicate_tsns_received));
  EXPECT_GT(lost, 100U) << "without losses this test proves little";
  EXPECT_LT(hub.duplicate_tsns_received, lost / 10);
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
