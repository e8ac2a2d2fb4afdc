#include "sctp/path/pacer.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacket = 1500;
constexpr double kRate = 1'000'000;  // bytes per second
constexpr std::size_t kBurst = 4 * kPacket;

// Packets that leave without waiting.
int burst_at(Pacer& pacer, Timestamp now, double rate, int limit = 10'000) {
  int packets = 0;
  while (packets < limit && pacer.ready(now)) {
    pacer.on_sent(now, kPacket, rate, kBurst);
    ++packets;
  }
  return packets;
}

TEST(Pacer, NeverWaitsWhileTheRateIsUnknown) {
  Pacer pacer;
  EXPECT_EQ(burst_at(pacer, Timestamp{}, 0, 500), 500);
  EXPECT_LE(pacer.next(), Timestamp{});
}

TEST(Pacer, LetsNoMoreThanTheBurstAndTheCurrentPacketLeaveAtOnce) {
  Pacer pacer;
  const int packets = burst_at(pacer, Timestamp{}, kRate);
  EXPECT_GE(packets, 4);
  EXPECT_LE(packets, 5);
  EXPECT_GT(pacer.next(), Timestamp{});
}

TEST(Pacer, KeepsTheRateOverASecond) {
  Pacer pacer;
  Timestamp now{};
  double bytes = 0;
  while (now < Timestamp{} + 1s) {
    bytes += static_cast<double>(kPacket) * burst_at(pacer, now, kRate);
    ASSERT_GT(pacer.next(), now) << "the returned time is later";
    now = pacer.next();
  }
  EXPECT_NEAR(bytes, kRate, static_cast<double>(kBurst + 2 * kPacket));
}

TEST(Pacer, LetsSeveralPacketsLeaveEachTime) {
  Pacer pacer;
  burst_at(pacer, Timestamp{}, kRate);
  EXPECT_NEAR(burst_at(pacer, pacer.next(), kRate), 2, 1);
  constexpr double kFast = 125'000'000;
  burst_at(pacer, pacer.next(), kFast);
  EXPECT_NEAR(burst_at(pacer, pacer.next(), kFast), 83, 3) << "those of a millisecond";
}

TEST(Pacer, EarnsNoCreditForAPauseBeyondOneBurst) {
  Pacer pacer;
  burst_at(pacer, Timestamp{}, kRate);
  EXPECT_LE(burst_at(pacer, Timestamp{} + 1h, kRate), 5);
}

TEST(Pacer, KeepsBatchesOfTwoMillisecondsOnFastPaths) {
  Pacer pacer;
  constexpr double kFast = 125'000'000;
  const int packets = burst_at(pacer, Timestamp{}, kFast);
  EXPECT_GE(packets, 166);
  EXPECT_LE(packets, 168);
}

}  // namespace
}  // namespace hawser::sctp::path
