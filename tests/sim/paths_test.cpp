// Additional uplinks through NATs by wildcard ASCONF (RFC 5061), their failure and return, and NATs whose
// mappings expire or rebind.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

double ms(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

bool carries(const SimDatagram& datagram, ChunkType type) {
  PacketView view;
  view.parse(datagram.payload);
  return view.has(type);
}

/// Fixture for tests with two uplinks.
class Paths : public Scenario {
 protected:
  static BondSpec two_uplinks(std::uint64_t seed = 1) {
    return bond_of({uplink(20, 20ms), uplink(20, 20ms)}, seed);
  }
  static BondSpec like_tunnels(const std::vector<UplinkSpec>& uplinks) {
    BondSpec spec = bond_of(uplinks);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    return spec;
  }
  static void flood(Bond& bond) {
    bond.edge_app().flood(1200, 1);
    bond.hub_app().flood(1200, 1);
  }
  /// The time from the first ASCONF to the first DATA on the second path, in round trips.
  static double second_path_rtts(Bond& bond, Duration round_trip) {
    const Timestamp asconf = bond.edge().monitor().first_asconf(SocketId(1), bond.hub_address(0));
    const Timestamp data = bond.edge().monitor().first_data(SocketId(1), bond.hub_address(0));
    if (asconf == kNever || data == kNever) return 1e9;
    return ms(data - asconf) / ms(round_trip);
  }
};

using EveryPath = EitherMode<Paths>;
INSTANTIATE_TEST_SUITE_P(Both, EveryPath, ::testing::Bool(), mode_name);

TEST_P(EveryPath, CarryDataWithinTwoAndAHalfRoundTripsOfTheirAsconf) {
  Bond& bond = make(two_uplinks());
  flood(bond);
  ASSERT_TRUE(bond.establish());
  bond.run_for(2s);
  bond.add_path(1);
  bond.run_for(1s);
  EXPECT_LE(second_path_rtts(bond, 40ms), 2.5);
  // The same limit holds towards the edge.
  const auto outside = bond.nat(1).mapping(bond.edge().access(1).local);
  ASSERT_TRUE(outside);
  const Timestamp asconf = bond.edge().monitor().first_asconf(SocketId(1), bond.hub_address(0));
  const Timestamp back = bond.hub().monitor().first_data(SocketId(0), *outside);
  ASSERT_NE(back, kNever);
  // The hub probes the path MTU only once the path is validated, and large packets follow the answer.
  EXPECT_LE(ms(back - asconf) / 40, 2.6);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::path_added), 1U);
  expect_clean_end();
}

TEST_P(EveryPath, JoinWithTheNatsPortAndAreAnsweredThere) {
  Bond& bond = make(two_uplinks());
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  const auto first = bond.hub_path(0);
  const auto second = bond.hub_path(1);
  ASSERT_TRUE(first && second);
  EXPECT_NE(second->route.remote.port, 9899);
  EXPECT_NE(first->route.remote.ip, second->route.remote.ip);
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::path_refused), 0U);
}

TEST_P(EveryPath, BehindOnePublicAddressStaySeparate) {
  BondSpec spec = two_uplinks();
  spec.uplinks[1].shares_nat_of = 0;
  Bond& bond = make(spec);
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  const auto first = bond.hub_path(0);
  const auto second = bond.hub_path(1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->route.remote.ip, second->route.remote.ip);
  EXPECT_NE(first->route.remote.port, second->route.remote.port);
  EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 40e6);
  EXPECT_TRUE(bond.path_active(0) && bond.path_active(1)) << "no flapping";
  expect_clean_end();
}

TEST_P(EveryPath, JoinWhenTheFirstAsconfIsLostAndRetransmitOnTheSameUplink) {
  Bond& bond = make(two_uplinks());
  ASSERT_TRUE(bond.establish());
  unsigned asconfs = 0;
  std::set<std::uint32_t> uplinks;
  bond.edge().drop_if = [&](const Access& access, const SimDatagram& datagram) {
    // A joining path carries nothing else, whether sealed or not.
    const bool joins = access.socket == SocketId(1) && !bond.path_active(1);
    if (!carries(datagram, ChunkType::asconf) && !(joins && is_sealed(datagram.payload))) return false;
    uplinks.insert(access.socket.value());
    return ++asconfs <= 2;
  };
  bond.add_path(1);
  EXPECT_TRUE(bond.run_until(20s, [&] { return bond.path_active(1); }));
  EXPECT_GE(asconfs, 3U);
  EXPECT_LE(asconfs, sealed_ ? 7U : 3U) << "sealed HEARTBEATs, their answers and MTU probes look like ASCONF";
  EXPECT_EQ(uplinks, std::set<std::uint32_t>{1});
  EXPECT_EQ(bond.active_paths(bond.hub(), bond.hub_id()), 2U);
}

TEST_F(Paths, JoinWhenTheAsconfAckIsLost) {
  Bond& bond = make(two_uplinks());
  ASSERT_TRUE(bond.establish());
  unsigned acks = 0;
  bond.hub().drop_if = [&](const Access&, const SimDatagram& datagram) {
    return carries(datagram, ChunkType::asconf_ack) && ++acks <= 2;
  };
  bond.add_path(1);
  EXPECT_TRUE(bond.run_until(20s, [&] { return bond.path_active(1); }));
  EXPECT_EQ(acks, 3U);
  EXPECT_EQ(bond.hub().endpoint().status(bond.hub_id())->paths.size(), 2U);
}

TEST_P(EveryPath, JoinOnceWhenTheirAsconfIsDuplicatedAndReordered) {
  BondSpec spec = two_uplinks();
  spec.uplinks[1].up.duplication = spec.uplinks[1].down.duplication = 1;
  spec.uplinks[1].up.reordering = spec.uplinks[1].down.reordering = 0.5;
  spec.uplinks[1].up.reordering_delay = 100ms;
  Bond& bond = make(spec);
  flood(bond);
  ASSERT_TRUE(bond.establish());
  EXPECT_TRUE(bond.add_all_paths());
  bond.run_for(2s);
  EXPECT_EQ(bond.hub().endpoint().status(bond.hub_id())->paths.size(), 2U);
  EXPECT_EQ(bond.edge().endpoint().status(bond.edge_id())->paths.size(), 2U);
  expect_clean_end();
}

TEST_P(EveryPath, JoinOneAfterTheOtherWhenThreeAreAddedAtOnce) {
  Bond& bond = make(bond_of({uplink(10, 20ms), uplink(10, 30ms), uplink(10, 5ms), uplink(10, 60ms)}));
  flood(bond);
  ASSERT_TRUE(bond.establish());
  EXPECT_TRUE(bond.add_all_paths(5s));
  EXPECT_EQ(bond.hub().endpoint().status(bond.hub_id())->paths.size(), 4U);
  expect_clean_end();
}

TEST_F(Paths, ThatCannotJoinNeitherHurtTheOthersNorTheAssociation) {
  BondSpec spec = bond_of({uplink(20, 20ms), uplink(20, 20ms), uplink(20, 30ms)});
  Bond& bond = make(spec);
  bond.set_blackhole(1, true);
  flood(bond);
  ASSERT_TRUE(bond.establish());
  bond.add_path(1);
  bond.add_path(2);
  bond.run_for(60s);
  EXPECT_GT(bond.measure(bond.up_ledger(), 5s), kBidirectionalShare * 20e6);
  EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
  EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
  // The dead path is given up when its ASCONF times out; then the third uplink joins.
  EXPECT_TRUE(bond.run_until(120s, [&] { return bond.path_active(2); }));
  expect_clean_end();
}

TEST_P(EveryPath, ThatWereDeadAtFirstJoinLater) {
  Bond& bond = make(two_uplinks());
  bond.set_blackhole(1, true);
  ASSERT_TRUE(bond.establish());
  bond.add_path(1);
  bond.run_for(8s);
  bond.set_blackhole(1, false);
  if (!bond.run_until(60s, [&] { return bond.path_active(1); })) {
    // The join was given up: the user adds the path again.
    ASSERT_FALSE(bond.edge_path(1));
    bond.add_path(1);
    EXPECT_TRUE(bond.run_until(5s, [&] { return bond.path_active(1); }));
  }
}

TEST_P(EveryPath, ThatAreRemovedAreSilentAndMayComeBack) {
  Bond& bond = make(two_uplinks());
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);  // slow start has ended
  const auto path = bond.edge_path(1);
  ASSERT_TRUE(path);
  ASSERT_TRUE(bond.edge().remove_path(bond.edge_id(), path->id));
  EXPECT_FALSE(bond.edge_path(1));
  bond.run_for(10s);
  EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 20e6);
  bond.add_path(1);
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.path_active(1); }));
  expect_clean_end();
}

// The other path delivers everything, so that nothing but a probe shows it. While the edge has nothing to
// send, a path that is dead in that direction carries data as before.
TEST_F(Paths, OfWhichOneDirectionDiesFailDuringATransferWithinThreeSeconds) {
  struct Case {
    bool data_up;
    bool dead_up;
  };
  for (const auto [data_up, dead_up] : {Case{true, true}, Case{true, false}, Case{false, false}}) {
    Bond& bond = make(like_tunnels({uplink(20, 15ms), uplink(20, 25ms)}));
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    (data_up ? bond.edge_app() : bond.hub_app()).flood(1'300, 4);
    bond.run_for(5s);
    (dead_up ? bond.up(1) : bond.down(1)).config().blackhole = true;
    const Timestamp died = bond.world().now();
    const auto failed = [&] { return bond.edge_path(1)->state != sctp::PathState::active; };
    EXPECT_TRUE(bond.run_until(3s, failed)) << "data " << (data_up ? "up" : "down");
    std::printf("data %s, %s dead: noticed after %lld ms\n", data_up ? "up" : "down", dead_up ? "up" : "down",
                static_cast<long long>((bond.world().now() - died) / 1ms));
  }
}

// At a rate below that of the other path no data is ever late. Acknowledgements of data that was in flight
// when the path failed do not revive it.
TEST_F(Paths, OfWhichTheWayBackDiesStayFailedWhileOthersAcknowledgeTheirData) {
  sealed_ = true;
  Bond& bond = make(like_tunnels({uplink(40, 5ms), uplink(40, 5ms)}));
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  for (int i = 0; i < 9'000; ++i) {
    bond.edge_app().plan({1ms * i, {}, false, 1'300});
    bond.hub_app().plan({1ms * i, {}, false, 1'300});
  }
  bond.edge_app().pump();
  bond.hub_app().pump();
  bond.run_for(3s);
  bond.down(1).config().blackhole = true;
  bond.run_for(2'500ms);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(bond.edge_path(1)->state, sctp::PathState::active) << i;
    bond.run_for(200ms);
  }
}

TEST_F(Paths, TheLastOneIsNotRemoved) {
  Bond& bond = make(two_uplinks());
  ASSERT_TRUE(bond.establish());
  const auto path = bond.edge_path(0);
  ASSERT_TRUE(path);
  EXPECT_FALSE(bond.edge().remove_path(bond.edge_id(), path->id));
  EXPECT_FALSE(bond.add_path(0)) << "this path exists";
}

// --- loss and return of a path

/// Fixture that measures failovers.
class Failover : public Paths {
 protected:
  /// Makes `uplink` a blackhole under load, and checks the longest gap at each receiving user.
  void expect_short_gap(std::size_t uplink) {
    Bond& bond = make(two_uplinks(5 + uplink));
    flood(bond);
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    bond.run_for(3s);
    bond.edge_app().reset_gap();
    bond.hub_app().reset_gap();
    bond.set_blackhole(uplink, true);
    bond.run_for(10s);
    EXPECT_LT(ms(bond.hub_app().longest_gap()), 1000) << "edge to hub";
    EXPECT_LT(ms(bond.edge_app().longest_gap()), 1000) << "hub to edge";
    EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 20e6);
    EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
    EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
    bond.edge_app().reset_gap();
    bond.hub_app().reset_gap();
    bond.set_blackhole(uplink, false);
    EXPECT_TRUE(bond.run_until(60s, [&] { return bond.path_active(uplink); }))
        << "the path becomes active again";
    bond.run_for(5s);
    EXPECT_LT(ms(bond.hub_app().longest_gap()), 1000);
    EXPECT_LT(ms(bond.edge_app().longest_gap()), 1000);
    EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 40e6)
        << "the path carries data again";
    expect_clean_end();
  }
};

using EveryFailover = EitherMode<Failover>;
INSTANTIATE_TEST_SUITE_P(Both, EveryFailover, ::testing::Bool(), mode_name);

TEST_P(EveryFailover, LeavesAGapBelowASecondWhenTheFirstPathIsBlackholed) {
  expect_short_gap(0);
}
TEST_P(EveryFailover, LeavesAGapBelowASecondWhenTheAsconfPathIsBlackholed) {
  expect_short_gap(1);
}

TEST_P(EveryFailover, WorksInOneDirectionOnly) {
  // The direction to the hub is dead, the other one works: data and acknowledgements must use the other
  // uplink.
  Bond& bond = make(two_uplinks());
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  bond.hub_app().reset_gap();
  bond.edge_app().reset_gap();
  bond.up(1).config().blackhole = true;
  bond.run_for(10s);
  EXPECT_LT(ms(bond.hub_app().longest_gap()), 1000);
  EXPECT_LT(ms(bond.edge_app().longest_gap()), 1000);
  bond.up(1).config().blackhole = false;
  bond.run_for(30s);
  expect_clean_end();
}

TEST_P(EveryFailover, SurvivesTheLossOfAllPathsForAWhile) {
  Bond& bond = make(two_uplinks());
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(1s);
  bond.set_blackhole(0, true);
  bond.set_blackhole(1, true);
  bond.run_for(3s);
  bond.set_blackhole(0, false);
  bond.set_blackhole(1, false);
  bond.run_for(20s);
  EXPECT_GT(bond.measure(bond.up_ledger(), 3s), kBidirectionalShare * 40e6);
  expect_clean_end();
}

TEST_P(EveryFailover, OfIdlePathsDoesNotKillAnAssociationThatWorks) {
  // Three dead paths and a good one: unanswered heartbeats of the dead paths must not end the association.
  Bond& bond = make(bond_of({uplink(10, 20ms), uplink(10, 20ms), uplink(10, 20ms), uplink(10, 20ms)}));
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  for (std::size_t i = 1; i < 4; ++i) bond.set_blackhole(i, true);
  bond.run_for(1800s);
  EXPECT_EQ(bond.edge().endpoint().association_count(), 1U);
  EXPECT_EQ(bond.hub().endpoint().association_count(), 1U);
  bond.edge_app().plan({0ms, {}, false, 100'000});
  bond.edge_app().pump();
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.all_arrived(); }));
  expect_clean_end();
}

TEST_P(EveryFailover, OfEverythingPermanentlyEndsBothSides) {
  Bond& bond = make(two_uplinks());
  flood(bond);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.set_blackhole(0, true);
  bond.set_blackhole(1, true);
  EXPECT_TRUE(bond.run_until(1800s, [&] { return bond.both_gone(); }));
  EXPECT_EQ(Bond::count(bond.edge_events(), Kind::lost), 1U);
  EXPECT_EQ(Bond::count(bond.hub_events(), Kind::lost), 1U);
  bond.run_for(300s);
  bond.check_ended();
}

// --- NATs that expire or rebind mappings

/// What a rebinding changes: the public port, or also the public address.
enum class Rebinding { port, address };

/// Fixture for rebindings during a transfer.
class NatRebinding : public Paths {
 protected:
  /// Which NAT rebinds, and the directions of the transfer.
  struct Case {
    std::size_t uplinks = 2;
    std::size_t rebound = 0;
    Rebinding kind = Rebinding::port;
    bool up = true;
    bool down = true;
  };
  void rebind_in_mid_transfer(const Case& what) {
    std::vector<UplinkSpec> uplinks(what.uplinks, uplink(20, 20ms));
    Bond& bond = make(bond_of(uplinks, 11));
    if (what.up) bond.edge_app().flood(1200, 1);
    if (what.down) bond.hub_app().flood(1200, 1);
    ASSERT_TRUE(bond.establish());
    if (what.uplinks > 1) {
      ASSERT_TRUE(bond.add_all_paths());
    }
    bond.run_for(2s);
    if (what.kind == Rebinding::port) {
      bond.nat(what.rebound).rebind_ports();
    } else {
      bond.nat(what.rebound).rebind_address(*IpAddress::parse("203.0.113.99"));
    }
    // A path without data from the edge is detected by its next heartbeat (20 s) and the silence that
    // follows.
    EXPECT_TRUE(bond.run_until(60s, [&] { return bond.path_active(what.rebound); }))
        << "the path has migrated";
    bond.run_for(10s);
    EXPECT_EQ(bond.active_paths(bond.hub(), bond.hub_id()), what.uplinks) << "no old path is left";
    const double rate = kBidirectionalShare * 20e6 * static_cast<double>(what.uplinks);
    if (what.up) {
      EXPECT_GT(bond.measure(bond.up_ledger(), 3s), rate);
    }
    if (what.down) {
      EXPECT_GT(bond.measure(bond.down_ledger(), 3s), rate);
    }
    expect_clean_end();
  }
};

using EveryNatRebinding = EitherMode<NatRebinding>;
INSTANTIATE_TEST_SUITE_P(Both, EveryNatRebinding, ::testing::Bool(), mode_name);

TEST_P(EveryNatRebinding, OfThePortOfTheFirstPathIsFollowedUnderLoadBothWays) {
  rebind_in_mid_transfer({2, 0, Rebinding::port, true, true});
}
TEST_P(EveryNatRebinding, OfThePortOfTheSecondPathIsFollowedWhileUploading) {
  rebind_in_mid_transfer({2, 1, Rebinding::port, true, false});
}
TEST_P(EveryNatRebinding, OfThePortOfTheSecondPathIsFollowedWhileDownloading) {
  rebind_in_mid_transfer({2, 1, Rebinding::port, false, true});
}
TEST_P(EveryNatRebinding, OfThePortOfTheOnlyPathIsFollowedWhileUploading) {
  rebind_in_mid_transfer({1, 0, Rebinding::port, true, false});
}
TEST_P(EveryNatRebinding, OfThePortOfTheOnlyPathIsFollowedWhileDownloading) {
  rebind_in_mid_transfer({1, 0, Rebinding::port, false, true});
}
TEST_P(EveryNatRebinding, OfTheAddressOfTheFirstPathIsFollowedUnderLoadBothWays) {
  rebind_in_mid_transfer({2, 0, Rebinding::address, true, true});
}
TEST_P(EveryNatRebinding, OfTheAddressOfTheSecondPathIsFollowedWhileUploading) {
  rebind_in_mid_transfer({2, 1, Rebinding::address, true, false});
}
TEST_P(EveryNatRebinding, OfTheAddressOfTheSecondPathIsFollowedWhileDownloading) {
  rebind_in_mid_transfer({2, 1, Rebinding::address, false, true});
}
TEST_P(EveryNatRebinding, OfTheAddressOfTheOnlyPathIsFollowedWhileUploading) {
  rebind_in_mid_transfer({1, 0, Rebinding::address, true, false});
}
TEST_P(EveryNatRebinding, OfTheAddressOfTheOnlyPathIsFollowedWhileDownloading) {
  rebind_in_mid_transfer({1, 0, Rebinding::address, false, true});
}

TEST_P(EveryNatRebinding, OfIdleMappingsIsPreventedByHeartbeats) {
  BondSpec spec = two_uplinks();
  for (UplinkSpec& link : spec.uplinks) link.nat->idle_timeout = 30s;
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  const auto before = bond.hub_path(1);
  bond.run_for(600s);
  const auto after = bond.hub_path(1);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->route, after->route);
  bond.hub_app().plan({0ms, {}, false, 10'000});
  bond.hub_app().pump();
  EXPECT_TRUE(bond.run_until(1s, [&] { return bond.all_arrived(); }));
}

TEST_P(EveryNatRebinding, AfterTheExpiryOfAnIdleMappingIsFollowed) {
  BondSpec spec = bond_of({uplink(20, 20ms)});
  spec.uplinks[0].nat->idle_timeout = 10s;  // shorter than the heartbeat interval
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  bond.run_for(15s);
  bond.edge_app().plan({0ms, {}, false, 50'000});
  bond.edge_app().pump();
  EXPECT_TRUE(bond.run_until(10s, [&] { return bond.all_arrived(); })) << "the edge sends first";
  bond.run_for(15s);
  bond.hub_app().plan({0ms, {}, false, 50'000});
  bond.hub_app().pump();
  EXPECT_TRUE(bond.run_until(60s, [&] { return bond.all_arrived(); }))
      << "the hub sends first; the edge's heartbeat opens the mapping";
  expect_clean_end(120s);
}

// An interface disappears and returns every 0.7 s, as a flapping modem's does: the transfer over the other
// one goes on.
TEST_F(Paths, ThatAreRemovedAndAddedAgainDoNotStopTheOtherOne) {
  sealed_ = true;
  for (const bool download : {false, true}) {
    Bond& bond = make(like_tunnels({uplink(20, 20ms), uplink(20, 20ms)}));
    Application& sender = download ? bond.hub_app() : bond.edge_app();
    Application& receiver = download ? bond.edge_app() : bond.hub_app();
    sender.flood(1'300, 1);
    ASSERT_TRUE(bond.establish());
    ASSERT_TRUE(bond.add_all_paths());
    bond.run_for(3s);
    double worst = 0;
    double sum = 0;
    for (int flap = 0; flap < 20; ++flap) {
      receiver.reset_gap();
      const auto path = bond.edge_path(1);
      bond.set_blackhole(1, true);
      if (path) bond.edge().remove_path(bond.edge_id(), path->id);
      bond.run_for(350ms);
      worst = std::max(worst, ms(receiver.longest_gap()));
      sum += ms(receiver.longest_gap());
      bond.set_blackhole(1, false);
      bond.nat(1).rebind_ports();
      ASSERT_TRUE(bond.add_path(1));
      bond.run_for(350ms);
    }
    std::printf("%s: gap at a flap %.0f on average, worst %.0f ms\n", download ? "down" : "up", sum / 20,
                worst);
    EXPECT_LE(worst, 130) << "the receiver waits for what was in flight on the removed path";
    EXPECT_LE(bond.hub().endpoint().status(bond.hub_id())->paths.size(), 3U)
        << "the hub removes the paths as well";
    expect_clean_end();
  }
}

// The report of the removal arrives over the other uplink after the path of the same address has joined
// again.
TEST_F(Paths, ThatAreAddedAgainFromTheSameAddressSurviveTheReportOfTheirRemoval) {
  sealed_ = true;
  Bond& bond = make(like_tunnels({uplink(20, 40ms), uplink(20, 5ms)}));
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(2s);
  for (int times = 0; times < 5; ++times) {
    ASSERT_TRUE(bond.edge().remove_path(bond.edge_id(), bond.edge_path(1)->id));
    ASSERT_TRUE(bond.add_path(1));
    bond.run_for(500ms);
    EXPECT_TRUE(bond.path_active(1)) << times;
  }
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
