#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"

// Chunks that a live association must ignore or answer, or that end it.

namespace hawser::sctp::association {
namespace {

using namespace std::chrono_literals;
using test::causes_of;
using test::code;
using test::Craft;
using test::Datagram;
using test::EndpointPair;
using test::find_chunk;
using test::find_with;
using wire::CauseCode;
using wire::ChunkType;

constexpr std::byte kText[] = {std::byte{'x'}};

class AssociationChunksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair.connect();
    pair.run(1s);
  }
  [[nodiscard]] wire::DataChunk data(std::uint32_t offset = 0) const {
    return {.unordered = true, .begin = true, .end = true, .tsn = pair.client_tsn + offset, .payload = kText};
  }
  // The causes of the first ERROR or ABORT among the answers.
  static std::vector<std::uint16_t> causes(const std::vector<Datagram>& answers, ChunkType type) {
    const Datagram* datagram = find_with(answers, type);
    return datagram == nullptr ? std::vector<std::uint16_t>{} : causes_of(*find_chunk(datagram->bytes, type));
  }

  EndpointPair pair;
};

TEST_F(AssociationChunksTest, UnknownChunksAreTreatedAsTheirHighestBitsRequire) {
  struct Case {
    std::uint8_t type;
    bool stops;
    bool reported;
  };
  std::uint32_t offset = 0;
  std::size_t delivered = 0;
  for (const Case& each :
       {Case{0x3E, true, false}, Case{0x7E, true, true}, Case{0xBE, false, false}, Case{0xFE, false, true}}) {
    const auto answer = pair.to_server(pair.from_client().unknown(each.type).add(data(offset)).take());
    delivered += each.stops ? 0 : 1;
    offset += each.stops ? 0 : 1;
    EXPECT_EQ(pair.server.messages.size(), delivered) << int{each.type};
    const auto seen = causes(answer, ChunkType::kError);
    EXPECT_EQ(seen, each.reported ? std::vector{code(CauseCode::kUnrecognizedChunkType)}
                                  : std::vector<std::uint16_t>{})
        << int{each.type};
  }
  EXPECT_EQ(pair.server.drops(DropReason::unknown_chunk), 4U);
}

TEST_F(AssociationChunksTest, TheReportOfAnUnknownChunkQuotesIt) {
  const auto answer = pair.to_server(pair.from_client().unknown(0xFE, 8).take());
  const auto error = wire::ErrorChunk::parse(*find_chunk(answer.at(0).bytes, ChunkType::kError));
  const auto cause = error->cause_reader().next();
  ASSERT_EQ(cause->value.size(), 12U);
  EXPECT_EQ(cause->value[0], std::byte{0xFE});
  EXPECT_EQ(answer[0].bytes.size() % 4, 0U);
}

TEST_F(AssociationChunksTest, AZeroLengthChunkEndsThePacketAndNothingElse) {
  constexpr std::byte kZeroLength[] = {std::byte{0xFE}, std::byte{0}, std::byte{0}, std::byte{0}};
  pair.to_server(pair.from_client().add(data()).raw(kZeroLength).add(data(1)).take());
  EXPECT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.drops(DropReason::malformed_chunk), 1U);
  EXPECT_EQ(pair.server_status().state, AssociationState::established);
}

TEST_F(AssociationChunksTest, AChunkLongerThanThePacketEndsThePacket) {
  constexpr std::byte kTooLong[] = {std::byte{0}, std::byte{3}, std::byte{1}, std::byte{0}};
  pair.to_server(pair.from_client().add(data()).raw(kTooLong).take());
  EXPECT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.drops(DropReason::malformed_chunk), 1U);
}

TEST_F(AssociationChunksTest, DataWithoutUserDataIsAbortedWithItsTsn) {
  auto empty = data();
  empty.payload = {};
  const auto answer = pair.to_server(pair.from_client().add(empty).take());
  const Datagram* datagram = find_with(answer, ChunkType::kAbort);
  ASSERT_NE(datagram, nullptr);
  const auto abort = wire::AbortChunk::parse(*find_chunk(datagram->bytes, ChunkType::kAbort));
  const auto cause = wire::NoUserDataCause::parse(*abort->cause_reader().next());
  ASSERT_TRUE(cause.has_value()) << "the cause has its own format (RFC 9260 §3.3.10.9)";
  EXPECT_EQ(cause->tsn, pair.client_tsn);
  EXPECT_EQ(pair.server.last(Event::Kind::aborted)->cause, code(CauseCode::kNoUserData));
}

TEST_F(AssociationChunksTest, DataForAStreamThatDoesNotExistIsAcknowledgedAndReported) {
  auto wrong = data();
  wrong.stream = StreamId{5'000};
  const auto answer = pair.to_server(pair.from_client().add(wrong).take());
  const Datagram* datagram = find_with(answer, ChunkType::kError);
  ASSERT_NE(datagram, nullptr);
  const auto error = wire::ErrorChunk::parse(*find_chunk(datagram->bytes, ChunkType::kError));
  const auto cause = wire::InvalidStreamCause::parse(*error->cause_reader().next());
  ASSERT_TRUE(cause.has_value());
  EXPECT_EQ(cause->stream, StreamId{5'000});
  pair.to_server(pair.from_client().add(data(1)).take());
  EXPECT_EQ(pair.server.messages.size(), 1U) << "the TSN counts as received";
}

TEST_F(AssociationChunksTest, FragmentsThatContradictEachOtherAbort) {
  auto first = data();
  first.end = false;
  auto second = data(1);  // begins again in the middle of a message
  pair.to_server(pair.from_client().add(first).take());
  const auto answer = pair.to_server(pair.from_client().add(second).take());
  EXPECT_EQ(causes(answer, ChunkType::kAbort), std::vector{code(CauseCode::kProtocolViolation)});
}

TEST_F(AssociationChunksTest, AnAbortReportsItsCause) {
  std::vector<std::byte> raw(64);
  ByteWriter writer(raw);
  wire::write_cause(writer, CauseCode::kProtocolViolation, kText);
  pair.to_server(pair.from_client().add(wire::AbortChunk{false, writer.written()}).take());
  ASSERT_EQ(pair.server.count(Event::Kind::aborted), 1);
  EXPECT_EQ(pair.server.last(Event::Kind::aborted)->cause, code(CauseCode::kProtocolViolation));
}

TEST_F(AssociationChunksTest, AnAbortWithBrokenCausesStillAborts) {
  constexpr std::byte kBroken[] = {std::byte{0}, std::byte{13}, std::byte{0}, std::byte{99}};
  pair.to_server(pair.from_client().add(wire::AbortChunk{false, kBroken}).take());
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST_F(AssociationChunksTest, NothingAfterAnAbortIsProcessed) {
  pair.to_server(pair.from_client().add(wire::AbortChunk{false, {}}).add(data()).take());
  EXPECT_TRUE(pair.server.messages.empty());
}

TEST_F(AssociationChunksTest, OurOwnAbortContainsItsReason) {
  pair.client.endpoint.abort(pair.now, pair.client_id, "enough");
  pair.carry();
  ASSERT_EQ(pair.server.count(Event::Kind::aborted), 1);
  EXPECT_EQ(pair.server.last(Event::Kind::aborted)->cause, code(CauseCode::kUserInitiatedAbort));
  EXPECT_EQ(pair.client.count(Event::Kind::aborted), 1);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
}

TEST_F(AssociationChunksTest, AnAbortWithALongReasonFitsAPacket) {
  pair.client.endpoint.abort(pair.now, pair.client_id, std::string(100'000, 'x'));
  pair.carry();
  EXPECT_EQ(pair.server.count(Event::Kind::aborted), 1);
}

TEST_F(AssociationChunksTest, HandshakeChunksOutOfTimeAreIgnored) {
  pair.to_server(pair.from_client().add(wire::CookieAckChunk{}).take());
  pair.to_client(pair.from_server().add(wire::CookieAckChunk{}).take());
  pair.to_client(pair.from_server().add(test::InitByHand{.ack = true}.chunk()).take());
  EXPECT_EQ(pair.client.drops(DropReason::duplicate_handshake), 2U);
  EXPECT_TRUE(pair.works());
}

TEST_F(AssociationChunksTest, AnAsconfWithoutAuthIsDroppedSilently) {
  std::vector<std::byte> raw(64);
  ByteWriter writer(raw);
  wire::AsconfRequest{wire::ParameterType::kAddIpAddress, 1, IpAddress::any_v4()}.write(writer);
  const wire::AsconfChunk asconf{pair.client_tsn.value(), IpAddress::any_v4(), writer.written()};
  EXPECT_TRUE(pair.to_server(pair.from_client().add(asconf).take(), 2).empty());
  EXPECT_EQ(pair.server.drops(DropReason::unauthenticated_chunk), 1U);
  EXPECT_EQ(pair.server_status().paths.size(), 1U);
}

TEST_F(AssociationChunksTest, AnAsconfUnderAWrongDigestIsDroppedWithWhatFollows) {
  const test::ByteVector digest(32);
  const wire::AsconfChunk asconf{pair.client_tsn.value(), IpAddress::any_v4(), {}};
  const auto answer =
      pair.to_server(pair.from_client().add(wire::AuthChunk{0, 3, digest}).add(asconf).add(data()).take());
  EXPECT_EQ(find_with(answer, ChunkType::kAsconfAck), nullptr);
  EXPECT_EQ(pair.server.drops(DropReason::bad_auth), 1U);
  EXPECT_TRUE(pair.server.messages.empty()) << "chunks after an invalid AUTH are dropped (RFC 4895 §6.3)";
}

TEST_F(AssociationChunksTest, AnAuthWithAnAlgorithmThatWasNotOfferedIsReported) {
  const test::ByteVector digest(16);
  const auto answer =
      pair.to_server(pair.from_client().add(wire::AuthChunk{0, 2, digest}).add(data()).take());
  EXPECT_TRUE(pair.server.messages.empty()) << "all chunks after it are discarded (RFC 4895 §6.3)";
  const Datagram* datagram = find_with(answer, ChunkType::kError);
  ASSERT_NE(datagram, nullptr);
  const auto error = wire::ErrorChunk::parse(*find_chunk(datagram->bytes, ChunkType::kError));
  const auto cause = wire::UnsupportedHmacCause::parse(*error->cause_reader().next());
  ASSERT_TRUE(cause.has_value());
  EXPECT_EQ(cause->identifier, 2U);
}

TEST_F(AssociationChunksTest, AHeartbeatIsAnsweredWithItsInformation) {
  const test::ByteVector info(40, std::byte{0x21});
  const auto answer = pair.to_server(pair.from_client().add(wire::HeartbeatChunk{false, info}).take());
  ASSERT_EQ(answer.size(), 1U);
  const auto ack = wire::HeartbeatChunk::parse(*find_chunk(answer[0].bytes, ChunkType::kHeartbeatAck));
  EXPECT_EQ(test::ByteVector(ack->info.begin(), ack->info.end()), info);
}

TEST_F(AssociationChunksTest, AHeartbeatFromAnUnknownAddressIsNotAnswered) {
  EXPECT_TRUE(pair.to_server(pair.from_client().add(wire::HeartbeatChunk{false, kText}).take(), 3).empty());
  EXPECT_EQ(pair.server.drops(DropReason::unknown_source), 1U);
}

TEST_F(AssociationChunksTest, AnUnexpectedHeartbeatAckValidatesNothing) {
  const test::ByteVector info(20);
  pair.to_server(pair.from_client().add(wire::HeartbeatChunk{true, info}).take());
  pair.to_server(pair.from_client().add(wire::HeartbeatChunk{true, {}}).take());
  EXPECT_EQ(pair.server.drops(DropReason::bad_heartbeat_ack), 2U);
}

TEST_F(AssociationChunksTest, PaddingChunksAreIgnored) {
  pair.to_server(pair.from_client().unknown(132, 100).add(data()).take());
  EXPECT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.drops(DropReason::unknown_chunk), 0U);
}

TEST_F(AssociationChunksTest, SeveralControlChunksShareAPacket) {
  const auto answer = pair.to_server(
      pair.from_client().add(wire::HeartbeatChunk{false, kText}).unknown(0xFE).add(data()).take());
  const Datagram* datagram = find_with(answer, ChunkType::kHeartbeatAck);
  ASSERT_NE(datagram, nullptr);
  EXPECT_TRUE(test::contains(*datagram, ChunkType::kError));
}

}  // namespace
}  // namespace hawser::sctp::association
