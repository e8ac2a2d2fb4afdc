#include "io/netlink/link_monitor.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/netlink/link.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

// Runs one or more commands of ip(8).
bool run(const std::string& commands) {
  return std::system(commands.c_str()) == 0;
}

// Waits for an event; returns whether the monitor reports a change of another interface than its own.
bool reports(netlink::LinkMonitor& monitor) {
  return readable(monitor.native_handle()) && monitor.take_events().others;
}

// Reads all events; returns what they are about.
netlink::LinkChanges drain(netlink::LinkMonitor& monitor) {
  netlink::LinkChanges all;
  while (readable(monitor.native_handle(), 50)) {
    const netlink::LinkChanges some = monitor.take_events();
    all = {all.own || some.own, all.others || some.others};
  }
  return all;
}

/// Fixture that needs root.
class LinkMonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!privileged()) GTEST_SKIP() << "needs root";
  }
};

TEST_F(LinkMonitorTest, ReportsInterfacesAddressesRoutesAndRules) {
  ASSERT_TRUE(in_fresh_namespace([] {
    netlink::LinkMonitor monitor;
    EXPECT_FALSE(monitor.take_events().others);  // does not wait for events
    for (const char* change :
         {"ip link add va type veth peer name vb", "ip link set va up", "ip link set vb up",
          "ip addr add 192.0.2.7/24 dev va", "ip addr add 2001:db8::7/64 dev va nodad",
          "ip route add default via 192.0.2.1", "ip -6 route add default via 2001:db8::1",
          "ip rule add from 192.0.2.7 lookup 7", "ip route del default", "ip addr del 192.0.2.7/24 dev va",
          "ip link set vb down", "ip link del va"}) {
      ASSERT_TRUE(run(change)) << change;
      EXPECT_TRUE(reports(monitor)) << change;
      while (readable(monitor.native_handle(), 50)) static_cast<void>(monitor.take_events());
    }
  }));
}

TEST_F(LinkMonitorTest, ReportsItsOwnInterfaceSeparately) {
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_TRUE(run("ip link add va type veth peer name vb && ip link set vb up"));
    netlink::LinkMonitor monitor(netlink::find_link("va").value().index);
    ASSERT_TRUE(run("ip link set va mtu 1400 && ip addr add 192.0.2.7/24 dev va"));
    const netlink::LinkChanges changes = drain(monitor);
    EXPECT_TRUE(changes.own);
    EXPECT_FALSE(changes.others);
    ASSERT_TRUE(run("ip link set vb mtu 1400"));
    EXPECT_TRUE(reports(monitor));
  }));
}

TEST_F(LinkMonitorTest, ReportsAChangeWhenTheKernelHadNoRoomForTheEvents) {
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_TRUE(
        run("ip link add va type veth peer name vb && ip link set va up && ip link set vb up && "
            "ip addr add 192.0.2.7/24 dev va"));
    // All events that are left when the queue overflows are without interest.
    netlink::LinkMonitor monitor(netlink::find_link("va").value().index);
    std::string commands;
    for (int i = 0; i < 5000; ++i) {
      commands +=
          "route add 10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24 dev va\n";
    }
    FILE* ip = ::popen("ip -batch -", "w");
    ASSERT_NE(ip, nullptr);
    ASSERT_EQ(std::fwrite(commands.data(), 1, commands.size(), ip), commands.size());
    ASSERT_EQ(::pclose(ip), 0);
    EXPECT_TRUE(reports(monitor));
    EXPECT_FALSE(drain(monitor).others);
    ASSERT_TRUE(run("ip link set vb mtu 1400"));
    EXPECT_TRUE(reports(monitor));  // still works
  }));
}

}  // namespace
}  // namespace hawser::io::test
