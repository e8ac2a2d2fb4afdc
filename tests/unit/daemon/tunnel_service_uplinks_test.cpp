// Uplinks of a tunnel service that come, go and change.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(TunnelServiceTest, TakesInAnUplinkThatAppearsLater) {
  edge.platform.unplug("eth1");
  start();
  run(3s);
  EXPECT_EQ(paths(edge).size(), 1U);
  EXPECT_FALSE(edge.service.status(now).uplinks.at(1).usable);
  edge.platform.plug("eth1", "203.0.113.1");
  edge.service.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(edge.service.status(now).uplinks.at(1).usable);
}

TEST_F(TunnelServiceTest, OpensNewSocketsAtTheSamePortsWhenAnInterfaceIsReplaced) {
  start();
  run(2s);
  edge.platform.unplug("eth1");
  edge.service.handle_links_changed(now);
  EXPECT_FALSE(paths(edge).contains("dsl"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  edge.platform.plug("eth1", "203.0.113.77");
  edge.service.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(paths(hub).contains("203.0.113.77:40001"));
}

TEST_F(TunnelServiceTest, WaitsForAnInterfaceWhenThereIsNone) {
  edge.platform.unplug("eth0");
  edge.platform.unplug("eth1");
  start();
  run(5s);
  EXPECT_EQ(peer_state(edge), "waiting");
  edge.platform.plug("eth1", "203.0.113.1");
  edge.service.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(peer_state(edge), "up");
}

TEST_F(TunnelServiceTest, TakesInAnUplinkWithoutANotificationAfterAWhile) {
  edge.platform.unplug("eth1");
  start();
  run(2s);
  edge.platform.plug("eth1", "203.0.113.1");
  run(uplinks::RefreshTimer::kMaxInterval);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
}

TEST_F(TunnelServiceTest, ListsTheInterfacesAtMostEveryFiftyMillisecondsWhileTheyChange) {
  start();
  run(2s);
  const std::size_t before = edge.platform.listings;
  for (int i = 0; i < 100; ++i) {
    for (int event = 0; event < 50; ++event) edge.service.handle_links_changed(now);
    run(10ms);
  }
  EXPECT_GE(edge.platform.listings - before, 18U);
  EXPECT_LE(edge.platform.listings - before, 21U);
}

TEST_F(TunnelServiceTest, ShowsTheHubTheNewAddressOfAnUplinkWithinARoundTrip) {
  start();
  run(2s);
  edge.platform.move("eth1", "203.0.113.99");
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto swap = [](IpAddress& ip, const char* old, const char* other) {
      if (ip == *IpAddress::parse(old)) ip = *IpAddress::parse(other);
    };
    swap(from.ip, "203.0.113.1", "203.0.113.99");  // the socket in memory has the old one
    swap(to.ip, "203.0.113.99", "203.0.113.1");
    return true;
  });
  run(1s);
  EXPECT_TRUE(paths(hub).contains("203.0.113.1:40001"));
  edge.service.handle_links_changed(now);
  run(50ms);
  EXPECT_EQ(paths(hub).at("203.0.113.99:40001").state, "active");
  EXPECT_EQ(paths(hub).size(), 2U);
}

TEST_F(TunnelServiceTest, UsesEveryInterfaceWithARouteToTheHubWhenNoneIsNamed) {
  std::string text = edge_text();
  text.erase(text.find("[[uplink]]"), text.find("[[peer]]") - text.find("[[uplink]]"));
  Machine automatic(network, text, kEdgeKey,
                    {{"lan0", "198.51.100.9"}, {"wan0", "203.0.113.9"}, {"hw0", "10.0.0.2"}}, 4);
  automatic.platform.without_route.insert("lan0");  // hw0, the tunnel itself, has a route everywhere
  machines = {&hub, &automatic};
  start();
  run(2s);
  const auto mine = paths(automatic);
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine.begin()->first, "wan0");
}

// A hub and an edge with both address families; packets from and to `dead` addresses are lost.
class TwoFamilies : public TunnelServiceTest {
 protected:
  TwoFamilies() {
    for (const auto& [name, prefix] : {std::pair("eth0", "2001:db8:1::1/64"), {"eth1", "2001:db8:2::1/64"}})
      both.platform.add_address(name, prefix);
    machines = {&hub_of_both, &both};
    network.set_rewrite([this](UdpAddress& from, UdpAddress& to, Bytes) {
      return !dead.contains(from.ip) && !dead.contains(to.ip);
    });
    start();
    run(2s);
  }
  std::size_t path_count() { return both.service.status(now).associations.at(0).paths.size(); }

  const IpAddress dsl_v4 = *IpAddress::parse("203.0.113.1");
  const IpAddress dsl_v6 = *IpAddress::parse("2001:db8:2::1");
  std::set<IpAddress> dead;
  Machine hub_of_both{network, hub_text(kEdgeKey, "192.0.2.9:9899\", \"[2001:db8::9]"), kHubKey, {}, 5};
  Machine both{network,
               edge_text("[2001:db8::9]:9899\", \"192.0.2.9:9899"),
               kEdgeKey,
               {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}},
               6};
};

TEST_F(TwoFamilies, AnUplinkTakesTheOtherFamilyWhenTheFirstNoLongerWorksThere) {
  ASSERT_EQ(paths(both).at("dsl").remote, "[2001:db8::9]:9899");
  const auto first = both.service.status(now).associations.at(0).id;
  dead = {dsl_v6};
  run_with_traffic(both, 5s);
  EXPECT_EQ(paths(both).at("dsl").remote, "192.0.2.9:9899");
  EXPECT_EQ(paths(both).at("dsl").state, "active");
  EXPECT_EQ(path_count(), 2U) << "the path that no longer works is gone";
  EXPECT_EQ(both.service.status(now).associations.at(0).id, first);
}

TEST_F(TwoFamilies, AnUplinkThatWasDownAsAWholeIsBackSoonOverItsOldRoute) {
  dead = {dsl_v6, dsl_v4};
  run_with_traffic(both, 30s);
  EXPECT_NE(paths(both).at("dsl").state, "active");
  dead = {dsl_v4};
  run_with_traffic(both, 1s);
  EXPECT_EQ(paths(both).at("dsl").remote, "[2001:db8::9]:9899");
  EXPECT_EQ(paths(both).at("dsl").state, "active");
  EXPECT_EQ(path_count(), 2U);
}

TEST_F(TwoFamilies, AnUplinkKeepsItsPathWhileNoOtherWorksEither) {
  dead = {dsl_v6, dsl_v4, *IpAddress::parse("2001:db8:1::1"), *IpAddress::parse("198.51.100.1")};
  run_with_traffic(both, 10s);
  EXPECT_EQ(path_count(), 4U) << "each uplink also tries another port, but no other address";
  dead.clear();
  run_with_traffic(both, 2s);
  EXPECT_EQ(path_count(), 2U);
  EXPECT_EQ(paths(both).at("dsl").state, "active");
  EXPECT_EQ(paths(both).at("lte").state, "active");
}

}  // namespace
}  // namespace hawser::daemon
