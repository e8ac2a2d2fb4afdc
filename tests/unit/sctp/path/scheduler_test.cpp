#include "sctp/path/scheduler.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/path_support.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::kPeerWindow;
using test::route_to;

class PathSchedulerTest : public ::testing::Test {
 protected:
  Path* pick(PathScheduler& scheduler) { return scheduler.pick(paths, now, limited, demand); }
  static void fill(Path& path) { path.flight.bytes = path.congestion->cwnd(); }

  EndpointConfig config;
  PathTable paths{config};
  Timestamp now{};
  Timestamp limited{};
  Demand demand{.backlog = 1'000'000};
  std::unique_ptr<PathScheduler> earliest = make_earliest_arrival_scheduler();
  std::unique_ptr<PathScheduler> primary = make_primary_scheduler();
};

TEST_F(PathSchedulerTest, EarliestArrivalPrefersTheShorterRoundTrip) {
  add_active(paths, 1, 80ms);
  Path& fast = add_active(paths, 2, 20ms);
  EXPECT_EQ(pick(*earliest), &fast);
  EXPECT_EQ(limited, kNever);
}

TEST_F(PathSchedulerTest, EarliestArrivalSpillsOverWhenTheFastPathIsFull) {
  Path& slow = add_active(paths, 1, 80ms);
  fill(add_active(paths, 2, 20ms));
  EXPECT_EQ(pick(*earliest), &slow);
}

TEST_F(PathSchedulerTest, EarliestArrivalFillsEqualPathsEvenly) {
  Path& first = add_active(paths, 1, 40ms);
  Path& second = add_active(paths, 2, 40ms);
  first.flight.bytes = 2 * first.pmtu.payload();
  second.flight.bytes = first.pmtu.payload();
  EXPECT_EQ(pick(*earliest), &second);
  second.flight.bytes = 3 * first.pmtu.payload();
  EXPECT_EQ(pick(*earliest), &first);
}

TEST_F(PathSchedulerTest, NothingIsPickedWhenEveryActivePathIsFull) {
  fill(add_active(paths, 1, 80ms));
  fill(add_active(paths, 2, 20ms));
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, kNever) << "an acknowledgement opens the window, not a timer";
}

TEST_F(PathSchedulerTest, AFullActivePathDoesNotSendDataToAFailedOne) {
  fill(add_active(paths, 1, 80ms));
  paths.add(route_to(2, 1), PathState::potentially_failed, kPeerWindow);
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(PathSchedulerTest, ReportsWhenPacingLetsTheNextPacketLeave) {
  Path& path = add_active(paths, 1, 100ms);
  while (path.pacer.ready(now))
    path.pacer.on_sent(now, path.pmtu.payload(), path.pacing_rate(), 4 * path.pmtu.payload());
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, path.pacer.next());
  EXPECT_GT(limited, now);
  now = limited;
  EXPECT_EQ(pick(*earliest), &path);
}

TEST_F(PathSchedulerTest, UnvalidatedPathsNeverCarryData) {
  paths.add(route_to(1, 1), PathState::unconfirmed, kPeerWindow);
  paths.add(route_to(2, 1), PathState::joining, kPeerWindow);
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(PathSchedulerTest, DataIsSentEvenWhenEveryPathFailed) {
  Path* bad = paths.add(route_to(1, 1), PathState::inactive, kPeerWindow);
  Path* less_bad = paths.add(route_to(2, 1), PathState::potentially_failed, kPeerWindow);
  bad->error_count = 6;
  less_bad->error_count = 1;
  EXPECT_EQ(pick(*earliest), less_bad);
  EXPECT_EQ(pick(*primary), less_bad);
}

TEST_F(PathSchedulerTest, AFailedPathIsUsedOnlyWithinItsWindow) {
  Path* failed = paths.add(route_to(1, 1), PathState::potentially_failed, kPeerWindow);
  failed->congestion->on_timeout();
  failed->flight.bytes = failed->congestion->cwnd();
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(PathSchedulerTest, ASecondaryPathHelpsWhenMoreWaitsThanTheOthersDeliverSoon) {
  Path& always = add_active(paths, 1, 80ms);
  Path& secondary = add_active(paths, 2, 20ms);
  secondary.own_role = PathRole::secondary;
  EXPECT_EQ(pick(*earliest), &always) << "although the other is faster";
  while (always.pacer.ready(now))
    always.pacer.on_sent(now, always.pmtu.payload(), always.pacing_rate(), always.pmtu.payload());
  const std::size_t much = demand.backlog;
  demand.backlog = 1000;
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, always.pacer.next());
  now += 20ms;  // a decision holds for a while
  while (always.pacer.ready(now))
    always.pacer.on_sent(now, always.pmtu.payload(), always.pacing_rate(), always.pmtu.payload());
  demand.backlog = much;
  EXPECT_EQ(pick(*earliest), &secondary);
  demand.backlog = 1000;
  always.lifecycle = PathLifecycle(PathState::potentially_failed);
  EXPECT_EQ(pick(*earliest), &secondary);
}

TEST_F(PathSchedulerTest, APathAtItsCapCountsAsFull) {
  Path& always = add_active(paths, 1, 20ms);
  Path& secondary = add_active(paths, 2, 80ms);
  secondary.own_role = PathRole::secondary;
  always.cap.set(1'000'000);
  while (always.cap.ready(now)) always.cap.on_sent(now, 1500);
  EXPECT_EQ(pick(*earliest), &secondary);
  fill(secondary);
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, always.cap.next());
  now = limited;
  EXPECT_EQ(pick(*earliest), &always);
}

TEST_F(PathSchedulerTest, ABackupPathIsUsedOnlyWhileNoOtherIsActive) {
  Path& always = add_active(paths, 1, 80ms);
  Path& secondary = add_active(paths, 2, 80ms);
  Path& backup = add_active(paths, 3, 20ms);
  secondary.own_role = PathRole::secondary;
  backup.own_role = PathRole::backup;
  fill(always);
  fill(secondary);
  EXPECT_EQ(pick(*earliest), nullptr);
  always.lifecycle = PathLifecycle(PathState::potentially_failed);
  EXPECT_EQ(pick(*earliest), nullptr) << "the secondary one is full, but it works";
  secondary.lifecycle = PathLifecycle(PathState::inactive);
  EXPECT_EQ(pick(*earliest), &backup);
}

TEST_F(PathSchedulerTest, APathThatIsNeverToBeUsedIsNotUsedEvenAlone) {
  Path& never = add_active(paths, 1, 20ms);
  never.own_role = PathRole::never;
  EXPECT_EQ(pick(*earliest), nullptr);
  never.lifecycle = PathLifecycle(PathState::potentially_failed);
  EXPECT_EQ(pick(*earliest), nullptr);
  Path* failed = paths.add(route_to(2, 1), PathState::inactive, kPeerWindow);
  failed->error_count = 9;
  EXPECT_EQ(pick(*earliest), failed);
}

TEST_F(PathSchedulerTest, TheMoreReluctantOfBothEndsDecidesTheRole) {
  Path& path = add_active(paths, 1);
  path.peer_role = PathRole::backup;
  EXPECT_EQ(path.role(), PathRole::backup);
  path.own_role = PathRole::never;
  EXPECT_EQ(path.role(), PathRole::never);
}

TEST_F(PathSchedulerTest, PrimaryOnlyStaysOnThePrimaryThoughAnotherIsFaster) {
  Path& first = add_active(paths, 1, 80ms);
  add_active(paths, 2, 20ms);
  EXPECT_EQ(pick(*primary), &first);
}

TEST_F(PathSchedulerTest, PrimaryOnlyWaitsForThePrimaryRatherThanSpillOver) {
  fill(add_active(paths, 1, 80ms));
  add_active(paths, 2, 20ms);
  EXPECT_EQ(pick(*primary), nullptr);
}

TEST_F(PathSchedulerTest, PrimaryOnlyTakesTheBestOtherPathWhileThePrimaryIsDown) {
  Path& first = add_active(paths, 1, 80ms);
  add_active(paths, 2, 50ms);
  Path& best = add_active(paths, 3, 20ms);
  first.lifecycle = PathLifecycle(PathState::potentially_failed);
  EXPECT_EQ(pick(*primary), &best);
  first.lifecycle = PathLifecycle(PathState::active);
  EXPECT_EQ(pick(*primary), &first);
}

// --- the decision between a faster path that is busy and a slower one

// `fast` is 30 ms ahead of `slow`, and its window is full.
class SlowerPathTest : public PathSchedulerTest {
 protected:
  SlowerPathTest() { fill(fast); }
  // As much waits as the faster path delivers in `time`.
  void backlog(Duration time) {
    demand.backlog = static_cast<std::size_t>(fast.pacing_rate() * static_cast<double>(time.count()) * 1e-9);
  }
  void hold_back(Path& path, Duration time) const {
    path.pacer = {};
    while (path.pacer.next() < now + time) path.pacer.on_sent(now, 1'000, 1e6, 1'000);
  }

  Path& slow = add_active(paths, 1, 80ms);
  Path& fast = add_active(paths, 2, 20ms);
};

TEST_F(SlowerPathTest, WaitsForTheFasterPathThatDeliversSooner) {
  backlog(29ms);
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, kNever) << "an acknowledgement opens the window";
}

TEST_F(SlowerPathTest, UsesTheSlowerPathWhenMoreWaitsThanTheFasterOneDeliversUntilThen) {
  backlog(31ms);
  EXPECT_EQ(pick(*earliest), &slow);
}

TEST_F(SlowerPathTest, ADecisionToWaitHoldsForTwentyMilliseconds) {
  backlog(1ms);
  EXPECT_EQ(pick(*earliest), nullptr);
  backlog(100ms);
  now += 19ms;
  EXPECT_EQ(pick(*earliest), nullptr);
  now += 1ms;
  EXPECT_EQ(pick(*earliest), &slow);
}

TEST_F(SlowerPathTest, ADecisionToHelpHoldsForTwentyMilliseconds) {
  backlog(100ms);
  EXPECT_EQ(pick(*earliest), &slow);
  backlog(1ms);
  now += 19ms;
  EXPECT_EQ(pick(*earliest), &slow);
  now += 1ms;
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(SlowerPathTest, GoesOnHelpingWhileTheFasterPathCannotCarryWhatIsDelivered) {
  backlog(100ms);
  ASSERT_EQ(pick(*earliest), &slow);
  slow.flight.bytes = 1'000;
  const auto deliver = [this](double share) {
    for (int i = 0; i < 10; ++i) {
      now += 50ms;
      fast.flight.rate.on_delivered(static_cast<std::size_t>(share * fast.pacing_rate() * 0.05));
      pick(*earliest);
    }
  };
  backlog(1ms);
  deliver(1.2);
  EXPECT_EQ(pick(*earliest), &slow);
  deliver(0.5);
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(SlowerPathTest, TwoMillisecondsAreNoDifference) {
  Path& nearly = add_active(paths, 3, 24ms);
  demand.backlog = 1;
  EXPECT_EQ(pick(*earliest), &nearly);
}

TEST_F(SlowerPathTest, APathThatDoesNotCarryThePacketIsNotWaitedFor) {
  const std::size_t before = slow.pmtu.payload();
  slow.pmtu.on_probe_sent(1, now, 100ms);
  ASSERT_TRUE(slow.pmtu.on_probe_acked(1, now));
  ASSERT_GT(slow.pmtu.payload(), before);
  demand = {.size = before, .backlog = 1};
  EXPECT_EQ(pick(*earliest), nullptr);
  now += 20ms;
  demand.size = before + 4;
  EXPECT_EQ(pick(*earliest), &slow);
  fast.flight.bytes = 0;
  EXPECT_EQ(pick(*earliest), &slow) << "the faster one has room, but not for this packet";
  demand.size = before;
  EXPECT_EQ(pick(*earliest), &fast);
}

TEST_F(SlowerPathTest, APacketThatNoPathCarriesIsNotSent) {
  demand.size = 60'000;
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(SlowerPathTest, UrgentDataWaitsForThePacerOfAPathThatStillDeliversSooner) {
  fast.flight.bytes = 0;
  demand.urgent = true;
  hold_back(fast, 20ms);
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, fast.pacer.next());
  hold_back(fast, 35ms);
  EXPECT_EQ(pick(*earliest), &slow);
}

TEST_F(SlowerPathTest, UrgentDataDoesNotWaitForAWindow) {
  demand = {.backlog = 1, .urgent = true};
  EXPECT_EQ(pick(*earliest), &slow);
}

TEST_F(SlowerPathTest, UrgentDataFollowsNoEarlierDecision) {
  demand.backlog = 1;
  EXPECT_EQ(pick(*earliest), nullptr);
  demand.urgent = true;
  EXPECT_EQ(pick(*earliest), &slow);
  demand.urgent = false;
  EXPECT_EQ(pick(*earliest), nullptr) << "and changes none";
}

TEST_F(SlowerPathTest, APreferredPathIsWaitedForTwentyMillisecondsAlthoughItIsSlower) {
  fast.own_role = PathRole::secondary;
  fast.flight.bytes = 0;
  fill(slow);
  const auto wait = [this](Duration time) {
    demand.backlog = static_cast<std::size_t>(slow.pacing_rate() * static_cast<double>(time.count()) * 1e-9);
  };
  wait(19ms);
  EXPECT_EQ(pick(*earliest), nullptr);
  now += 20ms;
  wait(21ms);
  EXPECT_EQ(pick(*earliest), &fast);
}

TEST_F(SlowerPathTest, ABackupPathDoesNotHelpHoweverMuchWaits) {
  slow.own_role = PathRole::backup;
  backlog(10s);
  EXPECT_EQ(pick(*earliest), nullptr);
}

TEST_F(SlowerPathTest, ACapLimitsWhatTheFasterPathIsExpectedToDeliver) {
  backlog(10ms);
  fast.cap.set(static_cast<std::uint64_t>(fast.pacing_rate() * 8 / 10));
  EXPECT_EQ(pick(*earliest), &slow) << "at a tenth of its rate it takes 100 ms";
}

TEST_F(SlowerPathTest, KnowsWhatTheFasterPathDeliversMeanwhile) {
  ASSERT_EQ(pick(*earliest), &slow);
  const double later = std::chrono::duration<double>((slow.rtt.srtt() - fast.rtt.srtt()) / 2).count();
  EXPECT_NEAR(static_cast<double>(slow.lead), later * fast.pacing_rate(), 1);
  fast.flight.bytes = 0;
  ASSERT_EQ(pick(*earliest), &fast);
  EXPECT_EQ(fast.lead, 0U);
}

TEST_F(SlowerPathTest, CarriesNothingIfAllThatWaitsWouldHaveToWaitForIt) {
  demand.none_behind = true;
  EXPECT_EQ(pick(*earliest), nullptr);
  EXPECT_EQ(limited, kNever);
  fast.lifecycle.on_error(now, false);
  EXPECT_EQ(pick(*earliest), &slow) << "nothing is faster";
  EXPECT_EQ(slow.lead, 0U);
}

TEST_F(SlowerPathTest, TheWayToThePeerCountsAndNotTheWayBackWhereItIsMeasured) {
  Path& back = add_active(paths, 3, 70ms);  // but most of that is the way back
  fast.flight.bytes = 0;
  const auto report = [this](Path& path, Duration took) {
    path.delay.add(now, now - 100ms, now - 100ms - 1h + took);
  };
  report(fast, 15ms);
  report(back, 5ms);
  EXPECT_EQ(pick(*earliest), &fast) << "of one path nothing is known";
  report(slow, 40ms);
  EXPECT_EQ(pick(*earliest), &back);
}

TEST_F(SlowerPathTest, ALessPreferredPathIsNotWaitedForAlthoughItIsFaster) {
  fast.own_role = PathRole::backup;
  demand.backlog = 1;
  EXPECT_EQ(pick(*earliest), &slow) << "although the backup path is faster";
}

TEST(PathPacingRate, IsKnownAfterTheFirstRoundTripEvenThatOfAHeartbeat) {
  EndpointConfig config;
  PathTable paths(config);
  Path& path = add_active(paths, 1);
  EXPECT_EQ(path.pacing_rate(), 0) << "unknown before the first measurement";
  path.rtt.add_sample(Timestamp{}, 100ms);
  const auto window = static_cast<double>(path.congestion->cwnd());
  EXPECT_NEAR(path.pacing_rate(), 20 * window, 1);
}

}  // namespace
}  // namespace hawser::sctp::path
