#include "sctp/path/ecn.hpp"

#include <gtest/gtest.h>

namespace hawser::sctp::path {
namespace {

/// A path with its validation, and the counts of the peer.
struct Bench {
  /// `count` packets leave; those of the validation's field arrive as `as`.
  void send(unsigned count, Ecn as = Ecn::ect0, unsigned lost = 0) {
    for (unsigned i = 0; i < count; ++i) {
      const Ecn field = ecn.next_field(timeouts);
      ecn.on_sent();
      if (i < lost) continue;
      const Ecn arrives = field == Ecn::not_ect ? field : as;
      ++entry.packets;
      if (arrives != Ecn::not_ect) ++entry.ect;
      if (arrives == Ecn::ce) ++entry.ce;
    }
  }
  void report() { ecn.on_report(entry); }

  EcnValidation ecn{true};
  wire::PathAckEntry entry{.record = {Epoch{0}, RecordPathId{3}}};
  std::uint64_t timeouts = 0;
};

TEST(EcnValidation, FindsAPathThatCarriesTheField) {
  Bench bench;
  EXPECT_EQ(bench.ecn.next_field(0), Ecn::ect0);
  EXPECT_EQ(bench.ecn.state(), EcnState::testing);
  bench.send(3, Ecn::ect0, 1);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
  EXPECT_EQ(bench.ecn.take_new_marks(), 0U);
}

TEST(EcnValidation, ReportsEachMarkOnce) {
  Bench bench;
  bench.send(20);
  bench.send(2, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
  EXPECT_EQ(bench.ecn.take_new_marks(), 2U);
  EXPECT_EQ(bench.ecn.take_new_marks(), 0U);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 0U) << "the same report again";
  bench.send(1, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 1U);
  EXPECT_EQ(bench.ecn.marks(), 3U);
}

TEST(EcnValidation, IgnoresReportsThatWereOvertaken) {
  Bench bench;
  bench.send(5);
  const wire::PathAckEntry older = bench.entry;
  bench.send(5, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 5U);
  bench.ecn.on_report(older);
  bench.send(1);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 0U);
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
}

TEST(EcnValidation, StopsWhenTheFieldIsClearedOnTheWay) {
  Bench bench;
  bench.send(2, Ecn::not_ect);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::cleared);
  EXPECT_EQ(bench.ecn.next_field(0), Ecn::not_ect);
  bench.send(50);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::cleared);
}

TEST(EcnValidation, StopsWhenTheFieldIsClearedLater) {
  Bench bench;
  bench.send(100);
  bench.report();
  ASSERT_EQ(bench.ecn.state(), EcnState::capable);
  bench.send(1, Ecn::not_ect);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::cleared);
}

TEST(EcnValidation, StopsWhenEveryPacketIsMarked) {
  Bench bench;
  bench.send(9, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::testing);
  bench.send(1, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::mangled);
}

TEST(EcnValidation, StopsAtImpossibleCounts) {
  for (const auto& [ect, ce] : {std::pair{6, 0}, std::pair{4, 5}}) {
    Bench bench;
    bench.send(5);
    bench.entry.ect = static_cast<std::uint16_t>(ect);
    bench.entry.ce = static_cast<std::uint16_t>(ce);
    bench.report();
    EXPECT_EQ(bench.ecn.state(), EcnState::mangled);
  }
  Bench more;
  more.send(5);
  more.entry.packets = more.entry.ect = 20;
  more.report();
  EXPECT_EQ(more.ecn.state(), EcnState::mangled) << "more than were sent";
}

TEST(EcnValidation, StopsWhenTheFirstPacketsAreLost) {
  Bench bench;
  bench.send(10, Ecn::ect0, 10);
  EXPECT_EQ(bench.ecn.next_field(0), Ecn::ect0);
  bench.timeouts = 1;
  EXPECT_EQ(bench.ecn.next_field(1), Ecn::not_ect);
  EXPECT_EQ(bench.ecn.state(), EcnState::lost);
}

TEST(EcnValidation, GivesFewPacketsASecondTimeout) {
  Bench bench;
  bench.send(1, Ecn::ect0, 1);
  EXPECT_EQ(bench.ecn.next_field(1), Ecn::ect0);
  EXPECT_EQ(bench.ecn.next_field(2), Ecn::not_ect);
}

TEST(EcnValidation, SurvivesTimeoutsOfAPathThatHasCarriedTheField) {
  Bench bench;
  bench.send(10);
  bench.report();
  EXPECT_EQ(bench.ecn.next_field(5), Ecn::ect0);
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
}

TEST(EcnValidation, CountsFromZeroUnderNewKeys) {
  Bench bench;
  bench.send(100);
  bench.send(3, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 3U);
  bench.send(7, Ecn::ce);  // under the old keys; the report of them does not come
  bench.entry = {.record = {Epoch{1}, RecordPathId{0}}};
  bench.send(10);
  bench.send(2, Ecn::ce);
  bench.report();
  EXPECT_EQ(bench.ecn.take_new_marks(), 2U);
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
}

TEST(EcnValidation, CountsBeyondSixteenBits) {
  Bench bench;
  for (int i = 0; i < 200; ++i) {
    bench.send(999);
    bench.send(1, Ecn::ce);
    bench.report();
    EXPECT_EQ(bench.ecn.take_new_marks(), 1U);
  }
  EXPECT_EQ(bench.ecn.state(), EcnState::capable);
}

TEST(EcnValidation, TestsAgainAfterTheNetworkHasChanged) {
  Bench bench;
  bench.send(5, Ecn::not_ect);
  bench.report();
  ASSERT_EQ(bench.ecn.state(), EcnState::cleared);
  bench.send(50);
  bench.ecn.restart();
  EXPECT_EQ(bench.ecn.next_field(0), Ecn::ect0);
  bench.send(20);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::capable) << "packets that left before do not count as cleared";
  bench.send(20);
  bench.ecn.restart();
  EXPECT_EQ(bench.ecn.state(), EcnState::testing);
  bench.report();
  EXPECT_EQ(bench.ecn.state(), EcnState::capable) << "packets on their way are those of the same field";
}

TEST(EcnValidation, StaysOffWhenSwitchedOff) {
  Bench bench;
  bench.ecn = EcnValidation(false);
  bench.send(5);
  bench.report();
  bench.ecn.restart();
  EXPECT_EQ(bench.ecn.next_field(0), Ecn::not_ect);
  EXPECT_EQ(bench.ecn.state(), EcnState::off);
}

}  // namespace
}  // namespace hawser::sctp::path
