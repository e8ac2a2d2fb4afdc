#include "daemon/uplinks/refresh_timer.hpp"

#include <gtest/gtest.h>

namespace hawser::daemon::uplinks {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow{100s};

TEST(RefreshTimer, DoesNotRunBeforeTheFirstRefresh) {
  RefreshTimer timer;
  timer.on_change();
  EXPECT_EQ(timer.next_timeout(), kNever);
}

TEST(RefreshTimer, IsDueFromTimeToTimeWithoutAChange) {
  RefreshTimer timer;
  timer.on_refresh(kNow);
  EXPECT_EQ(timer.next_timeout(), kNow + RefreshTimer::kMaxInterval);
}

TEST(RefreshTimer, CollectsChangesThatFollowARefresh) {
  RefreshTimer timer;
  timer.on_refresh(kNow);
  timer.on_change();
  timer.on_change();
  EXPECT_EQ(timer.next_timeout(), kNow + RefreshTimer::kMinInterval);
}

TEST(RefreshTimer, IgnoresChangesWhenItIsStopped) {
  RefreshTimer timer;
  timer.on_refresh(kNow);
  timer.stop();
  timer.on_change();
  EXPECT_EQ(timer.next_timeout(), kNever);
}

}  // namespace
}  // namespace hawser::daemon::uplinks
