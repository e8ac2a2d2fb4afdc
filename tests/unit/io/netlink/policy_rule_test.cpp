#include "io/netlink/policy_rule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "io/netlink/link.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

using netlink::PolicyRule;

constexpr PolicyRule kRule{false, 9000, 40001, 0x4857'0001};
constexpr PolicyRule kRuleV6{true, 9000, 40001, 77};

std::vector<PolicyRule> sorted_rules() {
  auto rules = netlink::list_rules();
  std::ranges::sort(rules);
  return rules;
}

TEST(PolicyRules, AreAddedListedAndRemovedInBothFamilies) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(std::system("ip rule add pref 8000 ipproto udp sport 40001 lookup 9 && "
                          "ip rule add pref 8001 lookup 9 protocol 98"),
              0);
    EXPECT_TRUE(sorted_rules().empty());  // another protocol, and one for all ports
    EXPECT_FALSE(netlink::add_rule(kRule));
    EXPECT_FALSE(netlink::add_rule(kRuleV6));
    EXPECT_EQ(netlink::add_rule(kRule), std::errc::file_exists);
    EXPECT_EQ(sorted_rules(), (std::vector{kRule, kRuleV6}));
    EXPECT_FALSE(netlink::remove_rule(kRule));
    EXPECT_EQ(netlink::remove_rule(kRule), std::errc::no_such_file_or_directory);
    EXPECT_EQ(sorted_rules(), (std::vector{kRuleV6}));
  }));
}

TEST(PolicyRules, SelectTheRouteOfOneSourcePort) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(
        std::system("ip link add va type veth peer name vb && ip link set vb up && ip link set va up && "
                    "ip addr add 10.0.1.7/24 dev va && ip addr add fd01::7/64 dev va nodad && "
                    "ip route add default via 10.0.1.1 && ip -6 route add default via fd01::1 && "
                    "ip route add default via 10.0.1.2 table 1213661185 && "
                    "ip -6 route add default via fd01::2 table 77"),
        0);
    ASSERT_FALSE(netlink::add_rule(kRule));
    ASSERT_FALSE(netlink::add_rule(kRuleV6));
    const int link = netlink::find_link("va").value().index;
    const auto gateway = [&](const char* to, std::uint16_t port) {
      return netlink::find_route({.link = link, .source_port = port}, ip(to)).value().gateway;
    };
    EXPECT_EQ(gateway("203.0.113.1", 40001), ip("10.0.1.2"));
    EXPECT_EQ(gateway("203.0.113.1", 40002), ip("10.0.1.1"));
    EXPECT_EQ(gateway("203.0.113.1", 0), ip("10.0.1.1"));
    EXPECT_EQ(gateway("2001:db8::1", 40001), ip("fd01::2"));
    EXPECT_EQ(gateway("2001:db8::1", 40002), ip("fd01::1"));
  }));
}

TEST(Routes, FollowRulesForAMark) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(
        std::system("ip link add va type veth peer name vb && ip link set vb up && ip link set va up && "
                    "ip addr add 10.0.1.7/24 dev va && ip route add default via 10.0.1.1 && "
                    "ip route add default via 10.0.1.3 table 7 && ip rule add fwmark 9899 lookup 7"),
        0);
    const int link = netlink::find_link("va").value().index;
    const IpAddress far = ip("203.0.113.1");
    EXPECT_EQ(netlink::find_route({.link = link, .mark = 9899}, far).value().gateway, ip("10.0.1.3"));
    EXPECT_EQ(netlink::find_route({.link = link, .mark = 1}, far).value().gateway, ip("10.0.1.1"));
  }));
}

}  // namespace
}  // namespace hawser::io::test
