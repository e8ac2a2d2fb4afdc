#include "sctp/rx/receiver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <vector>

#include "sctp/wire/packet.hpp"
#include "sctp/wire/sack.hpp"
#include "unit/sctp/support/rx_support.hpp"

namespace hawser::sctp::rx {
namespace {

using namespace std::chrono_literals;
using test::pick;
using test::same_bytes;
using test::Sender;
using wire::GapBlock;

constexpr std::uint16_t kStreams = 4;
constexpr PathId kPath{3};

EndpointConfig config_with(std::uint32_t window) {
  EndpointConfig config;
  config.receive_window = window;
  return config;
}

/// A receiver with the surroundings that an association provides.
struct Bench {
  explicit Bench(std::uint32_t first_tsn = 1, std::uint32_t window = 1U << 20,
                 GapPolicy policy = GapPolicy::at_once)
      : receiver(Tsn{first_tsn}, kStreams, config_with(window), pool, policy) {}

  std::optional<DropReason> packet(const wire::DataChunk& chunk) {
    const auto drop = receiver.on_data(now, kPath, chunk);
    receiver.on_packet_end(now);
    return drop;
  }
  std::size_t poll_all() {
    std::size_t bytes = 0;
    while (auto message = receiver.poll_message()) bytes += message->payload.size();
    return bytes;
  }
  /// The encoded SACK; the view is valid until the next call.
  wire::ChunkView sack(bool nr_sack = false, std::size_t room = 1'000) {
    ByteWriter writer(sack_bytes);
    const SackFormat format{.nr_sack = nr_sack, .sealed = sealed, .path = kPath};
    const std::size_t announced = receiver.sack_size(now, format, room);
    receiver.write_sack(now, writer, format, room);
    EXPECT_EQ(writer.size(), announced);
    EXPECT_LE(writer.size(), room);
    EXPECT_TRUE(writer.ok());
    return *wire::ChunkReader(writer.written(), 0).next();
  }
  wire::SackChunk plain_sack(std::size_t room = 1'000) { return *wire::SackChunk::parse(sack(false, room)); }

  Timestamp now{};
  BufferPool pool;
  Receiver receiver;
  bool sealed = false;  ///< the SACKs leave in sealed packets
  std::array<std::byte, 2'000> sack_bytes{};
};

/// The chunks of a sender of whole messages of `size` bytes on stream 0, first TSN 1.
class Stream {
 public:
  explicit Stream(std::size_t count, std::size_t size = 100, bool unordered = false) : sender_(Tsn{1}) {
    for (std::size_t i = 0; i < count; ++i)
      sender_.send({.size = size, .fragment = size, .unordered = unordered});
  }
  const wire::DataChunk& operator[](std::size_t index) const { return sender_.chunks[index]; }

 private:
  Sender sender_;
};

std::vector<GapBlock> list(const wire::GapBlockList& blocks) {
  return {blocks.begin(), blocks.end()};
}

// --- when a SACK is sent

TEST(Receiver, AcknowledgesTheFirstPacketAtOnceThenEverySecond) {
  Bench bench;
  const Stream data(5);
  EXPECT_FALSE(bench.receiver.acks().pending());
  EXPECT_EQ(bench.receiver.acks().last_path(), kNoPath);
  EXPECT_FALSE(bench.packet(data[0]));
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_EQ(bench.receiver.acks().last_path(), kPath);
  EXPECT_EQ(bench.plain_sack().cumulative_tsn, Tsn{1});
  EXPECT_FALSE(bench.receiver.acks().pending());

  bench.packet(data[1]);
  EXPECT_FALSE(bench.receiver.acks().due());
  EXPECT_TRUE(bench.receiver.acks().pending());
  EXPECT_EQ(bench.receiver.sack_deadline(), bench.now + 200ms);
  bench.now += 10ms;
  bench.packet(data[2]);
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_EQ(bench.receiver.sack_deadline(), kNever);
  EXPECT_EQ(bench.plain_sack().cumulative_tsn, Tsn{3});
}

TEST(Receiver, AcknowledgesASinglePacketWhenTheDelayIsOver) {
  Bench bench;
  const Stream data(2);
  bench.packet(data[0]);
  bench.sack();
  bench.packet(data[1]);
  bench.receiver.on_timeout(bench.now + 199ms);
  EXPECT_FALSE(bench.receiver.acks().due());
  bench.receiver.on_timeout(bench.now + 200ms);
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_EQ(bench.receiver.sack_deadline(), kNever);
}

TEST(Receiver, NeverDelaysASackBeyondHalfASecond) {
  BufferPool pool;
  EndpointConfig config;
  config.sack_delay = 10s;
  Receiver receiver(Tsn{1}, kStreams, config, pool);
  const Stream data(2);
  std::array<std::byte, 100> room{};
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(receiver.on_data(Timestamp{}, kPath, data[i]));
    receiver.on_packet_end(Timestamp{});
    if (i == 0) {
      ByteWriter writer(room);
      receiver.write_sack({}, writer, {}, room.size());
    }
  }
  EXPECT_EQ(receiver.sack_deadline(), Timestamp{} + 500ms);
}

TEST(Receiver, AcknowledgesAtOnceOnTheIBit) {
  Bench bench;
  const Stream data(2);
  bench.packet(data[0]);
  bench.sack();
  wire::DataChunk urgent = data[1];
  urgent.immediate = true;
  bench.packet(urgent);
  EXPECT_TRUE(bench.receiver.acks().due());
}

TEST(Receiver, AcknowledgesEveryPacketWhileThereAreGapsAndTheOneThatFillsThem) {
  Bench bench;
  const Stream data(5);
  bench.packet(data[0]);
  bench.sack();
  for (const std::size_t i : {2U, 3U, 1U}) {
    bench.packet(data[i]);
    EXPECT_TRUE(bench.receiver.acks().due()) << i;
    bench.sack();
  }
  bench.packet(data[4]);
  EXPECT_FALSE(bench.receiver.acks().due());
}

TEST(Receiver, DelaysDespiteGapsAndCountsPacketsWhenAskedTo) {
  Bench bench(1, 1U << 20, GapPolicy::delayed);
  const Stream data(8);
  bench.packet(data[0]);
  EXPECT_EQ(bench.plain_sack().dac_packets, 1U);
  bench.packet(data[2]);
  EXPECT_FALSE(bench.receiver.acks().due());
  bench.packet(data[4]);
  EXPECT_TRUE(bench.receiver.acks().due());
  bench.packet(data[5]);
  bench.packet(data[6]);
  bench.packet(data[7]);
  EXPECT_EQ(bench.plain_sack().dac_packets, 3U);  // 5 packets: the maximum of the field is 3
  bench.packet(data[4]);                          // a duplicate
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_EQ(bench.plain_sack().dac_packets, 1U);
}

TEST(Receiver, SendsNoDelayedAckCountToAPlainPeer) {
  Bench bench;
  const Stream data(1);
  bench.packet(data[0]);
  EXPECT_EQ(bench.plain_sack().dac_packets, 0U);
}

TEST(Receiver, ReportsDuplicatesAtOnceAndOnce) {
  Bench bench;
  const Stream data(3);
  bench.packet(data[0]);
  bench.packet(data[2]);
  bench.sack();
  EXPECT_EQ(bench.packet(data[0]), DropReason::duplicate_tsn);
  EXPECT_EQ(bench.packet(data[2]), DropReason::duplicate_tsn);
  EXPECT_TRUE(bench.receiver.acks().due());
  const auto sack = bench.plain_sack();
  ASSERT_EQ(sack.duplicates.size(), 2U);
  EXPECT_EQ(sack.duplicates[0], Tsn{1});
  EXPECT_EQ(sack.duplicates[1], Tsn{3});
  EXPECT_TRUE(bench.plain_sack().duplicates.empty());
  EXPECT_EQ(bench.receiver.duplicate_tsns(), 2U);
}

// --- the content of a SACK

TEST(Receiver, ReportsGapsAsNonRenegableInAnNrSack) {
  Bench bench;
  const Stream data(6);
  for (const std::size_t i : {0U, 2U, 4U, 5U}) bench.packet(data[i]);
  const auto nr_sack = *wire::NrSackChunk::parse(bench.sack(true));
  EXPECT_EQ(nr_sack.cumulative_tsn, Tsn{1});
  EXPECT_TRUE(nr_sack.gaps.empty());
  EXPECT_EQ(list(nr_sack.non_renegable_gaps), (std::vector<GapBlock>{{2, 2}, {4, 5}}));
  EXPECT_EQ(list(bench.plain_sack().gaps), (std::vector<GapBlock>{{2, 2}, {4, 5}}));
}

TEST(Receiver, FitsASackIntoTheRoomThereIs) {
  Bench bench;
  const Stream data(40);
  for (std::size_t i = 1; i < 40; i += 2) bench.packet(data[i]);
  for (std::size_t i = 1; i < 40; i += 2) bench.packet(data[i]);
  EXPECT_EQ(bench.receiver.sack_size({}, {.nr_sack = false}, 15), 0U);
  EXPECT_EQ(bench.receiver.sack_size({}, {.nr_sack = true}, 19), 0U);
  EXPECT_EQ(bench.receiver.sack_size({}, {.nr_sack = false}, 16), 16U);
  EXPECT_EQ(bench.receiver.sack_size({}, {.nr_sack = false}, 27), 24U);
  const auto full = bench.plain_sack(16 + 4 * 25);
  EXPECT_EQ(full.gaps.size(), 20U);
  EXPECT_EQ(full.duplicates.size(), 5U);
  const auto cut = bench.plain_sack(16 + 4 * 3);
  EXPECT_EQ(list(cut.gaps), (std::vector<GapBlock>{{2, 2}, {4, 4}, {6, 6}}));
}

// --- dropped chunks

TEST(Receiver, AcknowledgesAChunkForAnInvalidStreamButDropsIt) {
  Bench bench;
  const Stream data(2);
  wire::DataChunk lost = data[0];
  lost.stream = StreamId{kStreams};
  EXPECT_EQ(bench.packet(lost), DropReason::invalid_stream);
  EXPECT_EQ(bench.plain_sack().cumulative_tsn, Tsn{1});
  EXPECT_FALSE(bench.receiver.poll_message());
  EXPECT_EQ(bench.packet(lost), DropReason::duplicate_tsn);
}

TEST(Receiver, RefusesADataChunkWithoutData) {
  Bench bench;
  const Stream data(1);
  wire::DataChunk empty = data[0];
  empty.payload = {};
  EXPECT_EQ(bench.packet(empty), DropReason::empty_data);
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{0});
}

TEST(Receiver, RefusesTsnsFarBeyondTheCumulativeOne) {
  Bench bench;
  const Stream data(1);
  wire::DataChunk far = data[0];
  far.tsn = far.tsn + static_cast<std::uint32_t>(TsnTracker::kMaxSpan);
  EXPECT_EQ(bench.packet(far), DropReason::tsn_out_of_window);
  EXPECT_TRUE(bench.receiver.acks().due());
  EXPECT_FALSE(bench.receiver.has_gaps());
}

// Each TSN takes a slot, so that one packet with a high TSN could cost megabytes.
TEST(Receiver, AcceptsAsManyTsnsAheadAsItsWindowIsWorth) {
  Bench bench(1, 2U << 20);
  const Stream data(1);
  wire::DataChunk far = data[0];
  far.tsn = far.tsn + (2U << 20) / 128;
  EXPECT_EQ(bench.packet(far), DropReason::tsn_out_of_window);
  far.tsn = data[0].tsn + ((2U << 20) / 128 - 1);
  EXPECT_EQ(bench.packet(far), std::nullopt);
}

TEST(Receiver, PassesOnContradictionsWithoutAcknowledgingThem) {
  Bench bench;
  const Stream data(1);
  wire::DataChunk middle = data[0];
  middle.begin = false;
  EXPECT_EQ(bench.packet(middle), DropReason::inconsistent_fragment);
  EXPECT_EQ(bench.receiver.cumulative_tsn(), Tsn{0});
}

// --- the window

TEST(Receiver, TakesAWholeWindowOfChunksFromAPeerThatRespectsIt) {
  constexpr std::uint32_t kWindow = 1U << 20;
  for (const std::size_t size : {1'024U, 1'400U, 8'000U}) {
    Bench bench(1, kWindow);
    EXPECT_EQ(bench.receiver.a_rwnd(), kWindow);
    const std::size_t count = kWindow / size;
    const Stream data(count, size);
    for (std::size_t i = 1; i < count; ++i) ASSERT_FALSE(bench.packet(data[i])) << i;  // the first is missing
    ASSERT_FALSE(bench.packet(data[0]));
    EXPECT_EQ(bench.poll_all(), count * size);
    EXPECT_EQ(bench.receiver.a_rwnd(), kWindow);
  }
}

TEST(Receiver, LetsNoChunkOverrunAWindowItAdvertised) {
  constexpr std::uint32_t kWindow = 100'000;
  Bench bench(1, kWindow);
  const Stream data(1'000, 1'100);
  std::size_t next = 1;  // the first is missing
  for (std::uint32_t credit = bench.receiver.a_rwnd(); credit >= 1'100; credit = bench.plain_sack().a_rwnd) {
    for (; credit >= 1'100; credit -= 1'100) ASSERT_FALSE(bench.packet(data[next++]));
  }
  EXPECT_GT(next * 1'100, kWindow * 9 / 10);
}

TEST(Receiver, DropsNewDataAndTakesDataThatFillsAGapWhenTheWindowIsClosed) {
  Bench bench(1, 10'000);
  const Stream data(40, 1'000);
  std::size_t next = 2;
  while (bench.receiver.a_rwnd() != 0) ASSERT_FALSE(bench.packet(data[next++]));
  bench.sack();
  EXPECT_EQ(bench.packet(data[next]), DropReason::receive_window_full);
  EXPECT_TRUE(bench.receiver.acks().due());
  const auto sack = bench.plain_sack();
  EXPECT_EQ(sack.a_rwnd, 0U);
  EXPECT_EQ(list(sack.gaps), (std::vector<GapBlock>{{3, static_cast<std::uint16_t>(next)}}));
  EXPECT_FALSE(bench.packet(data[1]));
  EXPECT_FALSE(bench.packet(data[0]));
  EXPECT_EQ(bench.receiver.cumulative_tsn().value(), next);
  EXPECT_EQ(bench.poll_all(), next * 1'000);
  EXPECT_FALSE(bench.packet(data[next]));
}

TEST(Receiver, AnnouncesAWindowThatOpensAgain) {
  Bench bench(1, 20'000);
  const Stream data(40, 1'000);
  std::size_t next = 0;
  while (bench.receiver.a_rwnd() != 0) ASSERT_FALSE(bench.packet(data[next++]));
  EXPECT_EQ(bench.plain_sack().a_rwnd, 0U);
  std::size_t polled = 0;
  while (!bench.receiver.acks().due()) {
    ASSERT_TRUE(bench.receiver.poll_message());
    ++polled;
  }
  EXPECT_GT(polled, 1U);  // not for every message
  EXPECT_GE(bench.plain_sack().a_rwnd, 3'000U);
  bench.poll_all();
  EXPECT_FALSE(bench.receiver.acks().due());
}

TEST(Receiver, SendsNothingWhenAnOpenWindowOpensFurther) {
  Bench bench(1, 20'000);
  const Stream data(5, 1'000);
  for (std::size_t i = 0; i < 5; ++i) bench.packet(data[i]);
  bench.sack();
  EXPECT_EQ(bench.poll_all(), 5'000U);
  EXPECT_FALSE(bench.receiver.acks().pending());
}

TEST(Receiver, CountsTheOverheadOfTinyMessages) {
  Bench bench(1, 100'000);
  const Stream data(1'000, 1);
  std::size_t next = 1;
  while (bench.packet(data[next]) != DropReason::receive_window_full) ++next;
  EXPECT_LT(next, 400U);
  EXPECT_EQ(bench.receiver.a_rwnd(), 0U);
}

TEST(Receiver, BoundsWhatAPeerCanMakeItHoldByFillingGaps) {
  constexpr std::uint32_t kWindow = 100'000;
  Bench bench(1, kWindow);
  const Stream data(2'000, 1'000);
  EXPECT_FALSE(bench.packet(data[1'999]));
  for (std::size_t i = 1'999; i-- > 1;) {
    const auto drop = bench.packet(data[i]);
    ASSERT_TRUE(!drop || drop == DropReason::receive_window_full);
  }
  EXPECT_LE(bench.receiver.held_bytes(), 2 * kWindow + 2'000);
  // In order, and never polled: the queue is bounded, too.
  for (std::size_t i = 0; i < 1'999; ++i) (void)bench.packet(data[i]);
  EXPECT_LE(bench.receiver.held_bytes(), 3 * kWindow + 2'000);
}

// --- transfers

/// Joins pieces and compares them with the sent messages: ordered ones in order, unordered ones by their
/// PPID.
class Checker {
 public:
  explicit Checker(const Sender& sender) : sender_(sender) {
    for (std::size_t i = 0; i < sender.messages.size(); ++i) by_ppid_[sender.messages[i].ppid] = i;
  }

  void take(const Delivered& piece) {
    auto& open = open_[{piece.stream.value(), piece.unordered}];
    if (open.empty()) first_ppid_[{piece.stream.value(), piece.unordered}] = piece.ppid.value();
    ASSERT_EQ(piece.ppid.value(), (first_ppid_[{piece.stream.value(), piece.unordered}]));
    open.insert(open.end(), piece.payload.bytes().begin(), piece.payload.bytes().end());
    if (piece.more) {
      ++pieces;
      return;
    }
    ASSERT_TRUE(by_ppid_.contains(piece.ppid.value()));
    const std::size_t index = by_ppid_[piece.ppid.value()];
    by_ppid_.erase(piece.ppid.value());
    const auto& sent = sender_.messages[index];
    ASSERT_EQ(piece.stream.value(), sent.stream);
    ASSERT_EQ(piece.unordered, sent.unordered);
    ASSERT_TRUE(same_bytes(open, sent.payload));
    if (!piece.unordered) {
      auto& last = last_ordered_[piece.stream.value()];
      ASSERT_GE(index + 1, last);
      last = index + 1;
    }
    open.clear();
    ++messages;
  }

  std::size_t messages = 0;
  std::size_t pieces = 0;

 private:
  const Sender& sender_;
  std::map<std::uint32_t, std::size_t> by_ppid_;
  std::map<std::pair<std::uint16_t, bool>, std::vector<std::byte>> open_;
  std::map<std::pair<std::uint16_t, bool>, std::uint32_t> first_ppid_;
  std::map<std::uint16_t, std::size_t> last_ordered_;
};

void poll_into(Receiver& receiver, Checker& checker) {
  while (auto piece = receiver.poll_message()) checker.take(*piece);
}

TEST(Receiver, DeliversMessagesLargerThanTheWindowInPieces) {
  for (const bool unordered : {false, true}) {
    Bench bench(0xffff'fff0, 64U << 10);
    Sender sender(Tsn{0xffff'fff0});
    sender.send({.stream = 1, .size = 4U << 20, .unordered = unordered});
    sender.send({.stream = 1, .size = 3'000, .unordered = unordered});
    Checker checker(sender);
    for (const auto& chunk : sender.chunks) {
      ASSERT_FALSE(bench.packet(chunk));
      poll_into(bench.receiver, checker);
    }
    EXPECT_EQ(checker.messages, 2U);
    EXPECT_GT(checker.pieces, 1'000U);
    EXPECT_EQ(bench.receiver.messages_received(), 2U);
    EXPECT_EQ(bench.receiver.held_bytes(), 0U);
  }
}

// A peer that sends in order, loses chunks, retransmits missing ones, and largely ignores the window.
void transfer(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto window = static_cast<std::uint32_t>(pick(random, 1'500, 40'000));
  const auto first_tsn = static_cast<std::uint32_t>(0xffff'ff80U + pick(random, 0, 200));
  Bench bench(first_tsn, window);
  Sender sender(Tsn{first_tsn});
  for (int i = 0; i < 40; ++i) {
    sender.send({.stream = static_cast<std::uint16_t>(pick(random, 0, kStreams - 1)),
                 .size = pick(random, 1, pick(random, 0, 9) == 0 ? 5 * window : 2'000),
                 .fragment = pick(random, 100, 1'400),
                 .unordered = pick(random, 0, 2) == 0});
  }
  Checker checker(sender);
  std::vector<bool> accepted(sender.chunks.size());
  std::size_t missing = 0;  // the lowest missing chunk
  std::size_t fresh = 0;    // the lowest chunk that was never sent
  while (missing < accepted.size()) {
    std::size_t index = fresh;
    if (missing < fresh && (fresh == accepted.size() || pick(random, 0, 2) == 0)) {
      index = pick(random, missing, fresh - 1);
    }
    const bool must_succeed = pick(random, 0, 3) == 0;
    if (must_succeed) {
      poll_into(bench.receiver, checker);
      index = missing;
    }
    if (index == fresh) ++fresh;
    if (!must_succeed && pick(random, 0, 4) == 0) continue;  // lost in transit
    const auto drop = bench.packet(sender.chunks[index]);
    if (accepted[index]) {
      ASSERT_EQ(drop, DropReason::duplicate_tsn);
    } else {
      ASSERT_TRUE(!drop || drop == DropReason::receive_window_full);
      ASSERT_FALSE(drop && must_succeed) << "deadlock at  " << index;
      accepted[index] = !drop;
    }
    while (missing < accepted.size() && accepted[missing]) ++missing;
    ASSERT_EQ(bench.receiver.cumulative_tsn(), Tsn{first_tsn + static_cast<std::uint32_t>(missing) - 1});
    ASSERT_LE(bench.receiver.held_bytes(), 3U * window + 2'000);
  }
  poll_into(bench.receiver, checker);
  EXPECT_EQ(checker.messages, sender.messages.size());
  EXPECT_EQ(bench.receiver.messages_received(), sender.messages.size());
  EXPECT_EQ(bench.receiver.held_bytes(), 0U);
  EXPECT_EQ(bench.receiver.a_rwnd(), window);
  EXPECT_EQ(bench.pool.in_use(), 0U);
}

TEST(Receiver, DeliversEverythingThroughALossyPathAndASmallWindow) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    transfer(seed);
    if (HasFatalFailure()) return;
  }
}

TEST(Receiver, GivesEveryBufferBackWhenItGoesAwayInTheMiddle) {
  BufferPool pool;
  {
    Receiver receiver(Tsn{1}, kStreams, config_with(1U << 20), pool);
    Sender sender(Tsn{1});
    sender.send({.size = 9'000});
    sender.send({.size = 100});
    sender.send({.stream = 1, .size = 100});
    for (const std::size_t i : {0U, 1U, 4U, 9U, 10U})
      EXPECT_FALSE(receiver.on_data({}, kPath, sender.chunks[i]));
    EXPECT_EQ(pool.in_use(), 5U);
  }
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace hawser::sctp::rx
