// Windows and buffers that size themselves, and their bounds.
#include <gtest/gtest.h>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr std::uint32_t kSmall = 256 * 1024;

/// Fixture with one long fat path.
class Buffers : public Scenario {
 protected:
  /// Both ends begin with kSmall, and grow up to `most`.
  static BondSpec growing(std::vector<UplinkSpec> uplinks, std::uint32_t most) {
    BondSpec spec = bond_of(std::move(uplinks), 41);
    spec.sealed = true;
    for (sctp::EndpointConfig* config : {&spec.edge, &spec.hub}) {
      config->receive_window = config->receive_window_max = kSmall;
      config->send_buffer = config->send_buffer_max = kSmall;
      config->receive_window_max = most;
      config->send_buffer_max = most;
    }
    return spec;
  }
  /// Mbit/s upwards over a path of 100 Mbit/s and 200 ms, after `warm_up`.
  double goodput(std::uint32_t most, Duration warm_up = 10s) {
    Bond& bond = make(growing({uplink(100, 100ms)}, most));
    bond.edge_app().flood(1380, 1);
    EXPECT_TRUE(bond.establish());
    bond.run_for(warm_up);
    const double rate = bond.measure(bond.up_ledger(), 5s) / 1e6;
    window_ = bond.edge().endpoint().status(bond.edge_id())->peer_window;
    space_ = bond.edge().endpoint().status(bond.edge_id())->queued_bytes;
    bond.check_memory();
    return rate;
  }
  std::size_t window_ = 0;  ///< that the hub has advertised
  std::size_t space_ = 0;   ///< bytes in the send buffer of the edge
};

TEST_F(Buffers, GrowToWhatALongFatPathNeeds) {
  EXPECT_LT(goodput(kSmall), 15) << "256 KiB in 200 ms";
  EXPECT_GE(goodput(16U << 20), 85);
  EXPECT_GT(window_, 2'500'000U) << "the bandwidth-delay product";
  EXPECT_LT(window_, 16U << 20) << "and no more than a few times of it";
}

TEST_F(Buffers, NeverGrowBeyondTheirMaximum) {
  const double rate = goodput(1U << 20);
  EXPECT_LE(window_, 1U << 20);
  EXPECT_LE(space_, 1U << 20);
  EXPECT_LE(rate, 1.05 * 8 * (1U << 20) / 0.2 / 1e6) << "a window in each round trip";
}

TEST_F(Buffers, StaySmallWhereLittleIsSent) {
  Bond& bond = make(growing({uplink(100, 20ms)}, 16U << 20));
  for (int i = 0; i < 1000; ++i) bond.edge_app().plan({i * 10ms, {}, false, 1200});
  ASSERT_TRUE(bond.establish());
  bond.run_for(12s);
  EXPECT_EQ(bond.edge().endpoint().status(bond.edge_id())->peer_window, kSmall);
  expect_clean_end();
}

// The rings that held a burst are given back while the association is idle, and grow again.
TEST_F(Buffers, CarryTheNextBurstAfterAPause) {
  Bond& bond = make(growing({uplink(100, 50ms), uplink(100, 20ms)}, 16U << 20));
  for (int burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < 4000; ++i)
      bond.edge_app().plan({burst * 70s, sctp::StreamId(static_cast<std::uint16_t>(i % 3)), i % 5 == 0, 900});
  }
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(160s);
  EXPECT_TRUE(bond.finished_sending());
  EXPECT_TRUE(bond.all_arrived()) << bond.up_ledger().summary();
  expect_clean_end();
}

// A small window of a slow path that becomes much slower while its chunks are in flight: they are sent again
// on the fast path, instead of holding up everything until they arrive.
TEST_F(Buffers, ChunksThatFillTheWindowAreSentAgainOnTheFastPath) {
  BondSpec spec = bond_of({uplink(50, 10ms), uplink(20, 15ms)}, 43);
  spec.sealed = true;
  spec.edge.receive_window = spec.hub.receive_window = 384 * 1024;
  Bond& bond = make(spec);
  bond.edge_app().flood(1380, 1);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(5s);
  bond.edge_app().reset_gap();
  bond.hub_app().reset_gap();
  bond.up(1).config().delay = 900ms;
  bond.run_for(3s);
  EXPECT_LT(bond.hub_app().longest_gap(), 400ms) << "as long as the chunks take on the slow path otherwise";
  EXPECT_GT(bond.edge_path(0)->counters.data_chunks_copied, 0U);
  EXPECT_GE(bond.measure(bond.up_ledger(), 4s), 0.8 * 47e6);
  expect_clean_end();
}

}  // namespace
}  // namespace hawser::sim
