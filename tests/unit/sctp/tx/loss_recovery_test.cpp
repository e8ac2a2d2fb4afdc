#include "sctp/tx/loss_recovery.hpp"

#include <gtest/gtest.h>

#include <array>

#include "sctp/path/congestion/new_reno.hpp"
#include "unit/sctp/support/procedure_bench.hpp"
#include "unit/sctp/support/tx_support.hpp"

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::Gaps;
using test::ProcedureBench;

constexpr Tsn kFirstTsn{1000};

// One association with two paths; message n is the n-th, from 1, and every message leaves in its own packet.
class LossRecoveryTest : public ::testing::Test {
 protected:
  LossRecoveryTest() {
    sender.on_established(1, 1'000'000, true);
    sender.set_max_chunk_payload(1400);
    for (path::Path* path : {&a, &b}) settle(*path);
  }
  // The round trip of a path is well known.
  void settle(path::Path& path) const {
    for (int i = 0; i < 40; ++i)
      path.rtt.add_sample(now - 40 * path.rtt.srtt() + i * path.rtt.srtt(), path.rtt.srtt());
  }

  void leave(path::Path& path) {
    std::array<std::byte, 1400> room{};
    PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
    ASSERT_NE(sender.fill(builder, path, path.flight.sent.next(), now), 0U);
    const path::RecordNumbers& record = path.record;
    const std::uint64_t key =
        record.generation == 0 ? 0 : path::RecordNumbers::key(record.generation, path.record.next_sequence++);
    path.on_data_sent(now, builder.finish(), key, 10'000);
    if (key != 0) path.ecn.on_sent();
    recovery.on_sent(path, now);
  }
  void send(path::Path& path, int count = 1, Duration gap = {}, const SendOptions& options = {}) {
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(sender.enqueue(now, pool.acquire(1000), options), SendResult::ok);
      leave(path);
      if (i + 1 != count) now += gap;
    }
  }
  // Everything that waits, on `path`.
  void send_queued(path::Path& path) {
    while (sender.has_data()) leave(path);
  }
  void probe(path::Path& path) {
    std::array<std::byte, 1400> room{};
    PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
    ASSERT_TRUE(sender.fill_probe(builder, path, path.flight.sent.next(), now));
    path.on_data_sent(now, builder.finish(), 0, 10'000);
    recovery.on_probe_sent(path, now);
  }
  // Acknowledges the messages up to `n`, and gaps counted from there, on `from`.
  void sack(std::uint32_t n, const path::Path& from, const Gaps& firm = {},
            const std::vector<Tsn>& twice = {}) {
    const wire::SackFields fields{.cumulative_tsn = kFirstTsn + (n - 1), .a_rwnd = 1'000'000};
    std::vector<std::byte> raw(twice.size() * 4);
    ByteWriter writer(raw);
    for (const Tsn tsn : twice) writer.u32(tsn.value());
    const auto verdict =
        sender.on_sack({fields, {}, firm.list(), wire::DuplicateList(raw)}, bench.paths, now);
    recovery.on_sack(now, from.id, verdict == DataSender::SackVerdict::advanced);
  }
  // Packets on `path` are sealed from now on.
  static void seal(path::Path& path) {
    path.record = {.generation = 1, .next_sequence = {}, .id = RecordPathId{7}, .epoch = Epoch{1}};
  }
  // Reports `packets` packets, the last of which has just arrived; `ce` of them were marked.
  void path_ack(path::Path& path, std::uint16_t packets, std::uint16_t ce = 0) {
    const auto us = wire::wire_microseconds(now);
    const wire::PathAckEntry entry{.record = {path.record.epoch, path.record.id},
                                   .packets = packets,
                                   .sequence = packets - 1U,
                                   .received_us = us,
                                   .ect = packets,
                                   .ce = ce};
    std::array<std::byte, wire::PathAckEntry::kWireSize> raw{};
    entry.store(raw.data());
    recovery.on_path_ack(now, nullptr, {us, wire::WireList<wire::PathAckEntry>(raw)});
  }
  // Lets time pass; nothing is sent meanwhile.
  void run_until(Timestamp end) {
    while (recovery.next_timeout() <= end) {
      now = std::max(now, recovery.next_timeout());
      recovery.on_timeout(now);
    }
    now = end;
  }

  struct QuickBench : ProcedureBench {
    QuickBench() {
      config.rto_min = 150ms;
      config.sack_delay = 20ms;
    }
  };

  QuickBench bench;
  BufferPool pool;
  Timestamp now = Timestamp{} + 1h;
  path::PathValidation validation{bench.validation()};
  path::Path& a = add_active(bench.paths, 1, 100ms);
  path::Path& b = add_active(bench.paths, 2, 40ms);
  DataSender sender{bench.config, pool, kFirstTsn};
  LossRecovery recovery{{bench.config, bench.paths, validation, sender}};
};

// The first of two packets is lost and nothing follows: the loss timer finds it, and the path does not fail.
TEST_F(LossRecoveryTest, NoTimerRunsOnAPathWhoseLastChunkWasDeclaredLost) {
  send(a, 2);
  now += 100ms;
  sack(0, a, {{2, 2}});
  run_until(now + 60ms);
  EXPECT_EQ(a.counters.data_chunks_lost, 1U);
  EXPECT_EQ(a.flight.bytes, 0U);
  EXPECT_EQ(recovery.next_timeout(), kNever);
  send_queued(b);
  now += 39ms;
  sack(2, b);
  run_until(now + 10s);
  EXPECT_EQ(a.state(), PathState::active);
  EXPECT_EQ(a.counters.timeouts, 0U);
}

TEST_F(LossRecoveryTest, ALoneLostPacketIsProbedAndNoPathFailure) {
  send(a);
  const Timestamp left = now;
  while (!a.flight.probe_due) {
    ASSERT_NE(recovery.next_timeout(), kNever);
    now = recovery.next_timeout();
    recovery.on_timeout(now);
  }
  EXPECT_GE(now - left, 120ms) << "not before the acknowledgement could arrive";
  EXPECT_LE(now - left, 180ms);
  probe(a);
  run_until(now + 100ms);
  sack(1, a);
  EXPECT_EQ(a.state(), PathState::active);
  EXPECT_EQ(a.counters.timeouts, 0U);
  EXPECT_EQ(a.counters.tail_loss_probes, 1U);
  EXPECT_EQ(recovery.next_timeout(), kNever);
}

TEST_F(LossRecoveryTest, ABurstThatIsLostAltogetherIsProbedFirst) {
  send(b, 5);
  while (!b.flight.probe_due) {
    ASSERT_NE(recovery.next_timeout(), kNever);
    now = recovery.next_timeout();
    recovery.on_timeout(now);
    ASSERT_EQ(b.state(), PathState::active);
  }
  probe(b);
  now += 40ms;
  sack(0, b, {{5, 5}});
  EXPECT_GE(b.counters.data_chunks_lost, 2U) << "the probe shows which packets are missing";
  EXPECT_EQ(b.state(), PathState::active);
}

TEST_F(LossRecoveryTest, APathThatAnswersNoProbeFails) {
  send(b);
  const Timestamp left = now;
  while (!b.flight.probe_due) recovery.on_timeout(now = recovery.next_timeout());
  probe(b);
  while (b.state() == PathState::active) recovery.on_timeout(now = recovery.next_timeout());
  EXPECT_EQ(b.counters.timeouts, 1U);
  EXPECT_LE(now - left, 200ms);
  EXPECT_TRUE(sender.outstanding().has_queued()) << "another path takes over";
}

TEST_F(LossRecoveryTest, ATailLossProbeRepeatsNothingThatIsOver) {
  send(b);
  send(b, 2, {}, {.max_retransmissions = 0});
  while (!b.flight.probe_due) recovery.on_timeout(now = recovery.next_timeout());
  probe(b);
  EXPECT_EQ(sender.outstanding().at(b.flight.newest).transmissions, 2U);
  EXPECT_FALSE(sender.outstanding().at(b.flight.newest).max_transmissions) << "the oldest of the three";
}

TEST_F(LossRecoveryTest, APathOnWhichOnlyStaleDataIsLostDoesNotFailWhenItAnswersAHeartbeat) {
  for (const bool answers : {true, false}) {
    send(b, 1, {}, {.max_retransmissions = 0});
    while (!b.heartbeat.probe_requested) {
      ASSERT_NE(recovery.next_timeout(), kNever);
      recovery.on_timeout(now = recovery.next_timeout());
    }
    EXPECT_FALSE(b.flight.probe_due) << "nothing may be sent again";
    b.heartbeat.probe_requested = false;
    if (answers) b.heartbeat.answered_from = now;
    run_until(now + 1s);
    EXPECT_EQ(b.state() == PathState::active, answers);
    EXPECT_EQ(b.flight.bytes, 0U);
    EXPECT_TRUE(sender.abandon_stale(now));
    EXPECT_TRUE(sender.reliability().due(now));
    EXPECT_FALSE(sender.has_data());
  }
}

// T3-rtx of a path whose packets hold only copies of chunks.
TEST_F(LossRecoveryTest, APathWithoutAChunkInFlightFailsThoughItAnsweredAHeartbeatBefore) {
  b.heartbeat.answered_from = now;
  b.flight.t3 = now += 1s;
  recovery.on_timeout(now);
  EXPECT_EQ(b.state(), PathState::potentially_failed);
}

TEST_F(LossRecoveryTest, ABlackHoleUnderAFullLoadFailsThePathWithoutWaitingForAProbe) {
  const Timestamp left = now;
  send(b, 80, 1ms);
  while (b.state() == PathState::active) {
    ASSERT_LE(now - left, 1s);
    now = std::max(now, recovery.next_timeout());
    recovery.on_timeout(now);
  }
  EXPECT_LE(now - left, 160ms);
}

TEST_F(LossRecoveryTest, OneWindowIsReducedOnce) {
  send(a, 10);
  now += 100ms;
  sack(0, a, {{4, 4}});
  EXPECT_EQ(a.counters.fast_recoveries, 1U);
  sack(0, a, {{4, 4}, {10, 10}});
  EXPECT_EQ(a.counters.data_chunks_lost, 6U);
  EXPECT_EQ(a.counters.fast_recoveries, 1U) << "these chunks left before the reduction";
}

TEST_F(LossRecoveryTest, ALossOfTheNextWindowReducesAgain) {
  send(a, 4);
  now += 100ms;
  sack(0, a, {{4, 4}});
  ASSERT_EQ(a.counters.fast_recoveries, 1U);
  send_queued(a);
  send(a, 4);
  now += 100ms;
  sack(0, a, {{4, 4}, {8, 8}});
  EXPECT_EQ(a.counters.fast_recoveries, 2U);
}

TEST_F(LossRecoveryTest, LossesThatArriveAfterAllUndoTheReduction) {
  send(a, 20);
  now += 100ms;
  sack(0, a, {{4, 20}});
  ASSERT_EQ(a.counters.data_chunks_lost, 3U);
  now += 10ms;
  sack(20, a);
  EXPECT_EQ(a.counters.spurious_losses, 3U);
  EXPECT_FALSE(a.flight.in_recovery());
  EXPECT_TRUE(a.flight.reorder.reordering(now));
}

TEST_F(LossRecoveryTest, DuplicatesShowThatRetransmissionsWereNeedless) {
  send(a, 8);
  now += 100ms;
  sack(0, a, {{2, 8}});
  ASSERT_EQ(a.counters.data_chunks_lost, 1U);
  send_queued(b);
  now += 50ms;
  sack(8, b);
  EXPECT_EQ(a.counters.spurious_losses, 0U) << "the retransmission may have filled the gap";
  sack(8, b, {}, {kFirstTsn});
  EXPECT_EQ(a.counters.spurious_losses, 1U);
  sack(8, b, {}, {kFirstTsn});
  EXPECT_EQ(a.counters.spurious_losses, 1U) << "reported twice, arrived once";
}

TEST_F(LossRecoveryTest, APathThatReordersWaitsForAsLongAsItsPacketsAreLate) {
  send(a, 8);
  now += 100ms;
  sack(0, a, {{5, 8}});
  now += 20ms;
  sack(8, a);
  ASSERT_EQ(a.counters.spurious_losses, 4U);
  send(a, 8);
  now += 100ms;
  sack(8, a, {{5, 8}});
  EXPECT_EQ(a.counters.data_chunks_lost, 4U) << "four later packets are no evidence any more";
  EXPECT_GE(a.flight.loss_deadline, now + 20ms);
  EXPECT_LE(a.flight.loss_deadline, now + 40ms);
}

TEST_F(LossRecoveryTest, AcknowledgementsOfAnotherPathShowOnlyAShorterRoundTrip) {
  send(a);
  now += 130ms;
  sack(1, b);
  EXPECT_EQ(a.rtt.latest(), 100ms);
  send(a);
  now += 110ms;
  sack(2, a);
  EXPECT_EQ(a.rtt.latest(), 110ms);
  send(a);
  now += 70ms;
  sack(3, b);
  EXPECT_EQ(a.rtt.latest(), 70ms) << "its queue is gone";
}

// A path that may not carry data cannot take over either: waiting less for the only path would not help.
TEST_F(LossRecoveryTest, APathThatNeverCarriesDataHastensNoTimer) {
  bench.paths.find(a.id)->own_role = PathRole::never;
  send(b, 40, 1ms);
  sack(1, b);
  const Timestamp alone = b.flight.t3;
  EXPECT_EQ(alone, now + b.rtt.rto());
  bench.paths.find(a.id)->own_role = PathRole::always;
  now += 1ms;
  sack(2, b);
  EXPECT_LT(b.flight.t3, alone);
}

TEST_F(LossRecoveryTest, RetransmissionsDoNotWaitForThePeersWindow) {
  send(a, 8);
  now += 100ms;
  const wire::SackFields closed{.cumulative_tsn = kFirstTsn + std::uint32_t(-1), .a_rwnd = 0};
  const Gaps gaps{{5, 5}};
  sender.on_sack({closed, {}, gaps.list(), {}}, bench.paths, now);
  recovery.on_sack(now, a.id, true);
  ASSERT_TRUE(sender.outstanding().has_queued());
  EXPECT_TRUE(sender.ready());
  send_queued(b);
  EXPECT_FALSE(sender.outstanding().has_queued());
}

TEST_F(LossRecoveryTest, MarksReduceTheWindowOfTheirPathWithTheNextAcknowledgement) {
  for (path::Path* path : {&a, &b}) {
    path->congestion = path::make_new_reno(1500, 1'000'000);
    seal(*path);
  }
  b.record.id = RecordPathId{8};
  send(a, 4);
  send(b, 2);
  now += 100ms;
  path_ack(a, 4, 1);
  EXPECT_EQ(a.counters.ecn_marks_reported, 1U);
  EXPECT_GT(a.congestion->ssthresh(), 100'000U) << "no packet was acknowledged yet";
  sack(6, a);
  EXPECT_LT(a.congestion->ssthresh(), 100'000U);
  EXPECT_GT(b.congestion->ssthresh(), 100'000U);
  send(a, 2);
  const std::size_t window = a.congestion->cwnd();
  now += 100ms;
  path_ack(a, 6, 1);
  sack(8, a);
  EXPECT_GE(a.congestion->cwnd(), window) << "the mark was answered already";
  EXPECT_EQ(a.counters.ecn_marks_reported, 1U);
}

TEST_F(LossRecoveryTest, ATimeOfArrivalCountsForTheSackOfItsPacketOnly) {
  seal(a);
  send(a, 4);
  now += 100ms;
  path_ack(a, 2);
  EXPECT_NE(a.flight.reported_arrival, kNever);
  sack(2, a);
  EXPECT_EQ(a.flight.reported_arrival, kNever);
  path_ack(a, 3);
  ASSERT_NE(a.flight.reported_arrival, kNever);
  sack(2, a);
  EXPECT_EQ(a.flight.reported_arrival, kNever) << "also of a SACK that acknowledges nothing new";
}

TEST_F(LossRecoveryTest, AnOvertakenSackDoesNotChangeTheWindow) {
  send(a, 4);
  const auto with_window = [&](std::uint32_t window, const Gaps& gaps) {
    const wire::SackFields fields{.cumulative_tsn = kFirstTsn + std::uint32_t(-1), .a_rwnd = window};
    sender.on_sack({fields, gaps.list(), {}, {}}, bench.paths, now);
  };
  with_window(5'000, {{2, 3}});
  with_window(9'000, {{2, 2}});
  EXPECT_EQ(sender.peer_window(), 5'000U);
  with_window(7'000, {{2, 3}});
  EXPECT_EQ(sender.peer_window(), 7'000U) << "the peer's user has read";
}

}  // namespace
}  // namespace hawser::sctp::tx
