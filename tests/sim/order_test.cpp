// How long a flow waits for a message that is late or lost (EndpointConfig::order_hold).
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/scenario.hpp"

namespace hawser::sim {
namespace {

constexpr Duration kHold = 500ms;

class OrderHold : public Scenario {
 protected:
  OrderHold() { sealed_ = true; }

  /// A hub that sends one flow, on stream 1, over both uplinks to an edge, which holds it for `hold` at most.
  Bond& start(std::vector<UplinkSpec> uplinks, Duration hold = kHold, std::uint64_t seed = 1) {
    BondSpec spec = bond_of(std::move(uplinks), seed);
    like_a_tunnel(spec.edge);
    like_a_tunnel(spec.hub);
    spec.edge.order_hold = hold;
    Bond& bond = make(spec);
    if (hold != Duration{}) bond.down_ledger().permit_holes();
    bond.hub_app().flood(1300, 1, false, 1);
    EXPECT_TRUE(bond.establish());
    EXPECT_TRUE(bond.add_all_paths());
    return bond;
  }
  static sctp::AssociationStatus edge_status(Bond& bond) {
    return bond.edge().endpoint().status(bond.edge_id()).value();
  }
};

TEST_F(OrderHold, UnlikePathsThatLoseNothingDeliverInOrder) {
  Bond& bond = start({uplink(20, 10ms), uplink(20, 50ms)});
  bond.run_for(5s);
  const auto before = edge_status(bond);
  bond.run_for(10s);
  const auto after = edge_status(bond);
  EXPECT_EQ(after.holes_skipped, before.holes_skipped);
  EXPECT_GT(after.messages_received - before.messages_received, 20'000U);
  EXPECT_GT(after.order_hold, 50ms) << "the paths differ by 40 ms";
  expect_clean_end();
}

TEST_F(OrderHold, LossesAreWaitedForUntilTheyAreRepaired) {
  Bond& bond = start({uplink(20, 20ms, 0.005), uplink(20, 20ms, 0.005)});
  bond.run_for(5s);
  const auto before = edge_status(bond);
  bond.run_for(20s);
  const auto after = edge_status(bond);
  const auto lost = (after.messages_received - before.messages_received) / 200;
  EXPECT_LT(after.late_messages_received - before.late_messages_received, lost / 10);
  EXPECT_LT(after.order_hold, 300ms);
  expect_clean_end();
}

TEST_F(OrderHold, ADeadPathHoldsAFlowUpNoLongerThanTheLimit) {
  constexpr Duration kShort = 60ms;
  for (const Duration hold : {kShort, Duration{}}) {
    Bond& bond = start({uplink(20, 20ms), uplink(20, 20ms)}, hold);
    bond.run_for(5s);
    bond.edge_app().reset_gap();
    bond.set_blackhole(1, true);
    bond.run_for(3s);
    const Duration gap = bond.edge_app().longest_gap();
    std::printf("longest gap with a hold of %.0f ms: %.0f ms\n",
                std::chrono::duration<double, std::milli>(hold).count(),
                std::chrono::duration<double, std::milli>(gap).count());
    if (hold == kShort) {
      EXPECT_LE(gap, kShort + 15ms);
      EXPECT_GT(edge_status(bond).late_messages_received, 0U);
    } else {
      EXPECT_GT(gap, 100ms);
    }
    expect_clean_end();
  }
}

/// Persistence: how long stale messages are sent (SendOptions::lifetime).
class Persistence : public OrderHold {
 protected:
  static Buffer numbered(Host& host, std::uint8_t number) {
    Buffer buffer = host.pool().acquire(1'000);
    std::ranges::fill(buffer.bytes(), std::byte{number});
    return buffer;
  }
};

TEST_F(Persistence, WhatWaitedThroughAnOutageIsNotDeliveredAndNewDataIsAtOnce) {
  BondSpec spec = bond_of({uplink(20, 20ms), uplink(20, 20ms)});
  like_a_tunnel(spec.edge);
  like_a_tunnel(spec.hub);
  spec.edge.order_hold = kHold;
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(2s);
  std::vector<std::pair<int, Timestamp>> got;
  bond.edge().on_message = [&](sctp::ReceivedMessage&& message) {
    got.emplace_back(std::to_integer<int>(message.payload.bytes()[0]), bond.world().now());
  };
  const auto send = [&](std::uint8_t number, std::uint16_t stream) {
    sctp::SendOptions options;
    options.stream = sctp::StreamId(stream);
    options.lifetime = 1500ms;
    return bond.hub().send(bond.hub_id(), numbered(bond.hub(), number), options);
  };
  bond.set_blackhole(0, true);
  bond.set_blackhole(1, true);
  for (std::uint16_t i = 0; i < 3'000; ++i) {
    (void)send(1, static_cast<std::uint16_t>(1 + i % 60));
    bond.run_for(1ms);
  }
  bond.run_for(2s);
  EXPECT_TRUE(got.empty());
  bond.set_blackhole(0, false);
  bond.set_blackhole(1, false);
  ASSERT_TRUE(bond.run_until(5s, [&] { return bond.path_active(0); }));
  const Timestamp back = bond.world().now();
  for (std::uint16_t stream = 1; stream <= 60; ++stream) EXPECT_EQ(send(2, stream), sctp::SendResult::ok);
  bond.run_for(3s);
  const auto stale = std::ranges::count(got, 1, [](const auto& each) { return each.first; });
  EXPECT_EQ(stale, 0);
  ASSERT_EQ(got.size(), 60U);
  EXPECT_LT(got.back().second - back, 400ms);
  const auto status = bond.hub().endpoint().status(bond.hub_id()).value();
  EXPECT_EQ(status.queued_bytes, 0U);
  EXPECT_GE(status.messages_abandoned, 2'900U);
}

// A real-time packet is over before its acknowledgement could arrive on such a path. Each one is the last of
// a burst, so no later packet shows that it was lost.
TEST_F(Persistence, AStaleRealtimePacketThatIsLostDoesNotFailALongPath) {
  BondSpec spec = bond_of({uplink(20, 150ms), uplink(20, 150ms)});
  like_a_tunnel(spec.edge);
  like_a_tunnel(spec.hub);
  Bond& bond = make(spec);
  ASSERT_TRUE(bond.establish());
  ASSERT_TRUE(bond.add_all_paths());
  bond.run_for(5s);
  int arrived = 0;
  bond.edge().on_message = [&](sctp::ReceivedMessage&&) { ++arrived; };
  constexpr int kRounds = 10;
  const sctp::SendOptions options{.unordered = true, .lifetime = 200ms, .max_retransmissions = 2};
  for (int round = 0; round < kRounds; ++round) {
    for (const std::size_t path : {0U, 1U}) bond.down(path).config().blackhole = true;
    ASSERT_EQ(bond.hub().send(bond.hub_id(), numbered(bond.hub(), 1), options), sctp::SendResult::ok);
    bond.run_for(5ms);
    for (const std::size_t path : {0U, 1U}) bond.down(path).config().blackhole = false;
    for (int i = 0; i < 300; ++i) {
      bond.run_for(10ms);
      for (const std::size_t path : {0U, 1U}) ASSERT_EQ(bond.hub_path(path)->state, sctp::PathState::active);
    }
  }
  EXPECT_EQ(arrived, 0);
  const auto status = bond.hub().endpoint().status(bond.hub_id()).value();
  EXPECT_EQ(status.messages_abandoned, std::uint64_t{kRounds});
  EXPECT_EQ(status.queued_bytes, 0U);
  EXPECT_EQ(edge_status(bond).abandoned_tsns_received, std::uint64_t{kRounds});
}

}  // namespace
}  // namespace hawser::sim
