#include "tunnel/tunnel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tunnel/ppid.hpp"
#include "tunnel_support.hpp"

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;

TEST_F(TunnelTest, CarriesIpv4AndIpv6BothWays) {
  connect_and_run(edge);
  const auto up4 = ipv4_packet("10.9.0.2", "10.9.0.1", 1400);
  const auto up6 = ipv6_packet("fd90::2", "fd90::1");
  const auto down4 = ipv4_packet("10.9.0.1", "10.9.0.2", 500);
  edge.device.inject(up4);
  edge.device.inject(up6);
  hub.device.inject(down4);
  run(100ms);
  auto at_hub = hub.device.take_written();
  ASSERT_EQ(at_hub.size(), 2U);
  EXPECT_TRUE(std::find(at_hub.begin(), at_hub.end(), up4) != at_hub.end());
  EXPECT_TRUE(std::find(at_hub.begin(), at_hub.end(), up6) != at_hub.end());
  EXPECT_EQ(edge.device.take_written(), Packets{down4});
  EXPECT_EQ(edge.tunnel.peer(0).counters.tx_packets, 2U);
  EXPECT_EQ(hub.tunnel.peer(0).counters.rx_bytes, up4.size() + up6.size());
}

TEST_F(TunnelTest, KeepsTheOrderOfAFlow) {
  connect_and_run(edge);
  std::vector<PacketBytes> sent;
  for (std::size_t i = 0; i < 300; ++i) {
    sent.push_back(ipv4_packet("10.9.0.2", "10.9.0.1", 100 + i));
    edge.device.inject(sent.back());
  }
  run(500ms);
  EXPECT_EQ(hub.device.take_written(), sent);
}

TEST_F(TunnelTest, ServesSeveralPeersByAllowedIps) {
  Edge second(network, "198.51.100.2:40000", kEdge2, 3);
  sides.push_back(&second);
  connect_and_run(edge);
  connect_and_run(second);
  hub.device.inject(ipv4_packet("10.9.0.1", "10.9.0.3"));
  hub.device.inject(ipv4_packet("10.9.0.1", "10.9.0.2"));
  hub.device.inject(ipv4_packet("10.9.0.1", "10.9.0.4"));
  run(100ms);
  EXPECT_EQ(edge.device.take_written(), Packets{ipv4_packet("10.9.0.1", "10.9.0.2")});
  EXPECT_EQ(second.device.take_written(), Packets{ipv4_packet("10.9.0.1", "10.9.0.3")});
  EXPECT_EQ(hub.tunnel.drops().of(Drop::no_peer), 1U);
}

TEST_F(TunnelTest, DropsPacketsWhoseSourceThePeerMayNotUse) {
  connect_and_run(edge);
  edge.device.inject(ipv4_packet("10.9.0.3", "10.9.0.1"));  // an address of edge2
  edge.device.inject(ipv4_packet("192.0.2.9", "10.9.0.1"));
  run(100ms);
  EXPECT_TRUE(hub.device.take_written().empty());
  EXPECT_EQ(hub.tunnel.drops().of(Drop::source_refused), 2U);
  EXPECT_EQ(hub.tunnel.peer(0).counters.dropped, 2U);
}

TEST_F(TunnelTest, DropsWhatTheHostSendsWhileThePeerIsDown) {
  edge.device.inject(ipv4_packet("10.9.0.2", "10.9.0.1"));
  run(5ms);
  EXPECT_EQ(edge.tunnel.drops().of(Drop::peer_down), 1U);
  EXPECT_EQ(edge.pool.in_use(), 0U);
}

TEST_F(TunnelTest, DropsWhatTheHostSendsMalformed) {
  PacketBytes bad = ipv4_packet("10.9.0.2", "10.9.0.1");
  bad[0] = std::byte{0x00};
  edge.device.inject(bad);
  run(5ms);
  EXPECT_EQ(edge.tunnel.drops().of(Drop::host_malformed), 1U);
}

TEST_F(TunnelTest, BoundsThePeersQueueWhileTheAssociationIsBusy) {
  connect_and_run(edge);
  edge.sending = false;
  for (int i = 0; i < 6000; ++i) edge.device.inject(bulk_packet(1400));
  run(2ms);
  const PeerView peer = edge.tunnel.peer(0);
  EXPECT_GT(edge.tunnel.drops().of(Drop::queue_overflow), 1000U);
  EXPECT_EQ(peer.counters.queue_overflow, edge.tunnel.drops().of(Drop::queue_overflow));
  EXPECT_EQ(peer.counters.dropped, peer.counters.queue_overflow);
  EXPECT_LE(peer.queue_bytes, TunnelConfig{}.queue_bytes);
  EXPECT_EQ(edge.endpoint.send_backlog(*peer.association), 0U);
  edge.sending = true;
  run(2s);
  const PeerCounters counters = edge.tunnel.peer(0).counters;
  EXPECT_EQ(hub.device.take_written().size(), 6000U - counters.dropped);
  EXPECT_EQ(counters.tx_packets, 6000U - counters.dropped);
  EXPECT_EQ(edge.pool.in_use(), 0U);
}

TEST_F(TunnelTest, BoundsTheQueuesOfAllPeersTogether) {
  constexpr unsigned kPeers = 12;
  TunnelConfig config;
  config.queue_bytes = 1U << 20;
  for (unsigned i = 0; i < kPeers; ++i)
    config.peers.push_back(
        {key_of(100 + i).public_key(), {prefix(("10.9.1." + std::to_string(i) + "/32").c_str())}});
  auto security = security_of(kHub, {});
  for (unsigned i = 0; i < kPeers; ++i) security.peers.push_back({key_of(100 + i).public_key(), {}});
  Side crowded(network, "192.0.2.8:9899", std::move(config), std::move(security), true, 21);
  std::vector<std::unique_ptr<Side>> edges;
  sides = {&crowded};
  for (unsigned i = 0; i < kPeers; ++i) {
    edges.push_back(std::make_unique<Side>(network,
                                           ("198.51.100." + std::to_string(50 + i) + ":4000").c_str(),
                                           edge_config(), security_of(100 + i, {kHub}), false, 30 + i));
    sides.push_back(edges.back().get());
    const Route route{SocketId{0}, IpAddress::any_v4(), crowded.socket.local_address()};
    edges.back()->tunnel.expect(edges.back()->endpoint.connect(now, route, key_of(kHub).public_key()), 0);
  }
  run(200ms);
  crowded.sending = false;
  for (int round = 0; round < 1000; ++round) {
    for (unsigned i = 0; i < kPeers; ++i)
      crowded.device.inject(bulk_packet(1400, ("10.9.1." + std::to_string(i)).c_str()));
  }
  run(2ms);
  std::size_t bytes = 0;
  for (PeerIndex i = 0; i < kPeers; ++i) {
    bytes += crowded.tunnel.peer(i).queue_bytes;
    EXPECT_GT(crowded.tunnel.peer(i).queue_packets, 150U) << "all lose alike";
  }
  EXPECT_LE(bytes, Tunnel::kQueues << 20U);
  EXPECT_GT(bytes, (Tunnel::kQueues - 1) << 20U);
}

TEST_F(TunnelTest, LetsSmallPacketsPassAFullQueue) {
  connect_and_run(edge);
  edge.sending = false;
  for (int i = 0; i < 2000; ++i) edge.device.inject(bulk_packet(1400));
  edge.device.inject(ipv4_packet("10.9.0.2", "10.9.0.1", 100, 7));
  run(2ms);
  edge.sending = true;
  run(1ms);
  const auto written = hub.device.take_written();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.front().size(), 100U);
  EXPECT_EQ(edge.tunnel.peer(0).counters.tx_realtime, 1U);
}

TEST_F(TunnelTest, DropsWhatWaitedTooLongInsteadOfDeliveringIt) {
  connect_and_run(edge);
  edge.sending = false;
  for (int i = 0; i < 100; ++i) edge.device.inject(bulk_packet(1000));
  run(1100ms);
  edge.device.inject(bulk_packet(500));
  run(1ms);
  edge.sending = true;
  run(100ms);
  const auto written = hub.device.take_written();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written.front().size(), 500U);
  EXPECT_EQ(edge.tunnel.peer(0).counters.queue_age, 100U);
}

// Endpoint and tunnel normally have the same peers. Here the endpoint accepts a key that the tunnel does not
// know.
TEST_F(TunnelTest, AbortsAnAssociationWhoseKeyNoPeerHas) {
  Edge unknown_edge(network, "198.51.100.3:40000", kUnknownEdge, 4);
  sides.push_back(&unknown_edge);
  connect_and_run(unknown_edge);
  EXPECT_EQ(hub.tunnel.drops().of(Drop::unknown_peer), 1U);
  EXPECT_EQ(hub.endpoint.association_count(), 0U);
  EXPECT_TRUE(hub.tunnel.associations().empty());
  EXPECT_EQ(unknown_edge.events.back(), sctp::Event::Kind::aborted);
  EXPECT_FALSE(unknown_edge.tunnel.peer(0).association);
}

TEST_F(TunnelTest, RefusesAnAssociationFromAPeerThatIsOursToInitiate) {
  TunnelConfig config = hub_config();
  config.peers[0].dialled = true;
  Side responder(network, "192.0.2.7:9899", std::move(config), security_of(kHub, {kEdge1}), true, 5);
  sides = {&responder, &edge};
  const Route route{SocketId{0}, IpAddress::any_v4(), responder.socket.local_address()};
  edge.tunnel.expect(edge.endpoint.connect(now, route, key_of(kHub).public_key()), 0);
  run(100ms);
  EXPECT_EQ(responder.tunnel.drops().of(Drop::wrong_caller), 1U);
  EXPECT_EQ(responder.endpoint.association_count(), 0U);
  EXPECT_FALSE(edge.tunnel.peer(0).association);
}

TEST_F(TunnelTest, KnowsPeersByTheirKeys) {
  EXPECT_EQ(hub.tunnel.peer_with(key_of(kEdge1).public_key()), 0U);
  EXPECT_EQ(hub.tunnel.peer_with(key_of(kEdge2).public_key()), 1U);
  EXPECT_EQ(hub.tunnel.peer_with(key_of(kUnknownEdge).public_key()), std::nullopt);
  const auto id = connect_and_run(edge);
  EXPECT_EQ(edge.tunnel.peer_of(id), 0U);
  EXPECT_EQ(hub.tunnel.peer_of(*hub.tunnel.peer(0).association), 0U);
}

TEST_F(TunnelTest, LetsANewerAssociationOfAPeerReplaceTheOlder) {
  connect_and_run(edge);
  const auto older = hub.tunnel.peer(0).association;
  Edge again(network, "198.51.100.9:40000", kEdge1, 6);
  sides = {&hub, &again};  // the first association's edge is gone
  connect_and_run(again);
  const PeerView peer = hub.tunnel.peer(0);
  ASSERT_TRUE(peer.association);
  EXPECT_NE(peer.association, older);
  EXPECT_EQ(peer.counters.replaced, 1U);
  EXPECT_EQ(hub.endpoint.association_count(), 1U);
  hub.device.inject(ipv4_packet("10.9.0.1", "10.9.0.2"));
  run(100ms);
  EXPECT_EQ(again.device.take_written().size(), 1U);
}

TEST_F(TunnelTest, ReplacesAnAssociationByANewerOneThatItBeganItself) {
  const auto older = connect_and_run(edge);
  // The hub gives up the older association, as after a restart, and the edge is not informed.
  hub.endpoint.abort(now, *hub.tunnel.peer(0).association, "forgotten");
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes) { return false; });
  run(5ms);
  network.set_rewrite({});
  EXPECT_EQ(edge.tunnel.peer(0).association, older);
  const auto newer = connect_and_run(edge);
  EXPECT_EQ(edge.tunnel.peer(0).association, newer);
  EXPECT_EQ(edge.tunnel.peer_of(older), std::nullopt);
  EXPECT_EQ(edge.tunnel.peer(0).counters.replaced, 1U);
  EXPECT_EQ(edge.endpoint.association_count(), 1U);
  edge.device.inject(ipv4_packet("10.9.0.2", "10.9.0.1"));
  run(100ms);
  EXPECT_EQ(hub.device.take_written().size(), 1U);
}

TEST_F(TunnelTest, TakesAPeerDownWhenItsAssociationEnds) {
  const auto id = connect_and_run(edge);
  ASSERT_TRUE(hub.tunnel.peer(0).association);
  edge.endpoint.shutdown(now, id);
  run(1s);
  EXPECT_FALSE(hub.tunnel.peer(0).association);
  EXPECT_FALSE(edge.tunnel.peer(0).association);
  EXPECT_TRUE(hub.tunnel.associations().empty());
}

/// Fixture: a bare endpoint connects to the hub's tunnel, and sends what a hostile peer could send.
class RawPeerTest : public TunnelTest {
 protected:
  void SetUp() override {
    sides = {&hub};
    const Route route{SocketId{0}, IpAddress::any_v4(), hub.socket.local_address()};
    id = endpoint.connect(now, route, key_of(kHub).public_key());
    exchange();
    ASSERT_TRUE(hub.tunnel.peer(0).association);
  }
  void exchange() {
    for (int i = 0; i < 50; ++i) {
      now += 1ms;
      poll();
      hub.step(now);
    }
  }
  void poll() {
    for (auto d = socket.receive(); !d.empty(); d = socket.receive()) endpoint.handle_datagrams(now, d);
    if (now >= endpoint.next_timeout()) endpoint.handle_timeout(now);
    while (endpoint.poll_event()) {
    }
    while (const auto message = endpoint.poll_message()) streams.insert(message->stream.value());
    batch.clear();
    while (endpoint.poll_transmit(now, batch)) {
      socket.send(batch);
      batch.clear();
    }
  }
  void send(Bytes bytes, sctp::Ppid ppid, std::uint16_t stream) {
    sctp::SendOptions options;
    options.ppid = ppid;
    options.stream = sctp::StreamId{stream};
    ASSERT_EQ(endpoint.send(now, id, pool.copy(bytes), options), sctp::SendResult::ok);
  }
  void send_and_exchange(Bytes bytes, sctp::Ppid ppid, std::uint16_t stream = 1) {
    send(bytes, ppid, stream);
    exchange();
  }
  std::uint64_t drops(Drop reason) const { return hub.tunnel.drops().of(reason); }

  BufferPool pool;
  SeededRandom random{11};
  sctp::Endpoint endpoint{Side::endpoint_config(false), random, pool, security_of(kEdge1, {kHub})};
  io::MemoryDatagramSocket socket{network, SocketId{0}, *UdpAddress::parse("203.0.113.5:5000")};
  TransmitBatch batch;
  sctp::AssociationId id;
  std::set<std::uint16_t> streams;  ///< the streams of received messages
};

TEST_F(RawPeerTest, GetsNoFlowOnTheStreamOfTheKeys) {
  for (std::uint16_t port = 1; port <= 300; ++port)
    hub.device.inject(ipv4_packet("10.9.0.1", "10.9.0.2", 60, port));
  exchange();
  EXPECT_FALSE(streams.contains(0));
  EXPECT_GT(streams.size(), 32U);
}

TEST_F(RawPeerTest, MayUseAnyStream) {
  const auto packet = ipv4_packet("10.9.0.2", "10.9.0.1");
  send_and_exchange(packet, kPpidIpv4, 0);
  send_and_exchange(packet, kPpidIpv4, 7);
  EXPECT_EQ(hub.device.take_written(), (Packets{packet, packet}));
}

TEST_F(RawPeerTest, IsIgnoredOnceItsAssociationWasGivenUp) {
  send(ipv4_packet("10.9.0.2", "10.9.0.1"), kPpidIpv4, 1);
  poll();
  for (auto d = hub.socket.receive(); !d.empty(); d = hub.socket.receive())
    hub.endpoint.handle_datagrams(now, d);
  const sctp::Event lost{
      .kind = sctp::Event::Kind::lost, .association = *hub.tunnel.peer(0).association, .reason = "test"};
  hub.tunnel.handle_event(now, lost);
  hub.tunnel.deliver();
  EXPECT_EQ(drops(Drop::no_association), 1U);
  EXPECT_TRUE(hub.device.take_written().empty());
}

TEST_F(RawPeerTest, DropsMessagesThatAreNoFittingIpPacket) {
  const auto v4 = ipv4_packet("10.9.0.2", "10.9.0.1");
  send_and_exchange(v4, kPpidIpv6);
  send_and_exchange(Bytes(v4).first(30), kPpidIpv4);
  EXPECT_EQ(drops(Drop::peer_malformed), 2U);
  send_and_exchange(v4, sctp::Ppid{77});
  EXPECT_EQ(drops(Drop::unknown_ppid), 1U);
  send_and_exchange(ipv4_packet("10.9.0.2", "10.9.0.1", hub.device.mtu() + 1), kPpidIpv4);
  EXPECT_EQ(drops(Drop::too_large), 1U);
  EXPECT_TRUE(hub.device.take_written().empty());
}

TEST_F(RawPeerTest, CutsAMessageDownToItsPacket) {
  PacketBytes padded = ipv4_packet("10.9.0.2", "10.9.0.1", 60);
  padded.resize(90);
  send_and_exchange(padded, kPpidIpv4);
  EXPECT_EQ(hub.device.take_written(), Packets{ipv4_packet("10.9.0.2", "10.9.0.1", 60)});
}

}  // namespace
}  // namespace hawser::tunnel
