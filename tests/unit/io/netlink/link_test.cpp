#include "io/netlink/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "io/netlink/route_table.hpp"
#include "io/tun/tun_device.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

TEST(Links, ListTheLoopbackInterface) {
  const auto lo = netlink::find_link("lo");
  ASSERT_TRUE(lo.has_value());
  EXPECT_TRUE(lo->loopback);
  EXPECT_EQ(lo->index, static_cast<int>(if_nametoindex("lo")));
  const auto links = netlink::list_links();
  EXPECT_TRUE(std::ranges::is_sorted(links, {}, &netlink::LinkInfo::index));
}

TEST(Links, KnowWhetherAnInterfaceExists) {
  EXPECT_TRUE(netlink::interface_exists("lo"));
  EXPECT_FALSE(netlink::interface_exists("nosuchdev0"));
  EXPECT_FALSE(netlink::interface_exists("a-name-longer-than-any-interface"));
  EXPECT_FALSE(netlink::find_link("nosuchdev0").has_value());
}

TEST(Links, ShowAddressesAndState) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    EXPECT_FALSE(netlink::find_link("lo").value().up);
    tun::TunDevice tun({"hwtest0",
                        1380,
                        {IpPrefix::parse("10.90.0.2/24").value(), IpPrefix::parse("fd90::2/64").value()},
                        std::nullopt});
    const netlink::LinkInfo link = netlink::find_link("hwtest0").value();
    EXPECT_TRUE(link.up);
    EXPECT_TRUE(link.carrier);
    EXPECT_FALSE(link.loopback);
    EXPECT_EQ(link.mtu, 1380U);
    EXPECT_EQ(link.index, tun.index());
    // Exactly the configured addresses, without a link-local address from the kernel.
    EXPECT_EQ(link.addresses, (std::vector<IpPrefix>{IpPrefix::parse("10.90.0.2/24").value(),
                                                     IpPrefix::parse("fd90::2/64").value()}));
  }));
}

TEST(Links, AreDistinguishedByKindAndAsPorts) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(std::system("ip link add va type veth peer name vb && ip link add br0 type bridge && "
                          "ip link set va master br0"),
              0);
    EXPECT_EQ(netlink::find_link("va").value().kind, "veth");
    EXPECT_TRUE(netlink::find_link("va").value().enslaved);
    EXPECT_FALSE(netlink::find_link("vb").value().enslaved);
    EXPECT_EQ(netlink::find_link("br0").value().kind, "bridge");
    EXPECT_EQ(netlink::find_link("lo").value().kind, "");
  }));
}

TEST(Links, LeaveOutAddressesThatDuplicateAddressDetectionHasNotAllowedYet) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(std::system("ip link add va type veth peer name vb && ip link set vb up && ip link set va up"),
              0);
    ASSERT_EQ(std::system("ip addr add 2001:db8::1/64 dev va && ip addr add 2001:db8::2/64 dev va nodad"), 0);
    const auto addresses = netlink::find_link("va").value().addresses;
    EXPECT_EQ(std::ranges::count(addresses, IpPrefix::parse("2001:db8::1/64").value()), 0);
    EXPECT_EQ(std::ranges::count(addresses, IpPrefix::parse("2001:db8::2/64").value()), 1);
  }));
}

TEST(Routes, AreThoseOfABoundSocketWhateverMetricOrTableTheyHave) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(
        std::system("for i in 1 2 3; do ip link add va$i type veth peer name vb$i; ip link set vb$i up; "
                    "ip link set va$i up; ip addr add 10.0.$i.7/24 dev va$i; "
                    "ip addr add fd0$i::7/64 dev va$i nodad; done; "
                    "ip route add default via 10.0.1.1 metric 1; "
                    "ip route add default via 10.0.2.1 metric 900; "
                    "ip route add default via 10.0.3.1 table 7; ip rule add from 10.0.3.7 lookup 7; "
                    "ip -6 route add default via fd02::1"),
        0);
    const auto index = [](const char* name) { return netlink::find_link(name).value().index; };
    const IpAddress far = ip("203.0.113.1");
    const IpAddress far_v6 = ip("2001:db8::1");
    EXPECT_EQ(netlink::find_route({.link = index("va1")}, far),
              (netlink::RouteInfo{ip("10.0.1.7"), ip("10.0.1.1")}));
    EXPECT_EQ(netlink::find_route({.link = index("va2")}, far),
              (netlink::RouteInfo{ip("10.0.2.7"), ip("10.0.2.1")}));
    EXPECT_FALSE(netlink::find_route({.link = index("va3")}, far));
    EXPECT_EQ(netlink::find_route({.link = index("va3"), .from = ip("10.0.3.7")}, far),
              (netlink::RouteInfo{ip("10.0.3.7"), ip("10.0.3.1")}));
    EXPECT_EQ(netlink::find_route({.link = index("va3")}, ip("10.0.3.99")),
              (netlink::RouteInfo{ip("10.0.3.7"), {}}));
    EXPECT_FALSE(netlink::find_route({.link = index("va1")}, far_v6));
    EXPECT_EQ(netlink::find_route({.link = index("va2")}, far_v6),
              (netlink::RouteInfo{ip("fd02::7"), ip("fd02::1")}));
    EXPECT_FALSE(netlink::find_route({.link = 999}, far));
  }));
}

TEST(Routes, OfAnUplinkAreNotHiddenByTheDefaultRouteOfTheTunnel) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(
        std::system("ip link add va type veth peer name vb && ip link set vb up && ip link set va up && "
                    "ip addr add 10.0.1.7/24 dev va && ip addr add fd01::7/64 dev va nodad && "
                    "ip route add default via 10.0.1.1 && ip -6 route add default via fd01::1"),
        0);
    tun::TunDevice tun({"hwtest0", 1380, {IpPrefix::parse("10.90.0.2/24").value()}, std::nullopt});
    for (const char* half : {"0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"}) {
      ASSERT_FALSE(
          netlink::RouteTable().add({.destination = IpPrefix::parse(half).value(), .link = tun.index()}));
    }
    const int link = netlink::find_link("va").value().index;
    EXPECT_EQ(netlink::find_route({.link = link}, ip("203.0.113.1")),
              (netlink::RouteInfo{ip("10.0.1.7"), ip("10.0.1.1")}));
    EXPECT_EQ(netlink::find_route({.link = link}, ip("2001:db8::1")),
              (netlink::RouteInfo{ip("fd01::7"), ip("fd01::1")}));
    EXPECT_TRUE(netlink::find_route({.link = tun.index()}, ip("203.0.113.1")));
  }));
}

}  // namespace
}  // namespace hawser::io::test
