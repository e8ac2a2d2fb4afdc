// Many initiators at one hub: edges behind one address, and attackers who begin handshakes that they do not
// finish.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr std::uint64_t kHubKey = 900'000;
constexpr std::uint64_t kEdgeKey = 1;           // the keys of edges follow each other from here
constexpr std::uint64_t kStrangeKey = 800'000;  // the hub does not know it

LinkConfig line(Duration delay) {
  LinkConfig link;
  link.delay = delay;
  link.queue_bytes = 1U << 20;
  return link;
}

/// A hub that knows `edges` keys. Fixture: owns the world.
class Crowd : public ::testing::Test {
 protected:
  void make_hub(std::size_t edges) {
    sctp::EndpointConfig config = tunnel_config();
    like_a_tunnel(config);
    config.accept = true;
    config.max_associations = 4096;
    Identity identity{kHubKey, {}, {}, {}};
    for (std::size_t i = 0; i < edges; ++i) identity.peers.push_back(kEdgeKey + i);
    HostOptions options;
    options.identity = identity;
    hub_ = &world_.add_host("hub", config, options);
    world_.attach(*hub_, SocketId(0), hub_v4_, nullptr, {}, {});
    world_.attach(*hub_, SocketId(1), hub_v6_, nullptr, {}, {});
    hub_->on_event = [this](const sctp::Event& event) { accepted_ += event.kind == Kind::accepted ? 1 : 0; };
  }

  Host& make_host(const std::string& name, std::uint64_t key) {
    sctp::EndpointConfig config = tunnel_config();
    like_a_tunnel(config);
    config.max_init_retrans = 1;  // as in the daemon: an attempt ends after 1.5 s
    HostOptions options;
    options.identity = Identity{key, {kHubKey}, {}, {}};
    return world_.add_host(name, config, options);
  }

  /// An edge that connects again, after a pause, whenever an attempt has failed.
  struct Edge {
    Host* host = nullptr;
    bool up = false;
  };
  Edge& make_edge(std::size_t number, Nat* nat) {
    Edge& edge = edges_.emplace_back();
    edge.host = &make_host("edge " + std::to_string(number), kEdgeKey + number);
    const UdpAddress inside{IpAddress::v4(0x0A00'0002U + static_cast<std::uint32_t>(number)), 9899};
    const UdpAddress outside = *UdpAddress::parse("192.0.2.77:9899");
    world_.attach(*edge.host, SocketId(0), nat == nullptr ? outside : inside, nat, line(20ms), line(20ms));
    edge.host->on_event = [this, &edge](const sctp::Event& event) {
      edge.up |= event.kind == Kind::connected;
      if (event.kind != Kind::lost && event.kind != Kind::aborted) return;
      edge.up = false;
      world_.events().after(500ms, [this, &edge] { connect(edge); });
    };
    return edge;
  }
  void connect(const Edge& edge) { edge.host->connect(0, hub_v4_); }
  [[nodiscard]] std::size_t up() const {
    return static_cast<std::size_t>(std::ranges::count(edges_, true, &Edge::up));
  }
  /// How long it takes until all edges are up; `limit` when it takes longer.
  Duration time_until_all_are_up(Duration limit) {
    const Timestamp begin = world_.now();
    world_.events().run_until(begin + limit, [this] { return up() == edges_.size(); });
    return world_.now() - begin;
  }
  /// `count` edges behind one address, all of which connect at the same time.
  void crowd_behind_one_address(std::size_t count) {
    make_hub(count);
    Nat& nat = world_.add_nat({}, *IpAddress::parse("203.0.113.1"));
    for (std::size_t i = 0; i < count; ++i) make_edge(i, &nat);
    for (const Edge& edge : edges_) connect(edge);
  }

  /// Begins a handshake from `access` of `host` every `interval`, for as long as the world runs.
  void attack(Host& host, std::size_t access, const UdpAddress& hub, Duration interval) {
    const auto id = host.connect(access, hub);
    world_.events().after(2s, [&host, id] { host.abort(id, "of no more use"); });
    world_.events().after(interval,
                          [this, &host, access, hub, interval] { attack(host, access, hub, interval); });
  }

  /// Puts copies of `datagram` into the network, 20 a second.
  void replay(const SimDatagram& datagram) {
    world_.inject(SimDatagram(datagram));
    world_.events().after(50ms, [this, datagram] { replay(datagram); });
  }

  void TearDown() override { EXPECT_TRUE(world_.violations().empty()) << world_.violations().text(); }

  World world_{1};
  UdpAddress hub_v4_ = *UdpAddress::parse("198.51.100.1:9899");
  UdpAddress hub_v6_ = *UdpAddress::parse("[2001:db8::1]:9899");
  Host* hub_ = nullptr;
  std::deque<Edge> edges_;
  int accepted_ = 0;
};

TEST_F(Crowd, OfSixtyEdgesBehindOneAddressIsUpWithinFiveSecondsFromColdAndAfterACrashOfTheHub) {
  crowd_behind_one_address(60);
  const Duration cold = time_until_all_are_up(30s);
  EXPECT_LT(cold, 5s);
  hub_->restart();
  for (Edge& edge : edges_) {
    edge.up = false;
    connect(edge);  // as an edge does that no path answers
  }
  const Duration again = time_until_all_are_up(30s);
  EXPECT_LT(again, 5s);
  std::printf("60 edges: up after %.2f s, after a crash %.2f s\n",
              std::chrono::duration<double>(cold).count(), std::chrono::duration<double>(again).count());
}

TEST_F(Crowd, OfThreeHundredEdgesBehindOneAddressIsUpWithinTenSeconds) {
  crowd_behind_one_address(300);
  const Duration cold = time_until_all_are_up(60s);
  EXPECT_LT(cold, 10s);
  std::printf("300 edges: up after %.2f s\n", std::chrono::duration<double>(cold).count());
}

// Each handshake is complete, with a good key, but no record follows.
TEST_F(Crowd, IsNotKeptOutByAnEdgeWhoseHandshakesAreNeverConfirmed) {
  make_hub(2);
  Host& hostile = make_host("hostile", kEdgeKey + 1);
  hostile.drop_if = [](const Access&, const SimDatagram& datagram) { return is_sealed(datagram.payload); };
  for (std::uint32_t i = 0; i < 3; ++i) {
    const UdpAddress address{IpAddress::v4(0xCB00'7101U + (i << 8U)), 9899};
    world_.attach(hostile, SocketId(i), address, nullptr, line(5ms), line(5ms));
    attack(hostile, i, hub_v4_, 125ms);
  }
  world_.events().run_for(50s);
  EXPECT_LT(hub_->endpoint().association_count(), 200U);
  connect(make_edge(0, nullptr));
  EXPECT_LT(time_until_all_are_up(30s), 5s);
  world_.events().run_for(1s);
  EXPECT_EQ(accepted_, 1);
}

// The attacker echoes his cookies from 16 networks of one customer, and then falls silent.
TEST_F(Crowd, IsNotKeptOutByAStrangerWithManyNetworks) {
  make_hub(1);
  Host& stranger = make_host("stranger", kStrangeKey);
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::string network = "2001:db8:77:1" + std::to_string(10 + i);
    world_.attach(stranger, SocketId(i), {*IpAddress::parse(network + "::1"), 9899}, nullptr, line(5ms),
                  line(5ms));
    stranger.access(i).on_path = [](bool outward, SimDatagram& datagram) {
      PacketView view;
      view.parse(datagram.payload);
      return !outward && !view.has(ChunkType::init_ack);
    };
    attack(stranger, i, hub_v6_, 100ms);
  }
  world_.events().run_for(20s);
  EXPECT_LE(hub_->endpoint().association_count(), 1'024U / 8) << "one customer has a share";
  connect(make_edge(0, nullptr));
  EXPECT_LT(time_until_all_are_up(30s), 5s);
}

// An INIT that was overheard once is enough: its proof is good, and its source can be forged.
TEST_F(Crowd, IsNotKeptOutByReplayedInitsWithItsSource) {
  make_hub(1);
  Edge& edge = make_edge(0, nullptr);
  std::vector<SimDatagram> overheard;
  world_.on_sent([&](const Host& host, const SimDatagram& datagram) {
    if (&host == edge.host && overheard.empty()) overheard.push_back(datagram);
  });
  connect(edge);
  world_.events().run_for(1s);
  ASSERT_TRUE(edge.up);
  replay(overheard[0]);
  world_.events().run_for(10s);
  edge.host->restart();
  edge.up = false;
  connect(edge);
  EXPECT_LT(time_until_all_are_up(30s), 5s);
}

}  // namespace
}  // namespace hawser::sim
