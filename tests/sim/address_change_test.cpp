// The local address of an uplink changes, as by DHCP or PPP: every path continues at the new address, with a
// new window.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

double ms(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

constexpr std::size_t kFirstWindow = 48'000;  // bytes; 32 packets, the initial window of a path

/// Fixture with the sockets and timers of the daemon: routes have the wildcard as local address.
class AddressChange : public Scenario {
 protected:
  AddressChange() { sealed_ = true; }

  static BondSpec tunnel_of(std::vector<UplinkSpec> uplinks, std::uint64_t seed = 1) {
    BondSpec spec = bond_of(std::move(uplinks), seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.edge_options.wildcard_local = true;
    return spec;
  }
  static void flood(Bond& bond) {
    bond.edge_app().flood(1'300, 4);
    bond.hub_app().flood(1'300, 4);
  }
  /// Changes the address of `uplink`, and returns how long it takes in ms until both ends use the path again;
  /// a large number after a second.
  static double ms_until_back(Bond& bond, std::size_t uplink) {
    const Timestamp begin = bond.world().now();
    bond.readdress(uplink);
    const bool back = bond.run_until(1s, [&] { return bond.path_active(uplink) && !moving(bond, uplink); });
    return back ? ms(bond.world().now() - begin) : 1e9;
  }
  static bool moving(Bond& bond, std::size_t uplink) {
    return bond.edge_path(uplink)->idle_reason == sctp::PathIdleReason::moving;
  }
};

struct ChangeCase {
  std::size_t uplink;  ///< the association begins over uplink 0
  bool loaded;
  bool ipv6;
};

class EveryChange : public AddressChange, public ::testing::WithParamInterface<ChangeCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, EveryChange,
                         ::testing::Values(ChangeCase{0, false, false}, ChangeCase{1, false, false},
                                           ChangeCase{0, true, false}, ChangeCase{1, true, false},
                                           ChangeCase{0, false, true}, ChangeCase{0, true, true}),
                         [](const auto& each) {
                           return std::string(each.param.uplink == 0 ? "First" : "Joined") +
                                  (each.param.loaded ? "Loaded" : "Idle") + (each.param.ipv6 ? "V6" : "V4");
                         });

TEST_P(EveryChange, BringsThePathBackWithinAFifthOfASecond) {
  BondSpec spec = tunnel_of({uplink(20, 20ms), uplink(20, 20ms)});
  spec.ipv6 = GetParam().ipv6;
  Bond& bond = make(spec);
  if (GetParam().loaded) flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  const auto path = bond.edge_path(GetParam().uplink)->id;
  const std::size_t downs = Bond::count(bond.edge_events(), Kind::path_down);
  for (int change = 0; change < 5; ++change) {
    EXPECT_LE(ms_until_back(bond, GetParam().uplink), 200) << "change " << change;
    bond.run_for(2s);
    EXPECT_EQ(bond.edge_path(GetParam().uplink)->id, path) << "the path moves, and does not join again";
  }
  EXPECT_EQ(bond.edge().datagrams_refused(), 0U) << "no datagram has an address that the host no longer has";
  EXPECT_EQ(bond.active_paths(bond.hub(), bond.hub_id()), 2U);
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::path_down), downs);
  expect_clean_end();
}

TEST_F(AddressChange, OfTheOnlyUplinkStopsTheTransferForAFifthOfASecondAtMost) {
  Bond& bond = make(tunnel_of({uplink(20, 20ms)}));
  flood(bond);
  ASSERT_TRUE(bond.establish());
  bond.run_for(3s);
  for (int change = 0; change < 5; ++change) {
    bond.edge_app().reset_gap();
    bond.hub_app().reset_gap();
    EXPECT_LE(ms_until_back(bond, 0), 360) << "three times through a queue of 100 ms";
    bond.run_for(2s);
    EXPECT_LE(ms(bond.edge_app().longest_gap()), 200);
    EXPECT_LE(ms(bond.hub_app().longest_gap()), 200);
  }
  expect_clean_end();
}

TEST_F(AddressChange, AfterTheOldAddressWasAwayForAWhileNeedsNoMoreTime) {
  Bond& bond = make(tunnel_of({uplink(20, 20ms), uplink(20, 20ms)}));
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  for (const auto away : {50ms, 300ms, 3'000ms, 30'000ms}) {
    bond.set_blackhole(0, true);
    bond.run_for(away);
    bond.set_blackhole(0, false);
    EXPECT_LE(ms_until_back(bond, 0), 200) << away.count();
    bond.run_for(3s);
  }
}

TEST_F(AddressChange, ThatFollowsAnotherOneImmediatelyEndsAtTheNewestAddress) {
  for (const auto pause : {10ms, 30ms, 70ms, 150ms, 300ms}) {
    Bond& bond = make(tunnel_of({uplink(20, 20ms), uplink(20, 20ms)}));
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    bond.run_for(3s);
    for (int change = 0; change < 3; ++change) {
      bond.readdress(0);
      bond.run_for(pause);
    }
    EXPECT_LE(ms_until_back(bond, 0), 700) << pause.count();
  }
}

TEST_F(AddressChange, ToAnAddressWithoutAnAnswerIsReportedSoonAndProbedSeldom) {
  Bond& bond = make(tunnel_of({uplink(20, 20ms)}));
  bond.edge_app().plan({2900ms, sctp::StreamId{1}, false, 100});  // the path has just worked
  ASSERT_TRUE(bond.establish());
  bond.run_for(3s);
  bond.set_blackhole(0, true);
  bond.readdress(0);
  bond.run_for(50ms);
  bond.readdress(0);
  bond.run_for(1s);
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::path_down), 1U) << "another port or association is tried";
  const std::uint64_t probes = bond.edge_path(0)->counters.heartbeats_sent;
  bond.run_for(10s);
  EXPECT_LE(bond.edge_path(0)->counters.heartbeats_sent - probes, 26U) << "one every 400 ms";
  EXPECT_GE(bond.edge_path(0)->counters.heartbeats_sent - probes, 20U);
  bond.set_blackhole(0, false);
  EXPECT_TRUE(bond.run_until(500ms, [&] { return bond.path_active(0); }));
  expect_clean_end();
}

TEST_F(AddressChange, StartsWithANewWindowAtBothEnds) {
  for (const bool loaded : {false, true}) {
    Bond& bond = make(tunnel_of({uplink(5, 20ms), uplink(5, 20ms)}));
    if (loaded) flood(bond);
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    bond.run_for(5s);
    for (const std::size_t uplink : {0U, 1U}) {
      std::size_t at_hub = 0;
      bond.on_hub_event = [&](const sctp::Event& event) {
        if (event.kind == Kind::path_moved) at_hub = bond.hub_path(uplink)->cwnd;
      };
      bond.nat(uplink).rebind_address(Bond::public_address(50 + 2 * uplink + (loaded ? 1 : 0), false));
      bond.readdress(uplink);
      EXPECT_LE(bond.edge_path(uplink)->cwnd, kFirstWindow);
      ASSERT_TRUE(bond.run_until(1s, [&] { return at_hub != 0; }));
      EXPECT_LE(at_hub, kFirstWindow);
      bond.run_for(10s);
      EXPECT_LE(bond.edge_path(uplink)->cwnd, 400'000U) << "the window of a line of 5 Mbit/s";
      EXPECT_LE(bond.hub_path(uplink)->cwnd, 400'000U);
    }
  }
}

TEST_F(AddressChange, LeavesTheSizeOfMessagesAsItIs) {
  Bond& bond = make(tunnel_of({uplink(20, 20ms), uplink(20, 20ms)}));
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  const std::size_t edge = bond.edge().endpoint().unfragmented_size(bond.edge_id());
  const std::size_t hub = bond.hub().endpoint().unfragmented_size(bond.hub_id());
  EXPECT_GT(edge, 1'350U);
  bond.readdress(0);
  for (int step = 0; step < 1'000; ++step) {
    bond.run_for(1ms);
    ASSERT_EQ(bond.edge().endpoint().unfragmented_size(bond.edge_id()), edge)
        << step << " ms after the change";
    ASSERT_EQ(bond.hub().endpoint().unfragmented_size(bond.hub_id()), hub) << step << " ms after the change";
  }
}

}  // namespace
}  // namespace hawser::sim
