#include "sctp/path/idle_reason.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::kPeerWindow;
using test::route_to;

class PathIdleReasonTest : public ::testing::Test {
 protected:
  [[nodiscard]] PathIdleReason limit(const Path& path) const { return idle_reason(path, paths, situation); }
  static void fill(Path& path) { path.flight.bytes = path.congestion->cwnd(); }

  EndpointConfig config;
  PathTable paths{config};
  Timestamp now{100s};
  SendState situation{.waiting = true, .peer_has_room = true, .paced_until = kNever};
};

TEST_F(PathIdleReasonTest, IsTheStateOfAPathThatDoesNotWork) {
  EXPECT_EQ(limit(*paths.add(route_to(1, 1), PathState::joining, kPeerWindow)), PathIdleReason::joining);
  EXPECT_EQ(limit(*paths.add(route_to(2, 1), PathState::unconfirmed, kPeerWindow)), PathIdleReason::unproven);
  EXPECT_EQ(limit(*paths.add(route_to(3, 1), PathState::potentially_failed, kPeerWindow)),
            PathIdleReason::failed);
  EXPECT_EQ(limit(*paths.add(route_to(4, 1), PathState::inactive, kPeerWindow)), PathIdleReason::given_up);
}

TEST_F(PathIdleReasonTest, IsTheMoveUntilThePeerAnswersAtTheNewAddress) {
  Path& path = add_active(paths, 1);
  path.moving = true;
  EXPECT_EQ(limit(path), PathIdleReason::moving);
}

TEST_F(PathIdleReasonTest, IsTheRoleWhileBetterPathsWork) {
  Path& always = add_active(paths, 1);
  Path& path = add_active(paths, 2);
  path.own_role = PathRole::never;
  EXPECT_EQ(limit(path), PathIdleReason::never);
  path.own_role = PathRole::backup;
  EXPECT_EQ(limit(path), PathIdleReason::backup);
  path.own_role = PathRole::secondary;
  EXPECT_EQ(limit(path), PathIdleReason::secondary);
  fill(always);
  EXPECT_EQ(limit(path), PathIdleReason::none);
  path.own_role = PathRole::backup;
  EXPECT_EQ(limit(path), PathIdleReason::backup) << "a full path is still active";
  always.lifecycle = PathLifecycle(PathState::potentially_failed);
  EXPECT_EQ(limit(path), PathIdleReason::none);
}

TEST_F(PathIdleReasonTest, IsWhatHoldsDataBack) {
  Path& path = add_active(paths, 1, 100ms);
  EXPECT_EQ(limit(path), PathIdleReason::none);
  fill(path);
  EXPECT_EQ(limit(path), PathIdleReason::congestion_window);
  situation.peer_has_room = false;
  EXPECT_EQ(limit(path), PathIdleReason::peer_window);
  situation.waiting = false;
  EXPECT_EQ(limit(path), PathIdleReason::idle);
}

TEST_F(PathIdleReasonTest, DistinguishesThePacerFromTheCap) {
  Path& path = add_active(paths, 1, 100ms);
  Path& other = add_active(paths, 2, 100ms);
  while (path.pacer.ready(now))
    path.pacer.on_sent(now, path.pmtu.payload(), path.pacing_rate(), path.pmtu.payload());
  situation.paced_until = path.ready_at();
  EXPECT_EQ(limit(path), PathIdleReason::pacing);
  EXPECT_EQ(limit(other), PathIdleReason::none);
  other.cap.set(100'000);
  while (other.cap.ready(now)) other.cap.on_sent(now, 60'000);
  EXPECT_EQ(limit(other), PathIdleReason::capped);
}

TEST_F(PathIdleReasonTest, OfASecondaryPathEndsWhenTheOthersAreAtTheirCaps) {
  Path& always = add_active(paths, 1);
  Path& secondary = add_active(paths, 2);
  secondary.own_role = PathRole::secondary;
  always.cap.set(100'000);
  while (always.cap.ready(now)) always.cap.on_sent(now, 1500);
  situation.paced_until = always.ready_at();
  EXPECT_EQ(limit(secondary), PathIdleReason::none);
  situation.waiting = false;
  EXPECT_EQ(limit(secondary), PathIdleReason::secondary);
}

}  // namespace
}  // namespace hawser::sctp::path
