#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"

// Packets that belong to no association: RFC 9260 §8.4.

namespace hawser::sctp::endpoint {
namespace {

using test::Craft;
using test::Datagram;
using test::EndpointPair;
using wire::ChunkType;

constexpr VerificationTag kStrangeTag{0x1234'5678};

class OutOfTheBlueTest : public ::testing::Test {
 protected:
  std::vector<Datagram> receive(Craft& packet) { return pair.to_server(packet.take()); }
  void expect_silence(Craft& packet) {
    EXPECT_TRUE(receive(packet).empty());
    EXPECT_EQ(pair.server.drops(DropReason::out_of_the_blue), ++expected_drops_);
  }
  // Expects one packet with one chunk and the reflected tag, to the source of the packet.
  void expect_reflected(Craft& packet, ChunkType type) {
    auto answer = receive(packet);
    ++expected_drops_;
    ASSERT_EQ(answer.size(), 1U);
    const auto chunks = test::chunks_of(answer[0].bytes);
    ASSERT_EQ(chunks.size(), 1U);
    EXPECT_TRUE(chunks[0].is(type));
    EXPECT_EQ(chunks[0].flags & 1, 1) << "the T bit";
    EXPECT_EQ(test::tag_in(answer[0]), kStrangeTag);
    EXPECT_EQ(answer[0].route, pair.server_route());
    EXPECT_TRUE(wire::checksum_ok(answer[0].bytes));
  }

  EndpointPair pair;

 private:
  std::uint64_t expected_drops_ = 0;
};

TEST_F(OutOfTheBlueTest, DataIsAnsweredByAbort) {
  constexpr std::byte kText[] = {std::byte{'x'}};
  expect_reflected(Craft(kStrangeTag).add(wire::DataChunk{.begin = true, .end = true, .payload = kText}),
                   ChunkType::kAbort);
}

TEST_F(OutOfTheBlueTest, AnythingElseIsAnsweredByAbort) {
  expect_reflected(Craft(kStrangeTag).add(wire::HeartbeatChunk{}), ChunkType::kAbort);
  expect_reflected(Craft(kStrangeTag).add(wire::ShutdownChunk{Tsn{5}}), ChunkType::kAbort);
  expect_reflected(Craft(kStrangeTag).unknown(0xFE), ChunkType::kAbort);
}

TEST_F(OutOfTheBlueTest, AnErrorIsAnsweredUnlessItReportsAStaleCookie) {
  test::ByteVector causes(8);
  ByteWriter writer(causes);
  wire::StaleCookieCause{10}.write(writer);
  expect_silence(Craft(kStrangeTag).add(wire::ErrorChunk{causes}));
  expect_reflected(Craft(kStrangeTag).add(wire::ErrorChunk{}), ChunkType::kAbort);
}

TEST_F(OutOfTheBlueTest, ShutdownAckIsAnsweredByShutdownComplete) {
  expect_reflected(Craft(kStrangeTag).add(wire::ShutdownAckChunk{}), ChunkType::kShutdownComplete);
  expect_reflected(Craft(kStrangeTag).add(wire::ShutdownChunk{Tsn{1}}).add(wire::ShutdownAckChunk{}),
                   ChunkType::kShutdownComplete);
}

TEST_F(OutOfTheBlueTest, AbortIsNeverAnswered) {
  expect_silence(Craft(kStrangeTag).add(wire::AbortChunk{false, {}}));
  expect_silence(Craft(kStrangeTag).add(wire::AbortChunk{true, {}}));
  expect_silence(Craft(kStrangeTag).add(wire::ShutdownAckChunk{}).add(wire::AbortChunk{false, {}}));
}

TEST_F(OutOfTheBlueTest, AnswersAreNeverAnswered) {
  expect_silence(Craft(kStrangeTag).add(wire::ShutdownCompleteChunk{false}));
  expect_silence(Craft(kStrangeTag).add(wire::ShutdownCompleteChunk{true}));
  expect_silence(Craft(kStrangeTag).add(wire::CookieAckChunk{}));
  expect_silence(Craft(kStrangeTag).add(wire::HeartbeatChunk{true, {}}));
  expect_silence(Craft(kStrangeTag).add(test::InitByHand{.ack = true}.chunk()));
}

TEST_F(OutOfTheBlueTest, BrokenChunksAreNotAnswered) {
  constexpr std::byte kZeroLength[] = {std::byte{0x3F}, std::byte{0}, std::byte{0}, std::byte{0}};
  expect_silence(Craft(kStrangeTag).add(wire::HeartbeatChunk{}).raw(kZeroLength));
  Craft first(kStrangeTag);
  EXPECT_TRUE(receive(first.raw(kZeroLength)).empty());
}

TEST_F(OutOfTheBlueTest, APacketWithoutChunksIsNotAnswered) {
  Craft empty(kStrangeTag);
  EXPECT_TRUE(receive(empty).empty());
}

TEST_F(OutOfTheBlueTest, ImpossibleSourcesAreNotAnswered) {
  const auto packet = Craft(kStrangeTag).add(wire::HeartbeatChunk{}).take();
  for (const std::uint32_t ip : {0xE000'0001U, 0xFFFF'FFFFU, 0U}) {
    Route route = pair.server_route();
    route.remote.ip = IpAddress::v4(ip);
    pair.server.deliver(pair.now, {route, packet});
  }
  Route no_port = pair.server_route();
  no_port.remote.port = 0;
  pair.server.deliver(pair.now, {no_port, packet});
  EXPECT_TRUE(pair.server.poll(pair.now).empty());
  EXPECT_EQ(pair.server.drops(DropReason::bad_source_address), 4U);
}

TEST_F(OutOfTheBlueTest, AnAnswerIsNotLargerThanThePacket) {
  Craft question(kStrangeTag);
  question.add(wire::HeartbeatChunk{});
  const std::size_t size = question.take().size();
  const auto answer = receive(question);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_LE(answer[0].bytes.size(), size);
}

TEST_F(OutOfTheBlueTest, AFloodIsAnsweredWithinBounds) {
  const auto packet = Craft(kStrangeTag).add(wire::HeartbeatChunk{}).take();
  for (int i = 0; i < 5'000; ++i) pair.server.deliver(pair.now, {pair.server_route(), packet});
  EXPECT_LE(pair.server.poll(pair.now).size(), 1'000U);
  EXPECT_GT(pair.server.drops(DropReason::amplification_limit), 0U);
  EXPECT_EQ(pair.server.pool.in_use(), 0U);
}

TEST_F(OutOfTheBlueTest, ShutdownAckForAnAssociationThatIsBeingSetUpIsAnsweredAndSetsNothingBack) {
  pair.lost_to_client = [](const Datagram&) { return true; };
  pair.begin();
  pair.carry();
  pair.learn();
  const auto answer = pair.to_client(pair.from_server().add(wire::ShutdownAckChunk{}).take());
  ASSERT_EQ(answer.size(), 1U);
  const auto complete = test::find_chunk(answer[0].bytes, ChunkType::kShutdownComplete);
  ASSERT_TRUE(complete.has_value());
  EXPECT_EQ(complete->flags & 1, 1);
  EXPECT_EQ(test::tag_in(answer[0]), pair.client_tag);
  pair.lost_to_client = {};
  pair.run(std::chrono::seconds(5));
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
}

}  // namespace
}  // namespace hawser::sctp::endpoint
