// Concurrent multipath transfer, measured in simulated time: the gain of a bond, and that it never loses.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

/// Fixture that measures the goodput of bonds.
class Bonding : public Scenario {
 protected:
  /// Goodput in Mbit/s of a saturating transfer over all `uplinks`, after a warm-up, on one ordered stream,
  /// like one flow.
  [[nodiscard]] double goodput(const std::vector<UplinkSpec>& uplinks, bool download = false) const {
    BondSpec spec = bond_of(uplinks, 21);
    spec.sealed = sealed_;
    for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
      config->receive_window = 16U << 20;
      config->send_buffer = 16U << 20;
    }
    Bond bond(spec);
    // One message fills one packet.
    (download ? bond.hub_app() : bond.edge_app()).flood(sealed_ ? 1380 : 1400, 1);
    EXPECT_TRUE(bond.establish());
    if (uplinks.size() > 1) {
      EXPECT_TRUE(bond.add_all_paths());
    }
    bond.run_for(10s);
    const double rate = bond.measure(download ? bond.down_ledger() : bond.up_ledger(), 10s) / 1e6;
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return rate;
  }

  /// Expects that the bond reaches `share` of the better uplink alone. Each is measured in its own run.
  void expect_not_worse(const UplinkSpec& one, const UplinkSpec& other, double share = 0.9) const {
    const double best = std::max(goodput({one}), goodput({other}));
    const double bond = goodput({one, other});
    RecordProperty("best_alone_mbps", std::to_string(best));
    RecordProperty("bond_mbps", std::to_string(bond));
    std::printf("best alone %.1f Mbit/s, bond %.1f Mbit/s\n", best, bond);
    EXPECT_GE(bond, share * best);
  }
};

using EveryBonding = EitherMode<Bonding>;
INSTANTIATE_TEST_SUITE_P(Both, EveryBonding, ::testing::Bool(), mode_name);

TEST_P(EveryBonding, OfTwoEqualPathsReachesNineTenthsOfTheirSumUpwards) {
  const double rate = goodput({uplink(50, 20ms), uplink(50, 20ms)});
  EXPECT_GE(rate, 90);
  EXPECT_LE(rate, 100) << "more than the links can carry";
}

TEST_P(EveryBonding, OfTwoEqualPathsReachesNineTenthsOfTheirSumDownwards) {
  EXPECT_GE(goodput({uplink(50, 20ms), uplink(50, 20ms)}, true), 90);
}

TEST_F(Bonding, OfFourPathsReachesNineTenthsOfTheirSum) {
  EXPECT_GE(goodput({uplink(20, 20ms), uplink(20, 20ms), uplink(20, 25ms), uplink(20, 15ms)}), 72);
}

TEST_F(Bonding, IsNeverWorseThanTheFasterOfTwoRates) {
  expect_not_worse(uplink(50, 20ms), uplink(20, 20ms));
}
TEST_P(EveryBonding, IsNeverWorseThanTheBetterOfTwoDelays) {
  expect_not_worse(uplink(50, 5ms), uplink(50, 40ms));
}
TEST_F(Bonding, IsNeverWorseThanTheCleanPathBesideALossyOne) {
  expect_not_worse(uplink(50, 20ms), uplink(50, 20ms, 0.01));
}
TEST_F(Bonding, IsNeverWorseThanAFastPathBesideASlowerOne) {
  expect_not_worse(uplink(300, 10ms), uplink(100, 20ms));
}
TEST_F(Bonding, IsNeverWorseThanFibreBesideAThinSlowLink) {
  expect_not_worse(uplink(100, 5ms), uplink(2, 100ms));
}
TEST_F(Bonding, IsNeverWorseThanLteBesideLossyWifi) {
  UplinkSpec lte = uplink(50, 30ms);
  UplinkSpec wifi = uplink(60, 5ms, 0.01);
  for (LinkConfig* link : {&lte.up, &lte.down}) {
    link->jitter = 2ms;
    link->queue_bytes = 50'000'000 / 8 * 4 / 10;
  }
  for (LinkConfig* link : {&wifi.up, &wifi.down}) link->jitter = 1ms;
  expect_not_worse(lte, wifi);
}

TEST_F(Bonding, RecoversFromTheOvershootOfAFastPathWithinSeconds) {
  // After a T3 time-out all outstanding data is retransmitted and gives no round-trip sample: the pacing must
  // not keep using the round-trip time of the full queue.
  BondSpec spec = bond_of({uplink(300, 10ms)}, 21);
  spec.edge.receive_window = spec.hub.receive_window = 16U << 20;
  spec.edge.send_buffer = 16U << 20;
  Bond& bond = make(spec);
  bond.edge_app().flood(1400, 1);
  ASSERT_TRUE(bond.establish());
  bond.run_for(3s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 2s), 0.9 * 300e6);
  expect_clean_end();
}

TEST_F(Bonding, DeclaresNothingLostThatArrived) {
  // The first overshoot of slow start leaves more gaps than a SACK can report. Data that a SACK does not
  // report is not lost.
  BondSpec spec = bond_of({uplink(50, 20ms), uplink(50, 20ms)});
  spec.edge.congestion = sctp::CongestionControl::new_reno;  // its slow start ends with an overflow
  spec.edge.max_burst = 4;                                   // and a long one with the bursts of RFC 9260
  Bond& bond = make(spec);
  bond.edge_app().flood(1400, 4);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(5s);
  const std::uint64_t overflowed = bond.up(0).counters().overflowed + bond.up(1).counters().overflowed;
  EXPECT_GT(overflowed, 400U) << "without the overshoot this test proves nothing";
  EXPECT_LT(bond.hub().endpoint().status(bond.hub_id())->duplicate_tsns_received, overflowed / 20);
  expect_clean_end();
}

TEST_F(Bonding, WithASmallReceiveWindowIsNotBlockedByTheSlowPath) {
  // The window holds the bandwidth-delay product of the fast path, not of both.
  const std::vector<UplinkSpec> uplinks{uplink(50, 10ms), uplink(5, 100ms)};
  const auto limited = [&](const std::vector<UplinkSpec>& over) {
    BondSpec spec = bond_of(over, 23);
    spec.edge.receive_window = spec.hub.receive_window = 512 * 1024;
    Bond bond(spec);
    bond.edge_app().flood(1400, 1);
    EXPECT_TRUE(bond.establish());
    if (over.size() > 1) {
      EXPECT_TRUE(bond.add_all_paths());
    }
    bond.run_for(10s);
    return bond.measure(bond.up_ledger(), 10s) / 1e6;
  };
  const double alone = limited({uplinks[0]});
  const double bond = limited(uplinks);
  std::printf("fast alone %.1f Mbit/s, bond %.1f Mbit/s\n", alone, bond);
  EXPECT_GE(bond, 0.9 * alone);
}

TEST_F(Bonding, FollowsALinkThatBecomesSlower) {
  Bond& bond = make(bond_of({uplink(50, 20ms), uplink(50, 20ms)}));
  bond.edge_app().flood(1400, 1);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(5s);
  bond.up(1).config().rate = 5'000'000;
  bond.up(1).config().queue_bytes = 62'500;
  bond.run_for(10s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.9 * 50e6);
  bond.up(1).config().rate = 50'000'000;
  bond.up(1).config().queue_bytes = 625'000;
  bond.run_for(15s);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), 0.85 * 100e6);
  expect_clean_end();
}

// A sample of five seconds of one bond depends on where in their cycles its windows are.
TEST_F(Bonding, CarriesBothDirectionsAtOnce) {
  double up = 0;
  double down = 0;
  const std::vector<Duration> delays{16ms, 18ms, 20ms, 22ms, 24ms};
  for (const Duration delay : delays) {
    Bond& bond = make(bond_of({uplink(50, delay), uplink(50, delay)}));
    bond.edge_app().flood(1400, 4);
    bond.hub_app().flood(1400, 4);
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    bond.run_for(10s);
    const std::uint64_t before = bond.down_ledger().bytes_arrived();
    up += bond.measure(bond.up_ledger(), 5s) / static_cast<double>(delays.size());
    down += static_cast<double>(bond.down_ledger().bytes_arrived() - before) * 8 / 5 /
            static_cast<double>(delays.size());
    expect_clean_end();
  }
  std::printf("up %.1f Mbit/s, down %.1f Mbit/s\n", up / 1e6, down / 1e6);
  EXPECT_GE(up, 0.85 * 100e6);
  EXPECT_GE(down, 0.85 * 100e6);
}

}  // namespace
}  // namespace hawser::sim
