// What users of a tunnel see: inner flows from cold over simulated uplinks, through the real tunnel.
#include <gtest/gtest.h>

#include <cstdio>

#include "sim/inner/probes.hpp"
#include "sim/inner/tcp_flow.hpp"
#include "sim/sweep/run.hpp"
#include "sim/sweep/testbed.hpp"

namespace hawser::sim::sweep {
namespace {

using namespace std::chrono_literals;

/// The plan of one flow over the named profile, from a cold start, measured from 2 s to 6 s.
RunPlan plan_of(const char* profile, Direction direction = Direction::down) {
  RunPlan plan;
  plan.profile = find_profile(profile);
  plan.direction = direction;
  plan.seconds = 6;
  return plan;
}

RunResult measure(const RunPlan& plan) {
  const RunResult result = run(plan);
  EXPECT_TRUE(result.established);
  EXPECT_EQ(result.violations, 0);
  std::printf("%.1f Mbit/s, 80 %% after %.0f ms, ping +%.1f ms (99 %%: %.1f), UDP lost %.2f %%\n",
              result.rate, result.start, result.ping_median, result.ping_99, result.udp_loss * 100);
  return result;
}

TEST(InnerTunnel, CarriesSegmentsThatFillAPacketOfTheUplinks) {
  TunnelBed bed({uplink_of(*find_profile("50_50"), 0)}, 1);
  ASSERT_TRUE(bed.start());
  inner::TcpFlow flow(bed.edge(), bed.hub(), {});
  flow.start();
  bed.events().run_for(1s);
  ASSERT_TRUE(flow.connected());
  EXPECT_EQ(flow.mss(), 1340U);
  EXPECT_GT(flow.received(), 1'000'000U);
  EXPECT_EQ(bed.edge().refused() + bed.hub().refused(), 0U);
  EXPECT_EQ(bed.edge().too_big() + bed.hub().too_big(), 0U);
}

// The bounds are the targets of docs/performance.md: parts of what headers leave of the links, 89.3 Mbit/s.
constexpr double kBothLinks = 89.3;

TEST(InnerTunnel, BondsTwoEqualUplinksFromCold) {
  const RunResult result = measure(plan_of("50_50"));
  EXPECT_GE(result.rate, 0.97 * kBothLinks);
  EXPECT_LE(result.rate, 1.01 * kBothLinks);
  EXPECT_LE(result.start, 1500);
  EXPECT_EQ(result.udp_loss, 0);
}

TEST(InnerTunnel, BondsTwoEqualUplinksForAnUpload) {
  EXPECT_GE(measure(plan_of("50_50", Direction::up)).rate, 0.97 * kBothLinks);
}

TEST(InnerTunnel, HidesTheLossOfTheUplinksFromTheFlow) {
  const RunResult result = measure(plan_of("loss_05"));
  EXPECT_GE(result.rate, 0.92 * kBothLinks);
  EXPECT_EQ(result.udp_loss, 0);
  EXPECT_EQ(result.inner_timeouts, 0);
}

// Data and acknowledgements are lost. An acknowledgement that waits for a lost one costs a tenth.
TEST(InnerTunnel, WaitsForNoAcknowledgement) {
  EXPECT_GE(measure(plan_of("loss_2")).rate, 0.95 * kBothLinks);
}

TEST(InnerTunnel, CarriesAnInnerQuicFlow) {
  RunPlan plan = plan_of("50_50");
  plan.transport = Transport::quic;
  EXPECT_GE(measure(plan).rate, 0.9 * kBothLinks);
}

// What waits for a repair does not overflow the socket of the client when it leaves. It may end the slow
// start early, and the flow then needs some seconds for all of the links.
TEST(InnerTunnel, HidesTheLossOfAnUplinkFromAnInnerQuicFlow) {
  RunPlan plan = plan_of("loss_1");
  plan.transport = Transport::quic;
  EXPECT_GE(measure(plan).rate, 0.7 * kBothLinks);
}

// The rate that QUIC reaches where every packet has another delay.
TEST(InnerTunnel, CarriesAnInnerQuicFlowOverUplinksWithJitter) {
  RunPlan plan = plan_of("jit_5");
  plan.transport = Transport::quic;
  EXPECT_GE(measure(plan).rate, 0.9 * kBothLinks);
}

TEST(InnerTunnel, FillsFourUplinksOfDifferentDelays) {
  EXPECT_GE(measure(plan_of("four")).rate, 0.9 * 0.893 * 110);
}

TEST(InnerTunnel, FillsAnUplinkOverASatelliteBesideAFastOne) {
  RunPlan plan = plan_of("lte_geo");
  plan.warmup = 4;
  plan.seconds = 10;
  EXPECT_GE(measure(plan).rate, 0.8 * 0.893 * 60);
}

// A slow path carries what the fast one would deliver later, so that the flow neither waits nor sees another
// order.
TEST(InnerTunnel, KeepsTheOrderOverUplinksOfDifferentDelays) {
  TunnelBed bed({uplink_of(*find_profile("near_far"), 0), uplink_of(*find_profile("near_far"), 1)}, 1);
  ASSERT_TRUE(bed.start());
  inner::TcpFlow flow(bed.edge(), bed.hub(), {});
  flow.start();
  const auto dropped = [&bed] { return bed.hub_tunnel().tunnel().peer(0).counters.dropped; };
  bed.events().run_for(1500ms);
  EXPECT_GT(flow.arrivals().rate(1s, 1500ms), 0.7 * kBothLinks * 1e6) << "both carry data";
  ASSERT_EQ(dropped(), 0U);
  EXPECT_EQ(flow.receiver().out_of_order(), 0U);
  bed.events().run_for(6500ms);
  EXPECT_GT(flow.arrivals().rate(4s, 8s), 0.9 * kBothLinks * 1e6);
  EXPECT_LE(flow.totals().sent_again, dropped()) << "only what the queue dropped";
}

TEST(InnerTunnel, LosesNothingWhenAnUplinkDies) {
  RunPlan plan = plan_of("50_50");
  plan.blackhole = 3;
  const RunResult result = measure(plan);
  EXPECT_EQ(result.udp_loss, 0);
  EXPECT_LE(result.longest_gap, 200);
  EXPECT_GE(result.rate, 0.9 * kBothLinks / 2);
}

TEST(InnerTunnel, CarriesEightFlows) {
  RunPlan plan = plan_of("50_50");
  plan.flows = 8;
  EXPECT_GE(measure(plan).rate, 0.97 * kBothLinks);
}

TEST(InnerTunnel, GivesTheSameFiguresForTheSameSeed) {
  const RunPlan plan = plan_of("dual_lte");
  const RunResult first = run(plan);
  const RunResult second = run(plan);
  EXPECT_EQ(first.rate, second.rate);
  EXPECT_EQ(first.ping_99, second.ping_99);
  EXPECT_EQ(first.udp_99, second.udp_99);
}

}  // namespace
}  // namespace hawser::sim::sweep
