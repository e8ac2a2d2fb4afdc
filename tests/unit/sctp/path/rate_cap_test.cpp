#include "sctp/path/rate_cap.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacket = 1500;

// Bytes that leave between `now` and `end` when there is always something to send and each wake-up comes
// `late` after its time.
double sent_until(RateCap& cap, Timestamp& now, Timestamp end, Duration late = {}) {
  double bytes = 0;
  while (now < end) {
    while (cap.ready(now)) {
      cap.on_sent(now, kPacket);
      bytes += kPacket;
    }
    now = cap.next() + late;
  }
  return bytes;
}

TEST(RateCap, LetsEverythingGoUntilItIsSet) {
  RateCap cap;
  for (int i = 0; i < 1000; ++i) cap.on_sent(Timestamp{}, kPacket);
  EXPECT_TRUE(cap.ready(Timestamp{}));
}

TEST(RateCap, IsKeptWithinAHundredthWhetherItIsLowOrHigh) {
  for (const std::uint64_t bps :
       {std::uint64_t{1'000'000}, std::uint64_t{20'000'000}, std::uint64_t{900'000'000}}) {
    RateCap cap;
    cap.set(bps);
    Timestamp now{};
    const double bytes = sent_until(cap, now, Timestamp{} + 10s);
    EXPECT_NEAR(bytes * 8 / 10, static_cast<double>(bps), static_cast<double>(bps) / 100) << bps;
  }
}

TEST(RateCap, LosesNothingWhenTheClockIsALittleLate) {
  RateCap cap;
  cap.set(20'000'000);
  Timestamp now{};
  EXPECT_NEAR(sent_until(cap, now, Timestamp{} + 10s, 3ms) * 8 / 10, 20e6, 1e6);
}

TEST(RateCap, LetsAPauseBeFollowedByNoMoreThanAFewMilliseconds) {
  RateCap cap;
  cap.set(20'000'000);
  Timestamp now{};
  sent_until(cap, now, Timestamp{} + 1s);
  now += 1h;
  std::size_t burst = 0;
  for (; cap.ready(now); burst += kPacket) cap.on_sent(now, kPacket);
  EXPECT_LE(burst, 20'000'000 / 8 / 200 + 2 * kPacket);
}

TEST(RateCap, HoldsFromTheNextPacketOnWhenItIsChangedOrLifted) {
  RateCap cap;
  cap.set(100'000);
  for (int i = 0; i < 100; ++i) cap.on_sent(Timestamp{}, kPacket);
  EXPECT_FALSE(cap.ready(Timestamp{} + 900ms));
  cap.set(0);
  EXPECT_TRUE(cap.ready(Timestamp{}));
}

TEST(RateCap, ForgetsAfterASecondWhatAcknowledgementsOwe) {
  RateCap cap;
  cap.set(64'000);
  for (int i = 0; i < 10'000; ++i) cap.on_sent(Timestamp{}, 120);
  EXPECT_FALSE(cap.ready(Timestamp{} + 900ms));
  EXPECT_TRUE(cap.ready(Timestamp{} + 1001ms));
}

}  // namespace
}  // namespace hawser::sctp::path
