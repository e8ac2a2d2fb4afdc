#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

#include "sctp/rx/tsn_tracker.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using test::pick;
using wire::GapBlock;

std::vector<GapBlock> gaps_of(const TsnTracker& tracker, std::size_t limit = TsnTracker::kMaxSpan) {
  std::vector<GapBlock> blocks(limit);
  blocks.resize(tracker.lowest_gap_blocks(blocks));
  return blocks;
}

Arrival arrive(TsnTracker& tracker, std::uint32_t wire_tsn) {
  const std::uint64_t tsn = tracker.unwrap(Tsn{wire_tsn});
  const Arrival arrival = tracker.classify(tsn);
  if (arrival == Arrival::fresh) tracker.record(tsn);
  return arrival;
}

TEST(TsnTracker, StartsJustBelowThePeersInitialTsn) {
  const TsnTracker tracker(Tsn{0});
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 0xffff'ffffU);
  EXPECT_EQ(tracker.highest(), tracker.cumulative());
  EXPECT_FALSE(tracker.has_gaps());
  EXPECT_TRUE(gaps_of(tracker).empty());
}

TEST(TsnTracker, FollowsTsnsInOrderAcrossTheWrap) {
  TsnTracker tracker(Tsn{0xffff'fff0});
  const std::uint64_t before = tracker.cumulative();
  for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(arrive(tracker, 0xffff'fff0 + i), Arrival::fresh);
  EXPECT_EQ(tracker.cumulative(), before + 32);
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 15U);
  EXPECT_FALSE(tracker.has_gaps());
}

TEST(TsnTracker, ReportsGapBlocksAsOffsetsLowestFirst) {
  TsnTracker tracker(Tsn{100});
  for (const std::uint32_t tsn : {100U, 102U, 103U, 107U, 110U, 111U}) arrive(tracker, tsn);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{2, 3}, {7, 7}, {10, 11}}));
  EXPECT_EQ(gaps_of(tracker, 2), (std::vector<GapBlock>{{2, 3}, {7, 7}}));
  arrive(tracker, 101);
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 103U);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{4, 4}, {7, 8}}));
}

TEST(TsnTracker, LeavesTheMiddleOutWhenTheOuterGapBlocksDoNotFit) {
  TsnTracker tracker(Tsn{100});
  for (std::uint32_t i = 0; i < 9; ++i) arrive(tracker, 102 + 2 * i);
  const auto outer = [&](std::size_t limit) {
    std::vector<GapBlock> blocks(limit);
    blocks.resize(tracker.outer_gap_blocks(blocks));
    return blocks;
  };
  EXPECT_EQ(outer(9), gaps_of(tracker));
  EXPECT_EQ(outer(20), gaps_of(tracker));
  EXPECT_EQ(outer(5), (std::vector<GapBlock>{{3, 3}, {5, 5}, {15, 15}, {17, 17}, {19, 19}}));
  EXPECT_EQ(outer(4), (std::vector<GapBlock>{{3, 3}, {5, 5}, {17, 17}, {19, 19}}));
  EXPECT_EQ(outer(1), (std::vector<GapBlock>{{3, 3}}));
  EXPECT_TRUE(outer(0).empty());
}

TEST(TsnTracker, CountsRepeatedAndAcknowledgedTsnsAsDuplicates) {
  TsnTracker tracker(Tsn{5});
  arrive(tracker, 5);
  arrive(tracker, 8);
  EXPECT_EQ(arrive(tracker, 5), Arrival::duplicate);
  EXPECT_EQ(arrive(tracker, 8), Arrival::duplicate);
  EXPECT_EQ(arrive(tracker, 0xffff'fff0), Arrival::duplicate);
  EXPECT_EQ(arrive(tracker, 5 - 0x7fff'ffffU), Arrival::duplicate);
  EXPECT_EQ(arrive(tracker, 6), Arrival::fresh);
}

TEST(TsnTracker, RefusesTsnsBeyondItsSpan) {
  constexpr auto kSpan = static_cast<std::uint32_t>(TsnTracker::kMaxSpan);
  TsnTracker tracker(Tsn{1});
  EXPECT_EQ(arrive(tracker, kSpan + 1), Arrival::out_of_window);
  EXPECT_EQ(arrive(tracker, kSpan), Arrival::fresh);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{kSpan, kSpan}}));
  EXPECT_EQ(arrive(tracker, 0x7fff'ffff), Arrival::out_of_window);
  arrive(tracker, 1);
  EXPECT_EQ(arrive(tracker, kSpan + 1), Arrival::fresh);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{kSpan - 1, kSpan}}));
}

TEST(TsnTracker, HoldsAsManySingleGapsAsTheSpanAllows) {
  TsnTracker tracker(Tsn{1});
  for (std::uint32_t tsn = 2; tsn <= TsnTracker::kMaxSpan; tsn += 2) arrive(tracker, tsn);
  const auto blocks = gaps_of(tracker);
  ASSERT_EQ(blocks.size(), TsnTracker::kMaxSpan / 2);
  EXPECT_EQ(blocks.back(), (GapBlock{65'534, 65'534}));
  for (std::uint32_t tsn = 1; tsn < TsnTracker::kMaxSpan; tsn += 2) {
    EXPECT_EQ(arrive(tracker, tsn), Arrival::fresh);
    EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), tsn + 1);
  }
  EXPECT_FALSE(tracker.has_gaps());
}

TEST(TsnTracker, RemembersABoundedNumberOfDuplicatesAndCountsAll) {
  TsnTracker tracker(Tsn{1});
  for (std::uint32_t i = 0; i < 50; ++i) tracker.note_duplicate((std::uint64_t{1} << 32) - i);
  ASSERT_EQ(tracker.duplicates().size(), TsnTracker::kMaxDuplicates);
  EXPECT_EQ(tracker.duplicates()[0], Tsn{0});
  EXPECT_EQ(tracker.duplicates()[1], Tsn{0xffff'ffff});
  EXPECT_EQ(tracker.total_duplicates(), 50U);
  tracker.clear_duplicates();
  EXPECT_TRUE(tracker.duplicates().empty());
  EXPECT_EQ(tracker.total_duplicates(), 50U);
}

TEST(TsnTracker, AdvanceToSkipsMissingTsnsAndJoinsWhatFollows) {
  TsnTracker tracker(Tsn{10});
  for (const std::uint32_t tsn : {12U, 14U, 15U, 18U}) arrive(tracker, tsn);
  tracker.advance_to(tracker.unwrap(Tsn{13}));
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 15U);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{3, 3}}));
  tracker.advance_to(tracker.unwrap(Tsn{11}));
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 15U);
  tracker.advance_to(tracker.unwrap(Tsn{30}));
  EXPECT_EQ(static_cast<std::uint32_t>(tracker.cumulative()), 30U);
  EXPECT_FALSE(tracker.has_gaps());
  EXPECT_EQ(arrive(tracker, 32), Arrival::fresh);
  EXPECT_EQ(gaps_of(tracker), (std::vector<GapBlock>{{2, 2}}));
}

/// A simple model of the tracker.
class NaiveTracker {
 public:
  explicit NaiveTracker(std::uint64_t cumulative) : cumulative_(cumulative) {}

  Arrival arrive(std::uint64_t tsn) {
    if (tsn <= cumulative_ || above_.contains(tsn)) return Arrival::duplicate;
    if (tsn > cumulative_ + TsnTracker::kMaxSpan) return Arrival::out_of_window;
    above_.insert(tsn);
    deliver_complete();
    return Arrival::fresh;
  }
  void advance_to(std::uint64_t tsn) {
    cumulative_ = std::max(cumulative_, tsn);
    deliver_complete();
  }
  [[nodiscard]] std::uint64_t cumulative() const { return cumulative_; }
  [[nodiscard]] std::uint64_t highest() const { return above_.empty() ? cumulative_ : *above_.rbegin(); }
  [[nodiscard]] std::vector<GapBlock> gaps() const {
    std::vector<GapBlock> blocks;
    for (const std::uint64_t tsn : above_) {
      const auto offset = static_cast<std::uint16_t>(tsn - cumulative_);
      if (!blocks.empty() && blocks.back().end + 1 == offset) {
        blocks.back().end = offset;
      } else {
        blocks.push_back({offset, offset});
      }
    }
    return blocks;
  }

 private:
  void deliver_complete() {
    while (!above_.empty() && *above_.begin() <= cumulative_ + 1) {
      cumulative_ = std::max(cumulative_, *above_.begin());
      above_.erase(above_.begin());
    }
  }
  std::uint64_t cumulative_;
  std::set<std::uint64_t> above_;
};

TEST(TsnTracker, AgreesWithANaiveModelInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto initial = static_cast<std::uint32_t>(0xffff'ff00U + pick(random, 0, 400));
    TsnTracker tracker(Tsn{initial});
    NaiveTracker model(tracker.cumulative());
    const std::size_t reach = std::array<std::size_t, 4>{8, 200, 3'000, 33'000}[seed % 4];
    for (int step = 0; step < 2'000; ++step) {
      // Sometimes below the cumulative TSN or beyond the span, and often exactly the next one.
      const std::uint64_t tsn =
          pick(random, 0, 2) == 0 ? model.cumulative() + 1 : model.cumulative() - 3 + pick(random, 0, reach);
      ASSERT_EQ(arrive(tracker, static_cast<std::uint32_t>(tsn)), model.arrive(tsn));
      if (pick(random, 0, 99) == 0) {
        const std::uint64_t to = model.cumulative() + pick(random, 0, std::min<std::size_t>(reach, 500));
        tracker.advance_to(to);
        model.advance_to(to);
      }
      ASSERT_EQ(tracker.cumulative(), model.cumulative());
      ASSERT_EQ(tracker.highest(), model.highest());
      if (step % 64 == 0) {
        ASSERT_EQ(gaps_of(tracker), model.gaps());
      }
    }
  }
}

}  // namespace
}  // namespace hawser::sctp::rx
