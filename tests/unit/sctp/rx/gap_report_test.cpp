#include "sctp/rx/gap_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <vector>

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;
using wire::GapBlock;
using wire::SackCoverage;

constexpr std::uint64_t kBase = std::uint64_t{1} << 32;  // the cumulative TSN of a new tracker

struct Bench {
  void arrive(std::uint64_t offset) {
    const std::uint64_t tsn = kBase + offset;
    if (tracker.classify(tsn) != Arrival::fresh) return;
    tracker.record(tsn);
    if (tsn > tracker.cumulative()) report.on_arrival(tsn);
  }
  /// Every second TSN of `count` from `offset` on.
  void holes(std::uint64_t offset, unsigned count) {
    for (unsigned i = 0; i < count; ++i) arrive(offset + 2 * i);
  }
  struct Sack {
    std::uint64_t cumulative;
    std::vector<GapBlock> blocks;
    SackCoverage coverage;
    std::uint16_t number;
    [[nodiscard]] bool reports(std::uint64_t offset) const {
      const std::uint64_t tsn = kBase + offset;
      if (tsn <= cumulative) return true;
      return std::ranges::any_of(blocks, [&](const GapBlock& block) {
        return tsn >= cumulative + block.start && tsn <= cumulative + block.end;
      });
    }
  };
  Sack sack(std::size_t room = 300, GapReport::Kind kind = GapReport::Kind::next) {
    std::vector<GapBlock> out(room);
    const GapReport::Choice choice = report.choose({now, 100ms, kind}, tracker, out);
    out.resize(choice.count);
    const std::uint16_t number = report.number(choice, kind);
    report.on_sent(now, choice, kind);
    std::uint32_t last = 0;
    for (const GapBlock& block : out) {
      EXPECT_GT(block.start, last);
      EXPECT_GE(block.end, block.start);
      last = block.end;
    }
    return {tracker.cumulative(), out, choice.coverage, number};
  }

  Timestamp now{1h};
  TsnTracker tracker{Tsn{1}};
  GapReport report;
};

TEST(GapReport, ReportsFewBlocksCompletelyEachTime) {
  Bench bench;
  bench.holes(2, 8);
  for (int i = 0; i < 5; ++i) {
    const auto sack = bench.sack();
    EXPECT_EQ(sack.coverage, SackCoverage::complete);
    EXPECT_EQ(sack.blocks.size(), 8U);
  }
}

TEST(GapReport, ReportsAnArrivalInFourSacksAndThenOnlyWithAllOthers) {
  Bench bench;
  bench.holes(2, 50);
  EXPECT_EQ(bench.sack().coverage, SackCoverage::complete);
  for (int i = 0; i < 3; ++i) bench.sack();
  bench.arrive(501);
  for (int i = 0; i < 4; ++i) {
    const auto sack = bench.sack();
    EXPECT_EQ(sack.coverage, SackCoverage::recent);
    EXPECT_EQ(sack.blocks.size(), 1U);
    EXPECT_TRUE(sack.reports(501));
  }
  EXPECT_TRUE(bench.sack().blocks.empty());
  bench.now += 100ms;
  const auto all = bench.sack();
  EXPECT_EQ(all.coverage, SackCoverage::complete);
  EXPECT_EQ(all.blocks.size(), 51U);
}

TEST(GapReport, ReportsAllAfterADuplicate) {
  Bench bench;
  bench.holes(2, 50);
  for (int i = 0; i < 5; ++i) bench.sack();
  EXPECT_EQ(bench.sack().coverage, SackCoverage::recent);
  bench.report.refresh();
  EXPECT_EQ(bench.sack().coverage, SackCoverage::complete);
  EXPECT_EQ(bench.sack().coverage, SackCoverage::recent);
}

TEST(GapReport, ReportsAllWhenASackMayOvertakeEarlierOnes) {
  Bench bench;
  bench.holes(2, 30);
  for (int i = 0; i < 5; ++i) bench.sack();
  const auto other = bench.sack(300, GapReport::Kind::first);
  EXPECT_EQ(other.coverage, SackCoverage::complete);
  EXPECT_EQ(other.blocks.size(), 30U);
  EXPECT_EQ(other.number, 6);
}

TEST(GapReport, ReportsAllAsideWithoutChangingWhatTheNextOnesReport) {
  Bench bench;
  bench.holes(2, 30);
  for (int i = 0; i < 5; ++i) bench.sack();
  bench.arrive(501);
  for (int i = 0; i < 10; ++i) {
    const auto aside = bench.sack(300, GapReport::Kind::aside);
    EXPECT_EQ(aside.coverage, SackCoverage::complete);
    EXPECT_EQ(aside.blocks.size(), 31U);
    EXPECT_EQ(aside.number, 5);
  }
  const auto next = bench.sack();
  EXPECT_EQ(next.coverage, SackCoverage::recent);
  EXPECT_EQ(next.number, 6);
  EXPECT_TRUE(next.reports(501));
}

TEST(GapReport, MergesRunsThatTouchAndCutsThoseBelowTheCumulativeTsn) {
  Bench bench;
  bench.holes(100, 50);
  for (int i = 0; i < 4; ++i) bench.sack();
  for (const unsigned offset : {20U, 30U, 21U, 31U, 22U, 1U, 2U}) bench.arrive(offset);
  auto sack = bench.sack();
  EXPECT_EQ(sack.coverage, SackCoverage::recent);
  EXPECT_EQ(sack.blocks, (std::vector<GapBlock>{{18, 20}, {28, 29}}));
  for (std::uint64_t offset = 3; offset <= 20; ++offset) bench.arrive(offset);
  sack = bench.sack();
  EXPECT_EQ(sack.cumulative, kBase + 22);
  EXPECT_EQ(sack.blocks, (std::vector<GapBlock>{{8, 9}}));
}

TEST(GapReport, CountsTheSacksThatAreNotPartial) {
  Bench bench;
  bench.holes(2, 30);
  EXPECT_EQ(bench.sack().number, 1);
  EXPECT_EQ(bench.sack().number, 2);
  bench.now += 100ms;
  const auto cut = bench.sack(20);
  EXPECT_EQ(cut.coverage, SackCoverage::partial);
  EXPECT_EQ(cut.number, 2);
  EXPECT_EQ(bench.sack().number, 3);
}

TEST(GapReport, ReportsBlocksThatDoNotFitOneAfterAnother) {
  Bench bench;
  bench.holes(2, 150);
  std::set<std::uint16_t> starts;
  for (int i = 0; i < 3; ++i) {
    bench.now += 100ms;
    const auto sack = bench.sack(60);
    EXPECT_EQ(sack.coverage, SackCoverage::partial);
    for (const GapBlock& block : sack.blocks) starts.insert(block.start);
  }
  EXPECT_EQ(starts.size(), 150U);
}

TEST(GapReport, StepsTheNumberWhenItCannotFollowTheArrivals) {
  Bench bench;
  bench.holes(2, 50);  // more runs than an interval holds
  const auto sack = bench.sack(20);
  EXPECT_GT(sack.number, GapReport::kRepeats - 1);
  bench.now += 1ms;
  EXPECT_EQ(bench.sack().coverage, SackCoverage::recent);
  bench.holes(1'002, 50);
  const auto all = bench.sack();
  EXPECT_EQ(all.coverage, SackCoverage::complete);
}

// The rule of docs/protocol.md: a sender that has missed at most three numbers in a row knows of every TSN
// that arrived before the SACK was written.
TEST(GapReport, LetsASenderThatLosesSacksKnowAllArrivalsWhileTheNumbersAreContinuous) {
  std::mt19937 random(20'250'714);
  Bench bench;
  std::set<std::uint64_t> known;
  std::uint16_t seen = 0;
  bool continuous = true;
  unsigned checked = 0;
  unsigned recent = 0;
  std::vector<std::uint64_t> missing;
  std::uint64_t next = 1;
  for (int round = 0; round < 4'000; ++round) {
    bench.now += 3ms;
    for (auto i = random() % 20; i > 0; --i) {
      if (random() % 4 == 0) {
        missing.push_back(next);
      } else {
        bench.arrive(next);
      }
      ++next;
    }
    while (missing.size() > 40) {
      const std::size_t at = random() % 20;
      bench.arrive(missing[at]);
      missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const auto kind = random() % 8 == 0 ? GapReport::Kind::aside : GapReport::Kind::next;
    const auto sack = bench.sack(random() % 10 == 0 ? 15 : 300, kind);
    if (random() % 3 == 0) continue;  // lost
    for (std::uint64_t offset = 1; offset < next; ++offset) {
      if (sack.reports(offset)) known.insert(offset);
    }
    if (sack.coverage == SackCoverage::partial) continue;
    continuous = sack.coverage == SackCoverage::complete ||
                 (continuous && static_cast<std::uint16_t>(sack.number - seen) <= GapReport::kRepeats);
    seen = sack.number;
    if (sack.coverage == SackCoverage::recent) ++recent;
    if (!continuous) continue;
    ++checked;
    for (std::uint64_t offset = 1; offset < next; ++offset)
      ASSERT_EQ(known.contains(offset), bench.tracker.received(kBase + offset)) << round << ' ' << offset;
    if (next > 20'000) break;
  }
  EXPECT_GT(recent, 500U);
  EXPECT_GT(checked, 500U);
}

}  // namespace
}  // namespace hawser::sctp::rx
