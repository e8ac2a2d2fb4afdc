#include "daemon/node.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "hawser/io/memory.hpp"
#include "hawser/io/setup_error.hpp"

namespace hawser::daemon {
namespace {

using namespace std::chrono_literals;

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutableBytes out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

/// A machine in memory: interfaces that come and go, each with one IPv4 address.
class FakeHost final : public Host {
 public:
  FakeHost(io::MemoryNetwork& network, std::map<std::string, std::string> interfaces) : network_(network) {
    for (const auto& [name, address] : interfaces) plug(name, address);
  }

  void plug(const std::string& name, const std::string& address) {
    io::LinkInfo link;
    link.name = name;
    link.index = next_index_++;
    link.up = link.carrier = true;
    link.mtu = 1500;
    link.addresses = {*IpPrefix::parse(address + "/24")};
    links_[name] = link;
  }
  void unplug(const std::string& name) { links_.erase(name); }
  io::LinkInfo& link(const std::string& name) { return links_.at(name); }

  std::unique_ptr<io::DatagramSocket> open_socket(const io::UdpSocketOptions& options) override {
    UdpAddress local = options.bind;
    if (options.device) {
      const auto at = links_.find(*options.device);
      if (at == links_.end()) throw io::SetupError("no such device", {});
      local = {at->second.addresses[0].ip, next_port_++};
    }
    auto socket = std::make_unique<io::MemoryDatagramSocket>(network_, options.id, local);
    return socket;
  }
  void watch(UplinkId id, int) override { watched.insert(id); }
  void unwatch(UplinkId id) override { watched.erase(id); }
  std::vector<io::LinkInfo> links() override {
    std::vector<io::LinkInfo> out;
    for (const auto& [name, link] : links_) out.push_back(link);
    return out;
  }
  void resolve(tunnel::PeerIndex peer, const std::vector<HostPort>&) override { asked.push_back(peer); }

  std::set<UplinkId> watched;
  std::vector<tunnel::PeerIndex> asked;

 private:
  io::MemoryNetwork& network_;
  std::map<std::string, io::LinkInfo> links_;
  int next_index_ = 1;
  std::uint16_t next_port_ = 40000;
};

Config config(const std::string& text) {
  const auto parsed = parse_config(text, "test");
  if (!parsed) throw std::runtime_error(parsed.error().at(0).to_string());
  return *parsed;
}

struct Machine {
  Machine(io::MemoryNetwork& network, const std::string& text, std::map<std::string, std::string> interfaces,
          std::uint64_t seed)
      : host(network, std::move(interfaces)), random(seed), node(config(text), host, device, random) {}

  FakeHost host;
  io::MemoryPacketDevice device{"hw0", 1392};
  SeededRandom random;
  Node node;
};

constexpr const char* kHub = R"([interface]
name = "hw0"
address = ["10.0.0.1/24"]
identity = "hub"
listen = ["192.0.2.1:9899"]
[[peer]]
name = "edge1"
allowed_ips = ["10.0.0.2/32"]
)";

constexpr const char* kEdge = R"([interface]
name = "hw0"
address = ["10.0.0.2/24"]
identity = "edge1"
[[uplink]]
interface = "eth0"
label = "lte"
[[uplink]]
interface = "eth1"
label = "dsl"
[[peer]]
name = "hub"
endpoint = ["192.0.2.1:9899"]
allowed_ips = ["0.0.0.0/0"]
)";

std::vector<std::byte> packet(std::uint8_t from, std::uint8_t to, std::size_t size = 1000) {
  std::vector<std::byte> out(size);
  ByteWriter w(out);
  w.u8(0x45);
  w.u8(0);
  w.u16(static_cast<std::uint16_t>(size));
  w.u32(0);
  w.u32(0x4011'0000);
  w.u32(0x0a00'0000U | from);
  w.u32(0x0a00'0000U | to);
  return out;
}

class NodeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  void start() {
    for (Machine* machine : machines) machine->node.start(now);
  }
  void run(Duration time) {
    const Timestamp end = now + time;
    while (now < end) {
      now += 5ms;
      for (Machine* machine : machines) {
        for (const UplinkId id : std::set(machine->host.watched)) machine->node.handle_socket(now, id);
        machine->node.handle_device(now);
        if (now >= machine->node.next_timeout()) machine->node.handle_timeout(now);
      }
    }
  }
  /// Paths of the machine's only association, by label.
  std::map<std::string, control::Path> paths(const Machine& machine) {
    std::map<std::string, control::Path> out;
    const control::Status status = machine.node.status(now);
    for (const auto& association : status.associations) {
      for (const auto& path : association.paths) out[path.label.empty() ? path.remote : path.label] = path;
    }
    return out;
  }
  std::string peer_state(const Machine& machine) { return machine.node.status(now).peers.at(0).state; }

  static std::string with_other_address() {
    std::string text = kHub;
    return text.replace(text.find("192.0.2.1"), 9, "192.0.2.2");
  }
  bool carries(Machine& from, Machine& to, const std::vector<std::byte>& bytes) {
    from.device.inject(bytes);
    run(300ms);
    return to.device.take_written() == std::vector<std::vector<std::byte>>{bytes};
  }

  Timestamp now{100s};
  io::MemoryNetwork network;
  Machine hub{network, kHub, {}, 1};
  Machine edge{network, kEdge, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 2};
  std::vector<Machine*> machines{&hub, &edge};
};

TEST_F(NodeTest, BondsTwoUplinksIntoOneAssociation) {
  start();
  run(2s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(peer_state(hub), "up");
  const auto mine = paths(edge);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine.at("lte").state, "active");
  EXPECT_EQ(mine.at("dsl").state, "active");
  EXPECT_EQ(mine.at("dsl").interface, "eth1");
  const auto seen = paths(hub);
  EXPECT_TRUE(seen.contains("198.51.100.1:40000"));
  EXPECT_TRUE(seen.contains("203.0.113.1:40001"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  EXPECT_TRUE(carries(hub, edge, packet(1, 2)));
}

TEST_F(NodeTest, StartsOverAnotherUplinkWhenTheFirstIsDead) {
  network.set_rewrite([](UdpAddress& source, UdpAddress& destination, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return source.ip != *dead && destination.ip != *dead;
  });
  start();
  run(10s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
}

TEST_F(NodeTest, TakesInAnUplinkThatAppearsLater) {
  edge.host.unplug("eth1");
  start();
  run(3s);
  EXPECT_EQ(paths(edge).size(), 1U);
  EXPECT_FALSE(edge.node.status(now).uplinks.at(1).usable);
  edge.host.plug("eth1", "203.0.113.1");
  run(4s);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(edge.node.status(now).uplinks.at(1).usable);
}

TEST_F(NodeTest, OpensNewSocketsWhenAnInterfaceIsReplaced) {
  start();
  run(2s);
  edge.host.unplug("eth1");
  run(2s);
  EXPECT_FALSE(paths(edge).contains("dsl"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  edge.host.plug("eth1", "203.0.113.77");
  run(8s);
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
  run(8s);
  EXPECT_EQ(peer_state(edge), "up");
}

TEST_F(NodeTest, CallsAgainWhenTheHubForgotTheAssociation) {
  start();
  run(2s);
  auto restarted =
      std::make_unique<Machine>(network, with_other_address(), std::map<std::string, std::string>{}, 3);
  bool to_new_hub = true;
  network.set_rewrite([&](UdpAddress& source, UdpAddress& destination, Bytes) {
    if (to_new_hub && destination.ip == *IpAddress::parse("192.0.2.1"))
      destination.ip = *IpAddress::parse("192.0.2.2");
    if (to_new_hub && source.ip == *IpAddress::parse("192.0.2.2")) source.ip = *IpAddress::parse("192.0.2.1");
    return true;
  });
  restarted->node.start(now);
  machines = {restarted.get(), &edge};
  edge.device.inject(packet(2, 1));
  run(30s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(peer_state(*restarted), "up");
  EXPECT_TRUE(carries(edge, *restarted, packet(2, 1, 400)));
}

TEST_F(NodeTest, CallsAgainAfterALongSilenceOfAllPaths) {
  start();
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  bool silent = true;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes) { return !silent; });
  for (int i = 0; i < 30; ++i) {
    edge.device.inject(packet(2, 1));
    run(1s);
  }
  silent = false;
  run(10s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_NE(edge.node.status(now).associations.at(0).id, first);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

TEST_F(NodeTest, ShutsItsAssociationsDownWhenStopped) {
  start();
  run(2s);
  edge.node.stop(now);
  run(1s);
  EXPECT_TRUE(edge.node.stopped());
  EXPECT_EQ(peer_state(hub), "down");
  EXPECT_TRUE(hub.node.status(now).associations.empty());
}

TEST_F(NodeTest, StopsWithinThreeSecondsWhenNobodyAnswers) {
  start();
  run(2s);
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  edge.node.stop(now);
  run(2900ms);
  EXPECT_FALSE(edge.node.stopped());
  run(200ms);
  EXPECT_TRUE(edge.node.stopped());
}

TEST_F(NodeTest, StopsAtOnceWhenNothingIsConnectedOrWhenToldTwice) {
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  start();
  run(1s);
  edge.node.stop(now);
  EXPECT_TRUE(edge.node.stopped());
  hub.node.stop(now);
  hub.node.stop(now);
  EXPECT_TRUE(hub.node.stopped());
}

TEST_F(NodeTest, AsksForAddressesOfNamesAndCallsThem) {
  std::string text = kEdge;
  text.replace(text.find("192.0.2.1:9899"), 14, "hub.example:9899");
  Machine named(network, text, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  EXPECT_EQ(named.host.asked, std::vector<tunnel::PeerIndex>{0});
  named.node.handle_addresses(now, 0, {*UdpAddress::parse("192.0.2.1:9899")});
  run(1s);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(NodeTest, AsksAgainWhenANameHasNoAddress) {
  std::string text = kEdge;
  text.replace(text.find("192.0.2.1:9899"), 14, "hub.example:9899");
  Machine named(network, text, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&named};
  start();
  named.node.handle_addresses(now, 0, {});
  run(1500ms);
  EXPECT_EQ(named.host.asked.size(), 2U);
}

TEST_F(NodeTest, UsesEveryInterfaceWithADefaultRouteWhenNoneIsNamed) {
  std::string text = kEdge;
  text.erase(text.find("[[uplink]]"), text.find("[[peer]]") - text.find("[[uplink]]"));
  Machine automatic(network, text, {{"lan0", "198.51.100.9"}, {"wan0", "203.0.113.9"}, {"hw0", "10.0.0.2"}},
                    4);
  automatic.host.link("wan0").default_route_v4 = true;
  automatic.host.link("hw0").default_route_v4 = true;  // the tunnel itself
  machines = {&hub, &automatic};
  start();
  run(2s);
  const auto mine = paths(automatic);
  ASSERT_EQ(mine.size(), 1U);
  EXPECT_EQ(mine.begin()->first, "wan0");
}

TEST_F(NodeTest, ReportsRatesAndCounters) {
  start();
  run(2s);
  for (int i = 0; i < 200; ++i) {
    for (int n = 0; n < 10; ++n) edge.device.inject(packet(2, 1));
    run(10ms);
  }
  double tx = 0;
  for (const auto& [label, path] : paths(edge)) tx += path.tx_mbps;
  EXPECT_NEAR(tx, 8.4, 1.5);  // 10 kB in 10 ms and overhead
  const control::Status status = edge.node.status(now);
  EXPECT_EQ(status.interface.counters.at("rx_packets"), 2000U);
  EXPECT_EQ(status.peers.at(0).counters.at("tx_packets"), 2000U);
  EXPECT_EQ(status.drops.engine.size(), sctp::kDropReasons);
  EXPECT_EQ(status.protection, "none");
}

}  // namespace
}  // namespace hawser::daemon
