#include "daemon/log_limiter.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace hawser::daemon {
namespace {

using namespace std::chrono_literals;

class LogLimiterTest : public testing::Test {
 protected:
  int admitted(const LogLimiter::Kind& kind, int lines) {
    int count = 0;
    for (int i = 0; i < lines; ++i) count += limiter.admit(now, kind) ? 1 : 0;
    return count;
  }

  LogLimiter limiter;
  Timestamp now = Timestamp{} + 1h;
};

TEST_F(LogLimiterTest, AFloodOfOneKindIsCutAndLeavesTheOthersAlone) {
  EXPECT_EQ(admitted({1, "path added"}, 1'000), 20);
  EXPECT_EQ(admitted({1, "path removed"}, 1), 1);
  EXPECT_EQ(admitted({2, "path added"}, 1), 1);
}

TEST_F(LogLimiterTest, ReportsTheSuppressedLinesOnceWhenThereIsRoom) {
  admitted({1, "path added"}, 50);
  EXPECT_TRUE(limiter.take_suppressed(now).empty());
  now += 10s;
  const auto report = limiter.take_suppressed(now);
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report[0].kind, (LogLimiter::Kind{1, "path added"}));
  EXPECT_EQ(report[0].lines, 30U);
  now += 1h;
  EXPECT_TRUE(limiter.take_suppressed(now).empty());
}

TEST_F(LogLimiterTest, AFloodThatLastsWritesALineInTenSeconds) {
  int lines = 0;
  for (int i = 0; i < 1'000; ++i) {
    lines += admitted({1, "path added"}, 10);
    lines += static_cast<int>(limiter.take_suppressed(now).size());
    now += 100ms;
  }
  EXPECT_LE(lines, 20 + 10);
}

}  // namespace
}  // namespace hawser::daemon
