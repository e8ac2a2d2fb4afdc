#include "sctp/rx/paced_release.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "unit/sctp/support/receiver_bench.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;
using test::ReceiverBench;
using test::Sender;
using Ids = std::vector<std::uint32_t>;

Ids ids(std::uint32_t first, std::uint32_t end) {
  Ids all(end - first);
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// Fixture: stream 1 lacks its message 0, and others have arrived at ten per millisecond.
class PacedReleaseTest : public ::testing::Test {
 protected:
  void arrive(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      sender_.send({.stream = 1});
      if (sender_.chunks.size() > 1) {
        ASSERT_FALSE(bench_.add(sender_.chunks.back()));
      }
      bench_.wait(100us);
    }
  }
  void fill_hole() { ASSERT_FALSE(bench_.add(sender_.chunks.front())); }

  ReceiverBench bench_;
  Sender sender_{Tsn{1}};
};

TEST_F(PacedReleaseTest, FewMessagesLeaveAtOnce) {
  arrive(1 + PacedRelease::kBurst);
  fill_hole();
  EXPECT_EQ(bench_.poll_ids(), ids(0, 1 + PacedRelease::kBurst));
  EXPECT_FALSE(bench_.receiver.holds_messages());
}

TEST_F(PacedReleaseTest, ManyMessagesLeaveSixTimesAsFastAsTheyArrived) {
  arrive(421);  // in 42 ms
  fill_hole();
  Ids all = bench_.poll_ids();
  EXPECT_LE(all.size(), 71U);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(bench_.receiver.next_timeout(), bench_.now + PacedRelease::kTick);
    bench_.wait(PacedRelease::kTick);
    const Ids part = bench_.poll_ids();
    EXPECT_GE(part.size(), 50U);
    EXPECT_LE(part.size(), 70U);
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_EQ(all, ids(0, 421));
  EXPECT_GT(bench_.receiver.next_timeout(), bench_.now + 10ms) << "no timer is left";
}

TEST_F(PacedReleaseTest, TheyLeaveAtAFixedRateIfTheyArrivedSlowly) {
  for (int i = 0; i < 20; ++i) {
    arrive(5);
    bench_.wait(4ms);
  }
  fill_hole();
  EXPECT_EQ(bench_.poll_all().size(), 1 + PacedRelease::kBurst);
  bench_.wait(PacedRelease::kTick);
  EXPECT_EQ(bench_.poll_all().size(), PacedRelease::kBurst);
}

TEST_F(PacedReleaseTest, MessagesThatArriveMeanwhileKeepTheirOrder) {
  arrive(401);
  fill_hole();
  Ids all = bench_.poll_ids();
  for (int i = 0; i < 30; ++i) {
    arrive(10);
    const Ids part = bench_.poll_ids();
    EXPECT_LE(part.size(), 75U);
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_EQ(all, ids(0, 701));
  EXPECT_FALSE(bench_.receiver.holds_messages());
  EXPECT_EQ(bench_.receiver.hold().holes_skipped(), 0U);
}

TEST_F(PacedReleaseTest, OtherStreamsAndUnorderedMessagesDoNotWait) {
  arrive(401);
  fill_hole();
  bench_.poll_all();
  sender_.send({.stream = 2});
  sender_.send({.stream = 1, .unordered = true});
  for (const std::size_t i : {401U, 402U}) ASSERT_FALSE(bench_.add(sender_.chunks[i]));
  EXPECT_EQ(bench_.poll_ids(), (Ids{401, 402}));
}

TEST_F(PacedReleaseTest, AnotherHoleEndsTheRelease) {
  arrive(401);
  const auto missing = static_cast<std::uint32_t>(sender_.chunks.size());
  sender_.send({.stream = 1});
  arrive(100);
  fill_hole();
  bench_.wait(15ms);
  EXPECT_EQ(bench_.poll_ids(), ids(0, missing));
  ASSERT_FALSE(bench_.add(sender_.chunks[missing]));
  bench_.wait(10ms);
  EXPECT_EQ(bench_.poll_ids(), ids(missing, missing + 101));
}

TEST_F(PacedReleaseTest, MessagesBehindASkippedHoleAreSpreadToo) {
  arrive(1001);  // in 100 ms; the hold of 200 ms ends 100 ms later
  bench_.wait(test::kBenchHold - 100ms);
  Ids all = bench_.poll_ids();
  EXPECT_LE(all.size(), 32U);
  bench_.wait(50ms);
  const Ids rest = bench_.poll_ids();
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, ids(1, 1001));
  EXPECT_EQ(bench_.receiver.hold().holes_skipped(), 1U);
}

// All arrive at once, so that their hold ends before a sixth of the time of the hole has passed.
TEST_F(PacedReleaseTest, NoMessageWaitsLongerThanTheHold) {
  for (int i = 0; i < 801; ++i) sender_.send({.stream = 1});
  for (std::size_t i = 1; i < 801; ++i) ASSERT_FALSE(bench_.add(sender_.chunks[i]));
  bench_.wait(test::kBenchHold - 10ms);
  fill_hole();
  Ids all = bench_.poll_ids();
  EXPECT_LE(all.size(), 33U);
  bench_.wait(9ms);
  const Ids part = bench_.poll_ids();
  EXPECT_LE(part.size(), 9 * PacedRelease::kBurst);
  all.insert(all.end(), part.begin(), part.end());
  bench_.wait(1ms);
  const Ids rest = bench_.poll_ids();
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, ids(0, 801));
  EXPECT_EQ(bench_.receiver.hold().holes_skipped(), 0U) << "a message that is kept back is no hole";
  EXPECT_FALSE(bench_.receiver.holds_messages());
}

// A peer that fills holes in many streams at once causes one entry for each stream, which the next tick
// removes.
TEST_F(PacedReleaseTest, ManyStreamsReleaseAtOnce) {
  constexpr std::uint16_t kReleasing = 100;
  constexpr std::size_t kLeft = 8;
  std::vector<std::size_t> holes;
  for (std::uint16_t stream = 1; stream <= kReleasing; ++stream) {
    holes.push_back(sender_.chunks.size());
    sender_.send({.stream = stream, .size = 1});
    for (std::size_t i = 0; i < PacedRelease::kBurst + kLeft; ++i) {
      sender_.send({.stream = stream, .size = 1});
      ASSERT_FALSE(bench_.add(sender_.chunks.back()));
    }
  }
  bench_.wait(100ms);
  for (const std::size_t hole : holes) ASSERT_FALSE(bench_.add(sender_.chunks[hole]));
  EXPECT_EQ(bench_.poll_all().size(), kReleasing * (1 + PacedRelease::kBurst));
  bench_.wait(PacedRelease::kTick);
  EXPECT_EQ(bench_.poll_all().size(), kReleasing * kLeft);
  EXPECT_FALSE(bench_.receiver.holds_messages());
  EXPECT_GT(bench_.receiver.next_timeout(), bench_.now + 10ms) << "no timer is left";
}

// Each of these holes alone is short enough to leave at once.
TEST_F(PacedReleaseTest, HolesThatAreFilledTogetherShareABurst) {
  std::vector<std::size_t> holes;
  for (int hole = 0; hole < 10; ++hole) {
    holes.push_back(sender_.chunks.size());
    sender_.send({.stream = 1});
    for (int i = 0; i < 20; ++i) {
      sender_.send({.stream = 1});
      ASSERT_FALSE(bench_.add(sender_.chunks.back()));
    }
  }
  bench_.wait(100ms);
  for (const std::size_t hole : holes) ASSERT_FALSE(bench_.add(sender_.chunks[hole]));
  Ids all = bench_.poll_ids();
  EXPECT_LE(all.size(), 2 + PacedRelease::kBurst);
  while (all.size() < 210) {
    bench_.wait(PacedRelease::kTick);
    const Ids part = bench_.poll_ids();
    ASSERT_FALSE(part.empty());
    EXPECT_LE(part.size(), 2 * PacedRelease::kBurst);
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_EQ(all, ids(0, 210));
}

TEST_F(PacedReleaseTest, NothingIsKeptBackWhenTheAssociationEnds) {
  arrive(401);
  fill_hole();
  bench_.receiver.on_end();
  EXPECT_EQ(bench_.poll_ids(), ids(0, 401));
  EXPECT_FALSE(bench_.receiver.holds_messages());
}

TEST_F(PacedReleaseTest, AnUnboundedHoldIsNotSpread) {
  ReceiverBench bench(Duration{});
  sender_.send({.stream = 1});
  for (int i = 0; i < 400; ++i) {
    sender_.send({.stream = 1});
    ASSERT_FALSE(bench.add(sender_.chunks.back()));
    bench.wait(100us);
  }
  ASSERT_FALSE(bench.add(sender_.chunks.front()));
  EXPECT_EQ(bench.poll_ids(), ids(0, 401));
}

}  // namespace
}  // namespace hawser::sctp::rx
