// Uplinks of a node that come, go and change.
#include <gtest/gtest.h>

#include "unit/daemon/tunnel_service_support.hpp"

namespace hawser::daemon {
namespace {

TEST_F(NodeTest, TakesInAnUplinkThatAppearsLater) {
  edge.host.unplug("eth1");
  start();
  run(3s);
  EXPECT_EQ(paths(edge).size(), 1U);
  EXPECT_FALSE(edge.node.status(now).uplinks.at(1).usable);
  edge.host.plug("eth1", "203.0.113.1");
  edge.node.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(edge.node.status(now).uplinks.at(1).usable);
}

TEST_F(NodeTest, OpensNewSocketsWhenAnInterfaceIsReplaced) {
  start();
  run(2s);
  edge.host.unplug("eth1");
  edge.node.handle_links_changed(now);
  EXPECT_FALSE(paths(edge).contains("dsl"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  edge.host.plug("eth1", "203.0.113.77");
  edge.node.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(paths(hub).contains("203.0.113.77:40002"));
}

TEST_F(NodeTest, WaitsForAnInterfaceWhenThereIsNone) {
  edge.host.unplug("eth0");
  edge.host.unplug("eth1");
  start();
  run(5s);
  EXPECT_EQ(peer_state(edge), "waiting");
  edge.host.plug("eth1", "203.0.113.1");
  edge.node.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(peer_state(edge), "up");
}

TEST_F(NodeTest, TakesInAnUplinkThatNobodyToldOfAfterAWhile) {
  edge.host.unplug("eth1");
  start();
  run(2s);
  edge.host.plug("eth1", "203.0.113.1");
  run(uplinks::RefreshTimer::kMaxInterval);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
}

TEST_F(NodeTest, LooksAtTheInterfacesOnlyNowAndThenWhileTheyChangeAllTheTime) {
  start();
  run(2s);
  const std::size_t before = edge.host.looks;
  for (int i = 0; i < 100; ++i) {
    for (int event = 0; event < 50; ++event) edge.node.handle_links_changed(now);
    run(10ms);
  }
  EXPECT_GE(edge.host.looks - before, 18U);
  EXPECT_LE(edge.host.looks - before, 21U);
}

TEST_F(NodeTest, ShowsTheHubTheNewAddressOfAnUplinkWithinARoundTrip) {
  start();
  run(2s);
  edge.host.move("eth1", "203.0.113.99");
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
  edge.node.handle_links_changed(now);
  run(50ms);
  EXPECT_EQ(paths(hub).at("203.0.113.99:40001").state, "active");
  EXPECT_EQ(paths(hub).size(), 2U);
}

TEST_F(NodeTest, UsesEveryInterfaceThatLeadsToTheHubWhenNoneIsNamed) {
  std::string text = edge_text();
  text.erase(text.find("[[uplink]]"), text.find("[[peer]]") - text.find("[[uplink]]"));
  Machine automatic(network, text, kEdgeKey,
                    {{"lan0", "198.51.100.9"}, {"wan0", "203.0.113.9"}, {"hw0", "10.0.0.2"}}, 4);
  automatic.host.without_route.insert("lan0");  // but hw0, the tunnel itself, leads everywhere
  machines = {&hub, &automatic};
  start();
  run(2s);
  const auto mine = paths(automatic);
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine.begin()->first, "wan0");
}

/// A hub and an edge that have both address families, and uplinks of which either may stop working.
class TwoFamilies : public NodeTest {
 protected:
  TwoFamilies() {
    for (const auto& [name, prefix] : {std::pair("eth0", "2001:db8:1::1/64"), {"eth1", "2001:db8:2::1/64"}})
      both.host.add_address(name, prefix);
    machines = {&hub_of_both, &both};
    network.set_rewrite([this](UdpAddress& from, UdpAddress& to, Bytes) {
      return !dead.contains(from.ip) && !dead.contains(to.ip);
    });
    start();
    run(2s);
  }
  std::size_t path_count() { return both.node.status(now).associations.at(0).paths.size(); }

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
  const auto first = both.node.status(now).associations.at(0).id;
  dead = {dsl_v6};
  run_with_traffic(both, 7s);
  EXPECT_EQ(paths(both).at("dsl").remote, "192.0.2.9:9899");
  EXPECT_EQ(paths(both).at("dsl").state, "active");
  EXPECT_EQ(path_count(), 2U) << "the path that no longer works is gone";
  EXPECT_EQ(both.node.status(now).associations.at(0).id, first);
}

TEST_F(TwoFamilies, AnUplinkThatWasDownAsAWholeIsBackAtOnceByTheWayItHad) {
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
  EXPECT_EQ(path_count(), 2U);
  dead.clear();
  run_with_traffic(both, 2s);
  EXPECT_EQ(path_count(), 2U);
  EXPECT_EQ(paths(both).at("dsl").state, "active");
  EXPECT_EQ(paths(both).at("lte").state, "active");
}

}  // namespace
}  // namespace hawser::daemon
