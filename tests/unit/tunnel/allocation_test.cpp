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

}  // namespace
}  // namespace hawser::tunnel
