// FORWARD TSN at the receiver (RFC 3758 §3.6).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "sctp/rx/receiver.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using test::pick;
using test::Sender;
using Ids = std::vector<std::uint32_t>;

constexpr std::uint16_t kStreams = 8;

/// A receiver of plain SCTP: no hold.
struct Bench {
  std::optional<DropReason> add(const wire::DataChunk& chunk) {
    const auto drop = receiver.on_data({}, PathId{1}, chunk);
    receiver.on_packet_end({});
    return drop;
  }
  std::optional<DropReason> forward(std::uint32_t tsn, const std::vector<wire::SkippedStream>& skipped = {}) {
    std::array<std::byte, 400> room{};
    ByteWriter writer(room);
    wire::ForwardTsnChunk::write(writer, Tsn{tsn}, skipped);
    return receiver.on_forward_tsn(
        {}, *wire::ForwardTsnChunk::parse(*wire::ChunkReader(writer.written(), 0).next()));
  }
  std::vector<Delivered> poll_all() {
    std::vector<Delivered> all;
    while (auto message = receiver.poll_message()) all.push_back(std::move(*message));
    return all;
  }
  /// The messages of a Sender that are ready, as their numbers.
  Ids poll_ids() {
    Ids ids;
    for (const Delivered& message : poll_all()) ids.push_back(message.ppid.value() ^ 0x5a5a5a5aU);
    return ids;
  }

  BufferPool pool;
  Receiver receiver{Tsn{1}, kStreams, {}, pool, GapPolicy::at_once};
};

constexpr wire::SkippedStream skip(std::uint16_t stream, std::uint16_t ssn) {
  return {StreamId{stream}, Ssn{ssn}};
}

TEST(Abandoned, MessagesBehindAnAbandonedOneAreDelivered) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 4; ++i) sender.send({.stream = 1});
  for (const std::size_t i : {0U, 2U, 3U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  EXPECT_EQ(bench.poll_ids(), Ids{0});
  EXPECT_FALSE(bench.forward(2, {skip(1, 1)}));
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{4});
  EXPECT_EQ(bench.poll_ids(), (Ids{2, 3}));
  EXPECT_EQ(bench.receiver.abandoned_tsns(), 1U);
  EXPECT_EQ(bench.add(sender.chunks[1]), DropReason::duplicate_tsn);
  EXPECT_TRUE(bench.poll_ids().empty());
}

// The first message left out of turn, and was abandoned before those that it had overtaken arrived.
TEST(Abandoned, MessagesBeforeOneThatLeftOutOfTurnAreDeliveredLate) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 4; ++i) sender.send({.stream = 1});
  sender.chunks[0].ssn = Ssn{2};
  sender.chunks[1].ssn = Ssn{0};
  sender.chunks[2].ssn = Ssn{1};
  EXPECT_FALSE(bench.forward(1, {skip(1, 2)}));
  for (const std::size_t i : {1U, 2U, 3U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{4});
  const auto delivered = bench.poll_all();
  ASSERT_EQ(delivered.size(), 3U);
  EXPECT_TRUE(delivered[0].late);
  EXPECT_TRUE(delivered[1].late);
  EXPECT_FALSE(delivered[2].late);
}

TEST(Abandoned, MessagesOfTheSkippedRangeThatArrivedAreDeliveredInOrder) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 7; ++i) sender.send({.stream = 1});
  for (const std::size_t i : {1U, 3U, 5U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  EXPECT_FALSE(bench.forward(5, {skip(1, 4)}));
  EXPECT_EQ(bench.poll_ids(), (Ids{1, 3, 5}));
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{6});
  ASSERT_FALSE(bench.add(sender.chunks[6]));
  EXPECT_EQ(bench.poll_ids(), Ids{6});
}

TEST(Abandoned, ManyStreamsAreSkippedAtOnce) {
  Bench bench;
  Sender sender(Tsn{1});
  for (std::uint16_t i = 0; i < 2 * kStreams; ++i)
    sender.send({.stream = static_cast<std::uint16_t>(i % kStreams)});
  for (std::size_t i = kStreams; i < 2 * kStreams; ++i) ASSERT_FALSE(bench.add(sender.chunks[i]));
  std::vector<wire::SkippedStream> skipped;
  for (std::uint16_t i = 0; i < kStreams; ++i) skipped.push_back(skip(i, 0));
  EXPECT_FALSE(bench.forward(kStreams, skipped));
  EXPECT_EQ(bench.poll_ids().size(), kStreams);
}

TEST(Abandoned, UnorderedMessagesNeedNoStream) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 1, .unordered = true});
  ASSERT_FALSE(bench.add(sender.chunks[2]));
  EXPECT_FALSE(bench.forward(2));
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{3});
  EXPECT_EQ(bench.poll_ids(), Ids{2});
}

TEST(Abandoned, AnIncompleteMessageIsDropped) {
  for (const std::size_t missing : {0U, 1U, 2U}) {
    Bench bench;
    Sender sender(Tsn{1});
    sender.send({.stream = 1, .size = 3'000});
    sender.send({.stream = 1});
    ASSERT_EQ(sender.chunks.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == missing) continue;
      ASSERT_FALSE(bench.add(sender.chunks[i]));
    }
    EXPECT_FALSE(bench.forward(3, {skip(1, 0)}));
    EXPECT_EQ(bench.poll_ids(), Ids{1}) << missing;
    EXPECT_EQ(bench.receiver.held_bytes(), 0U);
    EXPECT_EQ(bench.pool.in_use(), 0U);
  }
}

// The point of the sender stops within a message; its last fragments arrive nevertheless, in any order.
TEST(Abandoned, FragmentsThatFollowAnAbandonedOneAreIgnored) {
  std::vector<std::size_t> order{2, 3, 4};
  do {
    Bench bench;
    Sender sender(Tsn{1});
    sender.send({.stream = 1, .size = 5'000});
    sender.send({.stream = 1});
    ASSERT_FALSE(bench.add(sender.chunks[0]));
    EXPECT_FALSE(bench.forward(2, {skip(1, 0)}));
    for (const std::size_t i : order) ASSERT_FALSE(bench.add(sender.chunks[i]));
    ASSERT_FALSE(bench.add(sender.chunks[5]));
    EXPECT_EQ(bench.poll_ids(), Ids{1});
    EXPECT_EQ(bench.receiver.held_bytes(), 0U);
    EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{6});
  } while (std::ranges::next_permutation(order).found);
}

TEST(Abandoned, AMessageThatLacksOnlyLaterFragmentsIsKept) {
  Bench bench;
  Sender sender(Tsn{1});
  sender.send({.stream = 1});
  sender.send({.stream = 2, .size = 3'000});
  for (const std::size_t i : {1U, 2U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  EXPECT_FALSE(bench.forward(3, {skip(1, 0)}));
  ASSERT_FALSE(bench.add(sender.chunks[3]));
  EXPECT_EQ(bench.poll_ids(), Ids{1});
}

TEST(Abandoned, AMessageThatWasDeliveredInPartEnds) {
  for (const bool unordered : {false, true}) {
    Bench bench;
    Sender sender(Tsn{1});
    sender.send({.stream = 1, .size = 4'000, .unordered = unordered});
    sender.send({.stream = 1, .unordered = unordered});
    ASSERT_FALSE(bench.add(sender.chunks[0]));
    bench.receiver.deliver_pieces();
    ASSERT_FALSE(bench.add(sender.chunks[2]));
    ASSERT_FALSE(bench.add(sender.chunks[4]));
    EXPECT_FALSE(bench.forward(4, {skip(1, 0)}));
    const auto got = bench.poll_all();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_TRUE(got[0].more);
    EXPECT_TRUE(got[1].abandoned);
    EXPECT_FALSE(got[1].more);
    EXPECT_TRUE(got[1].payload.empty());
    EXPECT_EQ(got[2].ppid.value(), sender.messages[1].ppid);
    EXPECT_EQ(bench.receiver.held_bytes(), 0U);
  }
}

TEST(Abandoned, AnOldOneIsAcknowledgedAgainAndChangesNothing) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 3; ++i) sender.send({.stream = 1});
  for (const std::size_t i : {0U, 1U}) ASSERT_FALSE(bench.add(sender.chunks[i]));
  std::array<std::byte, 100> room{};
  ByteWriter writer(room);
  bench.receiver.write_sack({}, writer, {}, room.size());
  ASSERT_FALSE(bench.receiver.acks().due());
  EXPECT_FALSE(bench.forward(1, {skip(1, 7)}));
  EXPECT_TRUE(bench.receiver.acks().due());
  ASSERT_FALSE(bench.add(sender.chunks[2]));
  EXPECT_EQ(bench.poll_ids(), (Ids{0, 1, 2}));
}

TEST(Abandoned, OneThatIsTooFarAheadIsDropped) {
  Bench bench;
  EXPECT_EQ(bench.forward(TsnTracker::kMaxSpan + 1), DropReason::tsn_out_of_window);
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{0});
  EXPECT_FALSE(bench.forward(TsnTracker::kMaxSpan));
}

TEST(Abandoned, StreamsThatDoNotExistAreSkipped) {
  Bench bench;
  Sender sender(Tsn{1});
  for (int i = 0; i < 2; ++i) sender.send({.stream = 1});
  ASSERT_FALSE(bench.add(sender.chunks[1]));
  EXPECT_EQ(bench.forward(1, {skip(kStreams, 3), skip(1, 0)}), DropReason::invalid_stream);
  EXPECT_EQ(bench.poll_ids(), Ids{1});
}

/// Random loss: every message that is not abandoned arrives once, in order; nothing stays behind.
TEST(Abandoned, RandomMessagesAreDeliveredOrAbandonedAndNothingIsHeld) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    Bench bench;
    Sender sender(Tsn{1});
    for (int i = 0; i < 400; ++i) {
      sender.send({.stream = static_cast<std::uint16_t>(pick(random, 0, 2)),
                   .size = pick(random, 1, 4'000),
                   .unordered = pick(random, 0, 3) == 0});
    }
    // A window of chunks arrives in random order without some; then the sender gives up the messages that
    // lack one.
    std::vector<bool> lost(sender.chunks.size());
    for (std::size_t i = 0; i < lost.size(); ++i) lost[i] = pick(random, 0, 9) == 0;
    std::vector<bool> complete(sender.messages.size());
    for (std::size_t m = 0; m < complete.size(); ++m) {
      const auto& message = sender.messages[m];
      const auto from = lost.begin() + static_cast<std::ptrdiff_t>(message.first_chunk);
      complete[m] = std::none_of(from, from + static_cast<std::ptrdiff_t>(message.chunk_count),
                                 [](bool l) { return l; });
    }
    Ids got;
    std::size_t begun = 0;
    while (begun < sender.chunks.size()) {
      const std::size_t end = std::min(sender.chunks.size(), begun + pick(random, 1, 60));
      std::vector<std::size_t> window;
      for (std::size_t i = begun; i < end; ++i) {
        if (!lost[i]) window.push_back(i);
      }
      std::shuffle(window.begin(), window.end(), random);
      for (const std::size_t i : window) ASSERT_FALSE(bench.add(sender.chunks[i])) << seed;
      std::vector<wire::SkippedStream> skipped;
      for (std::size_t m = 0; m < sender.messages.size(); ++m) {
        const auto& message = sender.messages[m];
        const auto& first = sender.chunks[message.first_chunk];
        const std::size_t last = message.first_chunk + message.chunk_count;
        const auto from = lost.begin() + static_cast<std::ptrdiff_t>(std::max(message.first_chunk, begun));
        const auto to = lost.begin() + static_cast<std::ptrdiff_t>(std::min(last, end));
        const bool lacks_one = from < to && std::find(from, to, true) != to;
        if (!lacks_one || message.unordered) continue;
        std::erase_if(skipped, [&](const auto& each) { return each.stream == first.stream; });
        skipped.push_back({first.stream, first.ssn});
      }
      // The TSNs of a message without a loss that continues are acknowledged, so that the point may pass
      // them.
      if (pick(random, 0, 2) == 0) bench.receiver.force_sack();
      ASSERT_NE(bench.forward(static_cast<std::uint32_t>(end), skipped), DropReason::tsn_out_of_window);
      for (const std::uint32_t id : bench.poll_ids()) got.push_back(id);
      begun = end;
    }
    EXPECT_EQ(bench.receiver.held_bytes(), 0U) << seed;
    EXPECT_EQ(bench.pool.in_use(), 0U) << seed;
    std::vector<int> seen(sender.messages.size());
    std::array<std::size_t, 3> last{};
    for (const std::uint32_t id : got) {
      ++seen.at(id);
      if (sender.messages[id].unordered) continue;
      EXPECT_GE(id, last.at(sender.messages[id].stream)) << seed;
      last.at(sender.messages[id].stream) = id;
    }
    for (std::size_t m = 0; m < seen.size(); ++m) EXPECT_EQ(seen[m], complete[m] ? 1 : 0) << seed << " " << m;
  }
}

}  // namespace
}  // namespace hawser::sctp::rx
