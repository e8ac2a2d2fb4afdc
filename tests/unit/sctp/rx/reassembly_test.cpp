#include "sctp/rx/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using test::pick;
using test::same_bytes;
using test::Sender;
using test::SentMessage;

constexpr std::uint16_t kStreams = 8;
constexpr std::byte kByte[1] = {};  // a payload

/// A Reassembly and its tracker, called in the same order as by the receiver.
struct Bench {
  explicit Bench(std::uint32_t first_tsn = 0xffff'fff0) : tracker(Tsn{first_tsn}) {}

  std::optional<DropReason> add(const wire::DataChunk& chunk) {
    const std::uint64_t tsn = tracker.unwrap(chunk.tsn);
    const auto drop = reassembly.add({}, tsn, chunk, tracker);
    if (!drop) tracker.record(tsn);
    return drop;
  }
  std::vector<Delivered> poll_all() {
    std::vector<Delivered> all;
    while (auto message = reassembly.poll()) all.push_back(std::move(*message));
    return all;
  }

  BufferPool pool;
  TsnTracker tracker;
  Reassembly reassembly{kStreams, pool};
};

void expect_same(const Delivered& got, const SentMessage& sent) {
  EXPECT_EQ(got.stream.value(), sent.stream);
  EXPECT_EQ(got.ppid.value(), sent.ppid);
  EXPECT_EQ(got.unordered, sent.unordered);
  EXPECT_TRUE(same_bytes(got.payload.bytes(), sent.payload));
}

TEST(Reassembly, HandsWholeMessagesInOrderStraightOver) {
  Bench bench;
  Sender sender(Tsn{0xffff'fff0});
  for (std::uint16_t i = 0; i < 100; ++i) {
    sender.send(
        {.stream = static_cast<std::uint16_t>(i % kStreams), .size = 50U + i, .unordered = i % 3 == 0});
    ASSERT_FALSE(bench.add(sender.chunks.back()));
    EXPECT_EQ(bench.reassembly.waiting_bytes(), 0U);
    const auto got = bench.poll_all();
    ASSERT_EQ(got.size(), 1U);
    expect_same(got[0], sender.messages.back());
    EXPECT_FALSE(got[0].more);
  }
  EXPECT_EQ(bench.reassembly.messages_delivered(), 100U);
  EXPECT_EQ(bench.pool.in_use(), 0U);
}

TEST(Reassembly, KeepsTheOrderOfAStreamAndDoesNotBlockOthers) {
  Bench bench(1);
  Sender sender(Tsn{1});
  sender.send({.stream = 1});
  sender.send({.stream = 1});
  sender.send({.stream = 2});
  sender.send({.stream = 1, .unordered = true});
  for (const std::size_t i : {1U, 2U, 3U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  const auto early = bench.poll_all();
  ASSERT_EQ(early.size(), 2U);
  expect_same(early[0], sender.messages[2]);
  expect_same(early[1], sender.messages[3]);
  EXPECT_EQ(bench.reassembly.held_bytes(), 100 + Reassembly::kOverhead);
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  const auto late = bench.poll_all();
  ASSERT_EQ(late.size(), 2U);
  expect_same(late[0], sender.messages[0]);
  expect_same(late[1], sender.messages[1]);
  EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
}

TEST(Reassembly, JoinsTenThousandFragmentsInRandomOrder) {
  Bench bench;
  Sender sender(Tsn{0xffff'fff0});
  sender.send({.stream = 3, .size = 10'000 * 1'000});
  ASSERT_EQ(sender.chunks.size(), 10'000U);
  std::mt19937_64 random(7);
  std::shuffle(sender.chunks.begin(), sender.chunks.end(), random);
  for (const auto& chunk : sender.chunks) {
    EXPECT_FALSE(bench.reassembly.poll());
    ASSERT_FALSE(bench.add(chunk));
  }
  const auto got = bench.poll_all();
  ASSERT_EQ(got.size(), 1U);
  expect_same(got[0], sender.messages[0]);
  EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
}

TEST(Reassembly, UnwrapsStreamSequenceNumbers) {
  Bench bench(1);
  Sender sender(Tsn{1});
  for (int i = 0; i < 70'000; ++i) sender.send({.stream = 5, .size = 4});
  // Every run of eight arrives in reverse, so that messages wait across the wrap of the SSN.
  std::size_t delivered = 0;
  for (std::size_t base = 0; base < sender.chunks.size(); base += 8) {
    for (std::size_t i = 8; i-- > 0;) ASSERT_FALSE(bench.add(sender.chunks[base + i]));
    while (auto message = bench.reassembly.poll()) {
      ASSERT_EQ(message->ppid.value(), sender.messages[delivered].ppid);
      ++delivered;
    }
  }
  EXPECT_EQ(delivered, 70'000U);
}

TEST(Reassembly, ReusesItsRingThoughItIsNeverEmpty) {
  Bench bench(1);
  Sender sender(Tsn{1});
  for (int i = 0; i < 100'000; ++i) sender.send({.size = 4});
  // 1, 3, 0, 5, 2, 7, 4 …: one message always waits.
  ASSERT_FALSE(bench.add(sender.chunks[1]));
  std::size_t delivered = 0;
  for (std::size_t i = 3; i < sender.chunks.size(); i += 2) {
    ASSERT_FALSE(bench.add(sender.chunks[i]));
    ASSERT_FALSE(bench.add(sender.chunks[i - 3])) << i;
    delivered += bench.poll_all().size();
    ASSERT_GT(bench.reassembly.waiting_bytes(), 0U);
  }
  EXPECT_EQ(delivered, 99'998U);
}

/// A simple model: computes the deliverable messages after each chunk from all received chunks.
class NaiveReassembly {
 public:
  explicit NaiveReassembly(const Sender& sender) : sender_(sender), received_(sender.chunks.size()) {}

  /// Returns the indices of the messages that become deliverable with this chunk, in order.
  std::vector<std::size_t> add(std::size_t chunk) {
    received_[chunk] = true;
    std::vector<std::size_t> free;
    std::map<std::uint16_t, bool> blocked;
    for (std::size_t m = 0; m < sender_.messages.size(); ++m) {
      const SentMessage& message = sender_.messages[m];
      if (delivered_.contains(m)) continue;
      const bool whole = std::all_of(
          received_.begin() + static_cast<std::ptrdiff_t>(message.first_chunk),
          received_.begin() + static_cast<std::ptrdiff_t>(message.first_chunk + message.chunk_count),
          [](bool is) { return is; });
      if (whole && (message.unordered || !blocked[message.stream])) {
        free.push_back(m);
        delivered_[m] = true;
      } else if (!message.unordered) {
        blocked[message.stream] = true;
      }
    }
    return free;
  }

 private:
  const Sender& sender_;
  std::vector<bool> received_;
  std::map<std::size_t, bool> delivered_;
};

TEST(Reassembly, AgreesWithANaiveModelInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto first_tsn = static_cast<std::uint32_t>(0xffff'ffb0U + pick(random, 0, 100));
    Bench bench(first_tsn);
    Sender sender(Tsn{first_tsn});
    for (int i = 0; i < 150; ++i) {
      sender.send({.stream = static_cast<std::uint16_t>(pick(random, 0, kStreams - 1)),
                   .size = pick(random, 1, pick(random, 0, 1) == 0 ? 30 : 900),
                   .fragment = pick(random, 20, 200),
                   .unordered = pick(random, 0, 3) == 0});
    }
    // Displacements from a few chunks to the whole transfer.
    const std::size_t reach = std::size_t{1} << (1 + seed % 10);
    std::vector<std::pair<std::size_t, std::size_t>> order;
    for (std::size_t i = 0; i < sender.chunks.size(); ++i) order.emplace_back(i + pick(random, 0, reach), i);
    std::sort(order.begin(), order.end());

    NaiveReassembly model(sender);
    for (const auto& [position, index] : order) {
      ASSERT_FALSE(bench.add(sender.chunks[index]));
      const auto expected = model.add(index);
      const auto got = bench.poll_all();
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) expect_same(got[i], sender.messages[expected[i]]);
    }
    EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
    EXPECT_EQ(bench.pool.in_use(), 0U);
    EXPECT_EQ(bench.reassembly.messages_delivered(), 150U);
  }
}

// --- partial delivery

TEST(Reassembly, DeliversTheBeginningOfAMessageUnderPressure) {
  Bench bench(1);
  Sender sender(Tsn{1});
  sender.send({.stream = 1, .size = 900, .fragment = 100});
  sender.send({.stream = 1, .size = 10});
  sender.send({.stream = 2, .size = 10});
  for (const std::size_t i : {0U, 1U, 2U, 5U, 6U, 9U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  bench.reassembly.deliver_partially(bench.tracker.cumulative(), false);
  EXPECT_TRUE(bench.poll_all().empty());
  bench.reassembly.deliver_partially(bench.tracker.cumulative(), true);
  auto got = bench.poll_all();
  ASSERT_EQ(got.size(), 3U);

  ASSERT_FALSE(bench.add(sender.chunks[10]));  // another stream is not blocked
  auto other = bench.poll_all();
  ASSERT_EQ(other.size(), 1U);
  expect_same(other[0], sender.messages[2]);

  for (const std::size_t i : {3U, 4U, 8U, 7U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  for (auto& piece : bench.poll_all()) got.push_back(std::move(piece));
  ASSERT_EQ(got.size(), 10U);
  std::vector<std::byte> joined;
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(got[i].more, i != 8);
    EXPECT_EQ(got[i].stream.value(), 1U);
    EXPECT_EQ(got[i].ppid.value(), sender.messages[0].ppid);
    joined.insert(joined.end(), got[i].payload.bytes().begin(), got[i].payload.bytes().end());
  }
  EXPECT_TRUE(same_bytes(joined, sender.messages[0].payload));
  expect_same(got[9], sender.messages[1]);
  EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
  EXPECT_EQ(bench.reassembly.messages_delivered(), 3U);
}

TEST(Reassembly, LetsNoUnorderedMessageOfTheSameStreamBetweenThePieces) {
  Bench bench(1);
  Sender sender(Tsn{1});
  sender.send({.stream = 1, .size = 300, .fragment = 100, .unordered = true});
  sender.send({.stream = 1, .size = 10, .unordered = true});
  sender.send({.stream = 1, .size = 200, .fragment = 100, .unordered = true});
  sender.send({.stream = 2, .size = 10, .unordered = true});
  sender.send({.stream = 1, .size = 10});
  ASSERT_FALSE(bench.add(sender.chunks[0]));
  ASSERT_FALSE(bench.add(sender.chunks[1]));
  bench.reassembly.deliver_partially(bench.tracker.cumulative(), true);
  ASSERT_EQ(bench.poll_all().size(), 2U);

  for (std::size_t i = 3; i < 8; ++i) ASSERT_FALSE(bench.add(sender.chunks[i]));
  const auto meanwhile = bench.poll_all();
  ASSERT_EQ(meanwhile.size(), 2U);
  expect_same(meanwhile[0], sender.messages[3]);
  expect_same(meanwhile[1], sender.messages[4]);

  ASSERT_FALSE(bench.add(sender.chunks[2]));
  const auto rest = bench.poll_all();
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_FALSE(rest[0].more);
  EXPECT_TRUE(same_bytes(rest[0].payload.bytes(), sender.chunks[2].payload));
  expect_same(rest[1], sender.messages[1]);
  expect_same(rest[2], sender.messages[2]);
  EXPECT_EQ(bench.pool.in_use(), meanwhile.size() + rest.size());
  EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
}

TEST(Reassembly, CutsAMessageThatWouldOutgrowTheRingWithoutPressure) {
  Bench bench(1);
  Sender sender(Tsn{1});
  sender.send({.size = 40'000, .fragment = 1});
  std::size_t got = 0;
  for (const auto& chunk : sender.chunks) {
    ASSERT_FALSE(bench.add(chunk));
    bench.reassembly.deliver_partially(bench.tracker.cumulative(), false);
    while (auto piece = bench.reassembly.poll()) got += piece->payload.size();
  }
  EXPECT_EQ(got, 40'000U);
  EXPECT_EQ(bench.reassembly.messages_delivered(), 1U);
}

// --- contradictions

/// Two chunks that cannot both be valid.
struct Pair {
  const char* name;
  wire::DataChunk first;
  wire::DataChunk second;
};

class ContradictingNeighbours : public testing::TestWithParam<Pair> {};

TEST_P(ContradictingNeighbours, AreRefusedInBothOrders) {
  wire::DataChunk first = GetParam().first;
  wire::DataChunk second = GetParam().second;
  first.tsn = Tsn{10};
  second.tsn = Tsn{11};
  Bench forwards(10);
  EXPECT_FALSE(forwards.add(first));
  EXPECT_EQ(forwards.add(second), DropReason::inconsistent_fragment);
  Bench backwards(10);
  EXPECT_FALSE(backwards.add(second));
  EXPECT_EQ(backwards.add(first), DropReason::inconsistent_fragment);
}

INSTANTIATE_TEST_SUITE_P(
    Reassembly, ContradictingNeighbours,
    testing::Values(
        Pair{"BeginInsideAMessage", {.begin = true, .payload = kByte}, {.begin = true, .payload = kByte}},
        Pair{"WholeMessageInsideAMessage",
             {.begin = true, .payload = kByte},
             {.begin = true, .end = true, .payload = kByte}},
        Pair{"ContinuationAfterAnEnd",
             {.begin = true, .end = true, .stream = StreamId{1}, .payload = kByte},
             {.end = true, .payload = kByte}},
        Pair{"MiddleAfterAnUnorderedEnd",
             {.unordered = true, .begin = true, .end = true, .payload = kByte},
             {.payload = kByte}},
        Pair{"OtherStream",
             {.begin = true, .stream = StreamId{1}, .payload = kByte},
             {.stream = StreamId{2}, .payload = kByte}},
        Pair{"OtherSsn", {.begin = true, .ssn = Ssn{1}, .payload = kByte}, {.ssn = Ssn{2}, .payload = kByte}},
        Pair{"OtherUBit", {.begin = true, .payload = kByte}, {.unordered = true, .payload = kByte}},
        Pair{"OtherPpid",
             {.begin = true, .ppid = Ppid{1}, .payload = kByte},
             {.end = true, .ppid = Ppid{2}, .payload = kByte}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(Reassembly, IgnoresTheSsnOfUnorderedFragments) {
  Bench bench(10);
  EXPECT_FALSE(
      bench.add({.unordered = true, .begin = true, .tsn = Tsn{10}, .ssn = Ssn{7}, .payload = kByte}));
  EXPECT_FALSE(bench.add({.unordered = true, .end = true, .tsn = Tsn{11}, .ssn = Ssn{9}, .payload = kByte}));
  EXPECT_EQ(bench.poll_all().size(), 1U);
}

TEST(Reassembly, RefusesAnAssociationThatBeginsInsideAMessage) {
  Bench bench(10);
  EXPECT_EQ(bench.add({.end = true, .tsn = Tsn{10}, .payload = kByte}), DropReason::inconsistent_fragment);
  EXPECT_EQ(bench.pool.in_use(), 0U);
}

TEST(Reassembly, RefusesAFragmentBesideADeliveredMessage) {
  Bench bench(10);
  EXPECT_FALSE(bench.add({.unordered = true, .begin = true, .end = true, .tsn = Tsn{12}, .payload = kByte}));
  EXPECT_EQ(bench.poll_all().size(), 1U);
  EXPECT_EQ(bench.add({.begin = true, .tsn = Tsn{11}, .payload = kByte}), DropReason::inconsistent_fragment);
  EXPECT_EQ(bench.add({.end = true, .tsn = Tsn{13}, .payload = kByte}), DropReason::inconsistent_fragment);
}

TEST(Reassembly, RefusesAnSsnUsedTwice) {
  Bench bench(10);
  const auto whole = [](std::uint32_t tsn, std::uint16_t ssn) {
    return wire::DataChunk{.begin = true, .end = true, .tsn = Tsn{tsn}, .ssn = Ssn{ssn}, .payload = kByte};
  };
  EXPECT_FALSE(bench.add(whole(10, 0)));
  EXPECT_EQ(bench.add(whole(11, 0)), DropReason::inconsistent_fragment);  // delivered before
  EXPECT_FALSE(bench.add(whole(11, 2)));
  EXPECT_EQ(bench.add(whole(12, 2)), DropReason::inconsistent_fragment);  // waiting
  EXPECT_FALSE(bench.add({.begin = true, .tsn = Tsn{12}, .ssn = Ssn{1}, .payload = kByte}));
  bench.reassembly.deliver_partially(bench.tracker.cumulative(), true);
  EXPECT_EQ(bench.add(whole(20, 1)), DropReason::inconsistent_fragment);  // partially delivered
  EXPECT_EQ(bench.poll_all().size(), 2U);
  EXPECT_FALSE(bench.add({.end = true, .tsn = Tsn{13}, .ssn = Ssn{1}, .payload = kByte}));
  EXPECT_EQ(bench.poll_all().size(), 2U);
  EXPECT_EQ(bench.reassembly.held_bytes(), 0U);
  EXPECT_EQ(bench.pool.in_use(), 0U);
}

TEST(Reassembly, RefusesWhatDoesNotContinueAHalfDeliveredMessage) {
  Bench bench(10);
  EXPECT_FALSE(
      bench.add({.begin = true, .tsn = Tsn{10}, .stream = StreamId{1}, .ppid = Ppid{5}, .payload = kByte}));
  bench.reassembly.deliver_partially(bench.tracker.cumulative(), true);
  EXPECT_EQ(
      bench.add({.end = true, .tsn = Tsn{11}, .stream = StreamId{2}, .ppid = Ppid{5}, .payload = kByte}),
      DropReason::inconsistent_fragment);
  EXPECT_EQ(
      bench.add({.end = true, .tsn = Tsn{11}, .stream = StreamId{1}, .ppid = Ppid{6}, .payload = kByte}),
      DropReason::inconsistent_fragment);
  EXPECT_EQ(bench.add({.begin = true, .end = true, .tsn = Tsn{11}, .stream = StreamId{2}, .payload = kByte}),
            DropReason::inconsistent_fragment);
  EXPECT_FALSE(
      bench.add({.end = true, .tsn = Tsn{11}, .stream = StreamId{1}, .ppid = Ppid{5}, .payload = kByte}));
}

TEST(Reassembly, GivesUpOnAPeerThatLeftAnSsnOut) {
  Bench bench(0);
  ASSERT_FALSE(bench.add(
      {.begin = true, .end = true, .tsn = Tsn{0}, .ssn = Ssn{1}, .payload = kByte}));  // SSN 0 is missing
  std::optional<DropReason> drop;
  std::uint32_t tsn = 1;
  for (std::uint16_t ssn = 0; !drop && tsn < 100'000; ++ssn) {
    drop = bench.add(
        {.begin = true, .tsn = Tsn{tsn++}, .stream = StreamId{1}, .ssn = Ssn{ssn}, .payload = kByte});
    if (!drop)
      drop = bench.add(
          {.end = true, .tsn = Tsn{tsn++}, .stream = StreamId{1}, .ssn = Ssn{ssn}, .payload = kByte});
    while (bench.reassembly.poll()) {
    }
  }
  EXPECT_EQ(drop, DropReason::inconsistent_fragment);
  EXPECT_GE(tsn, Reassembly::kMaxSlots);
  EXPECT_EQ(bench.pool.in_use(), 2U);
}

TEST(Reassembly, SurvivesRandomNonsense) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    Bench bench(0xffff'fff0);
    std::vector<std::byte> payload(64);
    for (int i = 0; i < 5'000; ++i) {
      wire::DataChunk chunk;
      chunk.begin = pick(random, 0, 1) != 0;
      chunk.end = pick(random, 0, 1) != 0;
      chunk.unordered = pick(random, 0, 3) == 0;
      chunk.stream = StreamId{static_cast<std::uint16_t>(pick(random, 0, seed % 4))};
      chunk.ssn = Ssn{
          static_cast<std::uint16_t>(pick(random, 0, 3) == 0 ? pick(random, 0, 65'535) : pick(random, 0, 9))};
      chunk.tsn = Tsn{static_cast<std::uint32_t>(bench.tracker.cumulative() + pick(random, 1, 1 + seed * 4))};
      chunk.payload = Bytes(payload).first(pick(random, 1, payload.size()));
      if (bench.tracker.classify(bench.tracker.unwrap(chunk.tsn)) == Arrival::fresh) (void)bench.add(chunk);
      if (pick(random, 0, 9) == 0) bench.reassembly.deliver_partially(bench.tracker.cumulative(), true);
      if (pick(random, 0, 1) == 0) (void)bench.reassembly.poll();
      ASSERT_LE(bench.pool.in_use() * (1 + Reassembly::kOverhead), bench.reassembly.held_bytes());
    }
    while (bench.reassembly.poll()) {
    }
    ASSERT_EQ(bench.reassembly.held_bytes(), bench.reassembly.waiting_bytes());
  }
}

}  // namespace
}  // namespace hawser::sctp::rx
