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
  ConnectionRace race{{endpoint, tunnel, uplinks}, {0, key_of(kHubKey).public_key(), "hub"}};
};

using Sent = std::vector<std::string>;

TEST_F(ConnectionRaceTest, PollsOneResolveRequestForEachRound) {
  EXPECT_FALSE(race.poll_resolve_request());
  race.start(now);
  EXPECT_EQ(race.state(), "resolving");
  EXPECT_TRUE(sent().empty());
  EXPECT_TRUE(race.poll_resolve_request());
  EXPECT_FALSE(race.poll_resolve_request());
  race.stop(now);
  race.start(now);
  EXPECT_FALSE(race.poll_resolve_request()) << "the answer to the first request is still to come";
  race.handle_addresses(now, {});
  EXPECT_EQ(race.state(), "waiting");
  now = race.next_timeout();
  race.handle_timeout(now);
  EXPECT_TRUE(race.poll_resolve_request());
}

TEST_F(ConnectionRaceTest, StartsTheFirstAttemptWhenTheAddressesArrive) {
  race.start(now);
  ASSERT_TRUE(race.poll_resolve_request());
  now += 3s;
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_EQ(race.state(), "connecting");
  EXPECT_EQ(sent(), Sent{"lte 192.0.2.1:9899"});
  EXPECT_EQ(race.next_timeout(), now + ConnectionRace::kStagger);
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

// Literal addresses answer the request of a round at the moment of its first attempt.
TEST_F(ConnectionRaceTest, MakesOneAttemptWhenKnownAddressesAnswerImmediately) {
  race.start(now);
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_EQ(sent().size(), 1U);
  race.stop(now);
  now += 1s;
  race.start(now);
  ASSERT_TRUE(race.poll_resolve_request());
  EXPECT_EQ(sent().size(), 1U);
  race.handle_addresses(now, {address("192.0.2.1:9899")});
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(race.next_timeout(), now + ConnectionRace::kStagger);
}

TEST_F(ConnectionRaceTest, GoesOnFromOtherPortsWhenNoAttemptIsAnswered) {
  race.start(now);
  race.handle_addresses(now, {address("192.0.2.1:1")});
  std::vector<SocketId> before;
  for (const Timestamp end = now + 1s; now < end; now += 10ms) race.handle_timeout(now);
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
