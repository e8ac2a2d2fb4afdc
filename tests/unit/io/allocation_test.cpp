#include <gtest/gtest.h>

#include <array>

#include "count_allocations.hpp"
#include "io/tun/tun_device.hpp"
#include "io/udp/udp_socket.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

TEST(DataPath, OfAUdpSocketAllocatesNothing) {
  udp::UdpSocketOptions o;
  o.bind = address("127.0.0.1:0");
  udp::UdpSocket a(o);
  udp::UdpSocket b(o);
  const auto batch =
      make_batch(b.local_address(), std::vector<std::size_t>(TransmitBatch::kMaxDatagrams, 1000));
  std::size_t received = 0;
  const std::size_t before = hawser::test::allocations();
  for (int i = 0; i < 10; ++i) {
    a.send(batch);
    while (readable(b.native_handle(), 0)) received += b.receive().size();
  }
  EXPECT_EQ(hawser::test::allocations(), before);
  EXPECT_EQ(received, 10 * TransmitBatch::kMaxDatagrams);
}

TEST(DataPath, OfATunDeviceAllocatesNothingOnceThePoolIsWarm) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    tun::TunDevice tun({"hwtest0", 1400, {IpPrefix::parse("10.90.0.2/24").value()}, std::nullopt});
    udp::UdpSocketOptions o;
    o.bind = address("10.90.0.2:0");
    udp::UdpSocket host(o);
    const auto batch = make_batch(address("10.90.0.9:9"), std::vector<std::size_t>(32, 1000));
    BufferPool pool;
    std::array<Buffer, 64> packets;
    std::size_t received = 0;
    std::size_t after_first = 0;
    for (int i = 0; i < 10; ++i) {
      host.send(batch);
      received += tun.read(pool, packets);
      for (Buffer& packet : packets) packet.reset();
      if (i == 0) after_first = hawser::test::allocations();
    }
    EXPECT_EQ(hawser::test::allocations(), after_first);
    EXPECT_EQ(received, 320U);
  }));
}

}  // namespace
}  // namespace hawser::io::test
