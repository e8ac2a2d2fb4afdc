#include "support/memory_io.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "io/setup_error.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

TEST(MemoryDatagramSocket, DeliversABatchInOrderWithTheRouteBack) {
  MemoryNetwork network;
  MemoryDatagramSocket a(network, SocketId{1}, address("192.0.2.1:1000"));
  MemoryDatagramSocket b(network, SocketId{2}, address("198.51.100.1:9899"));
  a.send(make_batch(b.local_address(), {10, 0, 1400}));

  const auto got = b.receive();
  ASSERT_EQ(got.size(), 3U);
  const Route expected{SocketId{2}, ip("198.51.100.1"), address("192.0.2.1:1000")};
  const std::vector<std::size_t> sizes{10, 0, 1400};
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].route, expected);
    EXPECT_EQ(std::vector<std::byte>(got[i].bytes.begin(), got[i].bytes.end()), pattern(sizes[i], i));
  }
  EXPECT_TRUE(b.receive().empty());
  EXPECT_EQ(a.counters().tx_datagrams, 3U);
  EXPECT_EQ(b.counters().rx_bytes, 1410U);
}

TEST(MemoryDatagramSocket, ReceivesOnTheWildcardAndAnswersFromTheAddressItWasSentTo) {
  MemoryNetwork network;
  MemoryDatagramSocket edge(network, SocketId{1}, address("192.0.2.1:1000"));
  MemoryDatagramSocket hub(network, SocketId{7}, address("0.0.0.0:9899"));
  edge.send(make_batch(address("203.0.113.5:9899"), {20}));
  const auto got = hub.receive();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].route.local, ip("203.0.113.5"));

  hub.send(make_batch(got[0].route.remote, {30}, got[0].route.local));
  const auto answer = edge.receive();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].route.remote, address("203.0.113.5:9899"));
}

TEST(MemoryDatagramSocket, SeesTheAddressesThatARewriteMadeOfIt) {
  MemoryNetwork network;
  MemoryDatagramSocket inside(network, SocketId{1}, address("10.0.0.2:5000"));
  MemoryDatagramSocket outside(network, SocketId{2}, address("198.51.100.1:9899"));
  const UdpAddress mapped = address("203.0.113.9:61234");
  network.set_rewrite([&](UdpAddress& source, UdpAddress& destination, Bytes) {
    if (source == inside.local_address()) source = mapped;
    if (destination == mapped) destination = inside.local_address();
    return true;
  });
  inside.send(make_batch(outside.local_address(), {40}));
  const auto got = outside.receive();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].route.remote, mapped);
  outside.send(make_batch(mapped, {41}));
  ASSERT_EQ(inside.receive().size(), 1U);
}

TEST(MemoryDatagramSocket, LosesWhatARewriteDropsAndWhatHasNoReceiver) {
  MemoryNetwork network;
  MemoryDatagramSocket a(network, SocketId{1}, address("192.0.2.1:1000"));
  MemoryDatagramSocket b(network, SocketId{2}, address("192.0.2.2:1000"));
  a.send(make_batch(address("192.0.2.3:1000"), {1, 2}));
  EXPECT_EQ(network.lost(), 2U);
  network.set_rewrite([](UdpAddress&, UdpAddress&, Bytes payload) { return payload.size() != 5; });
  a.send(make_batch(b.local_address(), {4, 5, 6}));
  EXPECT_EQ(network.lost(), 3U);
  EXPECT_EQ(b.receive().size(), 2U);
}

TEST(MemoryDatagramSocket, DropsAndCountsWhatItsQueueCannotHold) {
  MemoryNetwork network;
  MemoryDatagramSocket a(network, SocketId{1}, address("192.0.2.1:1000"));
  MemoryDatagramSocket b(network, SocketId{2}, address("192.0.2.2:1000"), 2);
  a.send(make_batch(b.local_address(), {1, 2, 3}));
  EXPECT_EQ(b.receive().size(), 2U);
  EXPECT_EQ(b.counters().rx_dropped_full, 1U);
}

TEST(MemoryDatagramSocket, IsReadableForAsLongAsDatagramsWait) {
  MemoryNetwork network;
  MemoryDatagramSocket a(network, SocketId{1}, address("192.0.2.1:1000"));
  MemoryDatagramSocket b(network, SocketId{2}, address("192.0.2.2:1000"));
  EXPECT_FALSE(readable(b.native_handle(), 0));
  const auto batch =
      make_batch(b.local_address(), std::vector<std::size_t>(MemoryDatagramSocket::kBatch, 10));
  a.send(batch);
  a.send(batch);
  EXPECT_TRUE(readable(b.native_handle(), 0));
  EXPECT_EQ(b.receive().size(), MemoryDatagramSocket::kBatch);
  EXPECT_TRUE(readable(b.native_handle(), 0));
  EXPECT_EQ(b.receive().size(), MemoryDatagramSocket::kBatch);
  EXPECT_FALSE(readable(b.native_handle(), 0));
}

TEST(MemoryDatagramSocket, RefusesAnAddressThatIsTaken) {
  MemoryNetwork network;
  MemoryDatagramSocket a(network, SocketId{1}, address("192.0.2.1:1000"));
  EXPECT_THROW(MemoryDatagramSocket(network, SocketId{2}, address("192.0.2.1:1000")), SetupError);
  // The rejected socket must not have replaced the first one.
  MemoryDatagramSocket b(network, SocketId{3}, address("192.0.2.2:1000"));
  b.send(make_batch(a.local_address(), {9}));
  EXPECT_EQ(a.receive().size(), 1U);
}

TEST(MemoryPacketDevice, ReadsInjectedPacketsIntoPoolBuffersInOrder) {
  BufferPool pool;
  MemoryPacketDevice device;
  for (std::size_t i = 0; i < 5; ++i) device.inject(pattern(100 + i, i));
  EXPECT_TRUE(readable(device.native_handle(), 0));
  std::array<Buffer, 3> out;
  ASSERT_EQ(device.read(pool, out), 3U);
  EXPECT_EQ(pool.in_use(), 3U);
  EXPECT_TRUE(std::ranges::equal(out[2].bytes(), pattern(102, 2)));
  ASSERT_EQ(device.read(pool, out), 2U);
  EXPECT_TRUE(std::ranges::equal(out[1].bytes(), pattern(104, 4)));
  EXPECT_FALSE(readable(device.native_handle(), 0));
  EXPECT_EQ(device.read(pool, out), 0U);
  EXPECT_EQ(device.counters().rx_packets, 5U);
}

TEST(MemoryPacketDevice, DropsInjectedPacketsAboveItsMtu) {
  BufferPool pool;
  MemoryPacketDevice device("memory0", 1280);
  device.inject(pattern(1281, 0));
  device.inject(pattern(1280, 1));
  std::array<Buffer, 4> out;
  ASSERT_EQ(device.read(pool, out), 1U);
  EXPECT_EQ(out[0].size(), 1280U);
  EXPECT_EQ(device.counters().rx_truncated, 1U);
}

TEST(MemoryPacketDevice, CollectsWhatIsWrittenAndCountsWhatDoesNotFit) {
  MemoryPacketDevice device;
  device.limit_writes(2);
  const std::vector<std::vector<std::byte>> packets{pattern(60, 1), pattern(61, 2), pattern(62, 3)};
  const std::vector<Bytes> views(packets.begin(), packets.end());
  EXPECT_EQ(device.write(views), 2U);
  EXPECT_EQ(device.take_written(), (std::vector<std::vector<std::byte>>{packets[0], packets[1]}));
  EXPECT_TRUE(device.take_written().empty());
  EXPECT_EQ(device.counters().tx_dropped_full, 1U);
}

}  // namespace
}  // namespace hawser::io::test
