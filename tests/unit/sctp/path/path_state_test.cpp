#include "sctp/path/path_state.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = Timestamp{} + 1h;

TEST(PathLifecycle, AJoiningPathIsUnconfirmedAfterTheAsconfAckAndActiveAfterAnAnswer) {
  PathLifecycle path(PathState::joining);
  EXPECT_FALSE(path.on_answered(kNow)) << "a joining path answers nothing";
  EXPECT_EQ(path.state(), PathState::joining);
  path.on_joined();
  EXPECT_EQ(path.state(), PathState::unconfirmed);
  EXPECT_FALSE(path.proven());
  EXPECT_TRUE(path.on_answered(kNow));
  EXPECT_TRUE(path.active());
  EXPECT_TRUE(path.proven());
  EXPECT_EQ(path.active_since(), kNow);
}

TEST(PathLifecycle, AnAcknowledgedJoinChangesNoOtherState) {
  for (const PathState state :
       {PathState::unconfirmed, PathState::active, PathState::potentially_failed, PathState::inactive}) {
    PathLifecycle path(state);
    path.on_joined();
    EXPECT_EQ(path.state(), state);
  }
}

TEST(PathLifecycle, FailsAtTheFirstErrorAndIsInactiveAboveTheLimit) {
  PathLifecycle path(PathState::active);
  EXPECT_TRUE(path.on_error(kNow, false));
  EXPECT_EQ(path.state(), PathState::potentially_failed);
  EXPECT_TRUE(path.failed());
  EXPECT_EQ(path.failed_since(), kNow);
  EXPECT_FALSE(path.on_error(kNow + 1s, false)) << "it has left `active` before";
  EXPECT_EQ(path.state(), PathState::potentially_failed);
  EXPECT_FALSE(path.on_error(kNow + 2s, true));
  EXPECT_EQ(path.state(), PathState::inactive);
  EXPECT_EQ(path.failed_since(), kNow) << "since the first error";
  EXPECT_TRUE(path.proven()) << "the address was validated once";
}

TEST(PathLifecycle, AnErrorBeforeValidationChangesNothing) {
  for (const PathState state : {PathState::joining, PathState::unconfirmed}) {
    PathLifecycle path(state);
    EXPECT_FALSE(path.on_error(kNow, true));
    EXPECT_EQ(path.state(), state);
  }
}

TEST(PathLifecycle, ReturnsFromBothFailedStatesByAnAnswer) {
  for (const PathState state : {PathState::potentially_failed, PathState::inactive}) {
    PathLifecycle path(state);
    EXPECT_TRUE(path.on_answered(kNow));
    EXPECT_TRUE(path.active());
    EXPECT_FALSE(path.on_answered(kNow + 1s)) << "it is active already";
    EXPECT_EQ(path.active_since(), kNow);
  }
}

}  // namespace
}  // namespace hawser::sctp::path
