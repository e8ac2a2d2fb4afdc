// Path MTU discovery: the result of the search, and the cost of a path whose MTU drops.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr std::size_t kIpv4Headers = 28;
constexpr std::size_t kIpv6Headers = 48;

double ms(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

UplinkSpec with_mtu(UplinkSpec spec, std::size_t up, std::size_t down) {
  spec.up.mtu = up;
  spec.down.mtu = down;
  return spec;
}

/// Fixture for tests of PMTU discovery with the settings of a tunnel.
class PathMtu : public Scenario {
 protected:
  static BondSpec tunnel_of(std::vector<UplinkSpec> uplinks, std::uint64_t seed = 1) {
    BondSpec spec = bond_of(std::move(uplinks), seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    return spec;
  }
  static void set_mtu(Bond& bond, std::size_t uplink, std::size_t mtu) {
    bond.up(uplink).config().mtu = mtu;
    bond.down(uplink).config().mtu = mtu;
  }
  /// The size in bytes of the IP packets that this side may send on the path; 0 when there is no such path.
  static std::size_t edge_mtu(const Bond& bond, std::size_t uplink, std::size_t headers = kIpv4Headers) {
    const auto path = bond.edge_path(uplink);
    return path ? path->mtu + headers : 0;
  }
  static std::size_t hub_mtu(const Bond& bond, std::size_t uplink, std::size_t headers = kIpv4Headers) {
    const auto path = bond.hub_path(uplink);
    return path ? path->mtu + headers : 0;
  }

  /// One drop of the MTU during sparse traffic.
  struct Drop {
    std::chrono::milliseconds interval;  ///< between two messages
    std::size_t large;                   ///< size in bytes of one message in `one_in`; the others have 100
    std::uint64_t one_in;
    std::size_t mtu;       ///< the MTU after the drop
    std::size_t falls_to;  ///< the PMTU that the sender assumes first
  };
  void expect_drop_noticed(const Drop& drop) {
    Bond& bond = make(tunnel_of({uplink(50, 20ms)}));
    for (std::uint64_t i = 0; i * drop.interval < 10s; ++i) {
      PlannedMessage message;
      message.at = i * drop.interval;
      message.size = i % drop.one_in == 0 ? drop.large : 100;
      bond.edge_app().plan(message);
    }
    ASSERT_TRUE(bond.establish());
    bond.run_for(2s);
    set_mtu(bond, 0, drop.mtu);
    bond.hub_app().reset_gap();
    EXPECT_TRUE(bond.run_until(2s, [&] { return edge_mtu(bond, 0) == drop.falls_to; }));
    EXPECT_TRUE(bond.run_until(30s, [&] { return bond.all_arrived() && bond.finished_sending(); }));
    EXPECT_LE(edge_mtu(bond, 0), drop.mtu);
    EXPECT_LE(bond.hub_app().longest_gap(), 2s);
    expect_clean_end();
  }
};

using EveryPathMtu = EitherMode<PathMtu>;
INSTANTIATE_TEST_SUITE_P(Both, EveryPathMtu, ::testing::Bool(), mode_name);

TEST_P(EveryPathMtu, StartsAtTheBaseAndIsWholeTwoRoundTripsAfterThePathIsValidated) {
  Bond& bond = make(tunnel_of({uplink(50, 20ms)}));
  ASSERT_TRUE(bond.establish());
  EXPECT_EQ(edge_mtu(bond, 0), 1280U);
  if (!sealed_) {
    EXPECT_EQ(hub_mtu(bond, 0), 1280U) << "it does not wait for keys";
  }
  bond.run_for(90ms);
  EXPECT_EQ(edge_mtu(bond, 0), 1500U);
  EXPECT_EQ(hub_mtu(bond, 0), 1500U);
  expect_clean_end();
}

TEST_P(EveryPathMtu, OfEveryUsualSizeIsFoundExactlyAndOthersToEightBytes) {
  for (const std::size_t mtu : {1500U, 1492U, 1472U, 1400U, 1380U, 1280U, 1454U, 1358U, 1300U, 1000U, 576U}) {
    Bond& bond = make(tunnel_of({with_mtu(uplink(50, 10ms), mtu, mtu)}));
    ASSERT_TRUE(bond.establish()) << mtu;
    bond.run_for(15s);
    const bool usual = mtu >= 1380 && mtu != 1454;
    for (const std::size_t found : {edge_mtu(bond, 0), hub_mtu(bond, 0)}) {
      EXPECT_LE(found, mtu);
      EXPECT_GE(found + (usual || mtu == 1280 || mtu == 576 ? 0 : 8), mtu);
    }
    EXPECT_EQ(bond.edge_path(0)->error_count, 0U) << "a lost PMTU probe is no error of the path";
    EXPECT_EQ(Bond::count(bond.edge_events(), Kind::path_down), 0U);
    expect_clean_end();
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
  }
}

TEST_F(PathMtu, OverIpv6CountsTheLargerHeader) {
  BondSpec spec = tunnel_of({with_mtu(uplink(50, 10ms), 1492, 1492)});
  spec.ipv6 = true;
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  bond.run_for(5s);
  EXPECT_EQ(edge_mtu(bond, 0, kIpv6Headers), 1492U);
  expect_clean_end();
}

TEST_P(EveryPathMtu, IsFoundForEachDirectionOnItsOwn) {
  Bond& bond = make(tunnel_of({with_mtu(uplink(50, 10ms), 1500, 1400)}));
  bond.edge_app().flood(1400, 1);
  bond.hub_app().flood(1400, 1);
  ASSERT_TRUE(bond.establish());
  bond.run_for(10s);
  EXPECT_EQ(edge_mtu(bond, 0), 1500U);
  EXPECT_EQ(hub_mtu(bond, 0), 1400U);
  EXPECT_GE(bond.measure(bond.up_ledger(), 5s), kBidirectionalShare * 50e6);
  expect_clean_end();
}

TEST_P(EveryPathMtu, LossOfProbesIsNoCongestion) {
  Bond& bond = make(tunnel_of({with_mtu(uplink(50, 10ms), 1400, 1400)}));
  ASSERT_TRUE(bond.establish());
  bond.run_for(15s);
  const auto path = bond.edge_path(0);
  EXPECT_GE(path->counters.mtu_probes_lost, 3U);
  EXPECT_EQ(path->counters.timeouts, 0U);
  EXPECT_GE(path->cwnd, 4380U);
  expect_clean_end();
}

/// The cost of an MTU drop to a transfer.
struct Recovery {
  double gap = 0;  ///< ms, the longest time without a delivery
  std::uint64_t black_holes = 0;
};

/// Fixture that measures MTU drops of one or both of two paths, or of the only one.
class MtuDrop : public PathMtu {
 protected:
  Recovery drop(std::uint64_t seed, std::size_t uplinks, std::size_t dropping, bool download,
                double loss = 0) {
    BondSpec spec = tunnel_of({}, seed);
    for (std::size_t i = 0; i < uplinks; ++i) spec.uplinks.push_back(uplink(20, 20ms, loss));
    spec.sealed = sealed_;
    Bond bond(spec);
    Application& sender = download ? bond.hub_app() : bond.edge_app();
    Application& receiver = download ? bond.edge_app() : bond.hub_app();
    sender.flood(1380, 1);
    EXPECT_TRUE(bond.establish());
    if (uplinks > 1) {
      EXPECT_TRUE(bond.add_all_paths());
    }
    bond.run_for(2s + std::chrono::milliseconds(seed * 37));
    receiver.reset_gap();
    for (std::size_t i = 0; i < dropping; ++i) set_mtu(bond, i, 1280);
    bond.run_for(3s);
    Recovery recovery;
    recovery.gap = ms(receiver.longest_gap());
    for (std::size_t i = 0; i < dropping; ++i) {
      const auto path = download ? bond.hub_path(i) : bond.edge_path(i);
      recovery.black_holes += path->counters.mtu_black_holes;
      EXPECT_EQ(path->mtu + kIpv4Headers, 1280U) << "seed " << seed;
      EXPECT_EQ(path->state, sctp::PathState::active);
      EXPECT_GT(download ? bond.down(i).counters().too_big : bond.up(i).counters().too_big, 0U);
    }
    const auto& ledger = download ? bond.down_ledger() : bond.up_ledger();
    // At a loss of one packet in a hundred, NewReno can use little of the link.
    const double min_rate = loss > 0 ? 1e6 : 0.75 * 20e6 * static_cast<double>(uplinks);
    EXPECT_GE(bond.measure(ledger, 2s), min_rate) << "seed " << seed;
    sender.stop();
    EXPECT_TRUE(bond.run_until(60s, [&] { return bond.all_arrived(); }))
        << "seed " << seed << ": messages are missing";
    EXPECT_TRUE(bond.world().violations().empty()) << bond.world().violations().text();
    return recovery;
  }

  void expect_recovery(const char* what, std::size_t uplinks, std::size_t dropping, bool download,
                       double loss = 0) {
    std::vector<double> gaps;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Recovery recovery = drop(seed, uplinks, dropping, download, loss);
      EXPECT_GE(recovery.black_holes, 1U) << "seed " << seed;
      gaps.push_back(recovery.gap);
    }
    std::ranges::sort(gaps);
    std::printf("%s: gap median %.0f, worst %.0f ms\n", what, gaps[gaps.size() / 2], gaps.back());
    EXPECT_LE(gaps.back(), 2'000);
  }
};

using EveryMtuDrop = EitherMode<MtuDrop>;
INSTANTIATE_TEST_SUITE_P(Both, EveryMtuDrop, ::testing::Bool(), mode_name);

TEST_P(EveryMtuDrop, OfTheOnlyPathStopsAnUploadForLessThanTwoSeconds) {
  expect_recovery("the only path, up", 1, 1, false);
}
TEST_P(EveryMtuDrop, OfTheOnlyPathStopsADownloadForLessThanTwoSeconds) {
  expect_recovery("the only path, down", 1, 1, true);
}
TEST_P(EveryMtuDrop, OfOneOfTwoPathsStopsATransferForLessThanTwoSeconds) {
  expect_recovery("one of two paths, up", 2, 1, false);
}
TEST_P(EveryMtuDrop, OfBothPathsStopsATransferForLessThanTwoSeconds) {
  expect_recovery("both of two paths, down", 2, 2, true);
}
TEST_F(MtuDrop, OfALossyPathStopsATransferForLessThanTwoSeconds) {
  expect_recovery("a path that loses 1 %, up", 1, 1, false, 0.01);
}

TEST_P(EveryPathMtu, DropIsNoticedThoughSmallPacketsKeepPassing) {
  // Acknowledged small packets restart T3 all the time: only lost large packets reveal the drop.
  expect_drop_noticed({.interval = 10ms, .large = 1300, .one_in = 4, .mtu = 1280, .falls_to = 1280});
}

TEST_P(EveryPathMtu, DropBelowTheBaseIsNoticedByPacketsThatWouldPassThere) {
  expect_drop_noticed({.interval = 100ms, .large = 1000, .one_in = 2, .mtu = 1000, .falls_to = 576});
}

TEST_P(EveryPathMtu, OfAnotherPathTakesWhatWasCutForMore) {
  // Routers do not fragment: fragments made for 1500 bytes can only use the other path.
  Bond& bond = make(tunnel_of({uplink(20, 20ms), uplink(20, 20ms)}));
  bond.edge_app().flood(1380, 1);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(3s);
  bond.up(0).config().fragments = false;
  set_mtu(bond, 0, 1280);
  bond.run_for(5s);
  EXPECT_EQ(edge_mtu(bond, 0), 1280U);
  EXPECT_EQ(edge_mtu(bond, 1), 1500U);
  EXPECT_EQ(bond.up(0).counters().fragmented + bond.up(1).counters().fragmented, 0U);
  EXPECT_GE(bond.measure(bond.up_ledger(), 2s), 0.75 * 40e6);
  expect_clean_end();
}

TEST_P(EveryPathMtu, ThatRisesAgainIsFoundByTheRaiseTimer) {
  Bond& bond = make(tunnel_of({with_mtu(uplink(50, 20ms), 1280, 1280)}));
  ASSERT_TRUE(bond.establish());
  bond.run_for(20s);
  ASSERT_EQ(edge_mtu(bond, 0), 1280U);
  set_mtu(bond, 0, 1500);
  EXPECT_FALSE(bond.run_until(8min, [&] { return edge_mtu(bond, 0) == 1500; }));
  EXPECT_TRUE(bond.run_until(3min, [&] { return edge_mtu(bond, 0) == 1500 && hub_mtu(bond, 0) == 1500; }));
  expect_clean_end();
}

TEST_P(EveryPathMtu, OfAFailedPathDoesNotHoldTheOthersDown) {
  Bond& bond = make(tunnel_of({uplink(20, 20ms), with_mtu(uplink(20, 20ms), 1400, 1400)}));
  ASSERT_TRUE(bond.establish());
  bond.run_for(1s);
  const auto whole = [&] { return bond.edge().endpoint().unfragmented_size(bond.edge_id()); };
  const std::size_t alone = whole();
  ASSERT_TRUE(bond.add_all_paths());
  EXPECT_EQ(whole(), alone) << "a new path starts at 1280, and does not count until its search has a result";
  bond.run_for(15s);
  EXPECT_EQ(whole() + 100, alone);
  const auto limited = bond.edge_path(1)->id;
  ASSERT_TRUE(bond.edge().endpoint().set_path_role(bond.edge_id(), limited, sctp::PathRole::never));
  EXPECT_EQ(whole(), alone);
  ASSERT_TRUE(bond.edge().endpoint().set_path_role(bond.edge_id(), limited, sctp::PathRole::always));
  EXPECT_EQ(whole() + 100, alone);
  bond.set_blackhole(1, true);
  bond.edge_app().flood(1000, 1);
  EXPECT_TRUE(bond.run_until(10s, [&] { return whole() == alone; }));
  expect_clean_end();
}

TEST_F(PathMtu, ProbesFillThePacketUnderTest) {
  std::vector<std::size_t> sizes;
  Bond& bond = make(tunnel_of({with_mtu(uplink(50, 10ms), 1492, 1492)}));
  bond.edge().on_sent = [&](const Access&, const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    if (!view.has(ChunkType::pad)) return;
    EXPECT_TRUE(view.has(ChunkType::heartbeat));
    EXPECT_EQ(view.chunks.size(), 2U);
    sizes.push_back(datagram.wire_size());
  };
  ASSERT_TRUE(bond.establish());
  bond.run_for(5s);
  // The largest immediately, the base, the largest three times, the next common size.
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1500, 1280, 1500, 1500, 1500, 1492}));
  expect_clean_end();
}

TEST_F(PathMtu, IsNotChangedByForgedOrLateAnswers) {
  Bond& bond = make(tunnel_of({with_mtu(uplink(50, 10ms), 1280, 1500)}));
  std::vector<SimDatagram> answers;
  bond.edge().on_delivered = [&](const Access&, const SimDatagram& datagram) {
    PacketView view;
    view.parse(datagram.payload);
    if (view.has(ChunkType::heartbeat_ack)) answers.push_back(datagram);
  };
  // Injects genuine HEARTBEAT ACKs again and again; none of them may confirm a size that the link drops.
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.run_until(5s, [&] { return answers.size() >= 2; }));
  const auto before = bond.edge().endpoint().drops().of(sctp::DropReason::bad_heartbeat_ack);
  for (int round = 0; round < 20; ++round) {
    bond.run_for(100ms);
    for (SimDatagram late : std::vector<SimDatagram>(answers)) {
      late.destination = bond.nat(0).mapping(bond.edge().access(0).local).value();
      bond.world().inject(std::move(late));
    }
  }
  bond.run_for(1s);
  EXPECT_GT(bond.edge().endpoint().drops().of(sctp::DropReason::bad_heartbeat_ack), before);
  EXPECT_EQ(edge_mtu(bond, 0), 1280U);
  expect_clean_end();
}

TEST_P(EveryPathMtu, SurvivesAReorderingLossyPathAtItsFullSize) {
  UplinkSpec rough = uplink(50, 20ms, 0.02);
  for (LinkConfig* link : {&rough.up, &rough.down}) {
    link->jitter = 10ms;
    link->reordering = 0.05;
  }
  Bond& bond = make(tunnel_of({rough}));
  bond.edge_app().flood(1380, 1);
  ASSERT_TRUE(bond.establish());
  bond.run_for(30s);
  EXPECT_GE(edge_mtu(bond, 0), 1492U);
  EXPECT_LE(bond.edge_path(0)->counters.mtu_black_holes, 3U) << "the path has no black hole";
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
