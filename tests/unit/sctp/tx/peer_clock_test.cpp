#include "sctp/tx/peer_clock.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp{} + 48h;

// The low bits of a clock that is `offset` ahead of the local one.
std::uint32_t wire(Timestamp now, Duration offset) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::microseconds>((now + offset).time_since_epoch()).count());
}

TEST(PeerClock, KeepsDifferencesWhateverTheOffset) {
  for (const Duration offset :
       {Duration(0s), Duration(35min), Duration(36min), Duration(71min), Duration(-7h)}) {
    PeerClock clock;
    Timestamp now = kStart;
    ASSERT_TRUE(clock.advance_to(now, wire(now, offset)));
    const Timestamp first = clock.unwrap(wire(now, offset));
    for (int i = 0; i < 100; ++i) {
      now += 5min;
      ASSERT_TRUE(clock.advance_to(now, wire(now, offset)));
      EXPECT_EQ(clock.unwrap(wire(now, offset)) - first, now - kStart);
      EXPECT_EQ(clock.unwrap(wire(now - 20ms, offset)) - first, now - 20ms - kStart);
    }
  }
}

TEST(PeerClock, KnowsWhichPathAcksWereOvertaken) {
  PeerClock clock;
  EXPECT_TRUE(clock.advance_to(kStart, 0xffff'ff00));
  EXPECT_TRUE(clock.advance_to(kStart + 1ms, 10));
  EXPECT_FALSE(clock.advance_to(kStart + 2ms, 0xffff'fff0));
  EXPECT_TRUE(clock.advance_to(kStart + 2ms, 10)) << "in the same microsecond";
}

// In a year, a clock that is wrong by 100 parts in a million gains 52 minutes: more than half of the range of
// 32 bits.
TEST(PeerClock, FollowsAClockThatDrifts) {
  PeerClock clock;
  Timestamp now = kStart;
  Timestamp before{};
  for (int hour = 0; hour < 24 * 365; ++hour) {
    now += 1h;
    const Duration drift = (now - kStart) / 10'000;
    ASSERT_TRUE(clock.advance_to(now, wire(now, drift)));
    const Timestamp time = clock.unwrap(wire(now, drift));
    if (hour != 0) {
      ASSERT_EQ(std::chrono::round<std::chrono::milliseconds>(time - before), 3'600'360ms) << hour;
    }
    before = time;
  }
}

TEST(PeerClock, StaysNearTheLocalTimeWhateverThePeerSends) {
  for (const std::uint32_t step : {0x7fff'ffffU, 0x8000'0000U, 0x8000'0001U, 0x4000'0000U, 0xc000'0000U}) {
    PeerClock clock;
    Timestamp now = kStart;
    std::uint32_t sent = 0;
    for (int i = 0; i < 5'000'000; ++i) {
      now += 1us;
      sent += step;
      static_cast<void>(clock.advance_to(now, sent));
    }
    const Duration drift = (now - kStart) / PeerClock::kDriftDivisor;
    for (const std::uint32_t entry : {sent, sent + 0x7fff'ffffU, sent + 0x8000'0000U}) {
      const Duration apart = clock.unwrap(entry) - now;
      EXPECT_LE(apart, PeerClock::kFarthest + drift) << step;
      EXPECT_GE(apart, -PeerClock::kFarthest - drift) << step;
    }
  }
}

}  // namespace
}  // namespace hawser::sctp::tx
