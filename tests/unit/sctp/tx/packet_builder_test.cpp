#include "sctp/tx/packet_builder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "sctp/wire/heartbeat.hpp"
#include "unit/sctp/support/auth_support.hpp"

namespace hawser::sctp::tx {
namespace {

using test::AuthSide;
using test::ByteVector;
using wire::ChunkType;

constexpr wire::CommonHeader kHeader{1111, 2222, VerificationTag{0xABCD'EF01}, 0};

// A chunk of that type and whole size.
ByteVector chunk_of(ChunkType type, std::size_t size) {
  ByteVector chunk(size, std::byte{0x44});
  chunk[0] = static_cast<std::byte>(type);
  chunk[1] = std::byte{0};
  store_be(chunk.data() + 2, static_cast<std::uint16_t>(size));
  return chunk;
}

std::vector<wire::ChunkView> chunks_in(Bytes packet) {
  std::vector<wire::ChunkView> chunks;
  wire::ChunkReader reader(packet);
  while (const auto chunk = reader.next()) chunks.push_back(*chunk);
  EXPECT_TRUE(reader.ok());
  return chunks;
}

class PacketBuilderTest : public ::testing::Test {
 protected:
  std::array<std::byte, 500> room{};
  AuthSide own{.random = std::byte{1}};
  AuthSide peer{.random = std::byte{2}};
  auth::Auth auth = own.towards(peer);
};

TEST_F(PacketBuilderTest, StartsWithTheCommonHeaderAlone) {
  PacketBuilder builder(room, kHeader, nullptr);
  EXPECT_TRUE(builder.empty());
  const std::size_t size = builder.finish();
  ASSERT_EQ(size, wire::kCommonHeaderSize);
  EXPECT_EQ(wire::PacketView::parse(Bytes(room).first(size))->header(), kHeader);
}

TEST_F(PacketBuilderTest, PadsEveryChunkToFourBytes) {
  PacketBuilder builder(room, kHeader, nullptr);
  builder.add(ChunkType::kHeartbeat, chunk_of(ChunkType::kHeartbeat, 13));
  builder.add(ChunkType::kError, chunk_of(ChunkType::kError, 6));
  const std::size_t size = builder.finish();
  EXPECT_EQ(size, 12U + 16U + 8U);
  const auto chunks = chunks_in(Bytes(room).first(size));
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].whole.size(), 13U);
  EXPECT_EQ(chunks[1].whole.size(), 6U);
  EXPECT_EQ(room[12 + 13], std::byte{0});
  EXPECT_EQ(room[12 + 15], std::byte{0});
}

TEST_F(PacketBuilderTest, KnowsWhatFitsToTheByte) {
  PacketBuilder builder(room, kHeader, nullptr);
  EXPECT_EQ(builder.room_for(ChunkType::kData), 488U);
  EXPECT_TRUE(builder.fits(ChunkType::kData, 488));
  EXPECT_FALSE(builder.fits(ChunkType::kData, 489));
  builder.add(ChunkType::kData, chunk_of(ChunkType::kData, 485));
  EXPECT_FALSE(builder.fits(ChunkType::kCookieAck, 4)) << "padding takes the rest";
}

TEST_F(PacketBuilderTest, PutsAuthBeforeTheFirstChunkThePeerWantsAuthenticated) {
  PacketBuilder builder(room, kHeader, &auth);
  builder.add(ChunkType::kHeartbeat, chunk_of(ChunkType::kHeartbeat, 12));
  builder.add(ChunkType::kAsconf, chunk_of(ChunkType::kAsconf, 40));
  builder.add(ChunkType::kAsconfAck, chunk_of(ChunkType::kAsconfAck, 16));
  const Bytes packet = Bytes(room).first(builder.finish());
  const auto chunks = chunks_in(packet);
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_TRUE(chunks[0].is(ChunkType::kHeartbeat));
  EXPECT_TRUE(chunks[1].is(ChunkType::kAuth));
  EXPECT_TRUE(chunks[2].is(ChunkType::kAsconf));
  EXPECT_TRUE(chunks[3].is(ChunkType::kAsconfAck)) << "one AUTH covers both";
  const auto parsed = wire::AuthChunk::parse(chunks[1]);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(peer.towards(own).verify(packet, 12 + 12, *parsed));
}

TEST_F(PacketBuilderTest, NeedsNoAuthForWhatThePeerTakesWithout) {
  PacketBuilder builder(room, kHeader, &auth);
  builder.add(ChunkType::kHeartbeat, chunk_of(ChunkType::kHeartbeat, 12));
  const auto chunks = chunks_in(Bytes(room).first(builder.finish()));
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_TRUE(chunks[0].is(ChunkType::kHeartbeat));
}

TEST_F(PacketBuilderTest, ReservesRoomForAuthOnce) {
  PacketBuilder builder(room, kHeader, &auth);
  EXPECT_EQ(builder.room_for(ChunkType::kSack), 488U);
  EXPECT_EQ(builder.room_for(ChunkType::kAsconf), 448U);
  builder.add(ChunkType::kAsconf, chunk_of(ChunkType::kAsconf, 48));
  EXPECT_EQ(builder.room_for(ChunkType::kAsconf), 400U);
  EXPECT_EQ(builder.room_for(ChunkType::kSack), 400U);
}

TEST_F(PacketBuilderTest, HasNoRoomForAuthInAPacketSmallerThanIt) {
  PacketBuilder builder(MutableBytes(room).first(40), kHeader, &auth);
  EXPECT_EQ(builder.room_for(ChunkType::kAsconf), 0U);
  EXPECT_FALSE(builder.fits(ChunkType::kAsconf, 16));
}

TEST_F(PacketBuilderTest, AuthenticatesDataAndWrittenChunksToo) {
  peer.chunks = test::chunk_list({ChunkType::kData, ChunkType::kSack});
  const auth::Auth wants_data = own.towards(peer);
  const ByteVector payload(10, std::byte{7});
  {
    PacketBuilder builder(room, kHeader, &wants_data);
    builder.add_data({.begin = true, .end = true, .tsn = Tsn{5}, .payload = payload});
    const auto chunks = chunks_in(Bytes(room).first(builder.finish()));
    ASSERT_EQ(chunks.size(), 2U);
    EXPECT_TRUE(chunks[0].is(ChunkType::kAuth));
    const auto data = wire::DataChunk::parse(chunks[1]);
    ASSERT_TRUE(data.has_value());
    EXPECT_EQ(data->tsn, Tsn{5});
    EXPECT_EQ(data->payload.size(), 10U);
  }
  PacketBuilder builder(room, kHeader, &wants_data);
  builder.begin_chunk(ChunkType::kSack).bytes(chunk_of(ChunkType::kSack, 16));
  const Bytes packet = Bytes(room).first(builder.finish());
  const auto chunks = chunks_in(packet);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_TRUE(peer.towards(own).verify(packet, 12, *wire::AuthChunk::parse(chunks[0])));
}

}  // namespace
}  // namespace hawser::sctp::tx
