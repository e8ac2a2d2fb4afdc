// The inner TCP alone, over one plain link: it must behave as the kernel's does, or what the tunnel's sweep
// shows means nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "sim/inner/tcp_flow.hpp"
#include "sim/sweep/testbed.hpp"

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

/// A link with the same properties in both directions.
UplinkSpec symmetric(double mbit, Duration delay, Duration queue) {
  UplinkSpec spec;
  LinkConfig link;
  link.rate = static_cast<std::uint64_t>(mbit * 1e6);
  link.delay = delay;
  link.queue_bytes = static_cast<std::size_t>(mbit * 1e6 / 8 * std::chrono::duration<double>(queue).count());
  spec.up = spec.down = link;
  return spec;
}

/// Fixture: one download over a plain link.
class InnerTcp : public ::testing::Test {
 protected:
  /// Mbit/s of payload from `from` to `to` after the start.
  double download(const UplinkSpec& spec, Duration from, Duration to,
                  const TcpFlow::Config& config = plain()) {
    bed_ = std::make_unique<sweep::PlainBed>(spec, 3);
    flow_ = std::make_unique<TcpFlow>(bed_->edge(), bed_->hub(), config);
    flow_->start();
    bed_->events().run_for(to);
    EXPECT_TRUE(flow_->connected());
    EXPECT_EQ(bed_->edge().refused() + bed_->hub().refused(), 0U);
    return flow_->arrivals().rate(from, to) / 1e6;
  }
  static TcpFlow::Config plain() {
    TcpFlow::Config config;
    config.mtu = 1500;
    return config;
  }
  [[nodiscard]] const TcpCounters& counters() const { return flow_->sender().counters(); }

  std::unique_ptr<sweep::PlainBed> bed_;
  std::unique_ptr<TcpFlow> flow_;
};

constexpr double kPayload = 1448.0 / 1500;

TEST_F(InnerTcp, FillsALinkWithAQueueOfOneRoundTrip) {
  const double rate = download(symmetric(50, 20ms, 40ms), 2s, 12s);
  EXPECT_GE(rate, 0.93 * 50 * kPayload);
  EXPECT_LE(rate, 50 * kPayload);
  EXPECT_EQ(counters().timeouts, 0U);
}

TEST_F(InnerTcp, FillsTheLinkSoonAfterTheStart) {
  download(symmetric(50, 20ms, 100ms), 0s, 3s);
  EXPECT_GE(flow_->arrivals().rate(500ms, 1500ms), 0.85 * 50e6 * kPayload);
}

TEST_F(InnerTcp, LeavesSlowStartByTheDelayBeforeALargeQueueOverflows) {
  download(symmetric(20, 20ms, 500ms), 0s, 2s);
  EXPECT_EQ(bed_->link(0, true).counters().overflowed, 0U);
}

TEST_F(InnerTcp, NeedsTheQueueThatAReductionLeavesHalfEmpty) {
  // RFC 9438 §4.6: after a reduction to 0.7, a queue of 0.43 round trips keeps the link busy.
  const double small = download(symmetric(50, 20ms, 4ms), 2s, 20s);
  const double large = download(symmetric(50, 20ms, 30ms), 2s, 20s);
  EXPECT_LT(small, large);
  EXPECT_GE(large, 0.93 * 50 * kPayload);
}

// 1.2 / sqrt(p) segments (RFC 9438 §4.3 with AIMD's constant for 0.7 and 0.53) for each round trip.
TEST_F(InnerTcp, CarriesAtALossOfOnePerCentWhatTheTheorySays) {
  UplinkSpec spec = symmetric(50, 20ms, 100ms);
  spec.down.loss = 0.01;
  const double rate = download(spec, 3s, 63s);
  const double theory = 1.22 / std::sqrt(0.01) * 1448 * 8 / 0.040 / 1e6;
  EXPECT_GE(rate, 0.7 * theory);
  EXPECT_LE(rate, 1.5 * theory);
}

TEST_F(InnerTcp, SurvivesALossOfFivePerCentInBothDirections) {
  UplinkSpec spec = symmetric(20, 10ms, 100ms);
  spec.down.loss = spec.up.loss = 0.05;
  EXPECT_GE(download(spec, 1s, 21s), 1);
}

TEST_F(InnerTcp, IgnoresReorderingOnceItKnowsIt) {
  UplinkSpec spec = symmetric(20, 20ms, 100ms);
  spec.down.reordering = 0.01;
  spec.down.reordering_delay = 5ms;
  EXPECT_GE(download(spec, 2s, 12s), 0.85 * 20 * kPayload);
  EXPECT_GT(flow_->receiver().out_of_order(), 100U);
}

TEST_F(InnerTcp, SurvivesReorderingOfMoreThanARoundTrip) {
  UplinkSpec spec = symmetric(20, 10ms, 100ms);
  spec.down.reordering = 0.01;
  spec.down.reordering_delay = 60ms;
  EXPECT_GE(download(spec, 2s, 12s), 5);
  EXPECT_GT(counters().undone, 0U);
}

TEST_F(InnerTcp, GoesOnAfterAnOutage) {
  const UplinkSpec spec = symmetric(20, 10ms, 100ms);
  bed_ = std::make_unique<sweep::PlainBed>(spec, 3);
  flow_ = std::make_unique<TcpFlow>(bed_->edge(), bed_->hub(), plain());
  flow_->start();
  bed_->events().run_for(2s);
  bed_->link(0, true).config().blackhole = true;
  bed_->events().run_for(1s);
  bed_->link(0, true).config().blackhole = false;
  bed_->events().run_for(4s);
  EXPECT_GT(counters().timeouts, 0U);
  EXPECT_LT(counters().timeouts, 8U);
  EXPECT_GE(flow_->arrivals().rate(5s, 7s), 0.85 * 20e6 * kPayload);
}

TEST_F(InnerTcp, RepairsTheLossOfItsTailByAProbe) {
  const UplinkSpec spec = symmetric(20, 10ms, 100ms);
  bed_ = std::make_unique<sweep::PlainBed>(spec, 3);
  flow_ = std::make_unique<TcpFlow>(bed_->edge(), bed_->hub(), plain());
  flow_->start();
  bed_->events().run_for(2s);
  bed_->link(0, true).config().blackhole = true;
  bed_->events().run_for(5ms);
  flow_->stop();
  bed_->link(0, true).config().blackhole = false;
  bed_->events().run_for(5s);
  EXPECT_GT(bed_->link(0, true).counters().lost, 0U);
  EXPECT_GE(counters().tail_probes, 1U);
  EXPECT_EQ(counters().timeouts, 0U);
  EXPECT_EQ(flow_->sender().acknowledged(), flow_->received());
}

TEST_F(InnerTcp, OpensTheReceiveWindowForALongRoundTrip) {
  // 50 Mbit/s for 300 ms are 1.9 MB.
  EXPECT_GE(download(symmetric(50, 150ms, 300ms), 6s, 16s), 0.85 * 50 * kPayload);
}

TEST_F(InnerTcp, ReducesItsWindowForMarksInsteadOfLosses) {
  bed_ = std::make_unique<sweep::PlainBed>(symmetric(50, 20ms, 100ms), 3);
  // An AQM of the hub marks every 500th packet.
  unsigned count = 0;
  const auto forward = bed_->hub().on_send;
  bed_->hub().on_send = [&](Packet&& packet) {
    if ((packet[1] & std::byte{3}) == std::byte{2} && ++count % 500 == 0) {
      packet[1] |= std::byte{1};
      const auto checksum = load_be<std::uint16_t>(packet.data() + 10);
      store_be(packet.data() + 10, static_cast<std::uint16_t>(checksum == 0 ? 0xfffe : checksum - 1));
    }
    forward(std::move(packet));
  };
  TcpFlow::Config config = plain();
  config.ecn = true;
  flow_ = std::make_unique<TcpFlow>(bed_->edge(), bed_->hub(), config);
  flow_->start();
  bed_->events().run_for(10s);
  EXPECT_GT(count, 1000U);
  EXPECT_GE(counters().marks, count / 500 / 2);
  EXPECT_LE(counters().marks, count / 500);
  EXPECT_EQ(counters().sent_again, 0U);
  EXPECT_EQ(bed_->edge().refused(), 0U);
  EXPECT_LT(flow_->arrivals().rate(2s, 10s), 0.9 * 50e6 * kPayload);
}

TEST_F(InnerTcp, SharesALinkWithAnother) {
  bed_ = std::make_unique<sweep::PlainBed>(symmetric(50, 20ms, 40ms), 3);
  TcpFlow::Config other = plain();
  other.port = 5202;
  other.client_port = 40'001;
  TcpFlow first(bed_->edge(), bed_->hub(), plain());
  TcpFlow second(bed_->edge(), bed_->hub(), other);
  first.start();
  second.start();
  bed_->events().run_for(42s);
  const double a = first.arrivals().rate(2s, 42s) / 1e6;
  const double b = second.arrivals().rate(2s, 42s) / 1e6;
  EXPECT_GE(a + b, 0.93 * 50 * kPayload);
  EXPECT_GE(std::min(a, b), 0.25 * (a + b));
}

TEST_F(InnerTcp, UploadsLikeItDownloads) {
  TcpFlow::Config config = plain();
  config.download = false;
  EXPECT_GE(download(symmetric(50, 20ms, 40ms), 2s, 12s, config), 0.93 * 50 * kPayload);
}

}  // namespace
}  // namespace hawser::sim::inner
