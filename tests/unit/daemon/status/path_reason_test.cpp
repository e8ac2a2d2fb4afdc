#include "daemon/status/path_reason.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon::status {
namespace {

using namespace std::chrono_literals;

TEST(PathReasons, DescribeWhatLimitsAPath) {
  sctp::PathStatus path;
  const Timestamp now{100s};
  const auto reason = [&](sctp::PathIdleReason limit, double tx_mbps = 0, bool over_quota = false) {
    path.idle_reason = limit;
    return idle_reason_text(path, now, tx_mbps, over_quota);
  };
  path.failed_since = now - 3500ms;
  path.cap_bps = 20'000'000;
  using Limit = sctp::PathIdleReason;
  EXPECT_EQ(reason(Limit::failed), "potentially failed since 3 s");
  EXPECT_EQ(reason(Limit::given_up), "failed since 3 s");
  EXPECT_EQ(reason(Limit::capped), "at its cap of 20 Mbit/s");
  EXPECT_EQ(reason(Limit::idle), "no data to send");
  EXPECT_EQ(reason(Limit::idle, 5), "has room: no more data to send");
  EXPECT_EQ(reason(Limit::backup), "backup: better paths work");
  EXPECT_EQ(reason(Limit::backup, 0, true), "over quota: better paths work");
  EXPECT_EQ(reason(Limit::moving), "moving: no answer at the new address of the uplink yet");
  EXPECT_EQ(reason(Limit::never), "never: not to be used");
  EXPECT_EQ(reason(Limit::never, 0, true), "over quota");
}

}  // namespace
}  // namespace hawser::daemon::status
