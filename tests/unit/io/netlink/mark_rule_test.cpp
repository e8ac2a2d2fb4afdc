#include "io/netlink/mark_rule.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

using netlink::MarkRule;

bool shown(const std::string& expression) {
  return std::system(("(ip rule; ip -6 rule) | grep -qE '" + expression + "'").c_str()) == 0;
}

TEST(MarkRules, AreAddedListedAndRemoved) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    const std::vector<MarkRule> rules = {
        {false, 900, 77, 1'000'000}, {true, 900, 77, 1'000'000}, {true, 901, 77, 0}};
    for (const MarkRule& rule : rules) EXPECT_FALSE(netlink::add_mark_rule(rule)) << rule.to_string();
    EXPECT_EQ(netlink::add_mark_rule(rules[0]).value(), EEXIST);
    EXPECT_TRUE(shown("^900:.not from all fwmark 0x4d lookup 1000000 proto 98"));
    EXPECT_TRUE(shown("^901:.not from all fwmark 0x4d unreachable proto 98"));
    EXPECT_EQ(netlink::list_mark_rules(), rules);
    for (const MarkRule& rule : rules) EXPECT_FALSE(netlink::remove_mark_rule(rule)) << rule.to_string();
    EXPECT_EQ(netlink::remove_mark_rule(rules[2]).value(), ENOENT);
    EXPECT_TRUE(netlink::list_mark_rules().empty());
    EXPECT_EQ(rules[2].to_string(), "not fwmark 77 unreachable priority 901 (IPv6)");
  }));
}

TEST(MarkRules, LeaveOtherRulesAlone) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(std::system("ip rule add not fwmark 77 lookup 7 priority 900 && "  // no protocol
                          "ip rule add not fwmark 77 to 10.0.0.0/8 lookup 7 priority 901 protocol 98 && "
                          "ip rule add fwmark 77 lookup 7 priority 902 protocol 98 && "
                          "ip rule add not fwmark 77/0xff lookup 7 priority 903 protocol 98"),
              0);
    EXPECT_TRUE(netlink::list_mark_rules().empty());
    EXPECT_EQ(netlink::remove_mark_rule({false, 900, 77, 7}).value(), ENOENT);
  }));
}

}  // namespace
}  // namespace hawser::io::test
