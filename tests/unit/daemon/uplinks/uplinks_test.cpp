#include "daemon/uplinks/uplinks.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "io/setup_error.hpp"
#include "support/memory_io.hpp"
#include "support/memory_policy_routing.hpp"

namespace hawser::daemon::uplinks {
namespace {

IpAddress ip(const std::string& text) {
  return IpAddress::parse(text).value();
}

// Interfaces in memory. Each has a route everywhere, from its first address of the family, unless a member
// below excludes it.
class FakePlatform final : public Platform {
 public:
  io::netlink::LinkInfo& plug(const std::string& name, const std::vector<std::string>& addresses) {
    io::netlink::LinkInfo link;
    link.name = name;
    link.index = next_index_++;
    link.up = link.carrier = true;
    for (const std::string& address : addresses) link.addresses.push_back(IpPrefix::parse(address).value());
    links_.erase(name);
    return links_[name] = link;
  }
  void unplug(const std::string& name) { links_.erase(name); }
  io::netlink::LinkInfo& link(const std::string& name) { return links_.at(name); }

  std::unique_ptr<io::DatagramSocket> open_socket(const io::udp::UdpSocketOptions& options) override {
    if (refuse) throw io::SetupError("too many open files", {});
    opened.push_back(options);
    const UdpAddress local{options.bind.ip, options.bind.port != 0 ? options.bind.port : next_port_++};
    return std::make_unique<io::MemoryDatagramSocket>(network_, options.id, local);
  }
  void watch(SocketId id, int) override { watched.insert(id); }
  void unwatch(SocketId id) override { watched.erase(id); }
  std::vector<io::netlink::LinkInfo> links() override {
    std::vector<io::netlink::LinkInfo> out;
    for (const auto& [name, link] : links_) out.push_back(link);
    return out;
  }
  std::optional<io::netlink::RouteInfo> route(const io::netlink::RouteQuery& query,
                                              const IpAddress& to) override {
    const auto& [index, from, mark, port] = query;
    for (const auto& [name, link] : links_) {
      if (link.index != index || without_route.contains(name)) continue;
      if (by_source.contains(name) && !from) continue;
      for (const IpPrefix& own : link.addresses) {
        if (own.ip.is_v6() == to.is_v6()) return io::netlink::RouteInfo{from.value_or(own.ip), gateway};
      }
    }
    return std::nullopt;
  }
  void resolve(const NameQuestion&) override {}
  std::chrono::sys_seconds wall_clock() override { return {}; }
  io::PolicyRouting& routing() override { return routes; }
  void announce(HookEvent) override {}

  bool refuse = false;
  IpAddress gateway;
  io::MemoryPolicyRouting routes;
  std::set<std::string> without_route;
  std::set<std::string> by_source;  ///< interfaces with a route only from their own address
  std::set<SocketId> watched;
  std::vector<io::udp::UdpSocketOptions> opened;

 private:
  io::MemoryNetwork network_;
  std::map<std::string, io::netlink::LinkInfo> links_;
  int next_index_ = 1;
  std::uint16_t next_port_ = 40000;
};

class UplinksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  // `wanted`: interfaces or patterns; empty: uplinks are discovered.
  void make(const std::vector<std::string>& wanted) {
    config.interface.name = "hawser0";
    for (const std::string& interface : wanted) {
      config.uplinks.push_back(
          {.interface = interface, .label = "uplink" + std::to_string(config.uplinks.size())});
    }
    uplinks.emplace(platform, sockets, config);
    uplinks->set_remotes({ip("203.0.113.1")});
    changes = uplinks->refresh(now);
  }
  const Uplinks::Uplink& look(std::size_t index = 0) {
    changes = uplinks->refresh(now);
    return uplinks->at(index);
  }
  std::vector<std::string> in_use() {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < uplinks->count(); ++i) out.push_back(uplinks->at(i).interface);
    return out;
  }

  using Names = std::vector<std::string>;
  FakePlatform platform;
  Timestamp now{};
  Sockets sockets{platform};
  config::Config config;
  std::optional<Uplinks> uplinks;
  Uplinks::Changes changes;
};

TEST_F(UplinksTest, ReportWhyOneIsNotUsable) {
  make({"eth0"});
  EXPECT_EQ(look().reason, "no interface");
  io::netlink::LinkInfo& link = platform.plug("eth0", {});
  link.up = link.carrier = false;
  EXPECT_EQ(look().reason, "down");
  link.up = true;
  EXPECT_EQ(look().reason, "no carrier");
  link.carrier = true;
  EXPECT_EQ(look().reason, "no address");
  link.addresses = {*IpPrefix::parse("169.254.7.7/16"), *IpPrefix::parse("fe80::1/64")};
  EXPECT_EQ(look().reason, "no address");
  link.addresses.push_back(*IpPrefix::parse("192.0.2.7/24"));
  platform.without_route.insert("eth0");
  EXPECT_EQ(look().reason, "no route");
  EXPECT_FALSE(uplinks->socket(0, false));
  EXPECT_FALSE(changes.more_usable);
  platform.without_route.clear();
  EXPECT_EQ(look().reason, "");
  EXPECT_TRUE(changes.more_usable);
  platform.refuse = true;
  EXPECT_FALSE(uplinks->socket(0, false));
  EXPECT_EQ(uplinks->at(0).reason, "cannot open a socket: too many open files");
  platform.refuse = false;
  EXPECT_TRUE(uplinks->socket(0, false));
  EXPECT_EQ(look().reason, "");
}

TEST_F(UplinksTest, CountOnlyTheFamiliesThatThePeersHave) {
  platform.plug("eth0", {"2001:db8::7/64"});
  make({"eth0"});
  EXPECT_EQ(look().reason, "no IPv4 address; the peer has no IPv6 address");
  EXPECT_TRUE(uplinks->set_remotes({ip("203.0.113.1"), ip("2001:db8::1")}));
  EXPECT_EQ(look().reason, "");
  EXPECT_FALSE(uplinks->socket(0, false));
  EXPECT_TRUE(uplinks->socket(0, true));
  platform.without_route.insert("eth0");
  EXPECT_EQ(look().reason, "no route");
  EXPECT_TRUE(uplinks->set_remotes({ip("203.0.113.1")}));
  EXPECT_FALSE(uplinks->set_remotes({ip("203.0.113.1")}));
}

TEST_F(UplinksTest, TakeAnyAddressWhileNoAddressOfAPeerIsKnown) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.without_route.insert("eth0");
  make({"eth0"});
  uplinks->set_remotes({});
  EXPECT_EQ(look().reason, "");
}

TEST_F(UplinksTest, ReportThatDatagramsLeaveByAnotherRouteOrNotAtAll) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const auto socket = uplinks->socket(0, false);
  const std::vector<SocketId> moved{*socket};
  look();
  EXPECT_TRUE(changes.moved.empty());
  platform.link("eth0").addresses = {*IpPrefix::parse("192.0.2.8/24")};
  look();
  EXPECT_EQ(changes.moved, moved);
  platform.gateway = ip("192.0.2.1");
  look();
  EXPECT_EQ(changes.moved, moved);
  platform.without_route.insert("eth0");
  look();
  EXPECT_TRUE(changes.moved.empty());
  EXPECT_EQ(changes.disturbed, moved);
  EXPECT_FALSE(changes.more_usable);
  look();
  EXPECT_TRUE(changes.disturbed.empty());
  platform.without_route.clear();
  look();
  EXPECT_TRUE(changes.moved.empty()) << "the same way as before";
  EXPECT_EQ(changes.disturbed, moved);
  EXPECT_TRUE(changes.more_usable);
  EXPECT_TRUE(changes.closed.empty());
  EXPECT_EQ(uplinks->socket(0, false), socket);
}

TEST_F(UplinksTest, ReportThatDatagramsLeaveByAnotherRouteAfterTheyCouldNotLeave) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const auto socket = uplinks->socket(0, false);
  look();
  platform.link("eth0").addresses.clear();
  look();
  EXPECT_EQ(changes.disturbed, std::vector{*socket});
  platform.link("eth0").addresses = {*IpPrefix::parse("192.0.2.8/24")};
  look();
  EXPECT_EQ(changes.moved, std::vector{*socket});
  EXPECT_TRUE(changes.disturbed.empty());
}

TEST_F(UplinksTest, BindToTheAddressIfOnlyThatHasARouteToThePeer) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.by_source.insert("eth0");
  make({"eth0"});
  const auto first = uplinks->socket(0, false);
  ASSERT_TRUE(first);
  EXPECT_EQ(platform.opened.back().bind.ip, ip("192.0.2.7"));
  EXPECT_EQ(platform.opened.back().device, "eth0");
  platform.link("eth0").addresses = {*IpPrefix::parse("192.0.2.8/24")};
  look();
  EXPECT_EQ(changes.closed, std::vector<SocketId>{*first});
  EXPECT_TRUE(changes.more_usable);
  EXPECT_NE(uplinks->socket(0, false), first);
  EXPECT_EQ(platform.opened.back().bind.ip, ip("192.0.2.8"));
}

TEST_F(UplinksTest, CloseTheSocketsOfAnInterfaceThatIsReplaced) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const auto first = uplinks->socket(0, false);
  EXPECT_EQ(uplinks->uplink_of(*first), 0U);
  platform.plug("eth0", {"192.0.2.7/24"});
  look();
  EXPECT_EQ(changes.closed, std::vector<SocketId>{*first});
  EXPECT_TRUE(changes.more_usable);
  EXPECT_FALSE(uplinks->uplink_of(*first));
  EXPECT_TRUE(platform.watched.empty());
}

TEST_F(UplinksTest, DescribeWhereARouteLeaves) {
  platform.plug("eth0", {"192.0.2.7/24", "2001:db8::7/64"});
  make({"eth0"});
  const SocketId socket = uplinks->socket(0, false).value();
  const UdpAddress peer{ip("203.0.113.1"), 9899};
  const Uplinks::Exit exit = uplinks->exit_of({socket, IpAddress::any_v4(), peer});
  EXPECT_EQ(exit.label, "uplink0");
  EXPECT_EQ(exit.interface, "eth0");
  EXPECT_EQ(exit.local, ip("192.0.2.7")) << "the kernel chooses it";
  EXPECT_EQ(exit.failing, "");
  EXPECT_EQ(uplinks->exit_of({socket, ip("192.0.2.8"), peer}).local, ip("192.0.2.8"));
  platform.without_route.insert("eth0");
  look();
  EXPECT_EQ(uplinks->exit_of({socket, IpAddress::any_v4(), peer}).failing, "no route");
  platform.unplug("eth0");
  look();
  const Uplinks::Exit gone = uplinks->exit_of({socket, IpAddress::any_v4(), peer});
  EXPECT_EQ(gone.label, "uplink0");
  EXPECT_EQ(gone.local, IpAddress::any_v4());
  EXPECT_EQ(uplinks->exit_of({SocketId(99), IpAddress::any_v4(), peer}).label, "");
}

TEST_F(UplinksTest, FollowAPatternToTheFirstUsableInterfaceAndStay) {
  platform.plug("wwan1", {});
  make({"wwan*"});
  EXPECT_EQ(in_use(), Names{"wwan1"});
  EXPECT_EQ(uplinks->at(0).reason, "no address");
  platform.plug("wwan3", {"192.0.2.3/24"});
  platform.plug("wwan2", {"192.0.2.2/24"});
  look();
  EXPECT_EQ(in_use(), Names{"wwan2"});
  EXPECT_TRUE(uplinks->socket(0, false));
  EXPECT_EQ(platform.opened.back().device, "wwan2");
  platform.link("wwan1").addresses = {*IpPrefix::parse("192.0.2.1/24")};
  look();
  EXPECT_EQ(in_use(), Names{"wwan2"});
  platform.unplug("wwan2");
  look();
  EXPECT_EQ(in_use(), Names{"wwan1"});
  EXPECT_EQ(changes.closed.size(), 1U);
}

TEST_F(UplinksTest, GiveEachInterfaceToOneUplink) {
  for (const char* name : {"wwan0", "wwan1", "wwan2"}) platform.plug(name, {"192.0.2.7/24"});
  make({"wwan*", "wwan*", "wwan0"});
  EXPECT_EQ(in_use(), (Names{"wwan1", "wwan2", "wwan0"}));
  platform.unplug("wwan1");
  look();
  EXPECT_EQ(in_use(), (Names{"", "wwan2", "wwan0"}));
  EXPECT_EQ(uplinks->at(0).reason, "no interface");
}

TEST_F(UplinksTest, NeverTakeTheTunnelOrTheLoopbackInterfaceForAPattern) {
  platform.plug("hawser0", {"192.0.2.7/24"});
  platform.plug("lo", {"192.0.2.7/24"}).loopback = true;
  make({"*"});
  EXPECT_EQ(in_use(), Names{""});
}

TEST_F(UplinksTest, AreDiscoveredByARouteToThePeerExceptTunnelsPortsAndContainers) {
  for (const char* name : {"eth0", "br0", "docker0", "hawser0", "hawser1", "idle0", "lo", "port0", "veth1f"})
    platform.plug(name, {"192.0.2.7/24"});
  platform.link("br0").kind = "bridge";
  platform.link("hawser0").kind = platform.link("hawser1").kind = "tun";
  platform.link("lo").loopback = true;
  platform.link("port0").enslaved = true;
  platform.without_route.insert("idle0");
  make({});
  EXPECT_EQ(in_use(), (Names{"br0", "eth0"}));
  EXPECT_EQ(uplinks->at(1).config.label, "eth0");
}

TEST_F(UplinksTest, AreOnlyThoseThatAreIncludedAndNotExcluded) {
  for (const char* name : {"eth0", "eth1", "tap0", "wlan0", "hawser0"}) platform.plug(name, {"192.0.2.7/24"});
  platform.link("tap0").kind = platform.link("hawser0").kind = "tun";
  config.interface.include_uplinks = {"eth?", "tap0", "hawser*"};
  config.interface.exclude_uplinks = {"*1"};
  make({});
  EXPECT_EQ(in_use(), (Names{"eth0", "tap0"}));
}

TEST_F(UplinksTest, ForgetWhatWasFoundOnlyWhenTheInterfaceIsGone) {
  platform.plug("eth6", {"192.0.2.7/24"});
  platform.plug("eth7", {"192.0.2.7/24"});
  make({});
  for (const std::string name : {"eth7", "eth8", "eth9"}) {
    const auto socket = uplinks->socket(1, false);
    ASSERT_TRUE(socket);
    platform.without_route.insert(name);
    look();
    EXPECT_TRUE(changes.closed.empty());
    EXPECT_EQ(uplinks->at(1).reason, "no route");
    platform.unplug(name);
    look();
    EXPECT_EQ(changes.closed, std::vector<SocketId>{*socket});
    EXPECT_TRUE(uplinks->at(1).vacant());
    EXPECT_FALSE(uplinks->socket(1, false));
    const std::string next = "eth" + std::to_string(name.back() - '0' + 1);
    platform.plug(next, {"192.0.2.7/24"});
    look();
    EXPECT_EQ(in_use(), (Names{"eth6", next}));
    EXPECT_TRUE(changes.more_usable);
  }
}

TEST_F(UplinksTest, AskForNamesOverTheInterfacesOfUplinksThatHaveAnAddress) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.plug("eth1", {});
  platform.plug("eth2", {"192.0.2.8/24"});
  make({"eth0", "eth1"});
  EXPECT_EQ(uplinks->name_interfaces(), std::vector{NameInterface{"eth0"}});
  EXPECT_TRUE(changes.more_name_interfaces);
  EXPECT_FALSE((look(), changes.more_name_interfaces));
  platform.link("eth1").addresses = {*IpPrefix::parse("2001:db8::7/64")};
  EXPECT_TRUE((look(), changes.more_name_interfaces));
  EXPECT_EQ(uplinks->name_interfaces().size(), 2U);
  platform.link("eth0").carrier = false;
  EXPECT_FALSE((look(), changes.more_name_interfaces));
  EXPECT_EQ(uplinks->name_interfaces(), std::vector{NameInterface{"eth1"}});
}

TEST_F(UplinksTest, AskForNamesOverEveryInterfaceThatMayBecomeAnUplink) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.plug("docker0", {"192.0.2.9/24"});
  platform.plug("hawser0", {"10.90.0.2/24"});
  config.interface.name = "hawser0";
  uplinks.emplace(platform, sockets, config);  // no address of a peer is known, so there is no uplink yet
  EXPECT_TRUE(uplinks->refresh({}).more_name_interfaces);
  EXPECT_EQ(uplinks->count(), 0U);
  EXPECT_EQ(uplinks->name_interfaces(), std::vector{NameInterface{"eth0"}});
}

TEST_F(UplinksTest, AskForNamesFromTheAddressThatARoutingRuleRequires) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.by_source.insert("eth0");
  make({"eth0"});
  ASSERT_EQ(uplinks->name_interfaces().size(), 1U);
  EXPECT_EQ(uplinks->name_interfaces()[0].v4, ip("192.0.2.7"));
}

// --- the way that datagrams take

TEST_F(UplinksTest, LeaveByTheRoutesOfTheirOwnSocket) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.gateway = ip("192.0.2.1");
  make({"eth0"});
  EXPECT_TRUE(platform.routes.rules().empty());
  const SocketId socket = uplinks->socket(0, false).value();
  const std::uint16_t port = sockets.find(socket)->local_address().port;
  const std::uint32_t table = SocketRoutes::kTables | port;
  ASSERT_EQ(platform.routes.rules().size(), 1U);
  EXPECT_EQ(platform.routes.rules()[0],
            (io::netlink::PolicyRule{false, SocketRoutes::kPriority, port, table}));
  uplinks->set_remotes({ip("203.0.113.1"), ip("203.0.113.2"), ip("2001:db8::1")});
  look();
  const auto routes = platform.routes.routes({.table = table});
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[1].destination.to_string(), "203.0.113.2/32");
  EXPECT_EQ(routes[1].gateway, ip("192.0.2.1"));
  EXPECT_EQ(routes[1].source, ip("192.0.2.7"));
  platform.gateway = ip("192.0.2.9");
  uplinks->set_remotes({ip("203.0.113.2")});
  look();
  ASSERT_EQ(platform.routes.routes({.table = table}).size(), 1U);
  EXPECT_EQ(platform.routes.routes({})[0].gateway, ip("192.0.2.9"));
  platform.unplug("eth0");
  look();
  EXPECT_TRUE(platform.routes.rules().empty());
  EXPECT_TRUE(platform.routes.routes({}).empty());
}

TEST_F(UplinksTest, NeverShareAPort) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  for (std::uint16_t port = 40000; port < 40003; ++port)
    ASSERT_FALSE(platform.routes.add(io::netlink::PolicyRule{false, SocketRoutes::kPriority, port, 77}));
  const SocketId socket = uplinks->socket(0, false).value();
  EXPECT_EQ(sockets.find(socket)->local_address().port, 40003);
}

TEST_F(UplinksTest, WarnOfAStrictReversePathFilterOnlyWithoutARule) {
  platform.plug("eth0", {"192.0.2.7/24"});
  platform.routes.filters["eth0"] = 1;
  make({"eth0"});
  uplinks->socket(0, false);
  EXPECT_EQ(look().warning, "");
  platform.routes.refuse = true;
  platform.unplug("eth0");
  look();
  platform.plug("eth0", {"192.0.2.7/24"});
  look();
  EXPECT_TRUE(uplinks->socket(0, false));
  EXPECT_NE(look().warning.find("run: sysctl -w net/ipv4/conf/eth0/rp_filter=2"), std::string::npos);
  EXPECT_EQ(look().reason, "");
  platform.routes.filters["eth0"] = 2;
  EXPECT_EQ(look().warning, "");
  platform.routes.filters["eth0"] = 1;
  platform.routes.refuse = false;
  EXPECT_EQ(look().warning, "");
}

TEST_F(UplinksTest, ShareAnInterfaceByTheirGateways) {
  platform.plug("eth0", {"192.0.2.7/24", "198.51.100.7/24", "2001:db8::7/64"});
  for (const char* gateway : {"192.0.2.1", "198.51.100.1"}) {
    config.uplinks.push_back({.interface = "eth0", .label = gateway, .gateway = ip(gateway)});
  }
  make({});
  for (const std::size_t index : {0U, 1U}) {
    const auto& uplink = look(index);
    EXPECT_EQ(uplink.reason, "");
    EXPECT_EQ(uplink.v6.reason, "configured for IPv4");
    EXPECT_EQ(uplink.v4.route.gateway, uplink.config.gateway);
    EXPECT_TRUE(uplinks->socket(index, false));
    EXPECT_FALSE(uplinks->socket(index, true));
  }
  EXPECT_EQ(uplinks->at(1).v4.route.source, ip("198.51.100.7"));
  EXPECT_EQ(platform.routes.rules().size(), 2U);
  uplinks->set_remotes({ip("2001:db8::1")});
  EXPECT_EQ(look().reason, "configured for IPv4");
}

TEST_F(UplinksTest, CannotUseAGatewayWithoutARule) {
  platform.plug("eth0", {"192.0.2.7/24"});
  config.uplinks.push_back({.interface = "eth0", .label = "modem", .gateway = ip("192.0.2.1")});
  make({});
  platform.routes.refuse = true;
  EXPECT_FALSE(uplinks->socket(0, false));
  EXPECT_TRUE(look().reason.starts_with("cannot add a route")) << look().reason;
  EXPECT_TRUE(platform.watched.empty());
}

TEST_F(UplinksTest, TakeTheConfiguredAddressOrNone) {
  platform.plug("eth0", {"192.0.2.7/24", "192.0.2.8/24"});
  config.uplinks.push_back({.interface = "eth0", .label = "modem", .address = ip("192.0.2.8")});
  make({});
  EXPECT_TRUE(uplinks->socket(0, false));
  EXPECT_EQ(platform.opened.back().bind.ip, ip("192.0.2.8"));
  platform.link("eth0").addresses.pop_back();
  EXPECT_EQ(look().reason, "no address 192.0.2.8");
}

TEST_F(UplinksTest, ReadTheConfiguredTable) {
  const int link = platform.plug("eth0", {"192.0.2.7/24"}).index;
  config.uplinks.push_back({.interface = "eth0", .label = "modem", .table = 70});
  make({});
  EXPECT_EQ(look().reason, "no route");
  const auto add = [&](const char* to, int over, io::netlink::RouteType type) {
    io::netlink::RouteSpec route{.destination = *IpPrefix::parse(to), .type = type, .link = over};
    route.gateway = ip("192.0.2.1");
    route.table = 70;
    ASSERT_FALSE(platform.routes.replace(route));
  };
  using Type = io::netlink::RouteType;
  add("203.0.113.0/24", link + 1, Type::unicast);
  EXPECT_EQ(look().reason, "no route");
  add("203.0.113.0/25", link, Type::unicast);
  EXPECT_EQ(look().reason, "");
  EXPECT_EQ(look().v4.route, (io::netlink::RouteInfo{ip("192.0.2.7"), ip("192.0.2.1")}));
  ASSERT_TRUE(uplinks->socket(0, false));
  EXPECT_EQ(platform.routes.rules().at(0).table, 70U);
  add("203.0.113.1/32", 0, Type::unreachable);
  EXPECT_EQ(look().reason, "no route");
}

TEST_F(UplinksTest, SendNothingFromTheAddressOfAnotherInterface) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const SocketId socket = uplinks->socket(0, false).value();
  EXPECT_NE(sockets.find_sender(socket), nullptr);
  platform.link("eth0").addresses.clear();
  look();
  EXPECT_NE(sockets.find(socket), nullptr);
  EXPECT_EQ(sockets.find_sender(socket), nullptr);
  platform.link("eth0").addresses = {*IpPrefix::parse("192.0.2.8/24")};
  look();
  EXPECT_NE(sockets.find_sender(socket), nullptr);
}

// --- two ports

TEST_F(UplinksTest, HaveASecondPortAndRememberTheOneThatWorked) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const auto port = [&](SocketId socket) { return sockets.find(socket)->local_address().port; };
  const SocketId first = uplinks->socket(0, false).value();
  const SocketId second = uplinks->socket(0, false, PortChoice::other).value();
  EXPECT_NE(first, second);
  EXPECT_EQ(uplinks->socket(0, false, uplinks->other_than(first)), second);
  EXPECT_EQ(uplinks->socket(0, false, uplinks->other_than(second)), first);
  EXPECT_EQ(uplinks->uplink_of(second), 0U);
  uplinks->prefer(second);
  EXPECT_EQ(uplinks->socket(0, false), second);
  uplinks->close_unused({first});
  EXPECT_NE(sockets.find(first), nullptr);
  uplinks->close_unused({});
  EXPECT_EQ(sockets.find(first), nullptr);
  ASSERT_NE(sockets.find(second), nullptr);
  // The port is kept, also while the interface is away.
  const std::uint16_t good_port = port(second);
  platform.unplug("eth0");
  look();
  EXPECT_EQ(changes.closed, std::vector{second});
  platform.plug("eth0", {"192.0.2.7/24"});
  look();
  EXPECT_EQ(port(uplinks->socket(0, false).value()), good_port);
}

TEST_F(UplinksTest, ReplaceAPortOnlyAfterALongSilence) {
  platform.plug("eth0", {"192.0.2.7/24"});
  make({"eth0"});
  const SocketId first = uplinks->socket(0, false).value();
  std::set<std::uint16_t> ports;
  for (unsigned silences = 0; silences <= FamilySockets::kMaxSilences; ++silences) {
    const SocketId second = uplinks->socket(0, false, PortChoice::other).value();
    ports.insert(sockets.find(second)->local_address().port);
    EXPECT_EQ(ports.size(), silences < FamilySockets::kMaxSilences ? 1U : 2U);
    uplinks->note_silence(second);
    uplinks->close_unused({first, second});
    EXPECT_NE(sockets.find(second), nullptr) << "it is still in use";
    uplinks->close_unused({first});
    EXPECT_EQ(sockets.find(second), nullptr);
  }
  // A port that no longer worked when the other one did is replaced.
  const SocketId third = uplinks->socket(0, false, PortChoice::other).value();
  uplinks->prefer(third);
  const SocketId fourth = uplinks->socket(0, false, PortChoice::other).value();
  EXPECT_NE(fourth, first);
  EXPECT_NE(fourth, third);
}

}  // namespace
}  // namespace hawser::daemon::uplinks
