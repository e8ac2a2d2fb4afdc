#include "tunnel/peer_queue.hpp"

#include <gtest/gtest.h>

#include <set>

#include "packets.hpp"
#include "tunnel/ppid.hpp"

namespace hawser::tunnel {
namespace {

using namespace std::chrono_literals;
using sctp::OutgoingMessage;
using sctp::TrafficClass;

// An IPv4 packet of TCP without a DSCP.
PacketBytes tcp_packet(std::size_t size, std::uint16_t port) {
  PacketBytes packet = ipv4_packet("10.9.0.2", "10.9.0.1", size, port);
  packet[1] = {};
  packet[9] = std::byte{6};
  return packet;
}

class PeerQueueTest : public testing::Test {
 protected:
  void push(const PacketBytes& bytes) { queue.push(now, pool.copy(bytes), *IpPacket::parse(bytes)); }
  OutgoingMessage next(TrafficClass traffic_class) {
    OutgoingMessage out;
    EXPECT_TRUE(queue.next(now, traffic_class, out));
    return out;
  }
  bool waits(TrafficClass traffic_class) const { return queue.waiting(traffic_class); }

  BufferPool pool;
  PacketStore store;
  DropCounters drops;
  PeerQueue queue{{.limit = 1U << 20, .hash_seed = 7}, store, drops};
  Timestamp now{1h};
};

TEST_F(PeerQueueTest, GivesPacketsOfBothVersionsByClass) {
  push(tcp_packet(1000, 1));
  push(ipv6_packet("fd90::2", "fd90::1", 200));
  EXPECT_EQ(queue.packets(), 2U);
  EXPECT_EQ(queue.bytes(), 1200U);
  ASSERT_TRUE(waits(TrafficClass::realtime));
  ASSERT_TRUE(waits(TrafficClass::bulk));
  const OutgoingMessage six = next(TrafficClass::realtime);
  EXPECT_EQ(six.options.ppid, kPpidIpv6);
  EXPECT_TRUE(six.options.unordered);
  const OutgoingMessage four = next(TrafficClass::bulk);
  EXPECT_EQ(four.options.ppid, kPpidIpv4);
  EXPECT_FALSE(four.options.unordered);
  EXPECT_EQ(four.message.size(), 1000U);
  EXPECT_EQ(queue.counters().packets, 2U);
  EXPECT_EQ(queue.counters().bytes, 1200U);
  EXPECT_EQ(queue.counters().realtime_packets, 1U);
  EXPECT_FALSE(waits(TrafficClass::bulk));
}

TEST_F(PeerQueueTest, CopiesTheDscpOnlyIfConfigured) {
  push(ipv6_packet("fd90::2", "fd90::1", 200));
  EXPECT_EQ(next(TrafficClass::realtime).options.dscp, 0);
  PeerQueue copying{{.limit = 1U << 20, .hash_seed = 7, .copy_dscp = true}, store, drops};
  OutgoingMessage out;
  for (const PacketBytes& bytes :
       {ipv4_packet("10.9.0.2", "10.9.0.1", 200), ipv6_packet("fd90::2", "fd90::1", 200)}) {
    copying.push(now, pool.copy(bytes), *IpPacket::parse(bytes));
    ASSERT_TRUE(copying.next(now, TrafficClass::realtime, out));
    EXPECT_EQ(out.options.dscp, 46);
  }
}

TEST_F(PeerQueueTest, KeepsTcpInOrderWhateverItsDscp) {
  PacketBytes packet = tcp_packet(100, 1);
  packet[1] = std::byte{0xb8};
  push(packet);
  EXPECT_FALSE(next(TrafficClass::realtime).options.unordered);
}

TEST_F(PeerQueueTest, LetsPureAcknowledgementsOvertakeEachOther) {
  push(tcp_segment(4, 0x10, 0));
  const auto ack = next(TrafficClass::bulk).options;
  EXPECT_TRUE(ack.unordered);
  EXPECT_EQ(ack.lifetime, 1500ms) << "the last one of a flow has to arrive";
  EXPECT_FALSE(ack.max_retransmissions);
  push(tcp_segment(4, 0x10, 1));
  EXPECT_FALSE(next(TrafficClass::bulk).options.unordered);
}

TEST_F(PeerQueueTest, GivesASlowPathAPacketBehindOthersWithItsPlace) {
  queue.set_streams(FqCodel::kFlows);
  for (std::size_t i = 0; i < 10; ++i) push(tcp_packet(1000 + i, 1));
  push(tcp_segment(4, 0x10, 0));  // of another flow
  OutgoingMessage out;
  ASSERT_TRUE(queue.next_behind(now, 8000, out));
  EXPECT_EQ(out.message.size(), 1004U) << "two flows share 8,000 bytes";
  EXPECT_EQ(out.ahead, 4U);
  EXPECT_EQ(queue.counters().packets, 1U);
  EXPECT_TRUE(queue.waiting_behind());
}

TEST_F(PeerQueueTest, PacketsThatNeedNoPlaceAreNotCounted) {
  queue.set_streams(FqCodel::kFlows);
  const PacketBytes pure = tcp_segment(4, 0x10, 0);
  const PacketBytes data = tcp_segment(4, 0x10, 1000);
  for (int i = 0; i < 3; ++i) push(pure);
  for (int i = 0; i < 5; ++i) push(data);
  OutgoingMessage out;
  ASSERT_TRUE(queue.next_behind(now, 2000, out));
  EXPECT_EQ(out.ahead, 2U);
}

TEST_F(PeerQueueTest, FlowsThatShareAStreamTakeNoPlacesOfEachOther) {
  queue.set_streams(FqCodel::kFlows - 1);
  for (std::size_t i = 0; i < 10; ++i) push(tcp_packet(1000 + i, 1));
  OutgoingMessage out;
  ASSERT_TRUE(queue.next_behind(now, 4000, out));
  EXPECT_EQ(out.message.size(), 1000U);
  EXPECT_EQ(out.ahead, 0U);
}

TEST_F(PeerQueueTest, KeepsTheStreamOfAFlowInBothClasses) {
  queue.set_streams(63);
  std::set<std::uint16_t> streams;
  for (std::uint16_t port = 1; port <= 300; ++port) {
    push(ipv4_packet("10.9.0.2", "10.9.0.1", 100, port));
    const auto small = next(TrafficClass::realtime).options.stream;
    PacketBytes large = ipv4_packet("10.9.0.2", "10.9.0.1", 1000, port);
    large[1] = {};
    push(large);
    EXPECT_EQ(next(TrafficClass::bulk).options.stream, small);
    streams.insert(small.value());
    now += 2s;  // flows share a meter when their hashes do
  }
  EXPECT_FALSE(streams.contains(0));
  EXPECT_EQ(*streams.rbegin(), 63U);
  EXPECT_GT(streams.size(), 55U);
}

TEST_F(PeerQueueTest, UsesStreamZeroWhereThereIsNoOther) {
  queue.set_streams(0);
  push(tcp_packet(100, 1));
  EXPECT_EQ(next(TrafficClass::bulk).options.stream, sctp::StreamId{0});
}

TEST_F(PeerQueueTest, DropsRealtimePacketsSoonerThanOthers) {
  push(tcp_packet(100, 1));
  push(ipv4_packet("10.9.0.2", "10.9.0.1", 100));
  now += 300ms;
  OutgoingMessage out;
  EXPECT_FALSE(queue.next(now, TrafficClass::realtime, out));
  EXPECT_TRUE(queue.next(now, TrafficClass::bulk, out));
  EXPECT_EQ(drops.of(Drop::queue_age), 1U);
  EXPECT_EQ(queue.counters().aged, 1U);
}

TEST_F(PeerQueueTest, ThePersistenceOfAPacketCountsFromWhenItWasQueued) {
  push(tcp_packet(100, 1));
  push(ipv4_packet("10.9.0.2", "10.9.0.1", 100));
  now += 150ms;
  const sctp::SendOptions call = next(TrafficClass::realtime).options;
  EXPECT_EQ(call.lifetime, 50ms);
  EXPECT_EQ(call.max_retransmissions, 2);
  const sctp::SendOptions download = next(TrafficClass::bulk).options;
  EXPECT_EQ(download.lifetime, 1350ms);
  EXPECT_FALSE(download.max_retransmissions);
}

TEST_F(PeerQueueTest, ARealtimePacketAtItsLimitStillHasALifetime) {
  push(ipv4_packet("10.9.0.2", "10.9.0.1", 100));
  now += 200ms;
  EXPECT_GT(next(TrafficClass::realtime).options.lifetime, 0ns);
}

TEST_F(PeerQueueTest, MarkedTcpIsRepairedAsLongAsOtherTcp) {
  PacketBytes packet = tcp_packet(100, 1);
  packet[1] = std::byte{0xb8};
  push(packet);
  const sctp::SendOptions options = next(TrafficClass::realtime).options;
  EXPECT_EQ(options.lifetime, 1500ms);
  EXPECT_FALSE(options.max_retransmissions) << "its host would slow down";
}

TEST_F(PeerQueueTest, AdaptsToTheRoundTrip) {
  const auto codel = [this] { return queue.queue_of(TrafficClass::bulk).codel(); };
  EXPECT_EQ(codel().target, 5ms);
  queue.set_round_trip(200ms);
  EXPECT_EQ(codel().target, 200ms);
  EXPECT_EQ(codel().interval, 200ms);
  queue.set_round_trip(0ms);
  EXPECT_EQ(codel().target, 5ms);
  EXPECT_EQ(codel().interval, 100ms);
}

TEST_F(PeerQueueTest, IsBoundedForFloodsOfAnyKind) {
  for (std::uint16_t port = 1; port <= 20'000; ++port) {
    push(ipv4_packet("10.9.0.2", "10.9.0.1", 60, port));
    push(tcp_packet(1400, port));
    now += 10us;
  }
  EXPECT_LE(queue.cost(), (1U << 20) + (1U << 17));
  EXPECT_LE(pool.in_use(), ((1U << 20) + (1U << 17)) / 256);
  EXPECT_EQ(queue.packets() + drops.of(Drop::queue_overflow), 40'000U);
  EXPECT_EQ(queue.clear(), 40'000 - drops.of(Drop::queue_overflow));
  EXPECT_EQ(store.cost(), 0U);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(PeerQueueTest, CountsFromZeroAfterAReset) {
  push(tcp_packet(100, 1));
  next(TrafficClass::bulk);
  queue.reset_counters();
  EXPECT_EQ(queue.counters().packets, 0U);
}

}  // namespace
}  // namespace hawser::tunnel
