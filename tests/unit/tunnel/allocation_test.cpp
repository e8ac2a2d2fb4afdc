#include <gtest/gtest.h>

#include "count_allocations.hpp"
#include "tunnel_support.hpp"

namespace hawser::tunnel {
namespace {

/// Fixture that counts allocations.
class DataPath : public TunnelTest {
 protected:
  /// The number of allocations while the tunnel reads packets of the host.
  std::size_t allocations_of_a_batch() {
    for (int i = 0; i < 4; ++i) {
      PacketBytes too_big = ipv4_packet("10.9.0.2", "10.9.0.1", 1400);
      too_big[6] = std::byte{0x40};
      edge.device.inject(too_big);
      edge.device.inject(tcp_syn(4, "10.9.0.2", "10.9.0.1"));
      edge.device.inject(ipv4_packet("10.9.0.2", "10.9.0.1", 1000));
    }
    const std::size_t before = test::allocations();
    edge.tunnel.read_device(now);
    const std::size_t after = test::allocations();
    run(std::chrono::milliseconds(100));
    return after - before;
  }
};

TEST_F(DataPath, OfATunnelAllocatesNothingForAnAnswerOrAClampedSyn) {
  connect_and_run(edge);
  edge.device.limit_writes(0);  // the in-memory device would allocate memory for the answers
  allocations_of_a_batch();
  EXPECT_EQ(allocations_of_a_batch(), 0U);
  EXPECT_EQ(edge.tunnel.drops().of(Drop::packet_too_big), 8U);
  EXPECT_EQ(edge.tunnel.peer(0).counters.mss_clamped, 8U);
}

TEST_F(DataPath, OfATunnelAllocatesNothingForPacketsThatWait) {
  connect_and_run(edge);
  const auto queue_and_drain = [this] {
    edge.sending = false;
    for (std::uint16_t i = 0; i < 200; ++i) {
      edge.device.inject(bulk_packet(1000));
      edge.device.inject(ipv4_packet("10.9.0.2", "10.9.0.1", 100, static_cast<std::uint16_t>(i % 20)));
    }
    const std::size_t before = test::allocations();
    while (edge.tunnel.read_device(now) == Tunnel::kBatch) {
    }
    const std::size_t after = test::allocations();
    edge.sending = true;
    run(std::chrono::milliseconds(500));
    return after - before;
  };
  queue_and_drain();
  EXPECT_EQ(queue_and_drain(), 0U);
  EXPECT_EQ(edge.tunnel.peer(0).counters.tx_packets, 800U);
}

}  // namespace
}  // namespace hawser::tunnel
