// The inner QUIC-like flow alone, over one plain link.
#include <gtest/gtest.h>

#include <memory>

#include "sim/inner/quic_flow.hpp"
#include "sim/sweep/testbed.hpp"

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

/// Fixture: one flow over a plain link with a queue of 40 ms.
class InnerQuic : public ::testing::Test {
 protected:
  /// Mbit/s of payload from 2 s to `to` after the start.
  double measure(LinkConfig link, Duration to, bool download = true) {
    link.queue_bytes = static_cast<std::size_t>(static_cast<double>(link.rate) / 8 * 0.04);
    UplinkSpec spec;
    spec.up = spec.down = link;
    bed_ = std::make_unique<sweep::PlainBed>(spec, 3);
    QuicFlow::Config config;
    config.download = download;
    flow_ = std::make_unique<QuicFlow>(bed_->edge(), bed_->hub(), config);
    flow_->start();
    bed_->events().run_for(to);
    EXPECT_EQ(bed_->edge().refused() + bed_->hub().refused(), 0U);
    return flow_->arrivals().rate(2s, to) / 1e6;
  }
  static LinkConfig link_of(double mbit, Duration delay) {
    LinkConfig link;
    link.rate = static_cast<std::uint64_t>(mbit * 1e6);
    link.delay = delay;
    return link;
  }

  std::unique_ptr<sweep::PlainBed> bed_;
  std::unique_ptr<QuicFlow> flow_;
};

constexpr double kPayload = static_cast<double>(kQuicPiece) / (kQuicPacket + 28);

TEST_F(InnerQuic, FillsALinkWithAQueueOfOneRoundTrip) {
  const double rate = measure(link_of(50, 20ms), 12s);
  EXPECT_GE(rate, 0.93 * 50 * kPayload);
  EXPECT_LE(rate, 50 * kPayload);
  EXPECT_EQ(flow_->totals().timeouts, 0U);
}

TEST_F(InnerQuic, UploadsLikeItDownloads) {
  EXPECT_GE(measure(link_of(50, 20ms), 12s, false), 0.93 * 50 * kPayload);
}

TEST(InnerQuicReceiver, LosesWhatItsSocketBufferDoesNotHold) {
  EventQueue events;
  QuicReceiver receiver(events, [](const QuicAck&) {});
  auto receive = [&receiver, number = std::uint64_t{0}](int count) mutable {
    for (int i = 0; i < count; ++i, ++number) {
      QuicData data;
      data.number = data.piece = number;
      receiver.on_data(data);
    }
  };
  receive(92);
  EXPECT_EQ(receiver.pieces(), 92U);
  receive(50);
  EXPECT_EQ(receiver.pieces(), 92U);
  EXPECT_EQ(receiver.overflowed(), 50U);
  events.run_for(1ms);
  receive(92);
  EXPECT_EQ(receiver.overflowed(), 50U) << "it has read the others";
}

TEST_F(InnerQuic, SurvivesALossOfFivePerCentInBothDirections) {
  LinkConfig link = link_of(20, 10ms);
  link.loss = 0.05;
  EXPECT_GE(measure(link, 22s), 1);
}

TEST_F(InnerQuic, TakesPacketsThatAreOvertakenByThreeForLost) {
  // RFC 9002 §6.1.1: the packet threshold does not adapt, unlike that of TCP.
  LinkConfig link = link_of(20, 20ms);
  link.reordering = 0.01;
  link.reordering_delay = 5ms;
  EXPECT_LE(measure(link, 12s), 0.6 * 20 * kPayload);
  EXPECT_GT(flow_->totals().sent_again, 5U);
  EXPECT_EQ(bed_->link(0, true).counters().overflowed, 0U) << "nothing is lost";
}

TEST_F(InnerQuic, GoesOnAfterAnOutage) {
  measure(link_of(20, 10ms), 2s);
  bed_->link(0, true).config().blackhole = true;
  bed_->events().run_for(1s);
  bed_->link(0, true).config().blackhole = false;
  bed_->events().run_for(4s);
  EXPECT_GT(flow_->totals().timeouts, 0U);
  EXPECT_GE(flow_->arrivals().rate(5s, 7s), 0.8 * 20e6 * kPayload);
}

}  // namespace
}  // namespace hawser::sim::inner
