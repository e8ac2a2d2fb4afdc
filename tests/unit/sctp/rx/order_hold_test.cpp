#include "sctp/rx/order_hold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "sctp/rx/reassembly.hpp"
#include "sctp/rx/receiver.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/sack.hpp"
#include "sctp/wire/sealed_chunk.hpp"
#include "unit/sctp/support/receiver_bench.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;
using Bench = test::ReceiverBench;
using test::pick;
using test::Sender;

constexpr Duration kMax = test::kBenchHold;
constexpr std::uint16_t kStreams = test::kBenchStreams;

using Ids = std::vector<std::uint32_t>;

TEST(OrderHold, MessagesWithoutAHoleBeforeThemNeverWait) {
  Bench bench;
  Sender sender(Tsn{1});
  for (std::uint32_t i = 0; i < 100; ++i) {
    sender.send({.stream = static_cast<std::uint16_t>(1 + i % 7)});
    ASSERT_FALSE(bench.add(sender.chunks.back()));
    EXPECT_EQ(bench.poll_ids(), Ids{i});
    EXPECT_FALSE(bench.receiver.holds_messages());
    bench.wait(1ms);
  }
}

TEST(OrderHold, ASkippedHoleLetsTheMessagesUpToTheNextOnePass) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 8; ++i) sender.send({.stream = 1});
  for (const std::size_t i : {1U, 2U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.wait(50ms);
  for (const std::size_t i : {4U, 5U, 7U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.wait(kMax - 51ms);
  EXPECT_TRUE(bench.poll_ids().empty());
  bench.wait(1ms);
  EXPECT_EQ(bench.poll_ids(), (Ids{1, 2}));
  EXPECT_EQ(bench.receiver.hold().holes_skipped(), 1U);
  bench.wait(50ms);
  EXPECT_EQ(bench.poll_ids(), (Ids{4, 5, 7}));
  EXPECT_EQ(bench.receiver.hold().holes_skipped(), 3U);
  EXPECT_FALSE(bench.receiver.holds_messages());
}

// The lower message came later, but the hole before it is as old as the higher one.
TEST(OrderHold, ALowerMessageThatCameLaterLeavesBeforeTheOneThatWaitedLongest) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 8; ++i) sender.send({.stream = 1});
  ASSERT_FALSE(bench.add(sender.chunks[6]));
  bench.wait(kMax - 1ms);
  ASSERT_FALSE(bench.add(sender.chunks[3]));
  bench.wait(1ms);
  EXPECT_EQ(bench.poll_ids(), (Ids{3, 6}));
}

TEST(OrderHold, ALateMessageIsDeliveredWhenItArrivesOnceAndMarked) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 1});
  ASSERT_FALSE(bench.add(sender.chunks[1]));
  bench.wait(kMax);
  EXPECT_EQ(bench.poll_ids(), Ids{1});
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  const auto late = bench.poll_all();
  ASSERT_EQ(late.size(), 1U);
  EXPECT_TRUE(late[0].late);
  EXPECT_EQ(bench.add(sender.chunks[0]), DropReason::duplicate_tsn);
  ASSERT_FALSE(bench.add(sender.chunks[2]));
  const auto next = bench.poll_all();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_FALSE(next[0].late);
  EXPECT_EQ(bench.receiver.hold().late_messages(), 1U);
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{3});
  EXPECT_EQ(bench.receiver.held_bytes(), 0U);
}

TEST(OrderHold, ALateMessageInFragmentsIsJoined) {
  Bench bench;
  Sender sender(Tsn{1});
  sender.send({.stream = 1, .size = 3'000});
  sender.send({.stream = 1});
  for (const std::size_t i : {0U, 3U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.wait(kMax);
  EXPECT_EQ(bench.poll_ids(), Ids{1});
  for (const std::size_t i : {2U, 1U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  const auto late = bench.poll_all();
  ASSERT_EQ(late.size(), 1U);
  EXPECT_TRUE(late[0].late);
  EXPECT_TRUE(test::same_bytes(late[0].payload.bytes(), sender.messages[0].payload));
  EXPECT_EQ(bench.pool.in_use(), 1U) << "only the polled message";
}

TEST(OrderHold, TheSackReportsTheHoleAsBefore) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 1});
  for (const std::size_t i : {0U, 2U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.wait(kMax);
  EXPECT_EQ(bench.poll_ids(), (Ids{0, 2}));
  std::array<std::byte, 200> room{};
  ByteWriter writer(room);
  bench.receiver.write_sack({}, writer, {}, room.size());
  const auto sack = *wire::SackChunk::parse(*wire::ChunkReader(writer.written(), 0).next());
  EXPECT_EQ(sack.cumulative_tsn, Tsn{1});
  ASSERT_EQ(sack.gaps.size(), 1U);
  EXPECT_EQ(sack.gaps[0], (wire::GapBlock{2, 2}));
}

TEST(OrderHold, OtherStreamsDoNotWait) {
  Bench bench;
  Sender sender(Tsn{1});
  for (const unsigned stream : {1U, 1U, 2U, 1023U})
    sender.send({.stream = static_cast<std::uint16_t>(stream)});
  for (const std::size_t i : {1U, 2U, 3U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  EXPECT_EQ(bench.poll_ids(), (Ids{2, 3}));
}

TEST(OrderHold, UnorderedMessagesPassImmediately) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 1, .unordered = true});
  ASSERT_FALSE(bench.add(sender.chunks[2]));
  EXPECT_EQ(bench.poll_ids(), Ids{2});
}

TEST(OrderHold, WithoutALimitMessagesWaitAsLongAsItTakes) {
  Bench bench(Duration{});
  Sender sender(Tsn{1});
  for (int i = 0; i < 2; ++i) sender.send({.stream = 1});
  ASSERT_FALSE(bench.add(sender.chunks[1]));
  bench.wait(1h);
  EXPECT_TRUE(bench.poll_ids().empty());
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  EXPECT_EQ(bench.poll_ids(), (Ids{0, 1}));
}

TEST(OrderHold, WithoutALimitASequenceNumberFromThePastIsAProtocolViolation) {
  Bench bench(Duration{});
  Sender sender(Tsn{1});
  for (int i = 0; i < 2; ++i) sender.send({.stream = 1});
  sender.chunks[1].ssn = Ssn{0};
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  EXPECT_EQ(bench.add(sender.chunks[1]), DropReason::inconsistent_fragment);
}

TEST(OrderHold, TheMessagesOfTheEngineKeepTheirOrder) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 0});
  for (auto& chunk : sender.chunks) chunk.ppid = wire::kKeyManagementPpid;
  for (const std::size_t i : {1U, 2U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.wait(1h);
  EXPECT_FALSE(bench.receiver.poll_diverted());
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bench.receiver.poll_diverted());
}

// --- how long

TEST(OrderHold, AdaptsToTheTimeThatHolesLast) {
  Bench bench;
  Sender sender(Tsn{1});
  EXPECT_EQ(bench.receiver.hold().current(), kMax) << "before anything was measured";
  for (int i = 0; i < 400; ++i) bench.hole_of(sender, 40ms);
  EXPECT_EQ(bench.receiver.hold().current(), 55ms);
  for (int i = 0; i < 1'000; ++i) bench.hole_of(sender, 16ms);
  EXPECT_EQ(bench.receiver.hold().current(), 25ms);
  bench.hole_of(sender, 24ms);
  EXPECT_EQ(bench.receiver.hold().current(), 35ms);
  EXPECT_EQ(bench.receiver.hold().holes_skipped(), 0U);
}

TEST(OrderHold, LateMessagesRaiseIt) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 2'000; ++i) bench.hole_of(sender, 16ms);
  ASSERT_EQ(bench.receiver.hold().current(), 25ms);
  bench.hole_of(sender, 60ms);
  EXPECT_EQ(bench.receiver.hold().late_messages(), 1U);
  EXPECT_EQ(bench.receiver.hold().current(), 80ms);
  bench.hole_of(sender, 60ms);
  EXPECT_EQ(bench.receiver.hold().late_messages(), 1U);
}

TEST(OrderHold, IsNeverLongerThanTheLimitNorShorterThanTheMinimum) {
  OrderHold hold(kMax);
  Timestamp now{1s};
  hold.on_filled(now, 1h);
  EXPECT_EQ(hold.current(), kMax);
  hold.expect_repair(now, 1h);
  EXPECT_EQ(hold.current(), kMax);
  hold.expect_repair(now, Duration{});
  for (int i = 0; i < 1'000; ++i) hold.on_filled(now += 100ms, Duration{});
  EXPECT_GE(hold.current(), OrderHold::kMin);
  EXPECT_LE(hold.current(), 2 * OrderHold::kMin + 5ms);
}

TEST(OrderHold, WaitsForTheRepairThatTheRoundTripSuggests) {
  OrderHold hold(kMax);
  Timestamp now{1s};
  for (int i = 0; i < 1'000; ++i) hold.on_filled(now += 100ms, 1ms);
  hold.expect_repair(now, 60ms);
  EXPECT_EQ(hold.current(), 80ms);
}

TEST(OrderHold, ForgetsALongHoleWithinSecondsOfQuiet) {
  OrderHold hold(kMax);
  Timestamp now{1s};
  hold.on_filled(now, kMax);
  now += 60s;
  hold.on_filled(now, 1ms);
  EXPECT_LE(hold.current(), 15ms);
}

// --- many messages

/// Messages of a few streams reach the receiver over paths with unlike delays; some are lost and repaired
/// late.
TEST(OrderHold, DeliversEveryMessageOnceAndInOrderExceptLateOnes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    Bench bench(60ms);
    Sender sender(Tsn{1});
    std::multimap<Timestamp, std::size_t> arrivals;
    Timestamp sent = bench.now;
    for (int i = 0; i < 3'000; ++i) {
      const std::size_t first = sender.chunks.size();
      sender.send({.stream = static_cast<std::uint16_t>(1 + pick(random, 0, 3)),
                   .size = pick(random, 1, 3'000),
                   .unordered = pick(random, 0, 9) == 0});
      for (std::size_t c = first; c < sender.chunks.size(); ++c) {
        const Duration path = pick(random, 0, 1) == 0 ? 5ms : 25ms;
        const Duration repair =
            pick(random, 0, 49) == 0 ? std::chrono::milliseconds(pick(random, 10, 300)) : 0ms;
        arrivals.emplace(sent + path + repair, c);
      }
      sent += 200us;
    }
    std::vector<int> seen(sender.messages.size());
    std::map<std::uint16_t, std::size_t> last;
    std::size_t late = 0;
    const auto take = [&] {
      for (const Delivered& message : bench.poll_all()) {
        const std::size_t id = message.ppid.value() ^ 0x5a5a5a5aU;
        ++seen.at(id);
        EXPECT_TRUE(test::same_bytes(message.payload.bytes(), sender.messages[id].payload));
        if (message.unordered) continue;
        std::size_t& before = last[message.stream.value()];
        EXPECT_EQ(message.late, id < before);
        late += message.late ? 1U : 0U;
        before = std::max(before, id);
      }
    };
    for (const auto& [at, chunk] : arrivals) {
      bench.wait(at - bench.now);
      take();
      ASSERT_FALSE(bench.add(sender.chunks[chunk]));
      take();
    }
    bench.wait(60ms);
    take();
    EXPECT_TRUE(std::ranges::all_of(seen, [](int count) { return count == 1; })) << "seed " << seed;
    EXPECT_EQ(bench.receiver.hold().late_messages(), late);
    EXPECT_GT(late, 0U);
    EXPECT_EQ(bench.receiver.held_bytes(), 0U);
    EXPECT_EQ(bench.pool.in_use(), 0U);
  }
}

// A peer that leaves out most sequence numbers: each message skips a hole of 30,000.
TEST(OrderHold, AHugeHoleCostsNoMoreThanTheMessagesBehindIt) {
  Bench bench(5ms);
  Sender sender(Tsn{1});
  for (std::uint16_t stream = 1; stream < kStreams; ++stream) {
    for (int i = 0; i < 2; ++i) {
      sender.send({.stream = stream});
      sender.chunks.back().ssn = Ssn{static_cast<std::uint16_t>(30'000 + 5 * i)};
      ASSERT_FALSE(bench.add(sender.chunks.back()));
    }
  }
  bench.wait(5ms);
  EXPECT_EQ(bench.poll_ids().size(), sender.messages.size());
  EXPECT_EQ(bench.receiver.hold().holes_skipped(), sender.messages.size());
}

}  // namespace
}  // namespace hawser::sctp::rx
