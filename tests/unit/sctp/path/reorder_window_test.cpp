#include "sctp/path/reorder_window.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart = Timestamp{} + 1h;

TEST(ReorderWindow, IsAQuarterOfTheShortestRoundTripWhileThePathKeepsTheOrder) {
  const ReorderWindow window;
  EXPECT_FALSE(window.reordering(kStart));
  EXPECT_EQ(window.length(kStart, 120ms, 100ms), 25ms);
  EXPECT_EQ(window.length(kStart, 3ms, 2ms), 1ms) << "the clock of loss detection is no finer";
  EXPECT_EQ(window.length(kStart, 10ms, 100ms), 10ms) << "at most a smoothed round trip";
  EXPECT_EQ(window.length(kStart, 0ms, 0ms), 1ms) << "nothing is measured yet";
}

TEST(ReorderWindow, IsAQuarterLongerThanTheLatestPacketWasLate) {
  ReorderWindow window;
  window.on_late_arrival(kStart, 40ms);
  EXPECT_TRUE(window.reordering(kStart));
  EXPECT_EQ(window.length(kStart, 100ms, 100ms), 50ms);
  window.on_late_arrival(kStart + 1s, 20ms);
  EXPECT_EQ(window.length(kStart + 1s, 100ms, 100ms), 50ms);
  window.on_late_arrival(kStart + 2s, 60ms);
  EXPECT_EQ(window.length(kStart + 2s, 100ms, 100ms), 75ms);
}

TEST(ReorderWindow, IsBoundedByTwoRoundTripsOrATenthOfASecond) {
  ReorderWindow window;
  window.on_late_arrival(kStart, 10s);
  EXPECT_EQ(window.length(kStart, 100ms, 50ms), 200ms);
  EXPECT_EQ(window.length(kStart, 20ms, 20ms), 100ms);
  ReorderWindow hardly;
  hardly.on_late_arrival(kStart, 1us);
  EXPECT_EQ(hardly.length(kStart, 100ms, 100ms), 1ms);
}

TEST(ReorderWindow, ForgetsThatThePathReorderedTenSecondsAfterTheLastLatePacket) {
  ReorderWindow window;
  window.on_late_arrival(kStart, 40ms);
  window.on_late_arrival(kStart + 5s, 4ms);
  EXPECT_TRUE(window.reordering(kStart + 15s - 1ms));
  EXPECT_FALSE(window.reordering(kStart + 15s));
  EXPECT_EQ(window.length(kStart + 15s, 100ms, 100ms), 25ms);
}

TEST(ReorderWindow, ShrinksWhenPacketsAreLessLateThanBefore) {
  ReorderWindow window;
  window.on_late_arrival(kStart, 80ms);
  for (int i = 1; i <= 10; ++i) window.on_late_arrival(kStart + i * 1s, 8ms);
  EXPECT_EQ(window.length(kStart + 10s, 100ms, 100ms), 100ms);
  window.on_late_arrival(kStart + 11s, 8ms);
  EXPECT_EQ(window.length(kStart + 11s, 100ms, 100ms), 10ms);
}

TEST(ReorderWindow, ALatePacketAfterALongPauseCountsAlone) {
  ReorderWindow window;
  window.on_late_arrival(kStart, 80ms);
  window.on_late_arrival(kStart + 30s, 8ms);
  EXPECT_EQ(window.length(kStart + 30s, 100ms, 100ms), 10ms);
}

}  // namespace
}  // namespace hawser::sctp::path
