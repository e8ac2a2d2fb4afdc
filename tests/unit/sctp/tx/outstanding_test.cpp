#include "sctp/tx/outstanding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <set>
#include <vector>

#include "unit/sctp/support/outstanding_support.hpp"

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::Gaps;
using State = OutChunk::State;

TEST_F(OutstandingTest, ANewChunkWaitsUntilItIsSent) {
  OutChunk fresh;
  fresh.payload = pool.acquire(kSize);
  out.append(std::move(fresh));
  EXPECT_EQ(out.next_queued(), first);
  EXPECT_EQ(out.flight_bytes(), 0U);
  EXPECT_EQ(out.held_bytes(), kSize);
  leave(first, a);
  EXPECT_FALSE(out.has_queued());
  EXPECT_EQ(out.next_queued(), path::kNoTsn);
  EXPECT_EQ(out.flight_bytes(), kSize);
  EXPECT_EQ(a.flight.bytes, kSize);
  EXPECT_EQ(b.flight.bytes, 0U);
}

TEST_F(OutstandingTest, ACumulativeAcknowledgementFreesThePayload) {
  send_new(a, 3);
  EXPECT_EQ(pool.in_use(), 3U);
  EXPECT_EQ(sack(2), 2 * kSize);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(out.held_bytes(), kSize);
  EXPECT_EQ(out.flight_bytes(), kSize);
  EXPECT_EQ(a.flight.bytes, kSize);
  EXPECT_FALSE(out.empty());
  sack(3);
  EXPECT_TRUE(out.empty());
}

TEST_F(OutstandingTest, AGapBlockOfAPlainSackKeepsThePayloadBecauseThePeerMayRenege) {
  send_new(a, 3);
  EXPECT_EQ(sack(0, {{2, 3}}), 0U);
  EXPECT_EQ(pool.in_use(), 3U);
  EXPECT_EQ(out.held_bytes(), 3 * kSize);
  EXPECT_EQ(out.flight_bytes(), kSize) << "what arrived is no longer in flight";
  EXPECT_EQ(chunk(2).state, State::gap_acked);
}

TEST_F(OutstandingTest, ANonRenegableBlockFreesThePayloadAtOnce) {
  send_new(a, 3);
  EXPECT_EQ(sack(0, {}, {{2, 3}}), 2 * kSize);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(out.held_bytes(), kSize);
  EXPECT_EQ(chunk(3).state, State::released);
}

TEST_F(OutstandingTest, ABlockMayTurnNonRenegableLater) {
  send_new(a, 3);
  sack(0, {{2, 3}});
  EXPECT_EQ(sack(0, {}, {{2, 3}}), 2 * kSize);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_FALSE(out.has_queued()) << "a block that changed lists was not reneged";
}

TEST_F(OutstandingTest, TheSameAcknowledgementTwiceChangesNothing) {
  send_new(a, 4);
  sack(1, {{2, 2}});
  const std::size_t flight = out.flight_bytes();
  EXPECT_EQ(sack(1, {{2, 2}}), 0U);
  EXPECT_EQ(out.flight_bytes(), flight);
  EXPECT_EQ(a.flight.acked.bytes, 0U);
}

TEST_F(OutstandingTest, AcknowledgementsOfWhatWasNeverSentAreImplausible) {
  send_new(a, 3);
  EXPECT_TRUE(plausible(3));
  EXPECT_FALSE(plausible(4)) << "optimistic cumulative TSN";
  EXPECT_FALSE(plausible(0, {{2, 4}})) << "a block beyond the newest TSN";
  EXPECT_FALSE(plausible(0, {}, {{4, 4}})) << "a non-renegable block beyond the newest TSN";
  EXPECT_FALSE(plausible(3, {{1, 1}})) << "a block though everything is acknowledged";
  EXPECT_TRUE(plausible(0, {{2, 3}}));
}

TEST_F(OutstandingTest, AcknowledgementsWithImpossibleBlocksAreImplausible) {
  send_new(a, 10);
  EXPECT_FALSE(plausible(0, {{0, 3}})) << "offset zero is the cumulative TSN itself";
  EXPECT_FALSE(plausible(0, {{5, 4}})) << "ends before it starts";
  EXPECT_FALSE(plausible(0, {{2, 3}, {9, 0xFFFF}}));
}

TEST_F(OutstandingTest, BlocksThatOverlapRepeatOrDescendAreImplausible) {
  send_new(a, 20);
  EXPECT_FALSE(plausible(0, {{2, 5}, {2, 5}})) << "twice";
  EXPECT_FALSE(plausible(0, {{2, 5}, {5, 7}})) << "overlap";
  EXPECT_FALSE(plausible(0, {{8, 9}, {2, 3}})) << "descending";
  EXPECT_FALSE(plausible(0, {}, {{2, 9}, {4, 5}})) << "one inside the other";
  EXPECT_TRUE(plausible(0, {{2, 3}, {4, 5}})) << "adjacent";
  EXPECT_TRUE(plausible(0, {{2, 3}, {8, 9}}, {{2, 3}, {5, 6}})) << "the lists are independent";
}

// Processor time of `work`, in seconds.
template <class Work>
double cost_of(Work work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  work();
  return now() - begin;
}

TEST_F(OutstandingTest, SacksOfManyBlocksOverAFullWindowAreCheap) {
  constexpr std::uint16_t kLast = Outstanding::kMaxSpan - 1;
  send_new(a, kLast);
  sack(0, {{2, kLast}});
  std::vector<wire::GapBlock> blocks;
  for (std::uint16_t i = 0; i < 340; ++i) {
    const auto start = static_cast<std::uint16_t>(2 + i * 96);
    blocks.push_back({start, static_cast<std::uint16_t>(i == 339 ? kLast : start + 95)});
  }
  const Gaps gaps(blocks);
  const double cost = cost_of([&] {
    for (int i = 0; i < 200; ++i) sack(0, gaps);
  });
  EXPECT_LT(cost, 0.5) << "visits no chunk again";
  EXPECT_FALSE(out.has_queued());
}

TEST_F(OutstandingTest, AcknowledgingAndRenegingInTurnsCostsOnlyOnce) {
  constexpr std::uint16_t kLast = Outstanding::kMaxSpan - 1;
  send_new(a, kLast);
  const auto in_turns = [&](int times) {
    for (int i = 0; i < times; ++i) {
      sack(0, {{2, kLast}});
      sack(0, {{kLast, kLast}});
    }
  };
  const double once = cost_of([&] { in_turns(1); });
  EXPECT_LT(cost_of([&] { in_turns(200); }), 20 * once);
  EXPECT_TRUE(out.has_queued()) << "the reneged chunks are sent again";
  sack(kLast);
  EXPECT_TRUE(out.empty());
}

// A SACK of many blocks says nothing about the TSNs above them: chunks that it does not report stay in
// flight, although later packets (retransmissions of low TSNs) were acknowledged.
class OutstandingWithUnreportedTest : public OutstandingTest {
 protected:
  // Processor time of 200 passes of loss detection over `count` chunks that no SACK reports.
  double cost_of_passes(int count) {
    Outstanding chunks(Tsn{1000});
    first = chunks.next_tsn();
    std::swap(chunks, out);
    path::Path& path = add_active(paths, static_cast<std::uint32_t>(100 + count), 100ms);
    send_new(path, count);
    std::vector<wire::GapBlock> blocks;
    for (std::uint16_t i = 2; i < 400; i = static_cast<std::uint16_t>(i + 2)) blocks.push_back({i, i});
    const Gaps gaps(blocks);
    sack(0, gaps);
    detect_losses(path, now);
    for (std::uint64_t n = 1; n < 100; n += 2) send_again(n, path);
    blocks.resize(150);
    sack(2, Gaps(blocks));  // the retransmission of chunk 1 left after all unreported chunks
    return cost_of([&] {
      for (int i = 0; i < 200; ++i) detect_losses(path, now);
    });
  }
};

TEST_F(OutstandingWithUnreportedTest, PassesOverManyUnreportedChunksAreBounded) {
  const double few = cost_of_passes(1'800);
  EXPECT_LT(cost_of_passes(30'000), 5 * few);
}

TEST_F(OutstandingTest, NothingIsPlausibleBeforeAnythingWasSent) {
  EXPECT_TRUE(plausible(0)) << "the number before the first";
  EXPECT_FALSE(plausible(1));
}

class OutstandingAtTheWrapTest : public OutstandingTest {
 protected:
  OutstandingAtTheWrapTest() : OutstandingTest(Tsn{0xFFFF'FFFE}) {}
};

TEST_F(OutstandingAtTheWrapTest, TsnsCrossTheWrapUnnoticed) {
  send_new(a, 6);
  EXPECT_EQ(wire_tsn(tsn(3)), Tsn{0});
  sack(1, {{3, 4}});
  EXPECT_EQ(chunk(4).state, State::gap_acked);
  EXPECT_EQ(chunk(3).state, State::in_flight);
  EXPECT_FALSE(plausible(7));
  sack(6);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(OutstandingTest, AChunkThatThePeerReportsNoLongerIsSentAgain) {
  send_new(a, 5);
  sack(0, {{2, 5}});
  sack(0, {{2, 2}, {4, 5}});
  EXPECT_EQ(out.next_queued(), tsn(3));
  EXPECT_EQ(chunk(3).state, State::queued);
  EXPECT_EQ(chunk(4).state, State::gap_acked);
}

TEST_F(OutstandingTest, ASackOvertakenByANewerOneIsNotTakenForReneging) {
  send_new(a, 6);
  sack(0, {{2, 6}});
  sack(0, {{2, 3}});  // left earlier, on the slower path
  EXPECT_FALSE(out.has_queued());
}

TEST_F(OutstandingTest, ThreeLaterPacketsOfThePathAcknowledgedMeanLoss) {
  send_new(a, 4);
  sack(0, {{3, 3}});
  EXPECT_EQ(detect_losses(a, now), 0U) << "two packets later only";
  sack(0, {{3, 4}});
  EXPECT_EQ(detect_losses(a, now), 1U);
  EXPECT_EQ(out.next_queued(), tsn(1));
  EXPECT_EQ(chunk(2).state, State::in_flight);
  EXPECT_EQ(a.counters.data_chunks_lost, 1U);
}

TEST_F(OutstandingTest, OneLaterPacketAndATimeMeanLoss) {
  send_new(a, 2);
  now += 100ms;
  sack(0, {{2, 2}});
  EXPECT_EQ(detect_losses(a, now), 0U);
  ASSERT_NE(a.flight.loss_deadline, kNever);
  EXPECT_GT(a.flight.loss_deadline, now);
  EXPECT_LE(a.flight.loss_deadline, now + 50ms) << "an eighth of a round trip of grace";
  EXPECT_EQ(detect_losses(a, a.flight.loss_deadline), 1U);
  EXPECT_EQ(out.next_queued(), tsn(1));
  EXPECT_EQ(a.flight.loss_deadline, kNever);
}

TEST_F(OutstandingTest, NothingIsLostByTimeAloneWhileNothingLaterWasAcknowledged) {
  send_new(a, 3);
  EXPECT_EQ(detect_losses(a, now + 10s), 0U);
  EXPECT_EQ(a.flight.loss_deadline, kNever);
}

TEST_F(OutstandingTest, AcknowledgementsOnOtherPathsAreNoEvidenceOfLoss) {
  send_new(a, 1);
  send_new(b, 20);
  sack(0, {{2, 21}});
  EXPECT_EQ(detect_losses(a, now + 10s), 0U);
  EXPECT_EQ(detect_losses(b, now + 10s), 0U);
  EXPECT_EQ(chunk(1).state, State::in_flight);
}

TEST_F(OutstandingTest, LossesAreFoundInTheSendOrderOfThePathNotOfTsns) {
  send_new(b, 1);
  out.lose_all(b);
  send_new(a, 3);
  send_again(1, a);  // the lowest TSN left last
  send_new(a, 1);    // chunk 5
  sack(0, {{5, 5}});
  EXPECT_EQ(detect_losses(a, now), 2U);
  EXPECT_EQ(chunk(2).state, State::queued);
  EXPECT_EQ(chunk(3).state, State::queued);
  EXPECT_EQ(chunk(1).state, State::in_flight) << "only one packet left after it";
}

TEST_F(OutstandingTest, AChunkSentOnceAndTakenForLostReportsThatItWasLate) {
  const Timestamp left = now;
  send_new(a, 2);
  out.lose_all(a);
  send_again(1, b);
  sack(1);
  EXPECT_EQ(a.flight.acked.late_from, kNever) << "it may have been the other transmission";
  EXPECT_EQ(b.flight.acked.late_from, kNever);
  sack(2);
  EXPECT_EQ(a.flight.acked.late_from, left);
  sack(2);
  EXPECT_EQ(a.flight.acked.late_from, kNever);
}

TEST_F(OutstandingTest, NothingPointsAtAPathThatIsGone) {
  send_new(a, 3);
  sack(0, {{3, 3}});
  out.forget(a);
  EXPECT_EQ(chunk(1).state, State::queued);
  for (const std::uint64_t i : {1U, 2U, 3U}) EXPECT_EQ(chunk(i).path, nullptr);
  send_new(b, 1);
  sack(3);
  EXPECT_EQ(chunk(4).path, &b);
}

TEST_F(OutstandingTest, APathsOldestChunkIsItsPseudoCumulativeAcknowledgement) {
  send_new(a, 1);  // 1
  send_new(b, 1);  // 2
  send_new(a, 1);  // 3
  send_new(b, 1);  // 4
  sack(0, {{2, 3}});
  EXPECT_TRUE(b.flight.acked.pseudo_cumulative) << "its oldest chunk arrived, although TSN 1 is missing";
  EXPECT_FALSE(a.flight.acked.pseudo_cumulative);
  EXPECT_EQ(a.flight.acked.bytes, kSize);
  EXPECT_EQ(b.flight.acked.bytes, kSize);
  EXPECT_EQ(a.flight.acked.flight_before, 2 * kSize);
}

TEST_F(OutstandingTest, RoundTripsAreTakenFromTheNewestChunkSentOnce) {
  send_new(a, 1);
  now += 30ms;
  send_new(a, 1);
  const Timestamp newest = now;
  now += 100ms;
  sack(2);
  EXPECT_EQ(a.flight.acked.rtt_from, newest);
  EXPECT_TRUE(a.flight.acked.unambiguous);
}

TEST_F(OutstandingTest, RetransmissionsGiveNoRoundTripAndProveNoPath) {
  send_new(a, 1);
  out.lose_all(a);
  send_again(1, b);
  now += 40ms;
  sack(1);
  EXPECT_EQ(b.flight.acked.rtt_from, kNever);
  EXPECT_FALSE(b.flight.acked.unambiguous);
  EXPECT_EQ(b.flight.acked.bytes, kSize);
  EXPECT_EQ(a.flight.acked.bytes, 0U);
}

TEST_F(OutstandingTest, ARetransmissionAcknowledgedSoonerThanARoundTripIsNoEvidenceForItsPath) {
  send_new(b, 1);
  out.lose_all(b);
  send_new(a, 4);
  send_again(1, a);
  now += 10ms;  // a round trip takes 100 ms, so the original arrived
  sack(1);
  EXPECT_EQ(detect_losses(a, now), 0U);
  EXPECT_EQ(chunk(2).state, State::in_flight);
}

TEST_F(OutstandingTest, ARetransmissionAcknowledgedAfterARoundTripIsEvidenceOfLossBeforeIt) {
  send_new(b, 1);
  out.lose_all(b);
  send_new(a, 4);
  send_again(1, a);
  now += 100ms;
  sack(1);
  EXPECT_GE(detect_losses(a, now), 2U);
  EXPECT_EQ(chunk(2).state, State::queued);
}

TEST_F(OutstandingTest, ALostChunkThatArrivedAfterAllIsNotSentAgain) {
  send_new(a, 2);
  out.lose_all(a);
  EXPECT_EQ(out.next_queued(), tsn(1));
  sack(1);
  EXPECT_EQ(out.next_queued(), tsn(2));
  sack(2);
  EXPECT_FALSE(out.has_queued());
  EXPECT_TRUE(out.empty());
}

TEST_F(OutstandingTest, LosingAPathReturnsAllItsChunksAndOnlyThose) {
  send_new(a, 2);
  send_new(b, 2);
  out.lose_all(a);
  EXPECT_EQ(a.flight.bytes, 0U);
  EXPECT_EQ(a.flight.oldest, path::kNoTsn);
  EXPECT_EQ(a.flight.newest, path::kNoTsn);
  EXPECT_EQ(out.flight_bytes(), 2 * kSize);
  EXPECT_EQ(chunk(1).state, State::queued);
  EXPECT_EQ(chunk(3).state, State::in_flight);
  EXPECT_EQ(a.counters.data_chunks_lost, 2U);
}

TEST_F(OutstandingTest, LostChunksAreOfferedLowestFirst) {
  send_new(a, 1);
  send_new(b, 1);
  send_new(a, 1);
  out.lose_all(b);
  EXPECT_EQ(out.next_queued(), tsn(2));
  out.lose_all(a);
  EXPECT_EQ(out.next_queued(), tsn(1));
  send_again(1, b);
  EXPECT_EQ(out.next_queued(), tsn(2));
}

TEST_F(OutstandingTest, TransmissionsAreCountedAndSaturate) {
  send_new(a, 1);
  for (int i = 0; i < 300; ++i) {
    out.lose_all(a);
    send_again(1, a);
  }
  EXPECT_EQ(chunk(1).transmissions, 255U);
}

TEST_F(OutstandingTest, WhatAFullSackHadNoRoomToReportIsNotTakenForLost) {
  const auto every_second_up_to = [](std::uint16_t last) {
    std::vector<wire::GapBlock> blocks;
    for (std::uint16_t at = 2; at <= last; at = static_cast<std::uint16_t>(at + 2))
      blocks.push_back({at, at});
    return blocks;
  };
  send_new(a, 400);
  sack(0, Gaps(every_second_up_to(240)));
  detect_losses(a, now);
  send_again(1, a);  // leaves after all the others, arrives, and is acknowledged before them
  now += 200ms;
  sack(2, Gaps(every_second_up_to(238)));
  detect_losses(a, now + 1h);
  EXPECT_EQ(chunk(3).state, State::queued);
  EXPECT_EQ(chunk(241).state, State::in_flight);
  EXPECT_EQ(chunk(400).state, State::in_flight);
}

TEST_F(OutstandingTest, IsFullBeforeGapOffsetsOverflow) {
  while (!out.full()) send_new(a);
  EXPECT_EQ(out.next_tsn() - first, Outstanding::kMaxSpan);
  EXPECT_LT(out.next_tsn() - first, 65'536U);
  sack(1);
  EXPECT_FALSE(out.full());
}

TEST_F(OutstandingTest, KeepsEveryChunkWhenItsRingGrows) {
  for (std::uint16_t i = 0; i < 5'000; ++i) {
    OutChunk fresh;
    fresh.payload = pool.acquire(4);
    fresh.ssn = Ssn{i};
    const std::uint64_t number = out.next_tsn();
    out.append(std::move(fresh));
    leave(number, i % 2 == 0 ? a : b);
    if (i == 700) sack(500);
  }
  for (std::uint64_t n = 501; n <= 5'000; ++n) ASSERT_EQ(chunk(n).ssn.value(), n - 1);
  sack(5'000);
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(a.flight.bytes + b.flight.bytes, 0U);
}

// Compares the sender's counters with a receiver that loses packets at random.
TEST_F(OutstandingTest, BooksBalanceThroughRandomLossOnTwoPaths) {
  std::mt19937_64 random(11);
  std::set<std::uint64_t> arrived;
  std::uint64_t cumulative = 0;
  const auto transmit = [&](std::uint64_t n) {
    if (random() % 4 != 0 && n > cumulative) arrived.insert(n);
    while (arrived.contains(cumulative + 1)) arrived.erase(++cumulative);
  };
  const auto blocks = [&] {
    std::vector<wire::GapBlock> list;
    for (const std::uint64_t n : arrived) {
      const auto offset = static_cast<std::uint16_t>(n - cumulative);
      if (!list.empty() && list.back().end + 1 == offset) {
        list.back().end = offset;
      } else {
        list.push_back({offset, offset});
      }
    }
    return list;
  };
  for (int round = 0; round < 3'000; ++round) {
    now += 1ms;
    path::Path& path = random() % 2 == 0 ? a : b;
    if (const std::uint64_t lost = out.next_queued(); lost != path::kNoTsn) {
      leave(lost, path);
      transmit(lost - first + 1);
    } else if (round < 2'500) {
      send_new(path);
      transmit(out.next_tsn() - first);
    }
    if (random() % 3 == 0) {
      const Gaps gaps(blocks());
      if (random() % 2 == 0) {
        sack(cumulative, gaps, {});
      } else {
        sack(cumulative, {}, gaps);
      }
      detect_losses(a, now);
      detect_losses(b, now);
    }
    if (round % 200 == 199) out.lose_all(path);
    ASSERT_EQ(a.flight.bytes + b.flight.bytes, out.flight_bytes());
    ASSERT_EQ(out.flight_chunks() * kSize, out.flight_bytes());
    ASSERT_EQ(pool.in_use() * kSize, out.held_bytes());
  }
  while (!out.empty()) {
    out.lose_all(a);
    out.lose_all(b);
    while (out.has_queued()) {
      const std::uint64_t lost = out.next_queued();
      leave(lost, a);
      transmit(lost - first + 1);
    }
    sack(cumulative, Gaps(blocks()), {});
  }
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(out.flight_bytes(), 0U);
  EXPECT_GT(a.counters.data_chunks_lost + b.counters.data_chunks_lost, 300U);
}

}  // namespace
}  // namespace hawser::sctp::tx
