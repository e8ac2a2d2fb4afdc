// How a race gets the addresses of its peer and in which order it tries them.
#include "daemon/peering/connection_race.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/config/engine_config.hpp"
#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon::peering {
namespace {

// A race of an edge with two uplinks and no network. Its attempts are the associations of the endpoint.
class ConnectionRaceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  ConnectionRaceTest() { uplinks.refresh(now); }

  static UdpAddress address(const std::string& text) { return UdpAddress::parse(text).value(); }
  // Where the attempts of the endpoint go, as "uplink address".
  std::vector<std::string> sent() {
    std::vector<std::string> out;
    TransmitBatch batch;
    while (endpoint.poll_transmit(now, batch)) {
      const std::size_t uplink = uplinks.uplink_of(batch.route.socket).value();
      out.push_back(uplinks.at(uplink).config.label + " " + batch.route.remote.to_string());
      batch.clear();
    }
    return out;
  }

  Timestamp now{100s};
  config::Config config = parse(edge_text("hub.example:9899"));
  io::MemoryNetwork network;
  FakePlatform platform{network, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}};
  io::MemoryPacketDevice device{"hw0", 1392};
  SeededRandom random{1};
  BufferPool pool;
  sctp::Endpoint endpoint{config::endpoint_config(config), random, pool, security(kEdgeKey, config)};
  tunnel::Tunnel tunnel{config::tunnel_config(config, 1), device, endpoint, pool};
  uplinks::Sockets sockets{platform};
  uplinks::Uplinks uplinks{platform, sockets, config};
  ConnectionRace race{{endpoint, tunnel, uplinks, random}, {0, key_of(kHubKey).public_key(), "hub", true}};
};

using Sent = std::vector<std::string>;

TEST_F(ConnectionRaceTest, PausesForATimeThatDiffersFromOneEdgeToAnother) {
  std::vector<Duration> pauses;
  for (int i = 0; i < 20; ++i) {
    race.start_later(now);
    pauses.push_back(race.next_timeout() - now);
    race.stop(now);
  }
  std::ranges::sort(pauses);
  EXPECT_GE(pauses.front(), ConnectionRace::kMinPause / 2);
  EXPECT_LE(pauses.back(), ConnectionRace::kMinPause);
  EXPECT_GT(pauses.back() - pauses.front(), ConnectionRace::kMinPause / 4);
}

TEST_F(ConnectionRaceTest, AsksForTheNamesAtOnceAndThenWithGrowingPauses) {
  EXPECT_FALSE(race.poll_resolve_request(now));
  EXPECT_EQ(race.next_resolve_request(), kNever);
  race.start(now);
  EXPECT_EQ(race.state(), "resolving");
  EXPECT_TRUE(sent().empty());
  std::vector<Duration> asked;
  for (const Timestamp begin = now; asked.size() < 5; now = race.next_resolve_request()) {
    if (!race.poll_resolve_request(now)) break;
    EXPECT_FALSE(race.poll_resolve_request(now));
    asked.push_back(now - begin);
  }
  EXPECT_EQ(asked, (std::vector<Duration>{0s, 1s, 3s, 7s, 11s}));
}

TEST_F(ConnectionRaceTest, AsksForTheNamesAgainWhenAnInterfaceComes) {
  race.start(now);
  for (int i = 0; i < 5; ++i) {
    now = std::max(now, race.next_resolve_request());
    ASSERT_TRUE(race.poll_resolve_request(now));
  }
  now += 10ms;
  EXPECT_FALSE(race.poll_resolve_request(now));
  race.handle_name_interfaces_changed(now);
  EXPECT_TRUE(race.poll_resolve_request(now));
  EXPECT_EQ(race.next_resolve_request(), now + ConnectionRace::kMinNamePause);
}

TEST_F(ConnectionRaceTest, NeverAsksForThePeerWithLiteralAddressesOnly) {
  ConnectionRace literal{{endpoint, tunnel, uplinks, random},
                         {0, key_of(kHubKey).public_key(), "hub", false}};
  literal.handle_addresses(now, {address("192.0.2.1:9899")});
  literal.start(now);
  EXPECT_FALSE(literal.poll_resolve_request(now));
  EXPECT_EQ(literal.next_resolve_request(), kNever);
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(ConnectionRaceTest, StartsTheFirstAttemptWhenTheAddressesArrive) {
  race.start(now);
  now += 3s;
  race.handle_timeout(now);
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_EQ(race.state(), "connecting");
  EXPECT_EQ(sent(), Sent{"lte 192.0.2.1:9899"});
  EXPECT_EQ(race.next_timeout(), now + ConnectionRace::kStagger);
}

TEST_F(ConnectionRaceTest, CallsKnownAddressesWhileTheNamesAreAskedFor) {
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_TRUE(sent().empty());
  race.start(now);
  EXPECT_TRUE(race.poll_resolve_request(now));
  EXPECT_EQ(sent(), Sent{"lte 192.0.2.1:9899"});
}

TEST_F(ConnectionRaceTest, TriesANewAddressAtOnceAndKnownOnesInTheirTurn) {
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  race.start(now);
  EXPECT_EQ(sent(), Sent{"lte 192.0.2.1:9899"});
  now += 10ms;
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_TRUE(sent().empty()) << "nothing new";
  race.handle_addresses(now, {address("192.0.2.2:9899"), address("192.0.2.1:9899")});
  EXPECT_EQ(sent(), Sent{"lte 192.0.2.2:9899"});
}

TEST_F(ConnectionRaceTest, ChangesUplinkAndAddressFromOneAttemptToTheNext) {
  race.start(now);
  race.handle_addresses(now, {address("192.0.2.1:1"), address("192.0.2.2:1"), address("192.0.2.3:1")});
  Sent all = sent();
  for (int i = 0; i < 5; ++i) {
    now += ConnectionRace::kStagger;
    race.handle_timeout(now);
    for (std::string& each : sent()) all.push_back(std::move(each));
  }
  EXPECT_EQ(all, (Sent{"lte 192.0.2.1:1", "dsl 192.0.2.2:1", "lte 192.0.2.2:1", "dsl 192.0.2.3:1",
                       "lte 192.0.2.3:1", "dsl 192.0.2.1:1"}));
}

// A round trip may take seconds. The next rounds try nothing twice.
TEST_F(ConnectionRaceTest, KeepsAttemptsWaitingWhileFurtherRoundsBegin) {
  race.handle_addresses(now, {address("192.0.2.1:1")});
  race.start(now);
  const Timestamp begin = now;
  std::size_t sent_in_all = sent().size();
  while (now < begin + 7s) {
    now = std::min({race.next_timeout(), endpoint.next_timeout(), begin + 7s});
    endpoint.handle_timeout(now);
    race.handle_timeout(now);
    sent_in_all += sent().size();
    ASSERT_LE(endpoint.association_count(), 4U) << "one attempt for each port of the two uplinks";
  }
  EXPECT_EQ(endpoint.association_count(), 4U) << "all still wait";
  EXPECT_GE(sent_in_all, 20U) << "a hub that returns gets an INIT soon";
  EXPECT_LE(sent_in_all, 28U);
}

TEST_F(ConnectionRaceTest, GoesOnFromOtherPortsWhenNoAttemptIsAnswered) {
  race.start(now);
  race.handle_addresses(now, {address("192.0.2.1:1")});
  std::vector<SocketId> before;
  for (const Timestamp end = now + ConnectionRace::kOtherPortDelay; now < end; now += 10ms)
    race.handle_timeout(now);
  race.add_sockets(before);
  ASSERT_EQ(before.size(), 2U) << "one for each uplink";
  sent();
  for (const Timestamp end = now + 250ms; now < end; now += 10ms) race.handle_timeout(now);
  std::vector<SocketId> all;
  race.add_sockets(all);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(uplinks.other_than(all[0]), uplinks::PortChoice::other);
  EXPECT_EQ(uplinks.other_than(all[2]), uplinks::PortChoice::preferred);
  EXPECT_EQ(uplinks.uplink_of(all[2]), uplinks.uplink_of(all[0]));
  Sent routes = sent();
  std::ranges::sort(routes);
  EXPECT_EQ(routes, (Sent{"dsl 192.0.2.1:1", "lte 192.0.2.1:1"}));
}

}  // namespace
}  // namespace hawser::daemon::peering
