#include "daemon/uplinks/socket_routes.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <optional>

#include "io/net_test_support.hpp"
#include "io/netlink/link.hpp"
#include "io/netlink/link_monitor.hpp"
#include "io/udp/udp_socket.hpp"

namespace hawser::daemon::uplinks {
namespace {

using io::test::in_fresh_namespace;
using io::test::ip;
using io::test::privileged;
using std::chrono_literals::operator""s;

// With the rules and routes of the running kernel.
class SocketRoutesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  // Two interfaces with a router each, in a namespace of their own.
  static void in_network(const std::function<void()>& body) {
    if (!privileged()) GTEST_SKIP() << "needs root";
    ASSERT_TRUE(in_fresh_namespace([&] {
      ASSERT_EQ(
          std::system("for i in 1 2; do ip link add va$i type veth peer name vb$i; ip link set vb$i up; "
                      "ip link set va$i up; ip addr add 10.0.$i.7/24 dev va$i; "
                      "ip addr add fd0$i::7/64 dev va$i nodad; done"),
          0);
      body();
    }));
  }
  static NextHop hop(const char* to, int interface, const char* gateway) {
    const std::string name = "va" + std::to_string(interface);
    const bool v6 = ip(to).is_v6();
    const std::string own =
        v6 ? "fd0" + std::to_string(interface) + "::7" : "10.0." + std::to_string(interface) + ".7";
    return {ip(to), io::netlink::find_link(name).value().index, ip(gateway), ip(own)};
  }
  static std::size_t count(const char* command) {
    const std::string text = std::string("exit $( ") + command + " | wc -l)";
    return static_cast<std::size_t>(WEXITSTATUS(std::system(text.c_str())));
  }
  static std::size_t rules() { return count("(ip -4 rule; ip -6 rule) | grep 'proto 98'"); }
  static std::size_t routes() {
    return count("(ip -4 route show table all proto 98; ip -6 route show table all proto 98) 2>/dev/null");
  }
};

TEST_F(SocketRoutesTest, AreTheWayOfOnePortAndLeaveNothingBehind) {
  in_network([] {
    io::KernelPolicyRouting routing;
    std::optional<SocketRoutes> v4(std::in_place, routing, false, 40001);
    std::optional<SocketRoutes> v6(std::in_place, routing, true, 40001);
    EXPECT_FALSE(SocketRoutes::is_taken(routing, false, 40001));
    // The gateway is in no subnet of the interface.
    v4->update({}, {hop("203.0.113.1", 1, "10.9.9.9"), hop("203.0.113.2", 1, "10.0.1.1")});
    v6->update({}, {hop("2001:db8::1", 2, "fd02::1")});
    EXPECT_EQ(v4->failure(), "");
    EXPECT_EQ(v6->failure(), "");
    EXPECT_TRUE(SocketRoutes::is_taken(routing, false, 40001));
    EXPECT_FALSE(SocketRoutes::is_taken(routing, false, 40002));
    const int link1 = io::netlink::find_link("va1").value().index;
    const int link2 = io::netlink::find_link("va2").value().index;
    EXPECT_EQ(
        io::netlink::find_route({.link = link1, .source_port = 40001}, ip("203.0.113.1")).value().gateway,
        ip("10.9.9.9"));
    EXPECT_EQ(
        io::netlink::find_route({.link = link2, .source_port = 40001}, ip("2001:db8::1")).value().gateway,
        ip("fd02::1"));
    EXPECT_FALSE(io::netlink::find_route({.link = link1, .source_port = 40002}, ip("203.0.113.1")));
    v4->update({}, {hop("203.0.113.1", 1, "10.0.1.1")});
    v6->update({}, {hop("2001:db8::1", 2, "fd02::2")});
    EXPECT_EQ(routes(), 2U);
    EXPECT_EQ(rules(), 2U);
    v4.reset();
    v6.reset();
    EXPECT_EQ(routes(), 0U);
    EXPECT_EQ(rules(), 0U);
  });
}

TEST_F(SocketRoutesTest, ChangeNothingInTheKernelWhenNothingIsMissing) {
  in_network([] {
    io::KernelPolicyRouting routing;
    SocketRoutes v4(routing, false, 40001);
    SocketRoutes v6(routing, true, 40001);
    const std::vector<NextHop> hops_v4{hop("203.0.113.1", 1, "10.0.1.1")};
    const std::vector<NextHop> hops_v6{hop("2001:db8::1", 1, "fd01::1")};
    v4.update({}, hops_v4);
    v6.update({}, hops_v6);
    io::netlink::LinkMonitor monitor;
    v4.update({}, hops_v4);
    v6.update({}, hops_v6);
    EXPECT_FALSE(monitor.take_events().others);
    ASSERT_EQ(std::system("ip -6 rule del pref 98"), 0);
    EXPECT_TRUE(monitor.take_events().others);
  });
}

TEST_F(SocketRoutesTest, AreRestoredUntilAnotherProgramRemovesThemAgainAndAgain) {
  in_network([] {
    io::KernelPolicyRouting routing;
    SocketRoutes own(routing, false, 40001);
    const std::vector<NextHop> hops{hop("203.0.113.1", 1, "10.0.1.1")};
    own.update({}, hops);
    unsigned restored = 0;
    while (own.failure().empty() && restored < 100) {
      ASSERT_EQ(std::system(restored % 2 == 0 ? "ip rule del pref 98" : "ip route flush table 1213701185"),
                0);
      own.update(Timestamp(1s), hops);
      restored += rules() == 1 && routes() == 1 ? 1U : 0U;
    }
    EXPECT_EQ(restored, SocketRoutes::kMaxRestores);
    EXPECT_EQ(own.failure(), "another program keeps removing the routing rule or its routes");
    own.update(Timestamp(1s) + SocketRoutes::kRestoreInterval, hops);
    EXPECT_EQ(own.failure(), "");
    EXPECT_EQ(rules() + routes(), 2U);
  });
}

TEST_F(SocketRoutesTest, OfAKilledDaemonAreRemovedUnlessTheirPortIsInUse) {
  in_network([] {
    io::KernelPolicyRouting routing;
    io::udp::UdpSocketOptions options;
    options.bind = {IpAddress::any_v4(), 40001};
    options.device = "va1";
    const io::udp::UdpSocket socket(options);
    ASSERT_EQ(std::system("for p in 40001 40002; do ip rule add pref 98 ipproto udp sport $p "
                          "lookup $((1213661184 + p)) protocol 98; "
                          "ip route add 203.0.113.1 via 10.0.1.1 table $((1213661184 + p)) proto 98; done; "
                          "ip route add 203.0.113.9 via 10.0.1.1 table 9 proto 98"),
              0);
    SocketRoutes::remove_stale(routing);
    EXPECT_EQ(rules(), 1U);
    EXPECT_EQ(count("ip rule | grep 'sport 40001'"), 1U);
    EXPECT_EQ(routes(), 2U);  // that of the port in use, and one that is not in a table of a socket
  });
}

}  // namespace
}  // namespace hawser::daemon::uplinks
