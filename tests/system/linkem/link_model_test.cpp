#include "link_model.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

namespace hawser::linkem {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 7;

Timestamp at(Duration since_start) {
  return Timestamp{} + 1h + since_start;
}

LinkModel link_with(const LinkParameters& parameters, std::uint64_t seed = kSeed) {
  LinkModel link(seed);
  link.set(at(0ms), parameters);
  return link;
}

LinkParameters dsl() {
  LinkParameters parameters;
  parameters.rate_mbps = 50;
  parameters.delay = 20ms;
  parameters.queue_bytes = 625'000;
  return parameters;
}

TEST(LinkModel, PassesAtOnceWhenNothingIsSet) {
  LinkModel link(kSeed);
  const Verdict verdict = link.offer(at(3ms), 1500);
  EXPECT_EQ(verdict.fate, Fate::kDelivered);
  EXPECT_EQ(verdict.delivery, at(3ms));
}

TEST(LinkModel, AddsSerialisationTimeAndDelay) {
  LinkModel link = link_with(dsl());
  EXPECT_EQ(link.offer(at(0ms), 1500).delivery, at(20ms + 240us));
}

TEST(LinkModel, SerialisesBackToBackPacketsOneAfterTheOther) {
  LinkModel link = link_with(dsl());
  for (int n = 1; n <= 100; ++n) {
    EXPECT_EQ(link.offer(at(0ms), 1500).delivery, at(20ms + n * 240us));
  }
}

TEST(LinkModel, GrantsNoBurstAfterIdleTime) {
  LinkModel link = link_with(dsl());
  link.offer(at(0ms), 1500);
  EXPECT_EQ(link.offer(at(1s), 1500).delivery, at(1s + 20ms + 240us));
  EXPECT_EQ(link.offer(at(1s), 1500).delivery, at(1s + 20ms + 480us));
}

TEST(LinkModel, DropsTheTailWhenTheQueueIsFull) {
  LinkParameters parameters = dsl();
  parameters.queue_bytes = 3000;
  LinkModel link = link_with(parameters);
  EXPECT_EQ(link.offer(at(0ms), 1500).fate, Fate::kDelivered);
  EXPECT_EQ(link.offer(at(0ms), 1500).fate, Fate::kDelivered);
  EXPECT_EQ(link.backlog(at(0ms)), 3000U);
  EXPECT_EQ(link.offer(at(0ms), 1).fate, Fate::kQueueFull);
}

TEST(LinkModel, AcceptsAgainAsTheQueueDrains) {
  LinkParameters parameters = dsl();
  parameters.queue_bytes = 3000;
  LinkModel link = link_with(parameters);
  link.offer(at(0ms), 1500);
  link.offer(at(0ms), 1500);
  EXPECT_EQ(link.offer(at(239us), 1500).fate, Fate::kQueueFull);
  EXPECT_EQ(link.backlog(at(240us)), 1500U);
  EXPECT_EQ(link.offer(at(240us), 1500).delivery, at(20ms + 720us));
}

TEST(LinkModel, AFullQueueOf625000BytesIsA100MillisecondsQueueAt50Megabits) {
  LinkModel link = link_with(dsl());
  Timestamp last{};
  int accepted = 0;
  for (Verdict v = link.offer(at(0ms), 1000); v.fate == Fate::kDelivered; v = link.offer(at(0ms), 1000)) {
    last = v.delivery;
    ++accepted;
  }
  EXPECT_EQ(accepted, 625);
  EXPECT_EQ(last, at(120ms));
}

TEST(LinkModel, LosesTheGivenShareAndLostPacketsStillUseTheRate) {
  LinkParameters parameters = dsl();
  parameters.loss = 0.1;
  parameters.queue_bytes = 0;
  LinkModel link = link_with(parameters);
  constexpr int kPackets = 20'000;
  int lost = 0;
  for (int n = 0; n < kPackets; ++n) lost += link.offer(at(0ms), 1500).fate == Fate::kLost ? 1 : 0;
  EXPECT_NEAR(lost, kPackets / 10, 150);
  EXPECT_EQ(link.backlog(at(0ms)), std::uint64_t{kPackets} * 1500);
}

TEST(LinkModel, JitterStaysWithinItsBoundsAndKeepsTheOrder) {
  LinkParameters parameters;
  parameters.delay = 20ms;
  parameters.jitter = 5ms;
  LinkModel link = link_with(parameters);
  Timestamp previous{};
  Duration low = 1s;
  Duration high{};
  for (int n = 0; n < 5000; ++n) {
    const Timestamp arrival = at(n * 100us);
    const Timestamp delivery = link.offer(arrival, 100).delivery;
    EXPECT_GE(delivery, previous);
    previous = delivery;
    low = std::min(low, delivery - arrival);
    high = std::max(high, delivery - arrival);
  }
  EXPECT_GE(low, 15ms);
  EXPECT_LE(high, 25ms);
  EXPECT_GT(high - low, 1ms);
}

TEST(LinkModel, NormalJitterHasTheGivenStandardDeviation) {
  LinkParameters parameters;
  parameters.delay = 100ms;
  parameters.jitter = 5ms;
  parameters.normal_jitter = true;
  parameters.reorder = true;
  LinkModel link = link_with(parameters);
  double sum = 0;
  double squares = 0;
  constexpr int kPackets = 20'000;
  for (int n = 0; n < kPackets; ++n) {
    const double ms =
        std::chrono::duration<double, std::milli>(link.offer(at(0ms), 100).delivery - at(0ms)).count();
    sum += ms;
    squares += ms * ms;
  }
  const double mean = sum / kPackets;
  EXPECT_NEAR(mean, 100, 0.2);
  EXPECT_NEAR(std::sqrt(squares / kPackets - mean * mean), 5, 0.1);
}

TEST(LinkModel, NormalJitterNeverDeliversBeforeTheDeparture) {
  LinkParameters parameters = dsl();
  parameters.delay = 1ms;
  parameters.jitter = 20ms;
  parameters.normal_jitter = true;
  parameters.reorder = true;
  LinkModel link = link_with(parameters);
  for (int n = 0; n < 1000; ++n) {
    const Verdict verdict = link.offer(at(n * 1ms), 1500);
    EXPECT_GE(verdict.delivery, verdict.departure);
  }
}

TEST(LinkModel, LatePacketsAreOvertakenAndOthersKeepTheirOrder) {
  LinkParameters parameters;
  parameters.delay = 10ms;
  parameters.late = 0.05;
  parameters.late_by = 30ms;
  LinkModel link = link_with(parameters);
  int late = 0;
  for (int n = 0; n < 20'000; ++n) {
    const Timestamp arrival = at(n * 100us);
    const Timestamp delivery = link.offer(arrival, 100).delivery;
    if (delivery == arrival + 40ms) {
      ++late;
    } else {
      EXPECT_EQ(delivery, arrival + 10ms);
    }
  }
  EXPECT_NEAR(late, 1000, 120);
}

TEST(LinkModel, APolicerDropsWhatExceedsRateAndBurstAndDelaysNothing) {
  LinkParameters parameters;
  parameters.rate_mbps = 100;
  parameters.police_mbps = 3;
  parameters.police_burst = 15'000;
  LinkModel link = link_with(parameters);
  int passed = 0;
  while (link.offer(at(0ms), 1500).fate == Fate::kDelivered) ++passed;
  EXPECT_EQ(passed, 10);
  EXPECT_EQ(link.offer(at(3999us), 1500).fate, Fate::kPoliced);
  const Verdict verdict = link.offer(at(4ms), 1500);
  EXPECT_EQ(verdict.fate, Fate::kDelivered);
  EXPECT_EQ(verdict.delivery, at(4ms + 120us));
}

TEST(LinkModel, APolicerPassesItsRateOverTime) {
  LinkParameters parameters;
  parameters.police_mbps = 3;
  LinkModel link = link_with(parameters);
  int bytes = 0;
  for (int n = 0; n < 10'000; ++n) bytes += link.offer(at(n * 1ms), 1500).fate == Fate::kDelivered ? 1500 : 0;
  EXPECT_NEAR(bytes * 8 / 10.0, 3e6, 3e4);
}

TEST(LinkModel, JitterReordersOnlyWhenAsked) {
  LinkParameters parameters;
  parameters.delay = 20ms;
  parameters.jitter = 5ms;
  parameters.reorder = true;
  LinkModel link = link_with(parameters);
  int overtaken = 0;
  Timestamp previous{};
  for (int n = 0; n < 1000; ++n) {
    const Timestamp delivery = link.offer(at(n * 100us), 100).delivery;
    if (delivery < previous) ++overtaken;
    previous = delivery;
  }
  EXPECT_GT(overtaken, 100);
}

TEST(LinkModel, ABlackholeSwallowsEverythingUntilItIsLifted) {
  LinkParameters parameters = dsl();
  parameters.blackhole = true;
  LinkModel link = link_with(parameters);
  EXPECT_EQ(link.offer(at(1ms), 1500).fate, Fate::kBlackholed);
  EXPECT_EQ(link.backlog(at(1ms)), 0U);
  parameters.blackhole = false;
  link.set(at(2ms), parameters);
  EXPECT_EQ(link.offer(at(2ms), 1500).delivery, at(22ms + 240us));
}

TEST(LinkModel, ANewRateAppliesToWhatIsStillQueued) {
  LinkModel link = link_with(dsl());
  for (int n = 0; n < 10; ++n) link.offer(at(0ms), 1500);
  LinkParameters slower = dsl();
  slower.rate_mbps = 5;
  link.set(at(0ms), slower);
  EXPECT_EQ(link.backlog(at(0ms)), 15'000U);
  EXPECT_EQ(link.offer(at(0ms), 1500).delivery, at(20ms + 11 * 2400us));
}

// Offers 10 % more than the rate for 10 s and returns the delay of the last packet in the queue.
Duration standing_queue(LinkModel& link, bool markable, int& signals) {
  Duration wait{};
  for (int n = 0; n < 45'000; ++n) {
    const Timestamp arrival = at(n * 218us);
    const Verdict verdict = link.offer(arrival, 1500, markable);
    signals += verdict.fate == Fate::kManaged || verdict.marked ? 1 : 0;
    EXPECT_FALSE(markable && verdict.fate == Fate::kManaged);
    EXPECT_FALSE(!markable && verdict.marked);
    if (verdict.fate == Fate::kDelivered) wait = verdict.departure - arrival;
  }
  return wait;
}

TEST(LinkModel, CodelDropsMoreAndMoreWhileAQueueStands) {
  LinkParameters parameters = dsl();
  parameters.queue_bytes = 0;
  LinkModel unmanaged = link_with(parameters);
  int signals = 0;
  const Duration without = standing_queue(unmanaged, false, signals);
  EXPECT_EQ(signals, 0);
  parameters.codel = true;
  LinkModel managed = link_with(parameters);
  EXPECT_LT(standing_queue(managed, false, signals), without * 3 / 4);
  EXPECT_GT(signals, 400);
}

TEST(LinkModel, CodelMarksWhatIsEcnCapable) {
  LinkParameters parameters = dsl();
  parameters.queue_bytes = 0;
  parameters.codel = true;
  LinkModel link = link_with(parameters);
  int marks = 0;
  standing_queue(link, true, marks);
  EXPECT_GT(marks, 400);
}

TEST(LinkModel, CodelLeavesShortBurstsAlone) {
  LinkParameters parameters = dsl();
  parameters.codel = true;
  LinkModel link = link_with(parameters);
  for (int burst = 0; burst < 20; ++burst) {
    for (int n = 0; n < 100; ++n) {  // 24 ms, each 100 ms
      EXPECT_EQ(link.offer(at(burst * 100ms), 1500).fate, Fate::kDelivered);
    }
  }
}

TEST(LinkModel, ANewRateMovesTheDepartureOfWhatStillWaits) {
  LinkModel link = link_with(dsl());
  std::vector<Timestamp> departures;
  for (int n = 0; n < 10; ++n) departures.push_back(link.offer(at(0ms), 1500).departure);
  LinkParameters slower = dsl();
  slower.rate_mbps = 5;
  const RateChange change = link.set(at(1200us), slower);
  EXPECT_EQ(change.moved(departures[4]), at(1200us));  // the fifth has just departed
  for (int n = 5; n < 10; ++n) {
    EXPECT_EQ(change.moved(departures[static_cast<std::size_t>(n)]), at(1200us + (n - 4) * 2400us));
  }
  EXPECT_EQ(link.offer(at(1200us), 1500).departure, at(1200us + 6 * 2400us));
}

TEST(LinkModel, AnUnlimitedRateLetsEverythingDepartThatWaits) {
  LinkModel link = link_with(dsl());
  link.offer(at(0ms), 1500);
  const Timestamp second = link.offer(at(0ms), 1500).departure;
  EXPECT_EQ(link.set(at(100us), LinkParameters{}).moved(second), at(100us));
}

TEST(LinkModel, ReplaysFromItsSeed) {
  LinkParameters parameters = dsl();
  parameters.loss = 0.3;
  parameters.jitter = 10ms;
  LinkModel first = link_with(parameters, 42);
  LinkModel second = link_with(parameters, 42);
  LinkModel other = link_with(parameters, 43);
  int different = 0;
  for (int n = 0; n < 200; ++n) {
    const Verdict a = first.offer(at(n * 1ms), 1500);
    const Verdict b = second.offer(at(n * 1ms), 1500);
    const Verdict c = other.offer(at(n * 1ms), 1500);
    EXPECT_EQ(a.fate, b.fate);
    EXPECT_EQ(a.delivery, b.delivery);
    if (a.fate != c.fate || a.delivery != c.delivery) ++different;
  }
  EXPECT_GT(different, 0);
}

}  // namespace
}  // namespace hawser::linkem
