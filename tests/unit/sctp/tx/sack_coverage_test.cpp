#include "sctp/tx/sack_coverage.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::tx {
namespace {

using wire::SackCoverage;

class SackCoverageTest : public ::testing::Test {
 protected:
  /// Whether the sender is certain after this one.
  bool after(SackCoverage coverage, unsigned number) {
    wire::SackFields sack;
    sack.coverage = coverage;
    sack.number = static_cast<std::uint16_t>(number);
    tracker.on_sack(sack);
    return tracker.certain();
  }
  bool complete(unsigned number) { return after(SackCoverage::complete, number); }
  bool recent(unsigned number) { return after(SackCoverage::recent, number); }
  bool partial(unsigned number) { return after(SackCoverage::partial, number); }

  SackCoverageTracker tracker;
};

TEST_F(SackCoverageTest, PlainSacksLeaveNothingOut) {
  EXPECT_TRUE(tracker.certain()) << "nothing was reported, and nothing has arrived";
  EXPECT_TRUE(after(SackCoverage::unstated, 0));
}

TEST_F(SackCoverageTest, RecentOnesContinueACompleteOne) {
  EXPECT_TRUE(complete(100));
  for (unsigned number = 101; number < 200; ++number) EXPECT_TRUE(recent(number)) << number;
}

TEST_F(SackCoverageTest, ThreeInARowMayBeLost) {
  complete(100);
  EXPECT_TRUE(recent(104));
  EXPECT_TRUE(recent(108));
}

TEST_F(SackCoverageTest, FourLostInARowLeaveAGapUntilTheNextCompleteOne) {
  complete(100);
  EXPECT_FALSE(recent(105));
  EXPECT_FALSE(recent(106)) << "it does not report what 105 may have left out";
  EXPECT_TRUE(complete(107));
  EXPECT_TRUE(recent(108));
}

TEST_F(SackCoverageTest, WithoutACompleteOneRecentOnesAreNotEnough) {
  for (const unsigned number : {1U, 2U, 0U, 40'000U, 65'535U}) {
    tracker = {};
    EXPECT_FALSE(recent(number)) << number;
  }
}

TEST_F(SackCoverageTest, NumbersWrap) {
  complete(65'534);
  EXPECT_TRUE(recent(65'535));
  EXPECT_TRUE(recent(0));
  EXPECT_TRUE(recent(3));
  EXPECT_FALSE(recent(8));
}

TEST_F(SackCoverageTest, OneThatWasOvertakenChangesNothing) {
  complete(100);
  recent(102);
  EXPECT_TRUE(recent(101));
  EXPECT_TRUE(complete(99));
  EXPECT_TRUE(recent(106)) << "counted from 102";
}

TEST_F(SackCoverageTest, ALateOneThatClosesTheGapRestoresCertainty) {
  complete(100);
  EXPECT_FALSE(recent(106));
  EXPECT_TRUE(recent(104)) << "106 reports all that arrived after 102";
  EXPECT_TRUE(recent(110)) << "counted from 106";
}

// What arrived between 104 and 105 is in neither of the two.
TEST_F(SackCoverageTest, ALateOneThatLeavesAGapBeforeTheNewestRestoresNoCertainty) {
  complete(100);
  EXPECT_FALSE(recent(109));
  EXPECT_FALSE(recent(104));
  EXPECT_TRUE(recent(105));
}

TEST_F(SackCoverageTest, ALateCompleteOneIsNotCertainOfTheNewest) {
  complete(100);
  EXPECT_FALSE(recent(120));
  EXPECT_FALSE(complete(110));
  EXPECT_TRUE(complete(116));
}

TEST_F(SackCoverageTest, APartialOneLeavesThingsOutUntilTheNextOne) {
  complete(100);
  EXPECT_FALSE(partial(100));
  EXPECT_TRUE(recent(101));
}

TEST_F(SackCoverageTest, OneThatAPartialOneOvertookRestoresNoCertainty) {
  complete(100);
  EXPECT_FALSE(partial(101));
  EXPECT_FALSE(recent(101));
  EXPECT_FALSE(recent(100));
  EXPECT_TRUE(recent(102));
}

TEST_F(SackCoverageTest, APartialOneThatWasOvertakenChangesNothing) {
  complete(100);
  recent(101);
  EXPECT_TRUE(partial(100));
}

}  // namespace
}  // namespace hawser::sctp::tx
