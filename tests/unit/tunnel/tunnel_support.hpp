#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "packets.hpp"
#include "seeded_random.hpp"
#include "support/memory_io.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::tunnel {

using test::SeededRandom;

inline IpPrefix prefix(const char* text) {
  return *IpPrefix::parse(text);
}

/// The same key for the same number.
inline crypto::PrivateKey key_of(unsigned number) {
  return crypto::PrivateKey::from_seed(PacketBytes(crypto::kKeySize, static_cast<std::byte>(number)));
}
inline constexpr unsigned kHub = 1;
inline constexpr unsigned kEdge1 = 2;
inline constexpr unsigned kEdge2 = 3;
inline constexpr unsigned kUnknownEdge = 4;

/// The security configuration of `own` with these peers.
inline sctp::SecurityConfig security_of(unsigned own, std::initializer_list<unsigned> peers) {
  sctp::SecurityConfig security{.private_key = key_of(own), .peers = {}, .cipher_costs = {1, 1}};
  for (const unsigned peer : peers) security.peers.push_back({key_of(peer).public_key(), {}});
  return security;
}

/// The largest IP packet of a path, and the MTU of the device. With the defaults, a full packet of the device
/// does not quite fit the path.
struct Mtus {
  std::uint16_t path = 1480;
  std::size_t device = 1400;
};

/// One side of a tunnel: device, endpoint, tunnel, and a socket of an in-memory network. Owns all but the
/// network.
struct Side {
  Side(io::MemoryNetwork& network, const char* address, TunnelConfig config, sctp::SecurityConfig security,
       bool accept, std::uint64_t seed, Mtus mtus = {})
      : random(seed),
        endpoint(endpoint_config(accept, mtus.path), random, pool, std::move(security)),
        device("memory0", mtus.device),
        socket(network, SocketId{0}, *UdpAddress::parse(address)),
        tunnel(std::move(config), device, endpoint, pool) {}

  static sctp::EndpointConfig endpoint_config(bool accept, std::uint16_t path_mtu = 1500) {
    sctp::EndpointConfig config;
    config.accept = accept;
    config.path_mtu = path_mtu;
    config.sack_delay = std::chrono::milliseconds(20);
    return config;
  }

  BufferPool pool;
  SeededRandom random;
  sctp::Endpoint endpoint;
  io::MemoryPacketDevice device;
  io::MemoryDatagramSocket socket;
  Tunnel tunnel;
  TransmitBatch batch;
  bool sending = true;  ///< false: packets stay in the queues, as when no path has room
  std::vector<sctp::Event::Kind> events;

  /// Processes all pending input and output once; returns whether there was any.
  bool step(Timestamp now) {
    bool busy = false;
    for (auto datagrams = socket.receive(); !datagrams.empty(); datagrams = socket.receive()) {
      endpoint.handle_datagrams(now, datagrams);
      busy = true;
    }
    if (now >= endpoint.next_timeout()) endpoint.handle_timeout(now);
    while (const auto event = endpoint.poll_event()) {
      events.push_back(event->kind);
      tunnel.handle_event(now, *event);
    }
    tunnel.deliver();
    while (tunnel.read_device(now) == Tunnel::kBatch) {
    }
    if (!sending) return busy;
    batch.clear();
    while (endpoint.poll_transmit(now, batch)) {
      socket.send(batch);
      batch.clear();
      busy = true;
    }
    return busy;
  }
};

/// An IPv4 packet of the edge, without a DSCP.
inline PacketBytes bulk_packet(std::size_t size, const char* destination = "10.9.0.1") {
  PacketBytes packet = ipv4_packet("10.9.0.2", destination, size);
  packet[1] = {};
  return packet;
}

inline TunnelConfig hub_config() {
  TunnelConfig config;
  config.peers = {{key_of(kEdge1).public_key(), {prefix("10.9.0.2/32"), prefix("fd90::2/128")}},
                  {key_of(kEdge2).public_key(), {prefix("10.9.0.3/32")}}};
  return config;
}

inline TunnelConfig edge_config() {
  TunnelConfig config;
  config.peers = {{key_of(kHub).public_key(), {prefix("0.0.0.0/0"), prefix("::/0")}, true}};
  return config;
}

/// The side of an edge.
struct Edge : Side {
  Edge(io::MemoryNetwork& network, const char* address, unsigned own, std::uint64_t seed)
      : Side(network, address, edge_config(), security_of(own, {kHub}), false, seed) {}
};

/// Fixture with a hub and an edge in an in-memory network under simulated time.
class TunnelTest : public testing::Test {
 protected:
  void run(Duration time) {
    const Timestamp end = now + time;
    while (now < end) {
      now += std::chrono::milliseconds(1);
      bool busy = true;
      while (busy) {
        busy = false;
        for (Side* side : sides) busy = side->step(now) || busy;
      }
    }
  }

  /// Connects to the hub, as the daemon does.
  sctp::AssociationId connect(Side& side) {
    const Route route{SocketId{0}, IpAddress::any_v4(), hub.socket.local_address()};
    const sctp::AssociationId id = side.endpoint.connect(now, route, key_of(kHub).public_key());
    side.tunnel.expect(id, 0);
    return id;
  }
  sctp::AssociationId connect_and_run(Side& side) {
    const auto id = connect(side);
    run(std::chrono::milliseconds(100));
    return id;
  }

  Timestamp now{std::chrono::seconds(1)};
  io::MemoryNetwork network;
  Side hub{network, "192.0.2.1:9899", hub_config(), security_of(kHub, {kEdge1, kEdge2, kUnknownEdge}), true,
           1};
  Edge edge{network, "198.51.100.1:40000", kEdge1, 2};
  std::vector<Side*> sides{&hub, &edge};
};

}  // namespace hawser::tunnel
