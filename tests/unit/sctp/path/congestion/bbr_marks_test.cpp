#include "sctp/path/congestion/bbr.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacket = 1500;
constexpr double kRate = 2.5e6;  // bytes per second
constexpr Duration kRoundTrip = 40ms;
constexpr std::uint64_t kWindow = 100'000;  // what a round trip carries

/// A path without a queue that delivers at a fixed rate.
struct SteadyPath {
  /// One acknowledgement for a whole round trip; `marks` of its packets were marked.
  void round(std::uint32_t marks = 0, double rate = kRate) { ack(delivered, marks, rate); }
  /// An acknowledgement of packets that left when `prior` bytes were delivered.
  void ack(std::uint64_t prior, std::uint32_t marks, double rate = kRate) {
    now += kRoundTrip;
    delivered += kWindow;
    AckSample sample;
    sample.now = now;
    sample.acked = kWindow;
    sample.flight_before = kWindow;
    sample.rtt = sample.srtt = sample.min_rtt = kRoundTrip;
    sample.queue_delay = Duration::zero();
    sample.delivered = delivered;
    sample.prior_delivered = prior;
    sample.flight_when_sent = kWindow;
    sample.delivery_rate = rate;
    sample.ce_marked = marks;
    bbr.on_ack(sample);
  }
  /// Until the rate is known, and the path cruises at it.
  void settle() {
    for (int i = 0; i < 100 && bbr.pacing_rate() != kRate; ++i) round();
    ASSERT_EQ(bbr.pacing_rate(), kRate);
  }

  Bbr bbr{kPacket};
  Timestamp now = Timestamp{} + 1h;
  std::uint64_t delivered = kWindow;
};

TEST(BbrMarks, LeavesStartupOnAMark) {
  SteadyPath path;
  path.round();
  path.round();
  ASSERT_GT(path.bbr.pacing_rate(), 1.9 * kRate);
  path.round(1);
  EXPECT_LT(path.bbr.pacing_rate(), kRate) << "the queue drains";
}

TEST(BbrMarks, EndsAProbeOnAMarkAndKeepsTheRate) {
  SteadyPath path;
  path.settle();
  for (int i = 0; i < 20 && path.bbr.pacing_rate() <= kRate; ++i) path.round();
  ASSERT_EQ(path.bbr.pacing_rate(), 1.25 * kRate);
  path.round(1);
  EXPECT_EQ(path.bbr.pacing_rate(), 0.75 * kRate);
  path.round();
  EXPECT_EQ(path.bbr.pacing_rate(), kRate);
}

TEST(BbrMarks, LowersItsRateOnAMarkWhileItProbesNothing) {
  SteadyPath path;
  path.settle();
  path.round(1);
  EXPECT_NEAR(path.bbr.pacing_rate(), 0.75 * 0.85 * kRate, 1);
  path.round(0, 0.85 * kRate);
  EXPECT_NEAR(path.bbr.pacing_rate(), 0.85 * kRate, 1);
}

TEST(BbrMarks, AnswersTheMarksOfOneRoundTripOnce) {
  SteadyPath path;
  path.settle();
  const std::uint64_t before = path.delivered;
  path.ack(before, 5);
  path.ack(before, 5);
  path.ack(before + 1, 5);
  EXPECT_NEAR(path.bbr.pacing_rate(), 0.85 * kRate, 1)
      << "these packets left before, and what they show about the rate is out of date";
  path.round(1, 0.85 * kRate);
  path.round(0, 0.7 * kRate);
  EXPECT_NEAR(path.bbr.pacing_rate(), 0.85 * 0.85 * kRate, 1);
}

}  // namespace
}  // namespace hawser::sctp::path
