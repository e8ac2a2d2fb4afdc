#include <gtest/gtest.h>

#include "unit/sctp/support/endpoint_pair.hpp"

// Which verification tag is legal for which chunk: RFC 9260 §8.5.

namespace hawser::sctp::endpoint {
namespace {

using namespace std::chrono_literals;
using test::Craft;
using test::EndpointPair;
using test::find_with;
using wire::AbortChunk;
using wire::ChunkType;
using wire::ShutdownCompleteChunk;

class VerificationTagTest : public ::testing::Test {
 protected:
  void SetUp() override { pair.connect(); }
  [[nodiscard]] bool alive() const { return pair.server.endpoint.association_count() == 1; }
  // The server waits for SHUTDOWN COMPLETE.
  void bring_to_shutdown_ack_sent() {
    pair.lost_to_client = [](const test::Datagram& each) {
      return test::contains(each, ChunkType::kShutdownAck);
    };
    pair.client.endpoint.shutdown(pair.now, pair.client_id);
    pair.carry();
    ASSERT_EQ(pair.server_status().state, AssociationState::shutdown_ack_sent);
  }

  EndpointPair pair;
};

TEST_F(VerificationTagTest, DataUnderAWrongTagIsNotOurs) {
  constexpr std::byte kText[] = {std::byte{'x'}};
  const auto answer = pair.to_server(
      Craft(VerificationTag{pair.server_tag.value() ^ 1})
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText})
          .take());
  EXPECT_TRUE(pair.server.messages.empty());
  EXPECT_EQ(pair.server.drops(DropReason::out_of_the_blue), 1U);
  const auto* abort = find_with(answer, ChunkType::kAbort);
  ASSERT_NE(abort, nullptr);
  EXPECT_EQ(test::tag_in(*abort), VerificationTag{pair.server_tag.value() ^ 1}) << "the tag is reflected";
  EXPECT_EQ(test::find_chunk(abort->bytes, ChunkType::kAbort)->flags & 1, 1);
  EXPECT_TRUE(pair.works());
}

TEST_F(VerificationTagTest, TheReceiversOwnTagIsNotTheOneItSends) {
  constexpr std::byte kText[] = {std::byte{'x'}};
  pair.to_server(
      Craft(pair.client_tag)
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText})
          .take());
  EXPECT_TRUE(pair.server.messages.empty());
}

TEST_F(VerificationTagTest, AbortWithOurTagEndsTheAssociation) {
  pair.to_server(pair.from_client().add(AbortChunk{false, {}}).take());
  EXPECT_FALSE(alive());
  EXPECT_EQ(pair.server.count(Event::Kind::aborted), 1);
}

TEST_F(VerificationTagTest, AbortWithOurTagAndTheTBitIsIgnored) {
  pair.to_server(Craft(pair.server_tag).add(AbortChunk{true, {}}).take());
  EXPECT_TRUE(alive());
  EXPECT_EQ(pair.server.drops(DropReason::bad_verification_tag), 1U);
}

TEST_F(VerificationTagTest, AbortWithThePeersTagAndTheTBitEndsTheAssociation) {
  pair.to_server(Craft(pair.client_tag).add(AbortChunk{true, {}}).take());
  EXPECT_FALSE(alive());
}

TEST_F(VerificationTagTest, AbortWithThePeersTagButWithoutTheTBitIsIgnored) {
  EXPECT_TRUE(pair.to_server(Craft(pair.client_tag).add(AbortChunk{false, {}}).take()).empty());
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, AReflectedAbortFromAnUnknownAddressIsIgnored) {
  pair.to_server(Craft(pair.client_tag).add(AbortChunk{true, {}}).take(), 3);
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, AReflectedAbortWithTagZeroIsIgnored) {
  pair.to_server(Craft(kNoTag).add(AbortChunk{true, {}}).take());
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, AnAbortBehindAnotherChunkCountsToo) {
  pair.to_server(pair.from_client().add(wire::CookieAckChunk{}).add(AbortChunk{false, {}}).take());
  EXPECT_FALSE(alive());
}

TEST_F(VerificationTagTest, NothingButAnInitMayComeUnderTagZero) {
  for (const bool known_route : {true, false}) {
    const std::uint32_t uplink = known_route ? 1 : 3;
    EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(wire::DataChunk{.tsn = Tsn{1}}).take(), uplink).empty());
    EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(wire::ShutdownAckChunk{}).take(), uplink).empty());
    EXPECT_TRUE(pair.to_server(Craft(kNoTag).unknown(0x3F).take(), uplink).empty());
  }
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, AnInitUnderAnyOtherTagIsDropped) {
  const wire::InitChunk init{false, VerificationTag{77}, 100'000, 1, 1, Tsn{1}, {}};
  EXPECT_TRUE(pair.to_server(pair.from_client().add(init).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{1234}).add(init).take(), 3).empty());
  EXPECT_EQ(pair.server.drops(DropReason::bad_verification_tag), 2U);
}

TEST_F(VerificationTagTest, ShutdownCompleteIsIgnoredWhileNoEndShutsDown) {
  pair.to_server(pair.from_client().add(ShutdownCompleteChunk{false}).take());
  pair.to_server(Craft(pair.client_tag).add(ShutdownCompleteChunk{true}).take());
  EXPECT_TRUE(alive());
  EXPECT_TRUE(pair.works());
}

TEST_F(VerificationTagTest, ShutdownCompleteWithOurTagClosesOnceItIsAwaited) {
  bring_to_shutdown_ack_sent();
  pair.to_server(pair.from_client().add(ShutdownCompleteChunk{false}).take());
  EXPECT_FALSE(alive());
  EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
}

TEST_F(VerificationTagTest, ShutdownCompleteWithOurTagAndTheTBitIsIgnored) {
  bring_to_shutdown_ack_sent();
  pair.to_server(Craft(pair.server_tag).add(ShutdownCompleteChunk{true}).take());
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, AReflectedShutdownCompleteClosesOnceItIsAwaited) {
  bring_to_shutdown_ack_sent();
  pair.to_server(Craft(pair.client_tag).add(ShutdownCompleteChunk{true}).take());
  EXPECT_FALSE(alive());
  EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
}

TEST_F(VerificationTagTest, ShutdownCompleteWithThePeersTagButWithoutTheTBitIsIgnored) {
  bring_to_shutdown_ack_sent();
  pair.to_server(Craft(pair.client_tag).add(ShutdownCompleteChunk{false}).take());
  EXPECT_TRUE(alive());
}

TEST_F(VerificationTagTest, PortsOfOtherEndpointsAreNotOurs) {
  constexpr std::byte kText[] = {std::byte{'x'}};
  const wire::DataChunk data{.begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText};
  EXPECT_TRUE(pair.to_server(Craft(pair.server_tag, 9899, 9898).add(data).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(pair.server_tag, 9898, 9899).add(data).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(pair.server_tag, 0, 9899).add(data).take()).empty());
  EXPECT_EQ(pair.server.drops(DropReason::bad_port), 3U);
  EXPECT_TRUE(pair.server.messages.empty());
}

TEST_F(VerificationTagTest, APacketShorterThanACommonHeaderIsTruncated) {
  const test::ByteVector whole = Craft(pair.server_tag).take();
  for (std::size_t size = 0; size < wire::kCommonHeaderSize; ++size)
    pair.to_server({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
  EXPECT_EQ(pair.server.drops(DropReason::truncated_packet), wire::kCommonHeaderSize);
  EXPECT_EQ(pair.server.drops(DropReason::bad_checksum), 0U);
}

TEST_F(VerificationTagTest, ADamagedPacketIsDropped) {
  auto packet = pair.from_client().add(AbortChunk{false, {}}).take();
  packet.back() ^= std::byte{1};
  EXPECT_TRUE(pair.to_server(packet).empty());
  EXPECT_EQ(pair.server.drops(DropReason::bad_checksum), 1U);
  EXPECT_TRUE(alive());
}

}  // namespace
}  // namespace hawser::sctp::endpoint
