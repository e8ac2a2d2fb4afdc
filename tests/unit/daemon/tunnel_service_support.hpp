#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "daemon/config/loader.hpp"
#include "daemon/tunnel_service.hpp"
#include "io/setup_error.hpp"
#include "seeded_random.hpp"
#include "support/memory_io.hpp"
#include "support/memory_policy_routing.hpp"

// Tunnel services in memory: an edge with two uplinks and a hub, joined by a network in memory.

namespace hawser::daemon {

using namespace std::chrono_literals;
using test::SeededRandom;

class FakePlatform final : public Platform {
 public:
  FakePlatform(io::MemoryNetwork& network, std::map<std::string, std::string> interfaces)
      : network_(network) {
    for (const auto& [name, address] : interfaces) plug(name, address);
  }

  void plug(const std::string& name, const std::string& address) {
    io::netlink::LinkInfo link;
    link.name = name;
    link.index = next_index_++;
    link.up = link.carrier = true;
    link.mtu = 1500;
    link.addresses = {*IpPrefix::parse(address + "/24")};
    links_[name] = link;
  }
  void add_address(const std::string& name, const std::string& prefix) {
    links_.at(name).addresses.push_back(*IpPrefix::parse(prefix));
  }
  void unplug(const std::string& name) { links_.erase(name); }
  void move(const std::string& name, const std::string& address) {
    links_.at(name).addresses = {*IpPrefix::parse(address + "/24")};
  }

  std::unique_ptr<io::DatagramSocket> open_socket(const io::udp::UdpSocketOptions& options) override {
    UdpAddress local = options.bind;
    if (options.device) {
      const auto at = links_.find(*options.device);
      if (at == links_.end()) throw io::SetupError("no such device", {});
      local = {address_of(at->second, options.bind.ip.is_v6()),
               options.bind.port != 0 ? options.bind.port : next_port_++};
    }
    auto socket = std::make_unique<io::MemoryDatagramSocket>(network_, options.id, local);
    return socket;
  }
  void watch(SocketId id, int) override { watched.insert(id); }
  void unwatch(SocketId id) override { watched.erase(id); }
  std::vector<io::netlink::LinkInfo> links() override {
    ++listings;
    std::vector<io::netlink::LinkInfo> out;
    for (const auto& [name, link] : links_) out.push_back(link);
    return out;
  }
  std::optional<io::netlink::RouteInfo> route(const io::netlink::RouteQuery& query,
                                              const IpAddress& to) override {
    for (const auto& [name, link] : links_) {
      if (link.index == query.link && !without_route.contains(name))
        return io::netlink::RouteInfo{address_of(link, to.is_v6()), {}};
    }
    return std::nullopt;
  }
  std::chrono::sys_seconds wall_clock() override { return wall; }
  void resolve(const NameQuestion& question) override { questions.push_back(question); }

  io::PolicyRouting& routing() override { return routes; }
  void announce(HookEvent event) override { announced.push_back(std::move(event)); }

  io::MemoryPolicyRouting routes;
  std::set<SocketId> watched;
  std::set<std::string> without_route;
  std::size_t listings = 0;
  std::vector<HookEvent> announced;
  std::vector<NameQuestion> questions;
  quota::WallTime wall = std::chrono::sys_days(std::chrono::November / 24 / 2026);

 private:
  static IpAddress address_of(const io::netlink::LinkInfo& link, bool v6) {
    for (const IpPrefix& prefix : link.addresses) {
      if (prefix.ip.is_v6() == v6) return prefix.ip;
    }
    throw io::SetupError("no address of this family", {});
  }

  io::MemoryNetwork& network_;
  std::map<std::string, io::netlink::LinkInfo> links_;
  int next_index_ = 1;
  std::uint16_t next_port_ = 40000;
};

/// A key that depends on the number only.
inline crypto::PrivateKey key_of(unsigned number) {
  return crypto::PrivateKey::from_seed(std::vector(crypto::kKeySize, static_cast<std::byte>(number)));
}
inline constexpr unsigned kHubKey = 1;
inline constexpr unsigned kEdgeKey = 2;
inline constexpr unsigned kOtherKey = 3;
/// Chunk types, RFC 9260 §3.2 and docs/protocol.md.
inline constexpr unsigned kInit = 1;
inline constexpr unsigned kSealed = 0x5e;
inline constexpr unsigned kPad = 0x84;

inline config::Config parse(const std::string& text) {
  const auto parsed = config::parse_config(text, "test");
  if (!parsed) throw std::runtime_error(parsed.error().at(0).to_string());
  return *parsed;
}

inline sctp::SecurityConfig security(unsigned own, const config::Config& config) {
  sctp::SecurityConfig out{.private_key = key_of(own), .peers = {}, .cipher_costs = {1, 2}};
  for (const config::PeerConfig& peer : config.peers) out.peers.push_back({*peer.public_key, {}});
  return out;
}

struct Machine {
  Machine(io::MemoryNetwork& network, const std::string& text, unsigned own,
          std::map<std::string, std::string> interfaces, std::uint64_t seed)
      : platform(network, std::move(interfaces)),
        random(seed),
        service(parse(text), security(own, parse(text)), platform, device, random) {}

  FakePlatform platform;
  io::MemoryPacketDevice device{"hw0", 1392};
  SeededRandom random;
  TunnelService service;
};

/// The state directory of every machine of this process.
inline const std::string& state_folder() {
  static const std::string folder =
      (std::filesystem::temp_directory_path() / ("hawser-service-" + std::to_string(::getpid()))).string();
  return folder;
}

inline std::string hub_text(unsigned edge = kEdgeKey, const std::string& address = "192.0.2.1") {
  return R"([interface]
name = "hw0"
address = ["10.0.0.1/24"]
private_key_file = "/not/read"
state_directory = ")" +
         state_folder() + R"("
listen = [")" +
         address +
         R"(:9899"]
[[peer]]
name = "edge1"
allowed_ips = ["10.0.0.2/32"]
public_key = ")" +
         key_of(edge).public_key().to_base64() + "\"\n";
}

inline std::string edge_text(const std::string& endpoint = "192.0.2.1:9899", unsigned hub = kHubKey) {
  return R"([interface]
name = "hw0"
address = ["10.0.0.2/24"]
private_key_file = "/not/read"
state_directory = ")" +
         state_folder() + R"("
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

/// An answer to the newest question of a machine.
inline NameAnswer answer_of(const FakePlatform& platform, std::vector<std::string> addresses) {
  const NameQuestion& question = platform.questions.back();
  NameAnswer out{.question = question.number, .host = question.host, .source = "192.0.2.53"};
  for (const std::string& each : addresses) out.addresses.push_back(*IpAddress::parse(each));
  if (addresses.empty()) out.failure = "server failure";
  return out;
}

inline std::vector<std::byte> packet(std::uint8_t from, std::uint8_t to, std::size_t size = 1000) {
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

class TunnelServiceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }

  TunnelServiceTest() { std::filesystem::remove_all(state_folder()); }
  ~TunnelServiceTest() override { std::filesystem::remove_all(state_folder()); }

  void start() {
    for (Machine* machine : machines) machine->service.start(now);
  }
  void run(Duration time) {
    const Timestamp end = now + time;
    while (now < end) {
      now += 5ms;
      for (Machine* machine : machines) {
        for (const SocketId id : std::set(machine->platform.watched)) machine->service.handle_socket(now, id);
        machine->service.handle_device(now);
        if (now >= machine->service.next_timeout()) machine->service.handle_timeout(now);
      }
    }
  }
  /// Paths of the machine's only association, by label.
  std::map<std::string, control::Path> paths(const Machine& machine) {
    std::map<std::string, control::Path> out;
    const control::Status status = machine.service.status(now);
    for (const auto& association : status.associations) {
      for (const auto& path : association.paths) out[path.label.empty() ? path.remote : path.label] = path;
    }
    return out;
  }
  std::string peer_state(const Machine& machine) { return machine.service.status(now).peers.at(0).state; }

  /// Replaces the hub, after `away`, with one that has no associations.
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
    restarted->service.start(now);
    machines.push_back(restarted.get());
    return restarted;
  }
  /// Runs while one end sends a packet every 100 ms.
  void run_with_traffic(Duration time) { run_with_traffic(edge, time); }
  void run_with_traffic(Machine& from, Duration time) {
    for (const Timestamp end = now + time; now < end; run(100ms)) from.device.inject(packet(2, 1, 100));
  }
  struct Packet {
    bool from_hub;
    std::uint32_t tag;
    unsigned chunk;  ///< type of the first chunk
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

}  // namespace hawser::daemon
