#include "io/netlink/route_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "io/netlink/link.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

using netlink::RouteSpec;
using netlink::RouteTable;
using netlink::RouteType;

IpPrefix prefix(const std::string& text) {
  return IpPrefix::parse(text).value();
}

// Whether ip(8) prints a route that matches the regular expression.
bool shown(const std::string& list, const std::string& expression) {
  return std::system(("ip " + list + " | grep -qE '" + expression + "'").c_str()) == 0;
}

// In an order of our own: the kernel lists by table.
std::vector<RouteSpec> sorted(std::vector<RouteSpec> routes) {
  std::ranges::sort(routes, {}, &RouteSpec::to_string);
  return routes;
}

/// Fixture that needs root.
class RouteTableTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!privileged()) GTEST_SKIP() << "needs root";
  }

  // Runs `body` in a namespace with an interface va that has 10.0.1.7/24 and fd01::7/64.
  static void with_interface(const std::function<void(RouteTable&, int link)>& body) {
    ASSERT_TRUE(in_fresh_namespace([&] {
      ASSERT_EQ(
          std::system("ip link set lo up && ip link add va type veth peer name vb && ip link set vb up && "
                      "ip link set va up && ip addr add 10.0.1.7/24 dev va && "
                      "ip addr add fd01::7/64 dev va nodad"),
          0);
      RouteTable routes;
      body(routes, netlink::find_link("va").value().index);
    }));
  }
};

TEST_F(RouteTableTest, AddsWhatIpShows) {
  with_interface([](RouteTable& routes, int link) {
    EXPECT_FALSE(routes.add({.destination = prefix("10.8.0.0/16"), .link = link}));
    EXPECT_TRUE(shown("route", "^10.8.0.0/16 dev va proto 98 scope link"));
    EXPECT_FALSE(routes.add({.destination = prefix("10.9.0.0/16"),
                             .link = link,
                             .gateway = ip("10.0.1.1"),
                             .source = ip("10.0.1.7"),
                             .metric = 77,
                             .protocol = 97}));
    EXPECT_TRUE(shown("route", "^10.9.0.0/16 via 10.0.1.1 dev va proto 97 src 10.0.1.7 metric 77"));
    EXPECT_FALSE(routes.add({.destination = prefix("fd08::/32"), .link = link, .metric = 5}));
    EXPECT_TRUE(shown("-6 route", "^fd08::/32 dev va proto 98 metric 5"));
    for (const char* any : {"0.0.0.0/0", "::/0"}) {
      EXPECT_FALSE(
          routes.add({.destination = prefix(any), .type = RouteType::unreachable, .table = 1'000'000}));
    }
    EXPECT_TRUE(shown("route show table 1000000", "^unreachable default proto 98"));
    EXPECT_TRUE(shown("-6 route show table 1000000", "^unreachable default dev lo proto 98"));
    EXPECT_FALSE(routes.add({.destination = prefix("10.0.1.0/24"), .type = RouteType::pass, .table = 7}));
    EXPECT_TRUE(shown("route show table 7", "^throw 10.0.1.0/24 proto 98"));
  });
}

TEST_F(RouteTableTest, ListsWhatItAddedByProtocolTableAndLink) {
  with_interface([](RouteTable& routes, int link) {
    std::vector<RouteSpec> mine = {
        {.destination = prefix("10.8.0.0/16"), .link = link, .metric = 3},
        {.destination = prefix("10.8.0.0/16"), .type = RouteType::unreachable, .metric = 4},
        {.destination = prefix("0.0.0.0/0"), .type = RouteType::pass, .table = 70'000},
        {.destination = prefix("fd08::/32"), .link = link, .gateway = ip("fd01::1"), .metric = 5},
        {.destination = prefix("fd08::/32"), .type = RouteType::unreachable, .table = 70'000, .metric = 6}};
    for (const RouteSpec& route : mine) ASSERT_FALSE(routes.add(route)) << route.to_string();
    EXPECT_EQ(sorted(routes.list({.protocol = netlink::kRouteProtocol, .table = {}, .link = {}})),
              sorted(mine));
    EXPECT_EQ(routes.list({.protocol = {}, .table = 70'000, .link = {}}),
              (std::vector<RouteSpec>{mine[2], mine[4]}));
    EXPECT_EQ(routes.list({.protocol = netlink::kRouteProtocol, .table = netlink::kMainTable, .link = link}),
              (std::vector<RouteSpec>{mine[0], mine[3]}));
    EXPECT_TRUE(routes.list({.protocol = {}, .table = 70'001, .link = {}}).empty());
  });
}

TEST_F(RouteTableTest, ReportsARouteThatExistsAndOneThatDoesNot) {
  with_interface([](RouteTable& routes, int link) {
    for (const char* text : {"10.8.0.0/16", "fd08::/32"}) {
      RouteSpec route{.destination = prefix(text), .link = link, .metric = 3};
      EXPECT_FALSE(routes.add(route));
      EXPECT_EQ(routes.add(route).value(), EEXIST);
      route.metric = 4;
      EXPECT_FALSE(routes.add(route));
      EXPECT_FALSE(routes.remove(route));
      EXPECT_EQ(routes.remove(route).value(), ESRCH);
    }
    // The connected route of another owner.
    EXPECT_EQ(routes.add({.destination = prefix("10.0.1.0/24"), .link = link}).value(), EEXIST);
    EXPECT_EQ(routes.add({.destination = prefix("10.8.0.0/16"), .link = 999}).value(), ENODEV);
    EXPECT_EQ(
        RouteSpec(
            {.destination = prefix("10.8.0.0/16"), .type = RouteType::unreachable, .table = 7, .metric = 9})
            .to_string(),
        "unreachable 10.8.0.0/16 table 7 metric 9");
  });
}

TEST_F(RouteTableTest, RemovesOnlyTheRouteThatIsNamed) {
  with_interface([](RouteTable& routes, int link) {
    const RouteSpec ours{.destination = prefix("10.8.0.0/16"), .link = link, .table = 7, .metric = 3};
    RouteSpec foreign = ours;
    foreign.protocol = 97;
    ASSERT_FALSE(routes.add(foreign));
    EXPECT_EQ(routes.remove(ours).value(), ESRCH);  // of another protocol
    RouteSpec unreachable = ours;
    unreachable.type = RouteType::unreachable;
    unreachable.link = 0;
    unreachable.metric = 4;
    ASSERT_FALSE(routes.add(unreachable));
    EXPECT_FALSE(routes.remove(unreachable));
    EXPECT_EQ(routes.list({.protocol = {}, .table = 7, .link = {}}), std::vector<RouteSpec>{foreign});
  });
}

TEST_F(RouteTableTest, ReplacesARouteOfTheSameMetric) {
  with_interface([](RouteTable& routes, int link) {
    for (const char* text : {"10.8.0.0/16", "fd08::/32"}) {
      RouteSpec route{.destination = prefix(text), .link = link, .table = 7, .metric = 3, .protocol = 97};
      ASSERT_FALSE(routes.add(route));
      route.protocol = netlink::kRouteProtocol;
      EXPECT_FALSE(routes.replace(route));
      const auto found = routes.list({.protocol = {}, .table = 7, .link = {}});
      EXPECT_EQ(std::ranges::count(found, route), 1);
      EXPECT_EQ(std::ranges::count(found, route.destination, &RouteSpec::destination), 1);
    }
  });
}

}  // namespace
}  // namespace hawser::io::test
