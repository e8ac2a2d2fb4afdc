// What a sender gives up (RFC 3758, RFC 7496), and what its FORWARD TSN says.
#include "sctp/tx/partial_reliability.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "sctp/tx/data_sender.hpp"
#include "unit/sctp/support/tx_support.hpp"

namespace hawser::sctp::tx {
namespace {

using namespace std::chrono_literals;
using test::add_active;
using test::Gaps;

constexpr Tsn kFirstTsn{0xFFFF'FFF0};
constexpr std::size_t kRoom = 1452;
constexpr std::size_t kMaxPayload = kRoom - wire::kCommonHeaderSize - wire::kDataHeaderSize;

struct Forward {
  Tsn tsn;
  std::vector<wire::SkippedStream> skipped;
};

class PartialReliabilityTest : public ::testing::Test {
 protected:
  PartialReliabilityTest() {
    sender.on_established(200, 1'000'000, true);
    sender.set_max_chunk_payload(kMaxPayload);
  }
  void send(const SendOptions& options, std::size_t size = 1'000) {
    ASSERT_EQ(sender.enqueue(now, pool.acquire(size), options), SendResult::ok);
  }
  /// Sends packets until nothing more may leave; returns the TSNs, counted from 1.
  std::vector<std::uint32_t> transmit() {
    std::vector<std::uint32_t> tsns;
    for (;;) {
      std::array<std::byte, kRoom> room{};
      PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
      if (sender.fill(builder, path, path.flight.sent.next(), now) == 0) return tsns;
      const std::size_t size = builder.finish();
      path.flight.on_sent(now, size, 0);
      wire::ChunkReader reader(Bytes(room).first(size));
      while (const auto view = reader.next())
        tsns.push_back(wire::DataChunk::parse(*view)->tsn.value() - kFirstTsn.value() + 1);
    }
  }
  void lose_all() { sender.outstanding().lose_all(path); }
  void sack(std::uint32_t count, const Gaps& firm = {}) {
    const wire::SackFields fields{.cumulative_tsn = kFirstTsn + (count - 1), .a_rwnd = 1'000'000};
    sender.on_sack({fields, {}, firm.list(), {}}, paths, now);
  }
  /// The FORWARD TSN that is due now; it leaves.
  std::optional<Forward> forward() {
    if (!sender.reliability().due(now)) return std::nullopt;
    std::array<std::byte, 1'000> room{};
    ByteWriter writer(room);
    sender.reliability().write(writer);
    EXPECT_LE(writer.size(), 8 + 4 * PartialReliability::kMaxStreams);
    sender.reliability().on_sent(now, path);
    const auto chunk = *wire::ForwardTsnChunk::parse(*wire::ChunkReader(writer.written(), 0).next());
    return Forward{chunk.new_cumulative_tsn, {chunk.skipped.begin(), chunk.skipped.end()}};
  }
  static std::uint32_t count(const Forward& forward) { return forward.tsn.value() - kFirstTsn.value() + 1; }

  EndpointConfig config;
  BufferPool pool;
  path::PathTable paths{config};
  path::Path& path = add_active(paths, 1, 100ms);
  DataSender sender{config, pool, kFirstTsn};
  Timestamp now = Timestamp{} + 1h;
};

TEST_F(PartialReliabilityTest, AnExpiredMessageThatWasNeverSentUsesNoTsn) {
  send({.stream = StreamId(1), .lifetime = 100ms});
  send({.stream = StreamId(1)});
  now += 101ms;
  EXPECT_TRUE(sender.abandon_stale(now));
  EXPECT_EQ(sender.backlog(), 1'000U);
  EXPECT_EQ(transmit(), std::vector<std::uint32_t>{1});
  EXPECT_EQ(sender.reliability().messages_abandoned(), 1U);
  EXPECT_FALSE(forward());
  sack(1);
  EXPECT_TRUE(sender.drained());
}

TEST_F(PartialReliabilityTest, AnExpiredMessageIsNotSentAgain) {
  send({.stream = StreamId(3), .lifetime = 100ms});
  send({.stream = StreamId(3)});
  EXPECT_EQ(transmit().size(), 2U);
  now += 101ms;
  EXPECT_FALSE(sender.abandon_stale(now)) << "it may have arrived";
  lose_all();
  EXPECT_TRUE(sender.abandon_stale(now));
  EXPECT_EQ(transmit(), std::vector<std::uint32_t>{2});
  const auto sent = forward();
  ASSERT_TRUE(sent);
  EXPECT_EQ(count(*sent), 1U);
  EXPECT_EQ(sent->skipped, (std::vector<wire::SkippedStream>{{StreamId(3), Ssn(0)}}));
  sack(2);
  EXPECT_TRUE(sender.drained());
  EXPECT_EQ(sender.reliability().next_timeout(), kNever);
}

TEST_F(PartialReliabilityTest, ALostMessageExpiresByTime) {
  send({.lifetime = 500ms});
  (void)transmit();
  now += 300ms;
  lose_all();
  EXPECT_FALSE(sender.abandon_stale(now));
  EXPECT_EQ(sender.reliability().next_timeout(), now + 200ms);
  now += 200ms;
  EXPECT_TRUE(sender.abandon_stale(now));
  EXPECT_TRUE(forward());
}

TEST_F(PartialReliabilityTest, AMessageIsSentAgainAsOftenAsItsLimitSays) {
  for (const std::uint8_t limit : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    send({.max_retransmissions = limit});
    const std::uint64_t before = sender.reliability().messages_abandoned();
    std::size_t sent = 0;
    for (int i = 0; i < 5; ++i) {
      sent += transmit().size();
      lose_all();
      sender.abandon_stale(now);
    }
    EXPECT_EQ(sent, limit + 1U);
    EXPECT_EQ(sender.reliability().messages_abandoned(), before + 1);
  }
}

TEST_F(PartialReliabilityTest, AllFragmentsOfAMessageAreGivenUp) {
  send({.stream = StreamId(1), .max_retransmissions = 0}, 4'000);
  send({.stream = StreamId(1)});
  EXPECT_EQ(transmit().size(), 4U);
  lose_all();
  EXPECT_EQ(transmit(), std::vector<std::uint32_t>{4});
  const auto sent = forward();
  ASSERT_TRUE(sent);
  EXPECT_EQ(count(*sent), 3U);
  EXPECT_EQ(sent->skipped.size(), 1U);
  EXPECT_EQ(sender.reliability().messages_abandoned(), 1U);
}

TEST_F(PartialReliabilityTest, TheRestOfAMessageThatWasBegunIsGivenUpToo) {
  path::Path& other = add_active(paths, 2, 100ms);
  send({.lifetime = 100ms}, 4'000);
  send({});
  std::array<std::byte, kRoom> room{};
  PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
  ASSERT_NE(sender.fill(builder, other, other.flight.sent.next(), now), 0U);
  other.flight.on_sent(now, builder.finish(), 0);
  now += 101ms;
  sender.outstanding().lose_all(other);
  EXPECT_EQ(transmit(), std::vector<std::uint32_t>{4}) << "the fragments have TSNs, and never leave";
  EXPECT_EQ(count(*forward()), 3U);
}

TEST_F(PartialReliabilityTest, TheForwardTsnStopsAtAChunkThatMayArrive) {
  for (int i = 0; i < 4; ++i) send({.unordered = true, .lifetime = 100ms});
  (void)transmit();
  lose_all();
  send({});
  now += 50ms;
  sack(0, {{2, 2}});
  now += 60ms;
  sender.abandon_stale(now);
  EXPECT_EQ(transmit().size(), 1U);
  auto sent = forward();
  ASSERT_TRUE(sent);
  EXPECT_EQ(count(*sent), 4U);
  EXPECT_TRUE(sent->skipped.empty());
}

TEST_F(PartialReliabilityTest, AForwardTsnIsRepeatedAfterAnRtoAndFollowedAfterARoundTrip) {
  path.rtt.add_sample(now, 100ms);
  send({.lifetime = 10ms});
  send({.lifetime = 10ms});
  (void)transmit();
  now += 20ms;
  lose_all();
  sender.abandon_stale(now);
  EXPECT_TRUE(forward());
  EXPECT_FALSE(forward());
  send({.lifetime = 10ms});
  (void)transmit();
  now += 20ms;
  lose_all();
  sender.abandon_stale(now);
  EXPECT_FALSE(forward()) << "one per round trip";
  EXPECT_EQ(sender.reliability().next_timeout(), now + 80ms);
  now += 80ms;
  EXPECT_EQ(count(*forward()), 3U);
  EXPECT_EQ(sender.reliability().next_timeout(), now + path.rtt.rto());
  now += path.rtt.rto();
  EXPECT_EQ(count(*forward()), 3U);
  sack(3);
  EXPECT_FALSE(forward());
  EXPECT_EQ(sender.reliability().next_timeout(), kNever);
}

TEST_F(PartialReliabilityTest, AListThatIsTooLongIsSentInParts) {
  for (std::uint16_t i = 0; i < 150; ++i) send({.stream = StreamId(i), .lifetime = 10ms}, 10);
  (void)transmit();
  now += 20ms;
  lose_all();
  sender.abandon_stale(now);
  const auto first = forward();
  ASSERT_TRUE(first);
  EXPECT_EQ(count(*first), 100U);
  EXPECT_EQ(first->skipped.size(), 100U);
  now += 1s;
  sack(100);
  const auto second = forward();
  ASSERT_TRUE(second);
  EXPECT_EQ(count(*second), 150U);
  EXPECT_EQ(second->skipped.size(), 50U);
}

TEST_F(PartialReliabilityTest, WithoutThePeersConsentEverythingIsReliable) {
  sender.on_established(4, 1'000'000, false);
  send({.lifetime = 10ms, .max_retransmissions = 0});
  (void)transmit();
  now += 20ms;
  lose_all();
  EXPECT_FALSE(sender.abandon_stale(now));
  EXPECT_EQ(transmit().size(), 1U);
}

TEST_F(PartialReliabilityTest, AnAcknowledgementOfAnAbandonedChunkIsHarmless) {
  for (int i = 0; i < 3; ++i) send({.lifetime = 10ms});
  (void)transmit();
  now += 20ms;
  lose_all();
  sender.abandon_stale(now);
  sack(0, {{1, 3}});
  sack(3);
  EXPECT_TRUE(sender.drained());
  EXPECT_EQ(sender.queued_bytes(), 0U);
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace hawser::sctp::tx
