#include "daemon/routing/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/routing/kill_switch.hpp"
#include "daemon/routing/prefixes.hpp"

namespace hawser::daemon::routing {
namespace {

using io::netlink::LinkInfo;
using io::netlink::RouteSpec;

constexpr int kOwn = 9;

IpPrefix prefix(const std::string& text) {
  return IpPrefix::parse(text).value();
}

LinkInfo link(const std::string& name, int index, const std::vector<std::string>& addresses,
              const std::string& kind = "") {
  LinkInfo out;
  out.name = name;
  out.index = index;
  out.kind = kind;
  out.up = true;
  for (const std::string& address : addresses) out.addresses.push_back(prefix(address));
  return out;
}

/// An edge with the inner addresses 10.90.0.2/24 and fd90::2/64, an uplink wan1 (1) and a local network on
/// lan0 (2).
struct PlanTest : testing::Test {
  PlanTest() {
    config.interface.name = "hawser0";
    config.interface.addresses = {prefix("10.90.0.2/24"), prefix("fd90::2/64")};
    config.interface.fwmark = config::InterfaceConfig::kDefaultMark;
    config.uplinks.push_back({.interface = "wan1", .label = "wan1"});
    config.peers.emplace_back();
    around.own = kOwn;
    around.links = {link("wan1", 1, {"192.168.1.2/24", "fd01::2/64", "fe80::1/64"}),
                    link("lan0", 2, {"203.0.113.1/24", "2001:db8:55::1/64"}),
                    link("hawser0", kOwn, {"10.90.0.2/24", "fd90::2/64"}, "tun")};
    around.uplinks = {1};
  }

  void allow(const std::vector<std::string>& prefixes) {
    for (const std::string& text : prefixes) config.peers[0].allowed_ips.push_back(prefix(text));
  }

  std::vector<std::string> wanted() {
    std::vector<std::string> out;
    for (const Piece& piece : wanted_pieces(config, around)) out.push_back(to_string(piece));
    return out;
  }
  bool wants(const std::string& text) { return std::ranges::count(wanted(), text) == 1; }
  bool wants_in_table(const std::string& what, const std::string& metric) {
    return wants("route " + what + " table " + std::to_string(switch_table("hawser0")) + " metric " + metric);
  }

  config::Config config;
  Surroundings around;
};

TEST_F(PlanTest, RoutesAllowedIpsWithTheMetricAndOwnNetworksAsTheKernelDoes) {
  allow({"10.90.0.0/24", "10.8.3.4/16", "0.0.0.0/0", "::/0"});
  EXPECT_EQ(wanted(),
            (std::vector<std::string>{
                "the state up", "address 10.90.0.2/24", "address fd90::2/64", "route 10.90.0.0/24",
                "route fd90::/64 metric 256", "route 10.8.0.0/16 metric 9899", "route 0.0.0.0/1 metric 9899",
                "route 128.0.0.0/1 metric 9899", "route ::/1 metric 9899", "route 8000::/1 metric 9899"}));
  config.interface.routes = false;
  EXPECT_EQ(wanted().size(), 3U);
}

TEST_F(PlanTest, RoutesAnInnerNetworkInHalvesWhileAnotherInterfaceHasItToo) {
  around.links[0].addresses.push_back(prefix("10.90.0.77/24"));
  EXPECT_TRUE(wants("route 10.90.0.0/25 metric 9899"));
  EXPECT_TRUE(wants("route 10.90.0.128/25 metric 9899"));
  around.links[0].up = false;
  EXPECT_FALSE(wants("route 10.90.0.0/25 metric 9899"));
}

TEST_F(PlanTest, LeavesAnInnerNetworkToTheTunnelThatHadItFirst) {
  around.links.push_back(link("hawser1", 10, {"10.90.0.3/24"}, "tun"));
  EXPECT_FALSE(wants("route 10.90.0.0/25 metric 9899"));
  EXPECT_EQ(overlaps(config, around.links),
            std::vector<std::string>{
                "the inner network 10.90.0.0/24 is the network of the tunnel hawser1, too: the "
                "one that was there first keeps it; use another inner network"});
}

TEST_F(PlanTest, TakesTheKernelsRouteOfAnOwnNetworkForTheWantedOne) {
  RouteSpec kernel{
      .destination = prefix("10.90.0.0/24"), .link = kOwn, .source = prefix("10.90.0.2").ip, .protocol = 2};
  RouteSpec foreign{.destination = prefix("10.91.0.0/24"), .link = kOwn, .protocol = 4};
  RouteSpec stale{.destination = prefix("10.92.0.0/24"), .link = kOwn, .metric = 9899};
  around.routes = {kernel, foreign, stale};
  std::vector<std::string> actual;
  for (const Piece& piece : actual_pieces(config, around)) actual.push_back(to_string(piece));
  EXPECT_EQ(actual, (std::vector<std::string>{"the state up", "address 10.90.0.2/24", "address fd90::2/64",
                                              "route 10.90.0.0/24", "route 10.92.0.0/24 metric 9899"}));
}

TEST_F(PlanTest, NamesOverlapsAndTheirWinner) {
  allow({"0.0.0.0/0", "192.168.1.0/24", "203.0.113.128/25"});
  EXPECT_EQ(overlaps(config, around.links),
            (std::vector<std::string>{"allowed_ips 192.168.1.0/24 is the network of wan1: wan1 keeps it, and "
                                      "the hosts behind the peer are "
                                      "out of reach",
                                      "allowed_ips 203.0.113.128/25 is part of the network 203.0.113.0/24 of "
                                      "lan0: the tunnel takes it"}));
  config.peers[0].allowed_ips.clear();
  around.links[0].addresses = {prefix("10.90.0.2/28"), prefix("fd90::7/64"), prefix("fd90::9/48")};
  EXPECT_EQ(
      overlaps(config, around.links),
      (std::vector<std::string>{
          "the inner address 10.90.0.2 is an address of wan1, too",
          "the network 10.90.0.0/28 of wan1 is part of the inner network 10.90.0.0/24: wan1 keeps it, and "
          "inner "
          "hosts in it are out of reach; use another inner network",
          "the inner network fd90::/64 is the network of wan1, too: the tunnel takes it; use another inner "
          "network",
          "the inner network fd90::/64 is part of the network fd90::/48 of wan1: the tunnel takes it"}));
}

TEST_F(PlanTest, NamesRoutesThatComeBeforeItsOwn) {
  allow({"0.0.0.0/0", "10.8.0.0/16", "10.9.0.0/16", "192.168.1.0/24"});
  const std::vector<RouteSpec> main = {
      {.destination = prefix("0.0.0.0/0"), .link = 1, .protocol = 3},
      {.destination = prefix("10.8.0.0/16"), .link = 1, .metric = 5, .protocol = 3},
      {.destination = prefix("10.9.0.0/16"), .link = 1, .metric = 9900, .protocol = 3},
      {.destination = prefix("10.9.0.0/16"), .link = kOwn, .metric = 5},
      {.destination = prefix("192.168.1.0/24"), .link = 1, .protocol = 2}};
  EXPECT_EQ(rivals(config, around, main),
            std::vector<std::string>{"10.8.0.0/16 is a route of wan1 with metric 5, too: it comes before the "
                                     "tunnel's with metric 9899"});
}

TEST_F(PlanTest, KillSwitchHoldsEachInnerPrefixTwiceAndEndsWithTheRules) {
  allow({"10.8.0.0/16"});
  EXPECT_TRUE(switch_pieces(config, around).empty());
  config.interface.kill_switch = true;
  for (const char* inner : {"10.8.0.0/16", "10.90.0.0/24", "fd90::/64"}) {
    EXPECT_TRUE(wants_in_table(inner, "1000000")) << inner;
    EXPECT_TRUE(wants_in_table("unreachable " + std::string(inner), "2000000")) << inner;
  }
  const std::string table = std::to_string(switch_table("hawser0"));
  EXPECT_EQ(wanted().back(), "rule not fwmark 9899 lookup " + table + " priority 9899 (IPv6)");
  allow({"::/0"});
  EXPECT_EQ(wanted().back(), "rule not fwmark 9899 unreachable priority 9900 (IPv6)");
  around.own = 0;  // the interface does not exist
  EXPECT_FALSE(wants_in_table("10.8.0.0/16", "1000000"));
  EXPECT_TRUE(wants_in_table("unreachable 10.8.0.0/16", "2000000"));
}

TEST_F(PlanTest, KillSwitchExemptsNetworksOfTheSiteAndNoneThatAnUplinkCouldForge) {
  allow({"0.0.0.0/0", "::/0"});
  config.interface.kill_switch = true;
  around.links[0].addresses.push_back(prefix("198.18.0.7/15"));  // a public network
  around.links[0].addresses.push_back(prefix("10.77.0.7/1"));    // half of the Internet
  EXPECT_TRUE(wants_in_table("throw 192.168.1.0/24", "1"));
  EXPECT_TRUE(wants_in_table("fd01::/64", "1"));
  EXPECT_TRUE(wants_in_table("fe80::/64", "1"));
  EXPECT_TRUE(wants_in_table("throw 203.0.113.0/24", "1"));
  EXPECT_TRUE(wants_in_table("2001:db8:55::/64", "2"));
  EXPECT_TRUE(wants_in_table("throw 224.0.0.0/4", "1"));
  EXPECT_FALSE(wants_in_table("throw 198.18.0.0/15", "1"));
  EXPECT_FALSE(wants_in_table("throw 0.0.0.0/1", "1"));
  EXPECT_FALSE(wants_in_table("throw 10.90.0.0/24", "1"));
}

TEST_F(PlanTest, KillSwitchLeavesNoUplinkANetworkThatAllowedIpsNames) {
  allow({"192.168.0.0/16"});
  config.interface.kill_switch = true;
  EXPECT_FALSE(wants_in_table("throw 192.168.1.0/24", "1"));
  around.uplinks.clear();  // wan1 is not an uplink
  EXPECT_TRUE(wants_in_table("throw 192.168.1.0/24", "1"));
  config.uplinks.clear();  // it may become one
  EXPECT_FALSE(wants_in_table("throw 192.168.1.0/24", "1"));
}

TEST_F(PlanTest, KillSwitchLeavesLongerPrefixesToOtherTunnels) {
  allow({"0.0.0.0/0", "10.8.0.0/16"});
  config.interface.kill_switch = true;
  around.links.push_back(link("hawser1", 10, {}, "tun"));
  for (const char* text : {"0.0.0.0/1", "10.0.0.0/8", "10.8.0.0/16", "10.8.1.0/24"})
    around.routes.push_back({.destination = prefix(text), .link = 10, .metric = 9899});
  around.routes.push_back({.destination = prefix("10.9.0.0/16"), .link = 1, .metric = 9899});  // of an uplink
  around.routes.push_back({.destination = prefix("172.20.0.0/16"),
                           .type = io::netlink::RouteType::unreachable,
                           .table = switch_table("hawser1")});
  EXPECT_TRUE(wants_in_table("throw 10.0.0.0/8", "1"));
  EXPECT_TRUE(wants_in_table("throw 10.8.1.0/24", "1"));
  EXPECT_TRUE(wants_in_table("throw 172.20.0.0/16", "1"));
  for (const char* text : {"0.0.0.0/1", "10.8.0.0/16", "10.9.0.0/16"})
    EXPECT_FALSE(wants_in_table(std::string("throw ") + text, "1")) << text;
}

TEST_F(PlanTest, KillSwitchThatIsOffOwnsItsRulesStill) {
  const io::netlink::MarkRule lookup{false, kSwitchPriority, 9899, switch_table("hawser0")};
  const io::netlink::MarkRule other{true, kSwitchPriority, 9899, switch_table("hawser1")};
  const io::netlink::MarkRule backstop{true, kBackstopPriority, 9899, 0};
  around.rules = {lookup, backstop};
  EXPECT_TRUE(is_switch_rule(config, lookup, around));
  EXPECT_TRUE(is_switch_rule(config, backstop, around));
  around.rules.push_back(other);
  EXPECT_FALSE(is_switch_rule(config, other, around));
  EXPECT_TRUE(is_switch_rule(config, backstop, around));  // hawser1 holds no prefix
  for (const char* half : {"::/1", "8000::/1"})
    around.routes.push_back({.destination = prefix(half),
                             .type = io::netlink::RouteType::unreachable,
                             .table = switch_table("hawser1")});
  EXPECT_FALSE(is_switch_rule(config, backstop, around));
}

TEST_F(PlanTest, NamesTheKillSwitchOfAnotherTunnelThatStopsItsOwnDatagrams) {
  const std::uint32_t table = switch_table("hawser1");
  around.rules = {{false, kSwitchPriority, 9899, table}, {true, kSwitchPriority, 9899, table}};
  around.routes.push_back(
      {.destination = prefix("10.99.0.0/16"), .type = io::netlink::RouteType::unreachable, .table = table});
  config.interface.fwmark = 0;
  EXPECT_TRUE(foreign_switches(config, around).empty());  // no full tunnel
  around.routes.push_back(
      {.destination = prefix("0.0.0.0/0"), .type = io::netlink::RouteType::unreachable, .table = table});
  EXPECT_EQ(foreign_switches(config, around),
            std::vector<std::string>{
                "the kill switch of another tunnel (table " + std::to_string(table) +
                ") stops this tunnel's IPv4 datagrams, because they have no mark: set fwmark = 9899 "
                "in [interface]"});
  config.interface.fwmark = 9899;
  EXPECT_TRUE(foreign_switches(config, around).empty());
}

TEST_F(PlanTest, NamesAnOlderKillSwitchThatTakesThePacketsOfAFullTunnel) {
  const std::uint32_t table = switch_table("hawser1");
  const io::netlink::MarkRule own{true, kSwitchPriority, 9899, switch_table("hawser0")};
  const io::netlink::MarkRule other{true, kSwitchPriority, 9899, table};
  around.routes.push_back(
      {.destination = prefix("::/0"), .type = io::netlink::RouteType::unreachable, .table = table});
  around.rules = {other, own};
  EXPECT_TRUE(foreign_switches(config, around).empty());  // a split tunnel has the longer prefixes
  allow({"::/0"});
  EXPECT_EQ(foreign_switches(config, around),
            std::vector<std::string>{
                "the kill switch of another tunnel (table " + std::to_string(table) +
                ") comes first in IPv6: that tunnel takes the packets; if it no longer exists, "
                "run: ip -6 rule del priority 9899 table " +
                std::to_string(table)});
  around.rules = {own, other};
  EXPECT_TRUE(foreign_switches(config, around).empty());
}

TEST_F(PlanTest, KillSwitchSharesTheRuleBehindTheTablesWithOtherTunnels) {
  allow({"::/0"});
  config.interface.kill_switch = true;
  const io::netlink::MarkRule backstop{true, kBackstopPriority, 9899, 0};
  around.rules = {{true, kSwitchPriority, 9899, switch_table("hawser1")}, backstop};
  around.routes.push_back({.destination = prefix("::/0"),
                           .type = io::netlink::RouteType::unreachable,
                           .table = switch_table("hawser1")});
  const auto actual = actual_pieces(config, around);
  EXPECT_EQ(std::ranges::count(actual, Piece(backstop)), 1);
}

TEST(Prefixes, AreHalved) {
  EXPECT_EQ(halves(prefix("0.0.0.0/0")), std::pair(prefix("0.0.0.0/1"), prefix("128.0.0.0/1")));
  EXPECT_EQ(halves(prefix("10.90.0.0/24")), std::pair(prefix("10.90.0.0/25"), prefix("10.90.0.128/25")));
  EXPECT_EQ(halves(prefix("fd90::/64")), std::pair(prefix("fd90::/65"), prefix("fd90::8000:0:0:0/65")));
}

}  // namespace
}  // namespace hawser::daemon::routing
