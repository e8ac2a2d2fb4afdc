#include "sctp/path/path_table.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::kPeerWindow;
using test::route_to;

class PathTableTest : public ::testing::Test {
 protected:
  Path* add(std::uint32_t uplink, PathState state) {
    return paths.add(route_to(uplink, 1), state, kPeerWindow);
  }

  EndpointConfig config;
  PathTable paths{config};
};

TEST_F(PathTableTest, TheFirstPathIsThePrimary) {
  EXPECT_EQ(paths.primary(), nullptr);
  Path* first = add(1, PathState::unconfirmed);
  add(2, PathState::active);
  EXPECT_EQ(paths.primary(), first);
}

TEST_F(PathTableTest, TakesNoMoreThanMaxPaths) {
  config.max_paths = 2;
  EXPECT_NE(add(1, PathState::active), nullptr);
  EXPECT_NE(add(2, PathState::active), nullptr);
  EXPECT_EQ(add(3, PathState::active), nullptr);
  EXPECT_EQ(paths.size(), 2U);
}

TEST_F(PathTableTest, NeverGivesAnIdTwice) {
  const PathId first = add(1, PathState::active)->id;
  const PathId second = add(2, PathState::active)->id;
  paths.remove(second);
  const PathId third = add(2, PathState::active)->id;
  EXPECT_NE(third, first);
  EXPECT_NE(third, second);
  EXPECT_EQ(paths.find(second), nullptr);
}

TEST_F(PathTableTest, PathsStayAtTheirAddressWhenOthersComeAndGo) {
  add(1, PathState::active);
  Path* second = add(2, PathState::active);
  const PathId id = second->id;
  for (std::uint32_t uplink = 3; uplink < 12; ++uplink) add(uplink, PathState::active);
  paths.remove(paths.primary_id());
  EXPECT_EQ(paths.find(id), second);
}

TEST_F(PathTableTest, FindsAPathBySocketAndRemoteTransportAddress) {
  Path* path = add(1, PathState::active);
  EXPECT_EQ(paths.find(route_to(1, 1)), path);
  EXPECT_EQ(paths.find(route_to(2, 1)), nullptr) << "another uplink";
  EXPECT_EQ(paths.find(route_to(1, 2)), nullptr) << "another host";
  EXPECT_EQ(paths.find(route_to(1, 1, 4242)), nullptr) << "another UDP port: another NAT mapping";
}

TEST_F(PathTableTest, APathWithoutLocalAddressMatchesAny) {
  Route open = route_to(1, 1);
  open.local = IpAddress::any_v4();
  Path* path = paths.add(open, PathState::active, kPeerWindow);
  EXPECT_EQ(paths.find(route_to(1, 1)), path);
}

TEST_F(PathTableTest, KeepsTwoLocalAddressesOfOneSocketApart) {
  add(1, PathState::active);
  Route other = route_to(1, 1);
  other.local = IpAddress::v4(0x0A00'0001);
  EXPECT_EQ(paths.find(other), nullptr);
}

TEST_F(PathTableTest, FindsTheOnlyPathToAHostWhateverItsPort) {
  Path* path = add(1, PathState::active);
  EXPECT_EQ(paths.find_unique_by_ip(route_to(1, 1, 4242)), path);
  EXPECT_EQ(paths.find_unique_by_ip(route_to(1, 2, 9899)), nullptr);
}

TEST_F(PathTableTest, FindsNothingWhenTwoPathsShareAHost) {
  add(1, PathState::active);
  paths.add(route_to(1, 1, 4242), PathState::active, kPeerWindow);
  EXPECT_EQ(paths.find_unique_by_ip(route_to(1, 1, 5555)), nullptr);
}

TEST_F(PathTableTest, ControlChunksTakeThePrimaryWhileItIsActive) {
  Path* first = add(1, PathState::active);
  add_active(paths, 2, 1ms);
  first->rtt.add_sample({}, 500ms);
  EXPECT_EQ(paths.for_control(), first);
}

TEST_F(PathTableTest, ControlChunksLeaveAFailedPrimaryForTheFastestActivePath) {
  add(1, PathState::potentially_failed);
  add_active(paths, 2, 100ms);
  Path& fast = add_active(paths, 3, 10ms);
  EXPECT_EQ(paths.for_control(), &fast);
}

TEST_F(PathTableTest, ControlChunksNeverTakeAnUnvalidatedPathWhileAValidatedOneIsLeft) {
  add(1, PathState::unconfirmed);
  add(2, PathState::joining);
  Path* failed = add(3, PathState::inactive);
  EXPECT_EQ(paths.for_control(), failed);
}

TEST_F(PathTableTest, ControlChunksTakeAnUnvalidatedPrimaryWhenThereIsNothingElse) {
  Path* only = add(1, PathState::unconfirmed);
  EXPECT_EQ(paths.for_control(), only);
}

TEST_F(PathTableTest, TheBestActivePathSucceedsARemovedPrimary) {
  const PathId first = add(1, PathState::active)->id;
  add(2, PathState::potentially_failed);
  Path& best = add_active(paths, 3, 20ms);
  add_active(paths, 4, 50ms);
  paths.remove(first);
  EXPECT_EQ(paths.primary(), &best);
}

TEST_F(PathTableTest, AnUnvalidatedPathDoesNotSucceedTheRemovedPrimary) {
  const PathId first = add(1, PathState::active)->id;
  add(2, PathState::joining);
  add(3, PathState::unconfirmed);
  Path& good = add_active(paths, 4, 20ms);
  paths.remove(first);
  EXPECT_EQ(paths.primary(), &good);
}

TEST_F(PathTableTest, RemovingTheLastPathLeavesNoPrimary) {
  const PathId only = add(1, PathState::active)->id;
  paths.remove(only);
  EXPECT_EQ(paths.primary(), nullptr);
  EXPECT_EQ(paths.for_control(), nullptr);
}

TEST_F(PathTableTest, ReportsWhetherAnyPathCarriesData) {
  EXPECT_FALSE(paths.any_active());
  add(1, PathState::potentially_failed);
  EXPECT_FALSE(paths.any_active());
  add(2, PathState::active);
  EXPECT_TRUE(paths.any_active());
}

TEST_F(PathTableTest, TheRoundTripOfDataIsTheLongestSmoothedOneOfAPathThatMayCarryIt) {
  EXPECT_EQ(paths.longest_data_round_trip(), 0ms);
  Path* jittery = add(1, PathState::active);
  for (int i = 0; i < 20; ++i) jittery->rtt.add_sample(Timestamp{1h}, i % 2 == 0 ? 20ms : 80ms);
  EXPECT_EQ(paths.longest_data_round_trip(), jittery->rtt.srtt());
  EXPECT_GT(paths.longest_data_round_trip(), jittery->rtt.min_rtt());
  add(2, PathState::inactive)->rtt.add_sample(Timestamp{1h}, 500ms);
  EXPECT_EQ(paths.longest_data_round_trip(), jittery->rtt.srtt());
}

TEST_F(PathTableTest, CutsPayloadsToWhatEveryPathCarriesThatMayCarryDataNow) {
  config.path_mtu_discovery = false;
  Path& whole = *add(1, PathState::active);
  EXPECT_EQ(paths.payload_mtu(), 1472U);
  config.path_mtu = 1401;
  Path& smaller = *add(2, PathState::active);
  EXPECT_EQ(paths.payload_mtu(), 1372U) << "a multiple of four";
  smaller.own_role = PathRole::backup;
  EXPECT_EQ(paths.payload_mtu(), 1472U);
  smaller.own_role = PathRole::secondary;
  EXPECT_EQ(paths.payload_mtu(), 1372U);
  smaller.own_role = PathRole::never;
  EXPECT_EQ(paths.payload_mtu(), 1472U);
  smaller.own_role = PathRole::always;
  for (const PathState state :
       {PathState::joining, PathState::unconfirmed, PathState::potentially_failed, PathState::inactive}) {
    smaller.lifecycle = PathLifecycle(state);
    EXPECT_EQ(paths.payload_mtu(), 1472U);
  }
  whole.lifecycle = PathLifecycle(PathState::inactive);
  EXPECT_EQ(paths.payload_mtu(), 1372U) << "any failed path may be used";
}

TEST_F(PathTableTest, LeavesAPathOutUntilItsPmtuSearchHasAResult) {
  Path& first = *add(1, PathState::active);
  EXPECT_EQ(paths.payload_mtu(), 1252U) << "the only path counts";
  EXPECT_FALSE(paths.find_payload_mtu().settled);
  const auto answer_probe = [](Path& path) {
    path.pmtu.on_probe_sent(7, Timestamp{}, std::chrono::seconds(1));
    EXPECT_TRUE(path.pmtu.on_probe_acked(7, Timestamp{}));
  };
  answer_probe(first);
  EXPECT_EQ(paths.payload_mtu(), 1472U);
  EXPECT_TRUE(paths.find_payload_mtu().settled);
  Path& second = *add(2, PathState::active);
  EXPECT_EQ(paths.payload_mtu(), 1472U) << "the path that was just added carries smaller packets only";
  EXPECT_TRUE(paths.find_payload_mtu().settled);
  const auto lose_probe = [&second](Timestamp at) {
    second.pmtu.on_probe_sent(8, at, std::chrono::seconds(1));
    EXPECT_TRUE(second.pmtu.on_timeout(at + std::chrono::seconds(1), true));
  };
  lose_probe(Timestamp{});
  EXPECT_EQ(paths.payload_mtu(), 1472U) << "one probe may be lost by chance";
  answer_probe(second);  // the base
  EXPECT_EQ(paths.payload_mtu(), 1472U);
  lose_probe(Timestamp{});
  EXPECT_EQ(paths.payload_mtu(), 1252U);
  EXPECT_FALSE(paths.find_payload_mtu().settled) << "the search goes on";
}

TEST_F(PathTableTest, ReportsWhetherALargePayloadPasses) {
  config.path_mtu_discovery = false;
  Path& whole = *add(1, PathState::active);
  config.path_mtu = 1400;
  add(2, PathState::active);
  EXPECT_TRUE(paths.any_carries(1472));
  EXPECT_FALSE(paths.any_carries(1476));
  whole.own_role = PathRole::never;
  EXPECT_FALSE(paths.any_carries(1472));
  EXPECT_TRUE(paths.any_carries(1372));
}

}  // namespace
}  // namespace hawser::sctp::path
