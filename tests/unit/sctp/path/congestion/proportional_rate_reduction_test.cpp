#include "sctp/path/congestion/proportional_rate_reduction.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacket = 1000;

// A sender that always has data: it fills the window after each event.
class ProportionalRateReductionTest : public ::testing::Test {
 protected:
  void begin(std::size_t before, std::size_t lost) {
    flight = before - lost;
    prr.begin(now, flight, lost, kPacket);
    fill();
  }
  void ack(std::size_t packets, bool advances = true) {
    now += 1ms;
    AckSample ack;
    ack.now = now;
    ack.acked = packets * kPacket;
    ack.flight_before = flight;
    ack.flight = flight -= ack.acked;
    ack.pseudo_cumulative = advances;
    prr.on_ack(ack, ssthresh);
    fill();
  }
  void fill() {
    sent_now = 0;
    while (flight < prr.window()) {
      flight += kPacket;
      prr.on_sent(kPacket);
      ++sent_now;
      ++sent;
    }
  }

  ProportionalRateReduction prr;
  Timestamp now{1s};
  std::size_t ssthresh = 50 * kPacket;
  std::size_t flight = 0;
  unsigned sent = 0;
  unsigned sent_now = 0;
};

TEST_F(ProportionalRateReductionTest, TheFirstRetransmissionLeavesAtOnce) {
  begin(100 * kPacket, kPacket);
  EXPECT_EQ(sent, 1U);
}

TEST_F(ProportionalRateReductionTest, KeepsSendingOnePacketForTwoWhenTheWindowIsHalved) {
  begin(100 * kPacket, kPacket);
  unsigned longest_silence = 0;
  unsigned silence = 0;
  for (int i = 0; i < 99; ++i) {
    ack(1);
    silence = sent_now == 0 ? silence + 1 : 0;
    longest_silence = std::max(longest_silence, silence);
    EXPECT_LE(sent_now, 1U) << "no burst";
  }
  EXPECT_LE(longest_silence, 2U);
  EXPECT_NEAR(sent, 50, 1);
  EXPECT_NEAR(static_cast<double>(flight), static_cast<double>(ssthresh), 2 * kPacket);
}

TEST_F(ProportionalRateReductionTest, GrowsBackToTheThresholdWhenMuchOfTheWindowWasLost) {
  begin(100 * kPacket, 80 * kPacket);
  EXPECT_EQ(flight, 21 * kPacket);
  for (int i = 0; i < 60 && flight < ssthresh; ++i) {
    const std::size_t before = flight;
    ack(1);
    EXPECT_LE(flight, before + kPacket) << "as in slow start: two packets for one";
  }
  EXPECT_EQ(flight, ssthresh);
  ack(1);
  EXPECT_EQ(flight, ssthresh) << "and no further";
}

TEST_F(ProportionalRateReductionTest, ConservesPacketsWhileFurtherLossesAppear) {
  begin(100 * kPacket, 80 * kPacket);
  const std::size_t before = flight;
  for (int i = 0; i < 10; ++i) ack(1, false);
  EXPECT_EQ(flight, before);
}

TEST_F(ProportionalRateReductionTest, CountsTheAcknowledgementThatRevealedTheLossAsFlight) {
  // 100 packets in flight; one acknowledgement of 40 reveals the loss of the others.
  prr.begin(now, 40 * kPacket, 20 * kPacket, kPacket);
  AckSample ack;
  ack.now = now;
  ack.acked = 40 * kPacket;
  ack.flight = 60 * kPacket;
  prr.on_ack(ack, ssthresh);
  EXPECT_EQ(prr.window(), 80 * kPacket) << "half of what was delivered may leave";
}

}  // namespace
}  // namespace hawser::sctp::path
