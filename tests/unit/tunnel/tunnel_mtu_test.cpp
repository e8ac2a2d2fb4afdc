// The MTU inside the tunnel: which packets are answered, which are fragmented, and which MSS TCP gets.
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "tunnel_support.hpp"

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;

/// Fixture with paths for IP packets of 1400 bytes, which leave 1316 for an inner packet.
class TunnelMtuTest : public testing::Test {
 protected:
  static constexpr std::size_t kFits = 1316;

  /// Connects two ends. `follow`, `clamp`: settings of TunnelConfig at both ends.
  void connect(bool follow, bool clamp = true, Mtus mtus = {.path = 1400, .device = 1500}) {
    TunnelConfig hub_side = hub_config();
    TunnelConfig edge_side = edge_config();
    hub_side.follow_paths = edge_side.follow_paths = follow;
    hub_side.mss_clamp = edge_side.mss_clamp = clamp;
    hub.emplace(network, "192.0.2.1:9899", std::move(hub_side), security_of(kHub, {kEdge1}), true, 1, mtus);
    edge.emplace(network, "198.51.100.1:40000", std::move(edge_side), security_of(kEdge1, {kHub}), false, 2,
                 mtus);
    const Route route{SocketId{0}, IpAddress::any_v4(), hub->socket.local_address()};
    edge->tunnel.expect(edge->endpoint.connect(now, route, key_of(kHub).public_key()), 0);
    run(200ms);
    ASSERT_TRUE(edge->tunnel.peer(0).association && hub->tunnel.peer(0).association);
  }
  void run(Duration time) {
    for (const Timestamp end = now + time; now < end;) {
      now += 1ms;
      while (hub->step(now) || edge->step(now)) {
      }
    }
  }
  static PacketBytes whole(std::size_t size, const char* from = "10.9.0.2", const char* to = "10.9.0.1") {
    PacketBytes out = ipv4_packet(from, to, size);
    out[6] = std::byte{0x40};
    return out;
  }
  /// Sends a packet from the host of `side`; returns the packets that the host receives.
  Packets answers_to(Side& side, const PacketBytes& packet) {
    side.device.inject(packet);
    run(50ms);
    return side.device.take_written();
  }
  static std::uint64_t answered(const Side& side) { return side.tunnel.drops().of(Drop::packet_too_big); }

  Timestamp now{1s};
  io::MemoryNetwork network;
  std::optional<Side> hub;
  std::optional<Side> edge;
};

TEST_F(TunnelMtuTest, IsWhatFitsOneDatagramUnlessTheDeviceHasLess) {
  connect(true);
  EXPECT_EQ(edge->tunnel.peer(0).mtu, kFits);
  EXPECT_EQ(hub->tunnel.peer(0).mtu, kFits);
  connect(true, true, {.path = 1500, .device = 1300});
  EXPECT_EQ(edge->tunnel.peer(0).mtu, 1300U);
}

TEST_F(TunnelMtuTest, IsNeverLoweredByPathsBelowWhatIpv6Requires) {
  connect(true, true, {.path = 600, .device = 1500});
  EXPECT_EQ(edge->tunnel.peer(0).mtu, 1280U);
  EXPECT_TRUE(answers_to(*edge, ipv6_packet("fd90::2", "fd90::1", 1280)).empty());
  EXPECT_EQ(hub->device.take_written(), Packets{ipv6_packet("fd90::2", "fd90::1", 1280)});
}

TEST_F(TunnelMtuTest, IsTheDevicesWhereThatIsToHoldInAnyCase) {
  connect(false);
  EXPECT_EQ(edge->tunnel.peer(0).mtu, 1500U);
  EXPECT_TRUE(answers_to(*edge, whole(1500)).empty());
  EXPECT_TRUE(answers_to(*hub, whole(1500, "10.9.0.1", "10.9.0.2")) == Packets{whole(1500)});
  EXPECT_EQ(edge->device.take_written(), (Packets{whole(1500, "10.9.0.1", "10.9.0.2")}));
  EXPECT_EQ(answered(*edge) + answered(*hub), 0U);
}

TEST_F(TunnelMtuTest, IsReportedToTheSenderOfAPacketThatMayNotBeFragmented) {
  connect(true);
  const Packets v4 = answers_to(*edge, whole(kFits + 1));
  ASSERT_EQ(v4.size(), 1U);
  EXPECT_EQ(v4[0][20], std::byte{3});
  EXPECT_EQ(v4[0][21], std::byte{4});
  EXPECT_EQ(load_be<std::uint16_t>(v4[0].data() + 26), kFits);
  EXPECT_EQ(IpPacket::parse(v4[0])->destination.to_string(), "10.9.0.2");
  const Packets v6 = answers_to(*edge, ipv6_packet("fd90::2", "fd90::1", kFits + 1));
  ASSERT_EQ(v6.size(), 1U);
  EXPECT_EQ(v6[0][40], std::byte{2});
  EXPECT_EQ(load_be<std::uint32_t>(v6[0].data() + 44), kFits);
  EXPECT_EQ(answers_to(*hub, whole(kFits + 1, "10.9.0.1", "10.9.0.2")).size(), 1U) << "exactly one answer";
  EXPECT_EQ(answered(*edge), 2U);
  EXPECT_EQ(answered(*hub), 1U);
  EXPECT_TRUE(answers_to(*edge, whole(kFits)).empty());
  EXPECT_EQ(hub->device.take_written(), Packets{whole(kFits)});
}

TEST_F(TunnelMtuTest, DoesNotStopAPacketThatMayBeFragmentedOrNotBeAnswered) {
  connect(true);
  const PacketBytes without_df = ipv4_packet("10.9.0.2", "10.9.0.1", 1500);
  PacketBytes error = whole(1500);
  error[9] = std::byte{1};
  error[20] = std::byte{3};
  const PacketBytes multicast = ipv6_packet("fd90::2", "ff05::7", 1500);
  for (const PacketBytes& packet : {without_df, error, multicast}) {
    EXPECT_TRUE(answers_to(*edge, packet).empty());
    EXPECT_EQ(hub->device.take_written(), Packets{packet});
  }
}

TEST_F(TunnelMtuTest, IsReportedAtALimitedRateAndWhatIsNotAnsweredIsCarried) {
  connect(true);
  constexpr std::size_t kSent = 150;
  for (std::size_t i = 0; i < kSent; ++i) edge->device.inject(whole(1500));
  run(200ms);
  const std::size_t told = edge->device.take_written().size();
  EXPECT_GE(told, static_cast<std::size_t>(Tunnel::kAnswerBurst));
  EXPECT_LT(told, kSent / 2);
  EXPECT_EQ(answered(*edge), told);
  EXPECT_EQ(hub->device.take_written().size(), kSent - told);
  run(100ms);
  EXPECT_EQ(answers_to(*edge, whole(1500)).size(), 1U) << "the bucket has tokens again";
}

unsigned mss_of(const PacketBytes& packet) {
  return load_be<std::uint16_t>(packet.data() + packet.size() - 2);
}

TEST_F(TunnelMtuTest, IsAnnouncedByTheMssOfBothFamiliesOutAndIn) {
  connect(true);
  edge->device.inject(tcp_syn(4, "10.9.0.2", "10.9.0.1"));
  edge->device.inject(tcp_syn(6, "fd90::2", "fd90::1"));
  run(50ms);
  const Packets at_hub = hub->device.take_written();
  ASSERT_EQ(at_hub.size(), 2U);
  std::set<unsigned> announced{mss_of(at_hub[0]), mss_of(at_hub[1])};
  EXPECT_EQ(announced, (std::set<unsigned>{kFits - 40, kFits - 60}));
  EXPECT_EQ(edge->tunnel.peer(0).counters.mss_clamped, 2U);
  EXPECT_EQ(hub->tunnel.peer(0).counters.mss_clamped, 0U) << "the MSS was low enough already";
}

TEST_F(TunnelMtuTest, IsAnnouncedOfWhatArrivesWhereTheOtherEndDoesNotClamp) {
  connect(true, false);
  edge->device.inject(tcp_syn(4, "10.9.0.2", "10.9.0.1"));
  run(50ms);
  EXPECT_EQ(mss_of(hub->device.take_written().at(0)), 1460U);
  TunnelConfig clamping = hub_config();
  Side other(network, "192.0.2.2:9899", clamping, security_of(kHub, {kEdge1}), true, 5,
             {.path = 1400, .device = 1500});
  const Route route{SocketId{0}, IpAddress::any_v4(), other.socket.local_address()};
  edge->tunnel.expect(edge->endpoint.connect(now, route, key_of(kHub).public_key()), 0);
  const auto run_both = [&] {
    for (int i = 0; i < 200; ++i) {
      now += 1ms;
      while (other.step(now) || edge->step(now)) {
      }
    }
  };
  run_both();
  edge->device.inject(tcp_syn(4, "10.9.0.2", "10.9.0.1"));
  run_both();
  EXPECT_EQ(mss_of(other.device.take_written().at(0)), kFits - 40);
  EXPECT_EQ(other.tunnel.peer(0).counters.mss_clamped, 1U);
}

}  // namespace
}  // namespace hawser::tunnel
