#include "sctp/rx/ack_policy.hpp"

#include <gtest/gtest.h>

#include <random>

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;

constexpr PathId kFast{1};
constexpr PathId kSlow{2};
constexpr std::size_t kFull = 1'472;
constexpr std::size_t kAck = 44;  // PATH ACK with one entry and NR-SACK without blocks

struct Bench {
  /// Sealed packets `apart` from each other; each due acknowledgement leaves immediately on `path`. Returns
  /// how many left.
  unsigned stream(PathId path, int packets, Duration apart, std::size_t bytes = kFull) {
    unsigned sent = 0;
    for (int i = 0; i < packets; ++i) {
      sent += wait(apart, path);
      packet(path, {.bytes = bytes});
      if (policy.due() || policy.any_owed()) {
        policy.on_sent(now, path, kAck);
        ++sent;
      }
    }
    return sent;
  }
  /// Lets time pass, and acknowledges at every deadline.
  unsigned wait(Duration duration, PathId path) {
    unsigned sent = 0;
    const Timestamp end = now + duration;
    while (policy.deadline() <= end) {
      now = std::max(now, policy.deadline());
      policy.on_timeout(now);
      EXPECT_TRUE(policy.due() || policy.any_owed());
      policy.on_sent(now, path, kAck);
      ++sent;
    }
    now = end;
    return sent;
  }
  struct Kind {
    std::size_t bytes = kFull;
    bool urgent = false;
    bool irregular = false;
  };
  void packet(PathId path, const Kind& kind) {
    policy.on_packet(now, {.path = path,
                           .srtt = path == kFast ? fast_srtt : slow_srtt,
                           .bytes = kind.bytes,
                           .urgent = kind.urgent,
                           .irregular = kind.irregular});
  }
  void packet(PathId path = kFast) { packet(path, Kind{}); }
  /// Past the packets that are acknowledged immediately at first.
  void settle(PathId path = kFast) { stream(path, 64, 100us); }

  Timestamp now{1h};
  Duration fast_srtt = 40ms;
  Duration slow_srtt = 160ms;
  AckPolicy policy{20ms, 4};
};

TEST(AckPolicy, AcknowledgesEverySecondPlainPacketOrAfterTheDelay) {
  Bench bench;
  bench.policy.on_packet(bench.now, kFast, false);
  EXPECT_TRUE(bench.policy.due()) << "the first of all";
  bench.policy.on_sent(bench.now, kFast, 16);
  bench.policy.on_packet(bench.now, kFast, false);
  EXPECT_FALSE(bench.policy.due());
  EXPECT_TRUE(bench.policy.pending());
  EXPECT_EQ(bench.policy.deadline(), bench.now + 20ms);
  bench.policy.on_packet(bench.now, kFast, false);
  EXPECT_TRUE(bench.policy.due());
  bench.policy.on_sent(bench.now, kFast, 16);
  bench.policy.on_packet(bench.now, kFast, true);
  EXPECT_TRUE(bench.policy.due()) << "urgent";
}

TEST(AckPolicy, AcknowledgesTheFirstPacketsOfAPathImmediatelyAndThenEverySixteenth) {
  Bench bench;
  EXPECT_EQ(bench.stream(kFast, 32, 100us), 32U);
  EXPECT_EQ(bench.stream(kFast, 160, 100us), 10U);
}

TEST(AckPolicy, AcknowledgesWithinAnEighthOfTheRoundTripOnceEnoughBytesHaveArrived) {
  Bench bench;
  bench.settle();
  const Timestamp first = bench.now;
  bench.packet();
  EXPECT_EQ(bench.policy.deadline(), first + 10ms) << "a single packet waits for a quarter";
  for (int i = 0; i < 9; ++i) bench.packet();
  EXPECT_EQ(bench.policy.deadline(), first + 5ms);
  EXPECT_FALSE(bench.policy.due());
  bench.now = first + 6ms;
  bench.packet();
  EXPECT_TRUE(bench.policy.due()) << "a packet after the deadline does not wait for a timer";
}

TEST(AckPolicy, NeverDelaysBeyondTheConfiguredDelay) {
  Bench bench;
  bench.fast_srtt = 600ms;
  bench.settle();
  bench.packet();
  EXPECT_EQ(bench.policy.deadline(), bench.now + 20ms);
  bench.policy.on_sent(bench.now, kFast, kAck);
  bench.fast_srtt = {};
  bench.packet();
  EXPECT_EQ(bench.policy.deadline(), bench.now + 20ms) << "the round trip is not known";
}

// 9 Mbit/s: a full-sized packet each 1.3 ms. A SACK is 112 bytes with all headers.
TEST(AckPolicy, StaysNearOnePercentOfTheReceivedBytesOnSlowLines) {
  for (const Duration apart : {Duration{118us}, Duration{590us}, Duration{1'300us}}) {
    Bench bench;
    bench.settle();
    constexpr int kPackets = 4'000;
    const unsigned sent = bench.stream(kFast, kPackets, apart);
    const double share = sent * (kAck + 68.0) / (kPackets * (kFull + 28.0));
    EXPECT_LT(share, apart == 1'300us ? 0.0125 : 0.01) << apart.count();
  }
}

TEST(AckPolicy, AcknowledgesImmediatelyAfterAPause) {
  Bench bench;
  bench.settle();
  bench.wait(150ms, kFast);
  EXPECT_EQ(bench.stream(kFast, 4, 100us), 4U);
  EXPECT_EQ(bench.stream(kFast, 4, 100us), 0U);
}

TEST(AckPolicy, AcknowledgesAnUrgentPacketImmediately) {
  Bench bench;
  bench.settle();
  bench.packet(kFast, {.urgent = true});
  EXPECT_TRUE(bench.policy.due());
}

TEST(AckPolicy, AcknowledgesThreePacketsImmediatelyFromTheOneAfterAMissingRecord) {
  Bench bench;
  bench.settle();
  bench.packet(kFast, {.irregular = true});
  EXPECT_TRUE(bench.policy.due());
  bench.policy.on_sent(bench.now, kFast, kAck);
  EXPECT_EQ(bench.stream(kFast, 8, 100us), 2U);
}

TEST(AckPolicy, SpendsFewBytesOnMissingRecordsWhenAPathReordersAllTheTime) {
  Bench bench;
  bench.settle();
  unsigned sent = 0;
  constexpr int kPackets = 3'000;
  for (int i = 0; i < kPackets; ++i) {
    bench.now += 100us;
    bench.packet(kFast, {.irregular = i % 2 == 0});
    if (!bench.policy.due()) continue;
    bench.policy.on_sent(bench.now, kFast, kAck);
    ++sent;
  }
  EXPECT_LT(sent * (kAck + 68.0), 0.03 * kPackets * kFull);
}

TEST(AckPolicy, OwesAPathWithDataAnAcknowledgementOfItsOwnFromTimeToTime) {
  Bench bench;
  bench.settle(kFast);
  bench.settle(kSlow);
  unsigned own = 0;
  const Timestamp begun = bench.now;
  while (bench.now < begun + 1s) {
    bench.now += 500us;
    bench.packet(kFast);
    bench.packet(kSlow);
    bench.policy.on_timeout(bench.now);
    if (bench.policy.due()) bench.policy.on_sent(bench.now, kFast, kAck);
    EXPECT_FALSE(bench.policy.owes(kFast)) << "its acknowledgements measure its round trip";
    if (!bench.policy.owes(kSlow)) continue;
    bench.policy.on_sent(bench.now, kSlow, kAck);
    EXPECT_FALSE(bench.policy.any_owed());
    ++own;
  }
  EXPECT_GE(own, 23U);  // a quarter of 160 ms is 40 ms
  EXPECT_LE(own, 26U);
}

TEST(AckPolicy, KeepsTheCommonAcknowledgementPendingWhenAPathGetsOneOfItsOwn) {
  Bench bench;
  bench.settle(kFast);
  bench.settle(kSlow);
  bench.now += 60ms;
  for (int i = 0; i < 8; ++i) bench.packet(kSlow);
  bench.now += 1ms;
  bench.policy.on_timeout(bench.now);
  ASSERT_TRUE(bench.policy.owes(kSlow));
  ASSERT_FALSE(bench.policy.due());
  bench.policy.on_sent(bench.now, kSlow, kAck);
  EXPECT_TRUE(bench.policy.pending());
  EXPECT_TRUE(bench.policy.carried_data(kSlow));
  EXPECT_NE(bench.policy.deadline(), kNever);
}

TEST(AckPolicy, HasNoDeadlineInThePastOnceItHasActed) {
  std::mt19937 random(20'251'104);
  Bench bench;
  for (int i = 0; i < 20'000; ++i) {
    bench.now += std::chrono::microseconds(random() % 4'000);
    if (bench.policy.deadline() <= bench.now) bench.policy.on_timeout(bench.now);
    if (random() % 4 != 0) bench.packet(random() % 2 == 0 ? kFast : kSlow, {.bytes = 100 + random() % 1'300});
    // Sizes differ, and the share of 1 % with them.
    if (bench.policy.due()) bench.policy.on_sent(bench.now, kFast, 30 + random() % 1'000);
    if (bench.policy.owes(kSlow)) bench.policy.on_sent(bench.now, kSlow, 30 + random() % 1'000);
    if (bench.policy.owes(kFast)) bench.policy.cancel_owed(bench.now);
    ASSERT_GT(bench.policy.deadline(), bench.now) << i;
  }
}

TEST(AckPolicy, DropsWhatIsOwedToPathsThatCannotCarryIt) {
  Bench bench;
  bench.settle(kFast);
  bench.now += 60ms;
  for (int i = 0; i < 8; ++i) bench.packet(kFast);
  bench.policy.on_timeout(bench.now + 1ms);
  ASSERT_TRUE(bench.policy.any_owed());
  bench.policy.cancel_owed(bench.now + 1ms);
  EXPECT_FALSE(bench.policy.any_owed());
}

TEST(AckPolicy, RemembersABoundedNumberOfPaths) {
  Bench bench;
  for (std::uint32_t path = 1; path < 1'000; ++path) {
    bench.now += 1ms;
    bench.packet(PathId{path});
  }
  EXPECT_TRUE(bench.policy.carried_data(PathId{999}));
  EXPECT_TRUE(bench.policy.carried_data(PathId{992}));
  EXPECT_FALSE(bench.policy.carried_data(PathId{991}));
  for (std::uint32_t path = 992; path < 1'000; ++path) bench.policy.on_sent(bench.now, PathId{path}, kAck);
  EXPECT_FALSE(bench.policy.any_owed()) << "nothing is owed to forgotten paths";
}

}  // namespace
}  // namespace hawser::sctp::rx
