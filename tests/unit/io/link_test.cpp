#include "hawser/io/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "hawser/io/tun_device.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

TEST(Links, ListTheLoopbackInterface) {
  const auto lo = find_link("lo");
  ASSERT_TRUE(lo.has_value());
  EXPECT_TRUE(lo->loopback);
  EXPECT_EQ(lo->index, static_cast<int>(if_nametoindex("lo")));
  const auto links = list_links();
  EXPECT_TRUE(std::ranges::is_sorted(links, {}, &LinkInfo::index));
}

TEST(Links, KnowWhetherAnInterfaceExists) {
  EXPECT_TRUE(interface_exists("lo"));
  EXPECT_FALSE(interface_exists("nosuchdev0"));
  EXPECT_FALSE(interface_exists("a-name-longer-than-any-interface"));
  EXPECT_FALSE(find_link("nosuchdev0").has_value());
}

TEST(Links, ShowAddressesStateAndDefaultRoutes) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    EXPECT_FALSE(find_link("lo").value().up);
    TunDevice tun({"hwtest0",
                   1380,
                   {IpPrefix::parse("10.90.0.2/24").value(), IpPrefix::parse("fd90::2/64").value()},
                   std::nullopt});
    const LinkInfo link = find_link("hwtest0").value();
    EXPECT_TRUE(link.up);
    EXPECT_TRUE(link.carrier);
    EXPECT_FALSE(link.loopback);
    EXPECT_EQ(link.mtu, 1380U);
    EXPECT_EQ(link.index, tun.index());
    // Exactly the configured ones: no link-local address of the kernel's making.
    EXPECT_EQ(link.addresses, (std::vector<IpPrefix>{IpPrefix::parse("10.90.0.2/24").value(),
                                                     IpPrefix::parse("fd90::2/64").value()}));
    // The halves of a default route are not one: uplinks are told from tunnels by that.
    tun.add_route(IpPrefix::parse("0.0.0.0/0").value());
    EXPECT_FALSE(find_link("hwtest0").value().default_route_v4);
    ASSERT_EQ(std::system("ip route add default dev hwtest0"), 0);
    EXPECT_TRUE(find_link("hwtest0").value().default_route_v4);
    EXPECT_FALSE(find_link("hwtest0").value().default_route_v6);
    ASSERT_EQ(std::system("ip -6 route add default dev hwtest0"), 0);
    EXPECT_TRUE(find_link("hwtest0").value().default_route_v6);
  }));
}

}  // namespace
}  // namespace hawser::io::test
