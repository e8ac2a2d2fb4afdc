#include "unit/sctp/support/data_sender_support.hpp"

namespace hawser::sctp::tx {
namespace {

TEST_F(DataSenderTest, RefusesMessagesItCannotSend) {
  EXPECT_EQ(send(0), SendResult::invalid_message);
  EXPECT_EQ(send(50'001), SendResult::invalid_message);
  EXPECT_EQ(send_on(kStreams), SendResult::invalid_stream);
  EXPECT_EQ(sender.queued_bytes(), 0U);
  EXPECT_TRUE(sender.drained());
}

TEST_F(DataSenderTest, LeavesARefusedMessageWithTheCaller) {
  Buffer buffer = message(100, 7);
  EXPECT_EQ(sender.enqueue(now, std::move(buffer), {.stream = StreamId(99)}), SendResult::invalid_stream);
  ASSERT_EQ(buffer.size(), 100U);
  EXPECT_EQ(buffer.bytes()[50], std::byte{7});
}

TEST_F(DataSenderTest, BlocksWhenTheBufferIsFullAndReportsOnceWhenHalfIsFree) {
  EXPECT_EQ(send(6'000), SendResult::ok);
  EXPECT_EQ(send(4'001), SendResult::would_block);
  EXPECT_EQ(send(4'000), SendResult::ok);
  EXPECT_EQ(sender.space(), 0U);
  EXPECT_FALSE(sender.take_writable());
  const auto sent = all();
  sack(2);
  EXPECT_FALSE(sender.take_writable()) << "less than half is free";
  sack(static_cast<std::uint32_t>(sent.size()));
  EXPECT_TRUE(sender.take_writable());
  EXPECT_FALSE(sender.take_writable());
  EXPECT_EQ(sender.space(), 10'000U);
  EXPECT_TRUE(sender.drained());
}

TEST_F(DataSenderTest, AnEmptyBufferTakesAMessageLargerThanItself) {
  EXPECT_EQ(send(40'000), SendResult::ok);
  EXPECT_EQ(send(1), SendResult::would_block);
}

TEST_F(DataSenderTest, BundlesSmallMessagesIntoOnePacket) {
  for (int i = 0; i < 5; ++i) send(100);
  const auto sent = packet();
  ASSERT_EQ(sent.size(), 5U);
  for (const Sent& each : sent) {
    EXPECT_TRUE(each.chunk.begin);
    EXPECT_TRUE(each.chunk.end);
    EXPECT_EQ(each.payload.size(), 100U);
  }
  EXPECT_EQ(sent.front().chunk.tsn, kFirstTsn);
  EXPECT_EQ(sent.back().chunk.tsn, kFirstTsn + 4);
}

TEST_F(DataSenderTest, DoesNotSplitAMessageThatFitsTheNextPacket) {
  send(1'000);
  send(1'000);
  EXPECT_EQ(packet().size(), 1U);
  const auto second = packet();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].payload.size(), 1'000U);
}

TEST_F(DataSenderTest, FragmentsALargeMessageIntoConsecutiveTsnsWithOneSsn) {
  Buffer large = message(5'000);
  for (std::size_t i = 0; i < 5'000; ++i) large.bytes()[i] = static_cast<std::byte>(i % 251);
  sender.enqueue(now, std::move(large), {.stream = StreamId(2), .ppid = Ppid(77), .immediate_sack = true});
  send_on(2);
  const auto sent = all();
  ASSERT_EQ(sent.size(), 5U);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const wire::DataChunk& chunk = sent[i].chunk;
    EXPECT_EQ(chunk.begin, i == 0);
    EXPECT_EQ(chunk.end, i == 3);
    EXPECT_EQ(chunk.immediate, i == 3) << "the I bit belongs to the last fragment";
    EXPECT_EQ(chunk.tsn, kFirstTsn + static_cast<std::uint32_t>(i));
    EXPECT_EQ(chunk.stream, StreamId{2});
    EXPECT_EQ(chunk.ssn, Ssn{0});
    EXPECT_EQ(chunk.ppid, Ppid{77});
    for (const std::byte byte : sent[i].payload) EXPECT_EQ(byte, static_cast<std::byte>(offset++ % 251));
  }
  EXPECT_EQ(offset, 5'000U);
  EXPECT_EQ(sent[4].chunk.ssn, Ssn{1});
}

TEST_F(DataSenderTest, CountsStreamSequenceNumbersPerStream) {
  for (const int stream : {0, 1, 0, 1, 1}) send_on(static_cast<std::uint16_t>(stream));
  const auto sent = all();
  ASSERT_EQ(sent.size(), 5U);
  const std::array<std::uint16_t, 5> expected = {0, 0, 1, 1, 2};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(sent[i].chunk.ssn, Ssn{expected[i]}) << i;
}

TEST_F(DataSenderTest, UnorderedMessagesTakeNoStreamSequenceNumber) {
  send_on(0);
  send(100, {.stream = StreamId(0), .unordered = true});
  send_on(0);
  const auto sent = all();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_FALSE(sent[0].chunk.unordered);
  EXPECT_TRUE(sent[1].chunk.unordered);
  EXPECT_EQ(sent[2].chunk.ssn, Ssn{1});
}

TEST_F(DataSenderTest, SendsNoMoreThanThePeersWindowHolds) {
  sender.on_established(kStreams, 2'500);
  for (int i = 0; i < 4; ++i) send(1'000);
  EXPECT_EQ(all().size(), 2U);
  EXPECT_FALSE(sender.ready());
  sack(2, 2'500);
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(all().size(), 2U);
}

TEST_F(DataSenderTest, FlightCountsAgainstTheAdvertisedWindow) {
  for (int i = 0; i < 6; ++i) send(1'000);
  ASSERT_EQ(packet().size() + packet().size(), 2U);
  sack(1, 1'500);  // one more is in flight, so 500 bytes are left
  EXPECT_FALSE(sender.ready());
  sack(2, 1'500);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(DataSenderTest, ProbesAClosedWindowWithOneChunkWhenNothingIsInFlight) {
  for (int i = 0; i < 4; ++i) send(1'000);
  packet();
  EXPECT_FALSE(sender.probing_window());
  sack(1, 0);
  EXPECT_EQ(all().size(), 1U);
  EXPECT_TRUE(sender.probing_window());
  sack(2, 1'000'000);
  all();
  EXPECT_FALSE(sender.probing_window());
}

TEST_F(DataSenderTest, RetransmitsBeforeAnythingNewIsSent) {
  send_on(1, 1'000);
  send_on(1, 1'000);
  all();
  sender.outstanding().lose_all(a);
  send_on(1, 100);
  const auto sent = packet(&b);
  ASSERT_EQ(sent.size(), 1U) << "the second one fills the next packet";
  EXPECT_EQ(sent[0].chunk.tsn, kFirstTsn);
  EXPECT_EQ(b.counters.data_chunks_retransmitted, 1U);
  const auto rest = packet(&b);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].chunk.tsn, kFirstTsn + 1);
  EXPECT_EQ(rest[1].chunk.tsn, kFirstTsn + 2);
  EXPECT_EQ(b.counters.data_chunks_sent, 1U);
}

TEST_F(DataSenderTest, ARetransmissionIsTheSameChunkAgain) {
  Buffer original = message(800, 42);
  sender.enqueue(now, std::move(original), {.stream = StreamId(3), .ppid = Ppid(9), .unordered = true});
  const auto first = packet();
  sender.outstanding().lose_all(a);
  const auto again = packet(&b);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].chunk.tsn, first[0].chunk.tsn);
  EXPECT_EQ(again[0].chunk.stream, StreamId{3});
  EXPECT_EQ(again[0].chunk.ppid, Ppid{9});
  EXPECT_TRUE(again[0].chunk.unordered);
  EXPECT_EQ(again[0].payload, first[0].payload);
}

TEST_F(DataSenderTest, ASackOlderThanAnEarlierOneIsStaleAndMovesNoWindow) {
  for (int i = 0; i < 3; ++i) send(100);
  all();
  EXPECT_EQ(sack(2, 5'000), Verdict::advanced);
  EXPECT_EQ(sack(1, 9'999), Verdict::stale);
  EXPECT_EQ(sender.peer_window(), 5'000U);
}

TEST_F(DataSenderTest, ASackForTsnsNeverSentIsInvalidAndChangesNothing) {
  for (int i = 0; i < 3; ++i) send(100);
  all();
  EXPECT_EQ(sack(4, 1), Verdict::invalid);
  EXPECT_EQ(sack(0, 1, {{2, 9}}), Verdict::invalid);
  EXPECT_EQ(sack(0, 1, {}, {{3, 2}}), Verdict::invalid);
  EXPECT_EQ(sack(0x7000'0000, 1), Verdict::invalid) << "half a number space ahead";
  EXPECT_EQ(sender.queued_bytes(), 300U);
  EXPECT_EQ(sender.peer_window(), 1'000'000U);
  EXPECT_EQ(sack(3), Verdict::advanced);
}

TEST_F(DataSenderTest, ASackThatBringsNothingStillMovesTheWindow) {
  send(100);
  all();
  EXPECT_EQ(sack(0, 4'000), Verdict::nothing_new);
  EXPECT_EQ(sender.peer_window(), 4'000U);
}

TEST_F(DataSenderTest, TheCumulativeTsnOfAShutdownAcknowledgesToo) {
  send(100);
  send(100);
  all();
  EXPECT_EQ(sender.on_cumulative(kFirstTsn, paths, now), Verdict::advanced);
  EXPECT_FALSE(sender.drained());
  EXPECT_EQ(sender.on_cumulative(kFirstTsn + 5, paths, now), Verdict::invalid);
  EXPECT_EQ(sender.on_cumulative(kFirstTsn + 1, paths, now), Verdict::advanced);
  EXPECT_TRUE(sender.drained());
  EXPECT_EQ(sender.peer_window(), 1'000'000U) << "a SHUTDOWN does not change the window";
}

TEST_F(DataSenderTest, NonRenegableBlocksMakeRoomInTheSendBufferAtOnce) {
  for (int i = 0; i < 9; ++i) send(1'000);
  all();
  EXPECT_EQ(sender.space(), 1'000U);
  sack(0, 1'000'000, {{2, 5}});
  EXPECT_EQ(sender.space(), 1'000U) << "renegable: still held";
  sack(0, 1'000'000, {}, {{2, 9}});
  EXPECT_EQ(sender.space(), 9'000U);
}

TEST_F(DataSenderTest, BacklogCountsWhatWasNotTransmittedYet) {
  send(1'000);
  send(1'000);
  EXPECT_EQ(sender.backlog(), 2'000U);
  packet();
  EXPECT_EQ(sender.backlog(), 1'000U);
  EXPECT_EQ(sender.queued_bytes(), 2'000U);
  sack(1);
  EXPECT_EQ(sender.queued_bytes(), 1'000U);
}

TEST_F(DataSenderTest, ReturnsEveryBufferToThePoolInTheEnd) {
  for (int i = 0; i < 3; ++i) send(3'000);
  const auto sent = all();
  sack(static_cast<std::uint32_t>(sent.size()));
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(DataSenderTest, SpreadsAsManyMessagesOverItsStreamsAsGapOffsetsAllow) {
  config.send_buffer = 4U << 20;
  DataSender wide(config, pool, kFirstTsn);
  wide.on_established(kStreams, 4U << 20);
  wide.set_max_chunk_payload(kMaxPayload);
  const auto leave = [&](std::size_t messages, std::size_t streams) {
    for (std::size_t i = 0; i < messages; ++i) {
      const StreamId stream(static_cast<std::uint16_t>(i % streams));
      ASSERT_EQ(wide.enqueue(now, message(1), {.stream = stream}), SendResult::ok);
    }
    std::array<std::byte, kRoom> room{};
    for (std::size_t added = 1; added != 0;) {
      PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
      added = wide.fill(builder, a, a.flight.sent.next(), now);
      if (added != 0) a.flight.on_sent(now, builder.finish(), 0);
    }
  };
  leave(70'000, 4);
  EXPECT_EQ(wide.outstanding().flight_chunks(), 65'535U);
}

TEST_F(DataSenderTest, KeepsTheNumbersOfOneStreamUnambiguous) {
  config.send_buffer = 4U << 20;
  DataSender wide(config, pool, kFirstTsn);
  wide.on_established(kStreams, 4U << 20);
  wide.set_max_chunk_payload(kMaxPayload);
  for (int i = 0; i < 60'000; ++i) ASSERT_EQ(wide.enqueue(now, message(1), {}), SendResult::ok);
  const auto leave = [&] {
    std::array<std::byte, kRoom> room{};
    for (std::size_t added = 1; added != 0;) {
      PacketBuilder builder(room, {1, 2, VerificationTag{3}, 0}, nullptr);
      added = wide.fill(builder, a, a.flight.sent.next(), now);
      if (added != 0) a.flight.on_sent(now, builder.finish(), 0);
    }
  };
  leave();
  EXPECT_EQ(wide.outstanding().flight_chunks(), 32'768U) << "an SSN has 16 bits";
  // Everything but the first message has arrived.
  const Gaps gaps({{2, 32'768}});
  const wire::SackFields fields{.cumulative_tsn = kFirstTsn + 0xFFFF'FFFFU, .a_rwnd = 4U << 20};
  EXPECT_EQ(wide.on_sack({fields, {}, gaps.list(), {}}, paths, now), Verdict::advanced);
  leave();
  EXPECT_EQ(wide.outstanding().flight_chunks(), 1U);
  const wire::SackFields all{.cumulative_tsn = kFirstTsn + 32'767, .a_rwnd = 4U << 20};
  EXPECT_EQ(wide.on_sack({all, {}, {}, {}}, paths, now), Verdict::advanced);
  leave();
  EXPECT_EQ(wide.outstanding().flight_chunks(), 60'000U - 32'768U);
}

}  // namespace
}  // namespace hawser::sctp::tx
