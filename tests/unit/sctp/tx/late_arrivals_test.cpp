#include <gtest/gtest.h>

#include "unit/sctp/support/outstanding_support.hpp"

// Which of its packets a chunk arrived in, when it was sent more than once.

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;
using test::Gaps;
using State = OutChunk::State;

// Chunk 1 left on b, was overtaken there by chunks 2 to 5, and follows chunks 6 to 9 on a. Records have the
// numbers of the packets.
class LateArrivalTest : public OutstandingTest {
 protected:
  void send(bool sealed) {
    for (std::uint64_t i = 1; i <= 5; ++i) send_new_in(b, sealed ? i : 0);
    now += 40ms;
    b.flight.reported_record = sealed ? 5 : 0;
    sack(0, {}, {{2, 5}});
    ASSERT_EQ(detect_losses(b, now), 1U);
    for (std::uint64_t i = 1; i <= 4; ++i) send_new_in(a, sealed ? i : 0);
    send_again(1, a, sealed ? 5 : 0);
  }
  // After `time`, chunk 1 is acknowledged, and on a records up to `reported` have arrived.
  void acknowledge(Duration time, std::uint64_t reported = 0) {
    now += time;
    a.flight.reported_record = reported;
    sack(5);
  }
  void expect_no_evidence() {
    EXPECT_EQ(a.flight.largest_acked, path::PacketNumber{});
    EXPECT_EQ(detect_losses(a, now), 0U);
    EXPECT_EQ(chunk(6).state, State::in_flight);
  }
  void expect_evidence() {
    EXPECT_EQ(a.flight.largest_acked, path::PacketNumber{5});
    EXPECT_EQ(a.flight.acked.bytes, kSize);
    EXPECT_GE(detect_losses(a, now), 2U);
    EXPECT_EQ(chunk(6).state, State::queued);
  }
};

TEST_F(LateArrivalTest, APacketWhoseRecordIsNotReportedHasNotArrivedHoweverLongAgoItLeft) {
  send(true);
  acknowledge(500ms, 4);
  EXPECT_EQ(a.flight.acked.bytes, 0U);
  EXPECT_EQ(a.flight.acked.newest, path::PacketNumber{});
  EXPECT_EQ(a.flight.rate.delivered(), 0U);
  EXPECT_EQ(a.flight.bytes, 4 * kSize) << "it is no longer in flight either";
  EXPECT_EQ(b.counters.spurious_losses, 1U);
  EXPECT_EQ(b.flight.rate.delivered(), 5 * kSize) << "its first packet was delivered";
  EXPECT_TRUE(b.flight.reorder.reordering(now));
  EXPECT_FALSE(a.flight.reorder.reordering(now));
  expect_no_evidence();
}

TEST_F(LateArrivalTest, APacketWhoseRecordIsReportedHasArrivedAndOvertookOthers) {
  send(true);
  acknowledge(100ms, 5);
  EXPECT_EQ(b.counters.spurious_losses, 0U);
  EXPECT_EQ(a.flight.rate.delivered(), kSize);
  expect_evidence();
}

TEST_F(LateArrivalTest, WithRecordsLessThanAUsualRoundTripIsEnough) {
  send(true);
  acknowledge(60ms, 5);  // back on b, which is faster
  expect_evidence();
}

TEST_F(LateArrivalTest, NothingIsAcknowledgedSoonerThanTheShortestRoundTripOfAll) {
  send(true);
  acknowledge(39ms, 5);
  EXPECT_EQ(b.counters.spurious_losses, 1U);
  EXPECT_EQ(a.flight.acked.bytes, 0U);
  expect_no_evidence();
}

TEST_F(LateArrivalTest, WithoutRecordsAnAcknowledgementBeforeAUsualRoundTripIsNoEvidence) {
  send(false);
  acknowledge(74ms);
  EXPECT_EQ(a.flight.acked.bytes, kSize) << "but something was delivered";
  EXPECT_EQ(b.counters.spurious_losses, 0U);
  expect_no_evidence();
}

TEST_F(LateArrivalTest, WithoutRecordsAnAcknowledgementAfterMostOfARoundTripIsEvidence) {
  send(false);
  acknowledge(75ms);
  expect_evidence();
}

TEST_F(LateArrivalTest, AChunkThatWasSentOnceIsEvidenceHoweverSoonItIsAcknowledged) {
  send_new(a, 4);
  now += 10ms;  // the path has become shorter
  sack(0, {}, {{4, 4}});
  EXPECT_EQ(a.flight.largest_acked, path::PacketNumber{4});
  EXPECT_EQ(a.flight.rtt_of_largest, 10ms);
}

TEST_F(LateArrivalTest, AnUnreportedPacketThatIsAProbeDoesNotHideTheFirstOne) {
  send_new_in(a, 1);
  now += 120ms;
  out.resend(a.flight.newest, a.flight.sent.next(), now);
  a.flight.on_sent(now, kSize, 2);
  EXPECT_EQ(a.flight.bytes, kSize) << "one of them counts as lost";
  now += 50ms;
  a.flight.reported_record = 1;
  sack(1);
  EXPECT_EQ(a.flight.largest_acked, path::PacketNumber{});
  EXPECT_EQ(a.flight.bytes, 0U);
  EXPECT_TRUE(out.empty());
}

// A late packet of the path shows that it reorders, but not when an earlier SACK may have left it out.
TEST_F(LateArrivalTest, OnlyASackThatReportsInTimeShowsThatAPacketIsLate) {
  for (const bool prompt : {false, true}) {
    send_new(a, 2);
    const std::uint64_t before = out.cumulative() - first + 1;
    now += 100ms;
    sack(before, {}, {{2, 2}});
    now += 20ms;
    SackView late = view(before + 2, {}, {});
    late.prompt = prompt;
    out.acknowledge(late, paths);
    EXPECT_EQ(a.flight.reorder.reordering(now), prompt);
  }
}

}  // namespace
}  // namespace hawser::sctp::tx
