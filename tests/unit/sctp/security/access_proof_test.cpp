#include <gtest/gtest.h>

#include "crypto/record_keys.hpp"
#include "sctp/security/access_proof.hpp"
#include "unit/sctp/support/handshake_support.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

crypto::SecretBytes access_key(std::uint64_t hub, const crypto::PresharedKey* preshared_key = nullptr) {
  return crypto::derive_access_key(key_of(hub).public_key(), preshared_key);
}

ByteVector serialised(const wire::InitChunk& init) {
  ByteVector room(2000);
  ByteWriter writer(room);
  init.write(writer);
  return {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(writer.size())};
}

// An INIT chunk with the parameters of `by_hand`, and an ACCESS parameter of `size` bytes after them.
ByteVector init_with_access(InitByHand by_hand = {},
                            std::size_t size = wire::kAccessNonceSize + wire::kAccessMacSize) {
  ByteVector value(size, std::byte{0x4e});
  by_hand.parameter(wire::ParameterType::kAccess, value);
  return serialised(by_hand.chunk());
}

// An INIT chunk with a valid ACCESS proof for the hub, or for the owner of `key`.
ByteVector signed_init(const crypto::SecretBytes& key = access_key(kHubKey)) {
  ByteVector chunk = init_with_access();
  security::sign_access(chunk, key.view());
  return chunk;
}

// Whether a hub accepts an INIT chunk; a chunk that does not parse is rejected.
bool verifies(const security::AccessKeys& keys, Bytes chunk) {
  ByteVector packet(wire::kCommonHeaderSize);
  packet.insert(packet.end(), chunk.begin(), chunk.end());
  const auto view = wire::ChunkReader(Bytes(packet)).next();
  if (!view || view->whole.size() != chunk.size()) return false;
  const auto init = wire::InitChunk::parse(*view);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  return init && parameters && keys.verify(view->whole, *parameters).has_value();
}

TEST(Access, HoldsForTheHubThatItWasMadeFor) {
  const security::AccessKeys hub{hub_protection()};
  EXPECT_TRUE(verifies(hub, signed_init()));
  EXPECT_FALSE(verifies(hub, signed_init(access_key(77)))) << "signed for another hub";
  EXPECT_FALSE(verifies(hub, init_with_access())) << "not signed";
}

TEST(Access, IsBrokenByAnyAlteredBitOfTheInit) {
  const security::AccessKeys hub{hub_protection()};
  ByteVector chunk = signed_init();
  for (std::size_t bit = 0; bit < 8 * chunk.size(); ++bit) {
    chunk[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    ASSERT_FALSE(verifies(hub, chunk)) << "bit " << bit;
    chunk[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
  EXPECT_TRUE(verifies(hub, chunk));
}

TEST(Access, HasToBeTheLastParameter) {
  const security::AccessKeys hub{hub_protection()};
  InitByHand init;
  init.parameter(wire::ParameterType::kAccess, ByteVector(32)).parameter(wire::ParameterType::kPadding);
  ByteVector chunk = serialised(init.chunk());
  const std::size_t end = chunk.size() - wire::kTlvHeaderSize;
  security::sign_access(MutableBytes(chunk).first(end), access_key(kHubKey).view());
  EXPECT_FALSE(verifies(hub, chunk)) << "signed, and something appended";
  security::sign_access(chunk, access_key(kHubKey).view());
  EXPECT_FALSE(verifies(hub, chunk)) << "the bytes after it taken as the MAC";
}

TEST(Access, IsNotFoundInASecondParameterOfItsKind) {
  InitByHand init;
  init.parameter(wire::ParameterType::kAccess, ByteVector(32));
  ByteVector chunk = init_with_access(init);
  security::sign_access(chunk, access_key(kHubKey).view());
  EXPECT_FALSE(verifies(security::AccessKeys{hub_protection()}, chunk));
}

TEST(Access, IsRefusedInAnyOtherSize) {
  const security::AccessKeys hub{hub_protection()};
  for (std::size_t size = 16; size <= 64; ++size) {
    ByteVector chunk = init_with_access({}, size);
    // Padding after the last parameter is not part of the chunk.
    chunk.resize(chunk.size() - (padded4(size) - size));
    store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
    security::sign_access(chunk, access_key(kHubKey).view());
    EXPECT_EQ(verifies(hub, chunk), size == 32) << size;
  }
}

TEST(Access, IsNeededAtAll) {
  EXPECT_FALSE(verifies(security::AccessKeys{hub_protection()}, serialised(InitByHand{}.chunk())));
}

TEST(Access, WritesAnotherNonceEachTime) {
  TestRandom random;
  ByteVector room(200);
  ByteWriter writer(room);
  security::write_access_nonce(writer, random);
  ASSERT_EQ(writer.size(), wire::kAccessParameterSize);
  security::write_access_nonce(writer, random);
  const Bytes both = writer.written();
  EXPECT_FALSE(std::ranges::equal(
      both.first(wire::kAccessParameterSize - wire::kAccessMacSize),
      both.subspan(wire::kAccessParameterSize, wire::kAccessParameterSize - wire::kAccessMacSize)));
}

SecurityConfig hub_whose_peers_have(const std::vector<std::optional<std::uint64_t>>& preshared_keys) {
  SecurityConfig hub = protection_of(kHubKey, {});
  std::uint64_t peer = 100;
  for (const auto& seed : preshared_keys) {
    hub.peers.push_back({key_of(peer++).public_key(), {}});
    if (seed) hub.peers.back().preshared_key = preshared_key_of(*seed);
  }
  return hub;
}

bool admits(const security::AccessKeys& keys, std::optional<std::uint64_t> seed) {
  if (!seed) return verifies(keys, signed_init());
  const crypto::PresharedKey preshared_key = preshared_key_of(*seed);
  return verifies(keys, signed_init(access_key(kHubKey, &preshared_key)));
}

TEST(AccessKeys, AreOneForEachPresharedKeyAndOneForPeersWithout) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 2, {}, 1, {}, 2, 1})};
  EXPECT_EQ(keys.count(), 3U);
  EXPECT_TRUE(admits(keys, 1));
  EXPECT_TRUE(admits(keys, 2));
  EXPECT_TRUE(admits(keys, std::nullopt));
  EXPECT_FALSE(admits(keys, 3));
}

TEST(AccessKeys, AdmitNoPeerWithoutAPresharedKeyWhenAllPeersHaveOne) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 1})};
  EXPECT_EQ(keys.count(), 1U);
  EXPECT_TRUE(admits(keys, 1));
  EXPECT_FALSE(admits(keys, std::nullopt));
}

TEST(AccessKeys, AdmitNoPeerWhenThereAreNone) {
  const security::AccessKeys keys{hub_whose_peers_have({})};
  EXPECT_EQ(keys.count(), 0U);
  EXPECT_FALSE(admits(keys, std::nullopt));
}

TEST(CookieProof, HoldsForTheCookieAndTheKeyOfItsInit) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 2})};
  const ByteVector cookie(180, std::byte{0x42});
  for (std::size_t index = 0; index < 2; ++index) {
    const crypto::PresharedKey preshared_key = preshared_key_of(index + 1);
    const auto proof = security::prove_cookie(cookie, access_key(kHubKey, &preshared_key).view());
    ASSERT_EQ(proof.size(), wire::kAccessMacSize);
    EXPECT_TRUE(keys.verify_cookie(cookie, proof, index));
    EXPECT_FALSE(keys.verify_cookie(cookie, proof, 1 - index)) << "not the key of the INIT";
    EXPECT_FALSE(keys.verify_cookie(cookie, proof, 2)) << "no such key";
    EXPECT_FALSE(keys.verify_cookie(cookie, proof, 0xffff));
  }
}

TEST(CookieProof, IsBrokenByAnyAlteredBit) {
  const security::AccessKeys keys{hub_protection()};
  ByteVector cookie(60, std::byte{0x42});
  ByteVector proof = security::prove_cookie(cookie, access_key(kHubKey).view());
  for (ByteVector* part : {&cookie, &proof}) {
    for (std::size_t bit = 0; bit < 8 * part->size(); ++bit) {
      (*part)[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      ASSERT_FALSE(keys.verify_cookie(cookie, proof, 0)) << "bit " << bit;
      (*part)[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
  }
  EXPECT_TRUE(keys.verify_cookie(cookie, proof, 0));
  for (std::size_t size = 0; size < proof.size(); ++size)
    EXPECT_FALSE(keys.verify_cookie(cookie, Bytes(proof).first(size), 0)) << size;
}

TEST(CookieProof, IsNotTheMacOfAnInit) {
  const security::AccessKeys keys{hub_protection()};
  const ByteVector chunk = signed_init();
  const Bytes signed_part = Bytes(chunk).first(chunk.size() - wire::kAccessMacSize);
  EXPECT_FALSE(keys.verify_cookie(signed_part, Bytes(chunk).last(wire::kAccessMacSize), 0));
}

TEST(Access, OfARealInitHoldsAndIsNewForEachAssociation) {
  ProtectedPair pair;
  pair.begin();
  pair.begin();
  pair.pick_up();
  ASSERT_EQ(pair.client.sent.size(), 2U);
  const security::AccessKeys hub{hub_protection()};
  std::vector<ByteVector> nonces;
  for (const Datagram& each : pair.client.sent) {
    const Bytes chunk = Bytes(each.bytes).subspan(wire::kCommonHeaderSize);
    EXPECT_TRUE(verifies(hub, chunk));
    const Bytes access = chunk.last(wire::kAccessNonceSize + wire::kAccessMacSize);
    nonces.emplace_back(access.begin(), access.begin() + wire::kAccessNonceSize);
  }
  EXPECT_NE(nonces[0], nonces[1]);
}

}  // namespace
}  // namespace hawser::sctp::test
