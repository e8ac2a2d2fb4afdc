#include "daemon/node.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
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
  void move(const std::string& name, const std::string& address) {
    links_.at(name).addresses = {*IpPrefix::parse(address + "/24")};
  }

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
    ++looks;
    std::vector<io::LinkInfo> out;
    for (const auto& [name, link] : links_) out.push_back(link);
    return out;
  }
  std::optional<io::RouteInfo> route(int index, const IpAddress&, const std::optional<IpAddress>&) override {
    for (const auto& [name, link] : links_) {
      if (link.index == index && !without_route.contains(name))
        return io::RouteInfo{link.addresses.at(0).ip, {}};
    }
    return std::nullopt;
  }
  WallTime wall_clock() override { return wall; }
  void resolve(tunnel::PeerIndex peer, const std::vector<HostPort>&) override { asked.push_back(peer); }

  void announce(HookEvent event) override { announced.push_back(std::move(event)); }

  std::set<UplinkId> watched;
  std::set<std::string> without_route;
  std::size_t looks = 0;
  std::vector<HookEvent> announced;
  std::vector<tunnel::PeerIndex> asked;
  WallTime wall = std::chrono::sys_days(std::chrono::November / 24 / 2026);

 private:
  io::MemoryNetwork& network_;
  std::map<std::string, io::LinkInfo> links_;
  int next_index_ = 1;
  std::uint16_t next_port_ = 40000;
};

/// Always the same for a number.
crypto::PrivateKey key_of(unsigned number) {
  return crypto::PrivateKey::from_seed(std::vector(crypto::kKeySize, static_cast<std::byte>(number)));
}
constexpr unsigned kHubKey = 1;
constexpr unsigned kEdgeKey = 2;
constexpr unsigned kOtherKey = 3;
/// Chunk types, RFC 9260 §3.2 and docs/protocol.md.
constexpr unsigned kInit = 1;
constexpr unsigned kSealed = 0x5e;

Config config(const std::string& text) {
  const auto parsed = parse_config(text, "test");
  if (!parsed) throw std::runtime_error(parsed.error().at(0).to_string());
  return *parsed;
}

sctp::Protection protection(unsigned own, const Config& config) {
  sctp::Protection out{.private_key = key_of(own), .peers = {}, .cipher_costs = {1, 2}};
  for (const PeerConfig& peer : config.peers) out.peers.push_back({*peer.public_key, {}});
  return out;
}

struct Machine {
  Machine(io::MemoryNetwork& network, const std::string& text, unsigned own,
          std::map<std::string, std::string> interfaces, std::uint64_t seed)
      : host(network, std::move(interfaces)),
        random(seed),
        node(config(text), protection(own, config(text)), host, device, random) {}

  FakeHost host;
  io::MemoryPacketDevice device{"hw0", 1392};
  SeededRandom random;
  Node node;
};

std::string hub_text(unsigned edge = kEdgeKey, const std::string& address = "192.0.2.1") {
  return R"([interface]
name = "hw0"
address = ["10.0.0.1/24"]
private_key_file = "/not/read"
listen = [")" +
         address + R"(:9899"]
[[peer]]
name = "edge1"
allowed_ips = ["10.0.0.2/32"]
public_key = ")" +
         key_of(edge).public_key().to_base64() + "\"\n";
}

std::string edge_text(const std::string& endpoint = "192.0.2.1:9899", unsigned hub = kHubKey) {
  return R"([interface]
name = "hw0"
address = ["10.0.0.2/24"]
private_key_file = "/not/read"
[[uplink]]
interface = "eth0"
label = "lte"
[[uplink]]
interface = "eth1"
label = "dsl"
[[peer]]
name = "hub"
allowed_ips = ["0.0.0.0/0"]
endpoint = [")" +
         endpoint + "\"]\npublic_key = \"" + key_of(hub).public_key().to_base64() + "\"\n";
}

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

  /// Puts a hub that knows nothing in the place of the first, once `away` has passed.
  std::unique_ptr<Machine> restart_hub(Duration away) {
    machines = {&edge};
    network.set_rewrite(
        [](UdpAddress&, UdpAddress& to, Bytes) { return to.ip != *IpAddress::parse("192.0.2.1"); });
    run_with_traffic(away);
    auto restarted = std::make_unique<Machine>(network, hub_text(kEdgeKey, "192.0.2.2"), kHubKey,
                                               std::map<std::string, std::string>{}, 3);
    network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
      if (to.ip == *IpAddress::parse("192.0.2.1")) to.ip = *IpAddress::parse("192.0.2.2");
      if (from.ip == *IpAddress::parse("192.0.2.2")) from.ip = *IpAddress::parse("192.0.2.1");
      return true;
    });
    restarted->node.start(now);
    machines.push_back(restarted.get());
    return restarted;
  }
  /// As if a ping ran.
  void run_with_traffic(Duration time) {
    for (const Timestamp end = now + time; now < end; run(100ms)) edge.device.inject(packet(2, 1, 100));
  }
  struct Packet {
    bool from_hub;
    std::uint32_t tag;
    unsigned chunk;  ///< type of the first
  };
  void lose(std::function<bool(const Packet&)> lost) {
    network.set_rewrite([lost = std::move(lost)](UdpAddress& from, UdpAddress&, Bytes payload) {
      return !lost({from.port == 9899, load_be<std::uint32_t>(payload.data() + 4),
                    std::to_integer<unsigned>(payload[12])});
    });
  }
  bool carries(Machine& from, Machine& to, const std::vector<std::byte>& bytes) {
    from.device.inject(bytes);
    run(300ms);
    return to.device.take_written() == std::vector<std::vector<std::byte>>{bytes};
  }

  Timestamp now{100s};
  io::MemoryNetwork network;
  Machine hub{network, hub_text(), kHubKey, {}, 1};
  Machine edge{network, edge_text(), kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 2};
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

/// Names of what hooks are told, in order; those of paths with the label.
std::vector<std::string> told(Machine& machine) {
  std::vector<std::string> out;
  for (const HookEvent& event : machine.host.announced) {
    out.push_back(event.name);
    for (const auto& [name, value] : event.facts) {
      if (name == "HAWSER_PATH_LABEL" && !value.empty()) out.back() += " " + value;
    }
  }
  machine.host.announced.clear();
  return out;
}
std::string fact(const HookEvent& event, const std::string& name) {
  for (const auto& [key, value] : event.facts) {
    if (key == name) return value;
  }
  return "none";
}

TEST_F(NodeTest, TellsHooksOfTunnelsAndPathsInPairs) {
  start();
  run(2s);
  ASSERT_EQ(edge.host.announced.size(), 3U);
  const HookEvent up = edge.host.announced[0];
  EXPECT_EQ(fact(up, "HAWSER_INTERFACE"), "hw0");
  EXPECT_EQ(fact(up, "HAWSER_PEER"), "hub");
  EXPECT_EQ(fact(up, "HAWSER_PEER_KEY"), key_of(kHubKey).public_key().to_base64());
  const HookEvent path = edge.host.announced[1];
  EXPECT_EQ(fact(path, "HAWSER_PATH_INTERFACE"), "eth0");
  EXPECT_EQ(fact(path, "HAWSER_REMOTE"), "192.0.2.1:9899");
  EXPECT_EQ(told(edge), (std::vector<std::string>{"tunnel-up", "path-up lte", "path-up dsl"}));
  EXPECT_EQ(told(hub), (std::vector<std::string>{"tunnel-up", "path-up", "path-up"}));
  lose([](const Packet&) { return true; });
  run_with_traffic(2s);
  lose([](const Packet&) { return false; });
  run_with_traffic(3s);
  std::map<std::string, std::vector<std::string>> outage;  // by label
  for (const std::string& each : told(edge)) outage[each.substr(each.find(' ') + 1)].push_back(each);
  EXPECT_EQ(outage.size(), 2U);
  for (const auto& [label, events] : outage) {
    EXPECT_EQ(events.size() % 2, 0U);
    for (std::size_t i = 0; i < events.size(); ++i)
      EXPECT_EQ(events[i], (i % 2 == 0 ? "path-down " : "path-up ") + label);
  }
  told(hub);
  edge.node.stop(now);
  run(1s);
  EXPECT_EQ(told(edge), (std::vector<std::string>{"path-down lte", "path-down dsl", "tunnel-down"}));
  EXPECT_EQ(told(hub), (std::vector<std::string>{"path-down", "path-down", "tunnel-down"}));
}

TEST_F(NodeTest, TellsHooksThatAPathMovedAndWhereItWas) {
  start();
  run(2s);
  const std::string before = fact(hub.host.announced.at(1), "HAWSER_REMOTE");
  told(hub);
  const auto original = *UdpAddress::parse(before);
  const UdpAddress rebound{original.ip, static_cast<std::uint16_t>(original.port + 1000)};
  network.set_rewrite([&](UdpAddress& from, UdpAddress& to, Bytes) {
    if (from == original) from = rebound;
    if (to == rebound) to = original;
    return true;
  });
  run_with_traffic(3s);
  ASSERT_EQ(hub.host.announced.size(), 1U);
  const HookEvent& moved = hub.host.announced[0];
  EXPECT_EQ(moved.name, "path-moved");
  EXPECT_EQ(fact(moved, "HAWSER_OLD_REMOTE"), before);
  EXPECT_EQ(fact(moved, "HAWSER_REMOTE"), rebound.to_string());
  EXPECT_EQ(fact(moved, "HAWSER_PEER"), "edge1");
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

TEST_F(NodeTest, CallsOnceWhenTheFirstCallIsAnswered) {
  std::size_t calls = 0;
  network.set_rewrite([&](UdpAddress&, UdpAddress&, Bytes payload) {
    if (payload[12] == std::byte{kInit}) ++calls;
    return true;
  });
  start();
  run(3s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(calls, 1U);
  EXPECT_EQ(hub.node.status(now).drops.engine.at("handshake_failed"), 0U);
}

TEST_F(NodeTest, RacesUplinksAndAddressesAndIsUpSoonWhenOneOfManyWorks) {
  Machine racer(network, edge_text("192.0.2.66:9899\", \"192.0.2.67:9899\", \"192.0.2.1:9899"), kEdgeKey,
                {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  machines = {&hub, &racer};
  start();
  run(700ms);  // the last of six combinations is called after 500 ms
  EXPECT_EQ(peer_state(racer), "up");
  EXPECT_EQ(racer.node.status(now).associations.size(), 1U) << "the losers of the race are over";
}

TEST_F(NodeTest, JoinsOverTheAddressThatTheOtherUplinkReaches) {
  Machine torn(network, edge_text("192.0.2.66:9899\", \"192.0.2.1:9899"), kEdgeKey,
               {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  // Two addresses of one hub: eth0 reaches one of them, eth1 the other.
  const auto first = *IpAddress::parse("192.0.2.1");
  const auto second = *IpAddress::parse("192.0.2.66");
  const auto over_eth1 = *IpAddress::parse("203.0.113.1");
  network.set_rewrite([=](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == first) return from.ip != over_eth1;
    if (to.ip == second) {
      to.ip = first;
      return from.ip == over_eth1;
    }
    if (to.ip == over_eth1) from.ip = second;
    return true;
  });
  machines = {&hub, &torn};
  start();
  run(5s);
  const auto mine = paths(torn);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine.at("lte").state, "active");
  EXPECT_EQ(mine.at("lte").remote, "192.0.2.1:9899");
  EXPECT_EQ(mine.at("dsl").state, "active");
  EXPECT_EQ(mine.at("dsl").remote, "192.0.2.66:9899");
}

TEST_F(NodeTest, CallsKnownAddressesWhileNamesAreNotFound) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  named.node.handle_addresses(now, 0, {*UdpAddress::parse("192.0.2.1:9899")});
  run(1s);
  ASSERT_EQ(peer_state(named), "up");
  hub.node.stop(now);  // a restart
  run(500ms);
  Machine again(network, hub_text(kEdgeKey, "192.0.2.2"), kHubKey, {}, 3);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    if (to.ip == *IpAddress::parse("192.0.2.1")) to.ip = *IpAddress::parse("192.0.2.2");
    if (from.ip == *IpAddress::parse("192.0.2.2")) from.ip = *IpAddress::parse("192.0.2.1");
    return true;
  });
  again.node.start(now);
  machines = {&again, &named};
  run(2s);  // nobody answers the question for the name
  EXPECT_EQ(named.host.asked.size(), 2U);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(NodeTest, KeepsItsAssociationWhileNoInterfaceIsLeft) {
  start();
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  edge.host.unplug("eth0");
  edge.host.unplug("eth1");
  edge.node.handle_links_changed(now);
  run(60s);
  edge.host.plug("eth1", "203.0.113.9");
  edge.node.handle_links_changed(now);
  run(3s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(paths(edge).size(), 1U);
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
  edge.node.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
  EXPECT_TRUE(edge.node.status(now).uplinks.at(1).usable);
}

TEST_F(NodeTest, OpensNewSocketsWhenAnInterfaceIsReplaced) {
  start();
  run(2s);
  edge.host.unplug("eth1");
  edge.node.handle_links_changed(now);
  EXPECT_FALSE(paths(edge).contains("dsl"));
  EXPECT_TRUE(carries(edge, hub, packet(2, 1)));
  edge.host.plug("eth1", "203.0.113.77");
  edge.node.handle_links_changed(now);
  run(100ms);
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
  edge.node.handle_links_changed(now);
  run(100ms);
  EXPECT_EQ(peer_state(edge), "up");
}

TEST_F(NodeTest, TakesInAnUplinkThatNobodyToldOfAfterAWhile) {
  edge.host.unplug("eth1");
  start();
  run(2s);
  edge.host.plug("eth1", "203.0.113.1");
  run(Node::kLongestLook);
  EXPECT_EQ(paths(edge).at("dsl").state, "active");
}

TEST_F(NodeTest, LooksAtTheInterfacesOnlyNowAndThenWhileTheyChangeAllTheTime) {
  start();
  run(2s);
  const std::size_t before = edge.host.looks;
  for (int i = 0; i < 100; ++i) {
    for (int event = 0; event < 50; ++event) edge.node.handle_links_changed(now);
    run(10ms);
  }
  EXPECT_GE(edge.host.looks - before, 18U);
  EXPECT_LE(edge.host.looks - before, 21U);
}

TEST_F(NodeTest, ShowsTheHubTheNewAddressOfAnUplinkWithinARoundTrip) {
  start();
  run(2s);
  edge.host.move("eth1", "203.0.113.99");
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto swap = [](IpAddress& ip, const char* old, const char* other) {
      if (ip == *IpAddress::parse(old)) ip = *IpAddress::parse(other);
    };
    swap(from.ip, "203.0.113.1", "203.0.113.99");  // the socket in memory has the old one
    swap(to.ip, "203.0.113.99", "203.0.113.1");
    return true;
  });
  run(1s);
  EXPECT_TRUE(paths(hub).contains("203.0.113.1:40001"));
  edge.node.handle_links_changed(now);
  run(50ms);
  EXPECT_EQ(paths(hub).at("203.0.113.99:40001").state, "active");
  EXPECT_EQ(paths(hub).size(), 2U);
}

TEST_F(NodeTest, IsBackWithinFiveSecondsOfTheReturnOfItsHubWheneverThatIs) {
  start();
  run(2s);
  for (Duration away = 0s; away < 9s; away += 700ms) {
    const auto restarted = restart_hub(away);
    const Timestamp begin = now;
    while (peer_state(*restarted) != "up" && now < begin + 30s) run_with_traffic(100ms);
    EXPECT_LT(now - begin, 5s) << "after " << away / 1ms << " ms away";
    EXPECT_EQ(edge.node.status(now).associations.size(), 1U);
    EXPECT_TRUE(carries(edge, *restarted, packet(2, 1, 400)));
    run(2s);
    EXPECT_EQ(paths(edge).size(), 2U);
  }
}

TEST_F(NodeTest, CallsBesideASilentAssociationAndKeepsItWhenAPathAnswersAfterAll) {
  start();
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(30s);
  EXPECT_EQ(peer_state(edge), "up");
  EXPECT_EQ(edge.node.status(now).peers.at(0).association, first);
  bool called = false;
  for (int i = 0; i < 100 && !called; ++i) {
    run(50ms);
    called = edge.node.status(now).associations.size() == 2;
  }
  EXPECT_TRUE(called);
  EXPECT_EQ(edge.node.status(now).associations.back().state, "cookie_wait");
  lose([](const Packet& each) { return each.chunk == kInit; });
  run(4s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(hub.node.status(now).peers.at(0).counters.at("associations"), 1U);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

/// The hub takes a call for up only after the edge did, so that ending the call never costs both.
TEST_F(NodeTest, MayEndACallHoweverFarTheHubHasGotWithIt) {
  start();
  std::uint32_t old_tag = 0;
  lose([&](const Packet& each) {
    if (each.from_hub && each.chunk == kSealed) old_tag = each.tag;
    return false;
  });
  run(2s);
  const auto first = edge.node.status(now).associations.at(0).id;
  lose([](const Packet&) { return true; });
  run_with_traffic(3s);
  // The handshake comes to its end but for the first sealed packet; no HEARTBEAT passes either.
  lose([](const Packet& each) { return each.chunk == kSealed; });
  const auto called = [&] {
    const auto associations = edge.node.status(now).associations;
    return associations.size() > 1 && associations.back().state == "established";
  };
  for (int i = 0; i < 1000 && !called(); ++i) run(5ms);
  run(1s);
  ASSERT_GE(edge.node.status(now).associations.size(), 2U);
  lose([&](const Packet& each) { return each.from_hub && each.chunk == kSealed && each.tag != old_tag; });
  run(3s);
  ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  EXPECT_EQ(edge.node.status(now).associations[0].id, first);
  EXPECT_EQ(hub.node.status(now).peers.at(0).counters.at("replaced"), 0U);
  (void)hub.device.take_written();
  EXPECT_TRUE(carries(edge, hub, packet(2, 1, 400)));
}

TEST_F(NodeTest, DoesNotCallAgainWhileAnyPathAnswers) {
  start();
  run(2s);
  network.set_rewrite([](UdpAddress& from, UdpAddress& to, Bytes) {
    const auto dead = IpAddress::parse("198.51.100.1");
    return from.ip != *dead && to.ip != *dead;
  });
  for (int i = 0; i < 100; ++i) {
    run_with_traffic(100ms);
    ASSERT_EQ(edge.node.status(now).associations.size(), 1U);
  }
}

TEST_F(NodeTest, StaysDownWhenTheHubDoesNotKnowItsKey) {
  Machine stranger(network, edge_text(), kOtherKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&hub, &stranger};
  start();
  run(20s);
  EXPECT_NE(peer_state(stranger), "up");
  EXPECT_EQ(peer_state(hub), "down");
  EXPECT_TRUE(hub.node.status(now).associations.empty());
  EXPECT_GT(hub.node.status(now).drops.engine.at("handshake_failed"), 1U);
}

TEST_F(NodeTest, HearsNothingFromAHubWhoseKeyItDoesNotKnow) {
  std::size_t answers = 0;
  network.set_rewrite([&](UdpAddress& from, UdpAddress&, Bytes) {
    if (from.ip == *IpAddress::parse("192.0.2.1")) ++answers;
    return true;
  });
  Machine wrong(network, edge_text("192.0.2.1:9899", kOtherKey), kEdgeKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&hub, &wrong};
  start();
  run(20s);
  EXPECT_NE(peer_state(wrong), "up");
  EXPECT_EQ(answers, 0U);
  EXPECT_GT(hub.node.status(now).drops.engine.at("no_access"), 5U);
}

TEST_F(NodeTest, RefusesACallFromAPeerThatIsItsOwnToCall) {
  std::string text = hub_text();
  text += "endpoint = [\"198.51.100.99:1\"]\n";
  text.replace(text.find("192.0.2.1"), 9, "192.0.2.3");
  Machine caller(network, text, kHubKey, {{"eth0", "192.0.2.8"}}, 5);
  Machine called(network, edge_text("192.0.2.3:9899"), kEdgeKey, {{"eth0", "198.51.100.7"}}, 4);
  machines = {&caller, &called};
  start();
  run(5s);
  EXPECT_NE(peer_state(called), "up");
  EXPECT_GT(caller.node.status(now).drops.tunnel.at("wrong_caller"), 0U);
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
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&hub, &named};
  start();
  EXPECT_EQ(named.host.asked, std::vector<tunnel::PeerIndex>{0});
  named.node.handle_addresses(now, 0, {*UdpAddress::parse("192.0.2.1:9899")});
  run(1s);
  EXPECT_EQ(peer_state(named), "up");
}

TEST_F(NodeTest, AsksAgainWhenANameHasNoAddress) {
  Machine named(network, edge_text("hub.example:9899"), kEdgeKey, {{"eth0", "198.51.100.9"}}, 4);
  machines = {&named};
  start();
  named.node.handle_addresses(now, 0, {});
  run(1500ms);
  EXPECT_EQ(named.host.asked.size(), 2U);
}

TEST_F(NodeTest, UsesEveryInterfaceThatLeadsToTheHubWhenNoneIsNamed) {
  std::string text = edge_text();
  text.erase(text.find("[[uplink]]"), text.find("[[peer]]") - text.find("[[uplink]]"));
  Machine automatic(network, text, kEdgeKey,
                    {{"lan0", "198.51.100.9"}, {"wan0", "203.0.113.9"}, {"hw0", "10.0.0.2"}}, 4);
  automatic.host.without_route.insert("lan0");  // but hw0, the tunnel itself, leads everywhere
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
}

TEST_F(NodeTest, ShowsKeysAndTheirAges) {
  start();
  run(3s);
  const control::Status mine = edge.node.status(now);
  EXPECT_EQ(mine.public_key, key_of(kEdgeKey).public_key().to_base64());
  EXPECT_EQ(mine.peers.at(0).public_key, key_of(kHubKey).public_key().to_base64());
  ASSERT_TRUE(mine.associations.at(0).protection);
  const control::Protection& protection = *mine.associations[0].protection;
  EXPECT_EQ(protection.cipher, "aes-128-gcm");
  EXPECT_EQ(protection.epoch, 0U);
  EXPECT_EQ(protection.handshakes, 1U);
  EXPECT_NEAR(protection.keys_age_s, 3, 0.5);
  EXPECT_NEAR(protection.last_handshake_age_s, 3, 0.5);
}

TEST_F(NodeTest, GivesPathsTheRoleOfTheirUplinkAtBothEndsAndChangesItLive) {
  std::string text = edge_text();
  text.replace(text.find("label = \"dsl\""), 13,
               "label = \"dsl\"\nrole = \"backup\"\nmax_download = \"5 Mbit/s\"");
  Machine mine(network, text, kEdgeKey, {{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
  machines = {&hub, &mine};
  start();
  run(2s);
  EXPECT_EQ(paths(mine).at("dsl").role, "backup");
  EXPECT_EQ(paths(mine).at("dsl").reason, "backup: better paths work");
  const auto at_hub = [this](const std::string& address) {
    for (const auto& [remote, path] : paths(hub)) {
      if (remote.starts_with(address)) return path;
    }
    return control::Path{};
  };
  EXPECT_EQ(at_hub("203.0.113.1").role, "backup");
  EXPECT_EQ(at_hub("203.0.113.1").cap_mbps, 5);
  EXPECT_EQ(paths(mine).at("dsl").cap_mbps, 0);

  ASSERT_TRUE(mine.node.set_path(now, {"dsl", "role", "always"}));
  ASSERT_TRUE(mine.node.set_path(now, {"dsl", "max_download", "none"}));
  const auto change = mine.node.set_path(now, {"lte", "role", "never"});
  ASSERT_TRUE(change);
  EXPECT_EQ(change->before, "always");
  EXPECT_EQ(change->after, "never");
  run(1s);
  EXPECT_EQ(at_hub("203.0.113.1").role, "always");
  EXPECT_EQ(at_hub("203.0.113.1").cap_mbps, 0);
  EXPECT_EQ(at_hub("198.51.100.1").role, "never");
  EXPECT_EQ(mine.node.status(now).uplinks.at(0).role, "never");
  EXPECT_TRUE(carries(mine, hub, packet(2, 1)));
}

TEST_F(NodeTest, KeepsALiveChangeForAssociationsThatAreSetUpLater) {
  start();
  run(2s);
  ASSERT_TRUE(edge.node.set_path(now, {"dsl", "role", "backup"}));
  const auto restarted = restart_hub(3s);
  for (int i = 0; i < 100 && peer_state(*restarted) != "up"; ++i) run_with_traffic(100ms);
  run(2s);
  EXPECT_EQ(paths(edge).at("dsl").role, "backup");
  EXPECT_EQ(paths(edge).at("lte").role, "always");
}

TEST_F(NodeTest, NamesWhatIsWrongWithASettingOfAPath) {
  start();
  const auto error = [this](const control::PathSetting& setting) {
    return edge.node.set_path(now, setting).error().message;
  };
  EXPECT_EQ(error({"wifi", "role", "never"}), "label: saw \"wifi\"; allowed: lte, dsl");
  EXPECT_EQ(error({"lte", "roll", "never"}),
            "setting: saw \"roll\"; allowed: \"role\", \"max_upload\" or \"max_download\"");
  EXPECT_EQ(error({"lte", "role", "no"}),
            "role: saw \"no\"; allowed: \"always\", \"secondary\", \"backup\" or \"never\"");
  EXPECT_TRUE(error({"lte", "max_upload", "10"}).ends_with("as \"20 Mbit/s\", or \"none\""));
  EXPECT_EQ(hub.node.set_path(now, {"lte", "role", "never"}).error().message,
            "label: saw \"lte\"; allowed: none, as there is no uplink");
}

TEST_F(NodeTest, SaysOfAnUplinkWithoutAPathWhyAndWhenItIsTriedNext) {
  edge.host.unplug("eth1");
  start();
  run(2s);
  const auto missing = edge.node.status(now).associations.at(0).missing;
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].label, "dsl");
  EXPECT_EQ(missing[0].reason, "no interface");
  EXPECT_GE(missing[0].next_try_s, 0);
  EXPECT_LE(missing[0].next_try_s, 1);
}

class NodeQuota : public NodeTest {
 protected:
  NodeQuota() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-node-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    text = edge_text();
    text.replace(text.find("label = \"dsl\""), 13,
                 "label = \"dsl\"\nquota = \"1 MB\"\nover_quota = \"never\"");
    text.replace(text.find("label = \"lte\""), 13, "label = \"lte\"\nrole = \"backup\"");
    text.replace(text.find("[[uplink]]"), 10, "state_directory = \"" + folder + "\"\n[[uplink]]");
  }
  ~NodeQuota() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<Machine> begin() {
    auto mine = std::make_unique<Machine>(
        network, text, kEdgeKey,
        std::map<std::string, std::string>{{"eth0", "198.51.100.1"}, {"eth1", "203.0.113.1"}}, 4);
    mine->node.start(now);
    machines = {&hub, mine.get()};
    return mine;
  }
  void send(Machine& from, int packets) {
    for (int i = 0; i < packets; i += 10, run(5ms)) {
      for (int n = 0; n < 10; ++n) from.device.inject(packet(2, 1));
    }
  }
  control::Uplink dsl(const Machine& machine) { return machine.node.status(now).uplinks.at(1); }

  std::string folder;
  std::string text;
};

TEST_F(NodeQuota, TakesAnUplinkOutWhenItsQuotaIsUsedUpAndBackAtTheReset) {
  hub.node.start(now);
  const auto mine = begin();
  run(2s);
  EXPECT_EQ(dsl(*mine).role, "always");
  EXPECT_EQ(dsl(*mine).quota->reset, "2026-12-01");
  send(*mine, 3000);
  run(1100ms);
  EXPECT_EQ(dsl(*mine).role, "never");
  EXPECT_TRUE(dsl(*mine).quota->over);
  EXPECT_EQ(paths(*mine).at("dsl").reason, "over quota");
  EXPECT_TRUE(mine->node.set_path(now, {"dsl", "role", "always"})->over_quota);
  EXPECT_EQ(dsl(*mine).role, "never") << "the quota is stronger";
  mine->host.wall = std::chrono::sys_days(std::chrono::December / 1 / 2026);
  run(1100ms);
  EXPECT_EQ(dsl(*mine).role, "always");
  EXPECT_FALSE(dsl(*mine).quota->over);
}

TEST_F(NodeQuota, RemembersWhatWasUsedAfterACrashAndAfterAStop) {
  hub.node.start(now);
  std::uint64_t used = 0;
  {
    const auto crashed = begin();
    run(2s);
    send(*crashed, 600);
    run(1100ms);
    used = dsl(*crashed).quota->used;
    EXPECT_GT(used, 200'000U);
  }
  {
    const auto stopped = begin();
    EXPECT_GE(dsl(*stopped).quota->used, used - 10'000) << "a hundredth may be lost";
    run(2s);
    stopped->node.stop(now);
    run(1s);
    ASSERT_TRUE(stopped->node.stopped());
    used = dsl(*stopped).quota->used;
  }
  EXPECT_EQ(dsl(*begin()).quota->used, used);
}

TEST_F(NodeQuota, BeginsOverQuotaWhenItWasBefore) {
  hub.node.start(now);
  {
    const auto first = begin();
    run(2s);
    send(*first, 3000);
    run(1100ms);
  }
  EXPECT_EQ(dsl(*begin()).role, "never");
}

}  // namespace
}  // namespace hawser::daemon
