#include "sctp/auth/auth.hpp"

#include <gtest/gtest.h>

#include <array>

#include "crypto/hmac.hpp"
#include "sctp/wire/packet.hpp"
#include "unit/sctp/support/auth_support.hpp"

namespace hawser::sctp::auth {
namespace {

using test::AuthSide;
using test::ByteVector;
using test::chunk_list;
using test::hmac_list;
using wire::ChunkType;

constexpr std::size_t kAuthAt = 12;
constexpr std::size_t kDigestAt = kAuthAt + wire::AuthChunk::kDigestOffset;

// Common header, AUTH with a digest of zeros, and `tail` bytes in place of an ASCONF.
ByteVector unsigned_packet(const Auth& auth, std::size_t tail = 32) {
  ByteVector packet(kAuthAt + auth.chunk_size() + tail, std::byte{0x33});
  ByteWriter writer(packet);
  writer.zeros(kAuthAt);
  auth.write_unsigned(writer);
  return packet;
}

ByteVector signed_packet(const Auth& auth) {
  ByteVector packet = unsigned_packet(auth);
  auth.sign(packet, kAuthAt);
  return packet;
}

bool accepts(const Auth& auth, const ByteVector& packet) {
  wire::ChunkReader reader(packet, kAuthAt);
  const auto view = reader.next();
  if (!view) return false;
  const auto chunk = wire::AuthChunk::parse(*view);
  return chunk && auth.verify(packet, kAuthAt, *chunk);
}

AuthSide side(int random) {
  return {.random = static_cast<std::byte>(random)};
}

AuthSide keyed(int random, std::uint16_t id, int secret) {
  AuthSide result = side(random);
  result.config.auth_keys = {{id, ByteVector(16, static_cast<std::byte>(secret))}};
  result.config.auth_key_id = id;
  return result;
}

TEST(Auth, IsOffUntilItIsNegotiated) {
  const Auth none;
  EXPECT_FALSE(none.enabled());
  EXPECT_FALSE(none.we_want(static_cast<std::uint8_t>(ChunkType::kAsconf)));
  EXPECT_FALSE(none.peer_wants(ChunkType::kAsconf));
  EXPECT_EQ(none.chunk_size(), 0U);
  EXPECT_FALSE(accepts(none, signed_packet(side(1).towards(side(2)))));
}

TEST(Auth, EachSideAcceptsWhatTheOtherSigned) {
  const Auth a = side(1).towards(side(2));
  const Auth b = side(2).towards(side(1));
  EXPECT_TRUE(accepts(b, signed_packet(a)));
  EXPECT_TRUE(accepts(a, signed_packet(b)));
}

TEST(Auth, APeerWithOtherRandomNumbersIsNotAccepted) {
  const Auth b = side(2).towards(side(1));
  EXPECT_FALSE(accepts(b, signed_packet(side(3).towards(side(2)))));
  EXPECT_FALSE(accepts(b, signed_packet(side(1).towards(side(3)))));
}

// Computes the digest with the key as RFC 4895 §6.1 composes it.
ByteVector expected_digest(const ByteVector& packet, const ByteVector& secret, const KeyVector& smaller,
                           const KeyVector& larger) {
  ByteVector key = secret;
  key.insert(key.end(), smaller.begin(), smaller.end());
  key.insert(key.end(), larger.begin(), larger.end());
  ByteVector zeroed(packet.begin() + kAuthAt, packet.end());
  std::fill_n(zeroed.begin() + wire::AuthChunk::kDigestOffset, 32, std::byte{0});
  const std::array<Bytes, 1> parts = {Bytes(zeroed)};
  const auto digest = crypto::hmac_sha256(key, parts);
  return {digest.begin(), digest.end()};
}

ByteVector digest_in(const ByteVector& packet) {
  return {packet.begin() + kDigestAt, packet.begin() + kDigestAt + 32};
}

TEST(Auth, TheKeyIsTheSmallerVectorBeforeTheLarger) {
  const AuthSide small = side(1);
  const AuthSide large = side(2);
  for (const auto& [own, peer] : {std::pair{small, large}, std::pair{large, small}}) {
    const auto packet = signed_packet(own.towards(peer));
    EXPECT_EQ(digest_in(packet), expected_digest(packet, {}, small.key_vector(), large.key_vector()));
  }
}

TEST(Auth, TheLongerVectorIsTheLargerOneWhateverItsBytes) {
  AuthSide longer = side(1);
  longer.chunks = chunk_list({ChunkType::kAsconf, ChunkType::kAsconfAck, ChunkType::kData});
  const AuthSide shorter = side(0xFF);
  const auto packet = signed_packet(shorter.towards(longer));
  EXPECT_EQ(digest_in(packet), expected_digest(packet, {}, shorter.key_vector(), longer.key_vector()));
  EXPECT_TRUE(accepts(longer.towards(shorter), packet));
}

TEST(Auth, TheEndpointPairSecretComesFirstInTheKey) {
  const AuthSide own = keyed(1, 5, 0x77);
  const AuthSide peer = keyed(2, 5, 0x77);
  const auto packet = signed_packet(own.towards(peer));
  EXPECT_EQ(digest_in(packet),
            expected_digest(packet, ByteVector(16, std::byte{0x77}), own.key_vector(), peer.key_vector()));
}

TEST(Auth, KeyVectorsKeepParameterHeadersAndDropPadding) {
  const KeyVector vector = side(9).key_vector();
  EXPECT_EQ(vector.size(), (4U + 32U) + (4U + 2U) + (4U + 4U));
  EXPECT_EQ(load_be<std::uint16_t>(vector.data()), 0x8002U);
  EXPECT_EQ(load_be<std::uint16_t>(vector.data() + 36), 0x8003U);
  EXPECT_EQ(load_be<std::uint16_t>(vector.data() + 38), 6U) << "the length of CHUNKS, without padding";
  EXPECT_EQ(load_be<std::uint16_t>(vector.data() + 42), 0x8004U);
}

TEST(Auth, UsesTheFirstAlgorithmOfThePeersListThatIsKnown) {
  AuthSide sha1_first = side(2);
  sha1_first.hmacs = hmac_list({1, 3});
  AuthSide unknown_first = side(2);
  unknown_first.hmacs = hmac_list({2, 0, 3, 1});
  EXPECT_EQ(side(1).towards(sha1_first).chunk_size(), 8U + 20U);
  EXPECT_EQ(side(1).towards(unknown_first).chunk_size(), 8U + 32U);
}

TEST(Auth, IsOffWhenNoAlgorithmIsShared) {
  AuthSide odd = side(2);
  odd.hmacs = hmac_list({2, 7});
  EXPECT_FALSE(side(1).towards(odd).enabled());
}

TEST(Auth, WorksWithSha1Alone) {
  AuthSide own = side(1);
  AuthSide old = side(2);
  old.hmacs = hmac_list({1});
  const Auth a = own.towards(old);
  const auto packet = signed_packet(a);
  EXPECT_EQ(load_be<std::uint16_t>(packet.data() + kAuthAt + 6), 1U);
  EXPECT_TRUE(accepts(old.towards(own), packet));
}

TEST(Auth, AnySingleFlippedBitBehindTheAuthHeaderIsNoticed) {
  const Auth a = side(1).towards(side(2));
  const Auth b = side(2).towards(side(1));
  auto packet = signed_packet(a);
  for (std::size_t bit = (kAuthAt + 4) * 8; bit < packet.size() * 8; ++bit) {
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(accepts(b, packet)) << "bit " << bit;
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
  EXPECT_TRUE(accepts(b, packet));
}

TEST(Auth, AChunkAppendedToASignedPacketIsNoticed) {
  auto packet = signed_packet(side(1).towards(side(2)));
  packet.resize(packet.size() + 4);
  EXPECT_FALSE(accepts(side(2).towards(side(1)), packet));
}

TEST(Auth, WhatStandsBeforeTheAuthChunkIsNotCovered) {
  auto packet = signed_packet(side(1).towards(side(2)));
  packet[0] ^= std::byte{1};
  EXPECT_TRUE(accepts(side(2).towards(side(1)), packet));
}

TEST(Auth, ATruncatedDigestIsRefused) {
  const Auth a = side(1).towards(side(2));
  const Auth b = side(2).towards(side(1));
  const auto packet = signed_packet(a);
  for (std::size_t size = 0; size < 32; ++size) {
    const wire::AuthChunk chunk{0, 3, Bytes(packet).subspan(kDigestAt, size)};
    EXPECT_FALSE(b.verify(packet, kAuthAt, chunk)) << size;
  }
}

TEST(Auth, ADigestLongerThanItsAlgorithmGivesIsRefused) {
  const Auth a = side(1).towards(side(2));
  const auto packet = signed_packet(a);
  const wire::AuthChunk chunk{0, 3, Bytes(packet).subspan(kDigestAt, 36)};
  EXPECT_FALSE(side(2).towards(side(1)).verify(packet, kAuthAt, chunk));
}

TEST(Auth, AnUnknownAlgorithmIsRefused) {
  const Auth b = side(2).towards(side(1));
  const auto packet = signed_packet(side(1).towards(side(2)));
  for (const int id : {0, 2, 4, 0xFFFF}) {
    const wire::AuthChunk chunk{0, static_cast<std::uint16_t>(id), Bytes(packet).subspan(kDigestAt, 32)};
    EXPECT_FALSE(b.verify(packet, kAuthAt, chunk)) << id;
  }
}

TEST(Auth, AnUnknownKeyIdIsRefused) {
  const Auth b = side(2).towards(side(1));
  EXPECT_FALSE(accepts(b, signed_packet(keyed(1, 5, 0x77).towards(side(2)))));
}

TEST(Auth, TheWrongSecretUnderTheRightKeyIdIsRefused) {
  EXPECT_FALSE(
      accepts(keyed(2, 5, 0x78).towards(side(1)), signed_packet(keyed(1, 5, 0x77).towards(side(2)))));
  EXPECT_TRUE(accepts(keyed(2, 5, 0x77).towards(side(1)), signed_packet(keyed(1, 5, 0x77).towards(side(2)))));
}

TEST(Auth, KeysAreChosenByTheIdInTheChunkNotByTheOwnDefault) {
  AuthSide both = side(2);
  both.config.auth_keys = {{5, ByteVector(16, std::byte{0x77})}, {6, ByteVector(16, std::byte{0x11})}};
  both.config.auth_key_id = 6;
  EXPECT_TRUE(accepts(both.towards(side(1)), signed_packet(keyed(1, 5, 0x77).towards(side(2)))));
}

TEST(Auth, TheEmptyKeyStaysValidBesideOthers) {
  EXPECT_TRUE(accepts(keyed(2, 5, 0x77).towards(side(1)), signed_packet(side(1).towards(side(2)))));
}

TEST(Auth, AConfiguredKeyZeroReplacesTheEmptyOne) {
  EXPECT_FALSE(accepts(keyed(2, 0, 0x77).towards(side(1)), signed_packet(side(1).towards(side(2)))));
  EXPECT_TRUE(accepts(keyed(2, 0, 0x77).towards(side(1)), signed_packet(keyed(1, 0, 0x77).towards(side(2)))));
}

TEST(Auth, AuthenticatesWhatThePeerListsAndRequiresAsconfItself) {
  AuthSide peer = side(2);
  peer.chunks = chunk_list({ChunkType::kData, ChunkType::kAsconf});
  const Auth auth = side(1).towards(peer);
  EXPECT_TRUE(auth.peer_wants(ChunkType::kData));
  EXPECT_TRUE(auth.peer_wants(ChunkType::kAsconf));
  EXPECT_FALSE(auth.peer_wants(ChunkType::kSack));
  EXPECT_TRUE(auth.we_want(static_cast<std::uint8_t>(ChunkType::kAsconf)));
  EXPECT_TRUE(auth.we_want(static_cast<std::uint8_t>(ChunkType::kAsconfAck)));
  EXPECT_FALSE(auth.we_want(static_cast<std::uint8_t>(ChunkType::kData)));
}

TEST(Auth, NeverAuthenticatesHandshakeAndAuthItselfWhateverThePeerLists) {
  AuthSide peer = side(2);
  peer.chunks =
      chunk_list({ChunkType::kInit, ChunkType::kInitAck, ChunkType::kShutdownComplete, ChunkType::kAuth});
  const Auth auth = side(1).towards(peer);
  for (const ChunkType type :
       {ChunkType::kInit, ChunkType::kInitAck, ChunkType::kShutdownComplete, ChunkType::kAuth}) {
    EXPECT_FALSE(auth.peer_wants(type));
  }
}

TEST(Auth, TakesAListOfAllChunkTypes) {
  AuthSide peer = side(2);
  peer.chunks.clear();
  for (int type = 0; type < 256; ++type) peer.chunks.push_back(static_cast<std::byte>(type));
  const Auth auth = side(1).towards(peer);
  EXPECT_TRUE(auth.peer_wants(static_cast<ChunkType>(255)));
  EXPECT_TRUE(auth.peer_wants(ChunkType::kData));
  EXPECT_FALSE(auth.peer_wants(ChunkType::kInit));
}

}  // namespace
}  // namespace hawser::sctp::auth
