#include <gtest/gtest.h>

#include "unit/sctp/support/data_sender_support.hpp"
#include "unit/sctp/support/queue_source.hpp"

namespace hawser::sctp::tx {
namespace {

using test::QueueSource;

constexpr auto kBulk = TrafficClass::bulk;
constexpr auto kRealtime = TrafficClass::realtime;

// The streams show where messages came from: 1 bulk, 2 real-time, 0 urgent, 3 the application.
class DataSenderSourceTest : public DataSenderTest {
 protected:
  DataSenderSourceTest() {
    sender.queue().set_source(&source);
    sender.queue().admit_source(true);
  }
  void bulk(std::size_t size, int count = 1) {
    for (int i = 0; i < count; ++i) source.push(kBulk, message(size), {.stream = StreamId(1)});
  }
  void realtime(std::size_t size) {
    source.push(kRealtime, message(size), {.stream = StreamId(2), .unordered = true});
  }
  static std::vector<int> streams(const std::vector<Sent>& sent) {
    std::vector<int> out;
    for (const Sent& each : sent) out.push_back(each.chunk.stream.value());
    return out;
  }

  QueueSource source;
};

TEST_F(DataSenderSourceTest, TakesAMessageOnlyForThePacketThatHasRoomForIt) {
  bulk(1'400, 5);
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(source.left(), 5U);
  packet();
  EXPECT_EQ(source.left(), 4U);
  packet();
  EXPECT_EQ(source.left(), 3U);
  EXPECT_EQ(sender.backlog(), 0U);
}

TEST_F(DataSenderSourceTest, KeepsAtMostOneMessageThatDidNotFit) {
  bulk(1'000, 5);
  EXPECT_EQ(packet().size(), 1U);
  EXPECT_EQ(source.left(), 3U);
  EXPECT_EQ(sender.backlog(), 1'000U);
  EXPECT_EQ(packet().size(), 1U);
  EXPECT_EQ(source.left(), 2U);
  EXPECT_EQ(sender.backlog(), 1'000U);
}

TEST_F(DataSenderSourceTest, AMessageThatExpiresBeforeItIsSentUsesNoTsn) {
  for (const TrafficClass traffic_class : {kRealtime, kBulk}) {
    source.push(traffic_class, message(1'000), {.lifetime = 100ms});
    source.push(traffic_class, message(1'000), {.lifetime = 100ms});
    source.push(traffic_class, message(800), {.lifetime = 100ms});
    const std::uint64_t before = sender.reliability().messages_abandoned();
    EXPECT_EQ(packet().size(), 1U);
    EXPECT_EQ(sender.backlog(), 1'000U) << "taken, but it did not fit";
    now += 100ms;
    EXPECT_TRUE(sender.abandon_stale(now));
    EXPECT_EQ(sender.backlog(), 0U);
    const auto sent = packet();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].payload.size(), 800U) << "the lifetime begins when the message is taken";
    EXPECT_EQ(sender.reliability().messages_abandoned(), before + 1);
  }
}

TEST_F(DataSenderSourceTest, ALostMessageOfEitherClassIsNotSentAgainWhenItIsOver) {
  for (const TrafficClass traffic_class : {kRealtime, kBulk}) {
    source.push(traffic_class, message(1'000), {.stream = StreamId(1), .lifetime = 200ms});
    source.push(traffic_class, message(1'000), {.stream = StreamId(1), .max_retransmissions = 1});
    EXPECT_EQ(all().size(), 2U);
    now += 100ms;
    sender.outstanding().lose_all(a);
    EXPECT_EQ(all().size(), 2U) << "neither is over";
    now += 99ms;
    sender.outstanding().lose_all(a);
    sender.abandon_stale(now);
    EXPECT_EQ(all().size(), 1U);
    now += 1ms;
    sender.outstanding().lose_all(a);
    EXPECT_TRUE(all().empty());
    EXPECT_FALSE(sender.has_data());
    EXPECT_EQ(sender.outstanding().held_bytes(), 0U);
  }
}

TEST_F(DataSenderSourceTest, TheRestOfAMessageThatWasBegunIsGivenUpAndTheOtherClassGoesOn) {
  sender.set_max_chunk_payload(500);
  source.push(kBulk, message(5'000), {.stream = StreamId(1), .lifetime = 100ms});
  ASSERT_FALSE(packet().empty());
  realtime(300);
  now += 100ms;
  sender.abandon_stale(now);
  const auto sent = all();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].payload.size(), 300U);
  EXPECT_EQ(sender.backlog(), 0U);
}

TEST_F(DataSenderSourceTest, BundlesSmallMessages) {
  bulk(100, 20);
  EXPECT_EQ(packet().size(), 12U);
}

TEST_F(DataSenderSourceTest, PutsOnlyMessagesWithTheSameDscpIntoAPacket) {
  for (const int dscp : {10, 10, 46, 46, 46, 0})
    source.push(kBulk, message(100), {.stream = StreamId(1), .dscp = static_cast<std::uint8_t>(dscp)});
  for (const std::size_t count : {2U, 3U, 1U}) EXPECT_EQ(packet().size(), count);
  sender.outstanding().lose_all(a);
  for (const std::size_t count : {2U, 3U, 1U}) EXPECT_EQ(packet().size(), count) << "of what is sent again";
}

TEST_F(DataSenderSourceTest, LeavesMessagesWithAnotherDscpThanThatOfThePacket) {
  source.push(kBulk, message(100), {.stream = StreamId(1), .dscp = 46});
  std::array<std::byte, kRoom> room{};
  PacketBuilder other(room, {1, 2, VerificationTag{3}, 0}, nullptr);
  other.set_dscp(10);
  EXPECT_EQ(sender.fill(other, a, a.flight.sent.next(), now), 0U);
  PacketBuilder free(room, {1, 2, VerificationTag{3}, 0}, nullptr);
  EXPECT_EQ(sender.fill(free, a, a.flight.sent.next(), now), 100U);
  EXPECT_EQ(free.dscp(), 46);
}

TEST_F(DataSenderSourceTest, RefusesADscpThatDoesNotExist) {
  EXPECT_EQ(send(100, {.dscp = 64}), SendResult::invalid_message);
  EXPECT_EQ(send(100, {.dscp = 63}), SendResult::ok);
}

TEST_F(DataSenderSourceTest, KnowsTheExactSizeOfAMessageOnceItIsTaken) {
  bulk(100);
  EXPECT_EQ(sender.next_chunk_size(), kMaxPayload & ~std::size_t{3});
  EXPECT_TRUE(sender.prepare(now, a));
  EXPECT_EQ(sender.next_chunk_size(), 100U);
  EXPECT_EQ(source.left(), 0U);
}

TEST_F(DataSenderSourceTest, SendsRealtimeMessagesBeforeRetransmissionsOfBulkOnes) {
  bulk(1'400, 3);
  all();
  sender.outstanding().lose_all(a);
  bulk(1'400);
  realtime(200);
  realtime(200);
  EXPECT_EQ(streams(packet(&b)), (std::vector{2, 2}));
  const auto rest = all();
  EXPECT_EQ(streams(rest), (std::vector{1, 1, 1, 1}));
  EXPECT_EQ(rest[0].chunk.tsn, kFirstTsn);
}

TEST_F(DataSenderSourceTest, SendsALostRealtimeMessageAgainBeforeLostBulkOnes) {
  bulk(1'400, 2);
  all();
  realtime(200);
  all();
  sender.outstanding().lose_all(a);
  realtime(300);
  const auto sent = packet(&b);
  EXPECT_EQ(streams(sent), (std::vector{2, 2}));
  EXPECT_EQ(sent[0].payload.size(), 200U);
  EXPECT_EQ(streams(packet(&b)), std::vector{1});
}

TEST_F(DataSenderSourceTest, SendsUrgentMessagesFirstAndThoseOfTheApplicationBeforeBulkOnes) {
  bulk(100);
  send_on(3);
  realtime(100);
  sender.queue().push_urgent(message(100), {});
  EXPECT_EQ(streams(packet()), (std::vector{0, 2, 3, 1}));
}

TEST_F(DataSenderSourceTest, FinishesAMessageThatWasBegunBeforeARealtimeOne) {
  bulk(3'000);
  EXPECT_EQ(packet().size(), 1U);
  realtime(100);
  sender.outstanding().lose_all(a);
  const auto rest = all();
  // The lost first fragment is sent again behind the real-time message.
  EXPECT_EQ(streams(rest), (std::vector{1, 1, 2, 1}));
  EXPECT_EQ(rest[0].chunk.tsn, kFirstTsn + 1);
  EXPECT_EQ(rest[1].chunk.tsn, kFirstTsn + 2);
  EXPECT_TRUE(rest[1].chunk.end);
  EXPECT_EQ(rest[3].chunk.tsn, kFirstTsn);
}

TEST_F(DataSenderSourceTest, TakesNothingBeforeTheAssociationIsUpAndAfterItsEndBegins) {
  bulk(1'000, 3);
  packet();
  sender.queue().admit_source(false);
  EXPECT_TRUE(sender.has_data()) << "one was taken already";
  EXPECT_EQ(all().size(), 1U);
  EXPECT_EQ(source.left(), 1U);
  EXPECT_FALSE(sender.has_data());
  EXPECT_FALSE(sender.drained());
  sack(2);
  EXPECT_TRUE(sender.drained());
}

TEST_F(DataSenderSourceTest, IsStarvedOnlyWhenNothingWaitsAnywhere) {
  EXPECT_FALSE(sender.has_data());
  bulk(1'400);
  EXPECT_TRUE(sender.has_data());
  all();
  EXPECT_FALSE(sender.has_data());
  sender.outstanding().lose_all(a);
  EXPECT_TRUE(sender.has_data());
}

TEST_F(DataSenderSourceTest, AFullSendBufferKeepsBulkMessagesInTheSourceAndRealtimeOnesFlow) {
  bulk(1'400, 20);
  all();
  EXPECT_GE(sender.queued_bytes(), config.send_buffer);
  EXPECT_LT(sender.queued_bytes(), config.send_buffer + 1'400);
  EXPECT_EQ(source.left(), 12U);
  EXPECT_FALSE(sender.ready());
  EXPECT_TRUE(sender.has_data());
  realtime(100);
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(streams(all()), std::vector{2});
}

TEST_F(DataSenderSourceTest, DropsAndCountsMessagesThatBreakTheLimits) {
  source.push(kBulk, message(100), {.stream = StreamId(kStreams)});
  source.push(kBulk, Buffer(), {.stream = StreamId(1)});
  source.push(kBulk, message(50'001), {.stream = StreamId(1)});
  bulk(100);
  EXPECT_EQ(all().size(), 1U);
  EXPECT_EQ(sender.messages_refused(), 3U);
  EXPECT_EQ(sender.messages_accepted(), 1U);
  sack(1);
  EXPECT_EQ(sender.queued_bytes(), 0U);
  EXPECT_EQ(pool.in_use(), 0U);
}

// A source whose last message leaves out of turn.
class OutOfTurnSource final : public MessageSource {
 public:
  explicit OutOfTurnSource(BufferPool& pool) : pool_(pool) {}
  [[nodiscard]] bool waiting(TrafficClass traffic_class) const override {
    return traffic_class == kBulk && first != end;
  }
  [[nodiscard]] std::size_t waiting_bytes() const override { return (end - first) * std::size_t{1000}; }
  [[nodiscard]] bool next(Timestamp /*now*/, TrafficClass /*traffic_class*/, OutgoingMessage& out) override {
    return give(first++, out);
  }
  [[nodiscard]] bool next_behind(Timestamp /*now*/, std::size_t bytes, OutgoingMessage& out) override {
    asked = bytes;
    passed = true;
    out.ahead = --end - first;
    return give(end, out);
  }
  [[nodiscard]] bool waiting_behind() const override { return !passed; }

  unsigned first = 0;
  unsigned end = 6;
  std::size_t asked = 0;
  bool passed = false;

 private:
  bool give(unsigned number, OutgoingMessage& out) {
    out.message = pool_.acquire(1400);
    std::ranges::fill(out.message.bytes(), static_cast<std::byte>(number));
    out.options = {.stream = StreamId(1)};
    return true;
  }
  BufferPool& pool_;
};

TEST_F(DataSenderSourceTest, ASlowPathGetsAMessageOutOfTurnWithItsPlaceInTheStream) {
  OutOfTurnSource waiting(pool);
  sender.queue().set_source(&waiting);
  b.lead = 7'000;
  const auto slow = packet(&b);
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(waiting.asked, 7'000U);
  EXPECT_EQ(slow[0].chunk.ssn, Ssn{5});
  EXPECT_EQ(slow[0].chunk.tsn, kFirstTsn) << "the TSN is that of its turn";
  for (std::uint16_t i = 0; i < 5; ++i) EXPECT_EQ(packet(&a).at(0).chunk.ssn, Ssn{i});
  EXPECT_TRUE(packet(&a).empty());
  waiting.end = 7;
  EXPECT_EQ(packet(&a).at(0).chunk.ssn, Ssn{6});
}

TEST_F(DataSenderSourceTest, ASlowPathGetsNothingThatWouldHaveToWaitForIt) {
  OutOfTurnSource waiting(pool);
  waiting.passed = true;
  sender.queue().set_source(&waiting);
  b.lead = 7'000;
  EXPECT_TRUE(sender.queue().none_behind());
  EXPECT_FALSE(sender.prepare(now, b));
  EXPECT_TRUE(packet(&b).empty());
  EXPECT_TRUE(sender.prepare(now, a));
  EXPECT_FALSE(sender.queue().none_behind()) << "the next message has left the source";
}

TEST_F(DataSenderSourceTest, SendsNothingWhenAllThatWaitedWasStale) {
  bulk(100, 3);
  realtime(100);
  source.make_stale();
  EXPECT_TRUE(sender.ready());
  EXPECT_FALSE(sender.prepare(now, a));
  EXPECT_TRUE(packet().empty());
  EXPECT_FALSE(sender.has_data());
}

TEST_F(DataSenderSourceTest, AWindowOfThePeerThatIsFullKeepsMessagesInTheSource) {
  sender.on_established(kStreams, 3'000);
  bulk(1'400, 5);
  EXPECT_EQ(all().size(), 2U);
  EXPECT_EQ(source.left(), 3U);
  EXPECT_FALSE(sender.ready());
}

}  // namespace
}  // namespace hawser::sctp::tx
