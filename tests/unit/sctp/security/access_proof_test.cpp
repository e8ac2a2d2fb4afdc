#include <gtest/gtest.h>

#include "crypto/record_keys.hpp"
#include "sctp/security/access_proof.hpp"
#include "unit/sctp/support/handshake_support.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

security::InitSecrets secrets_for(std::uint64_t hub, const crypto::PresharedKey* preshared_key = nullptr) {
  return security::InitSecrets::derive(key_of(hub).public_key(), preshared_key);
}

ByteVector serialised(const wire::InitChunk& init) {
  ByteVector room(2000);
  ByteWriter writer(room);
  init.write(writer);
  return {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(writer.size())};
}

// An INIT chunk with the parameters of `by_hand`, and an ACCESS parameter of `size` bytes after them.
ByteVector init_with_access(InitByHand by_hand = {}, std::size_t size = wire::kAccessSize) {
  ByteVector value(size, std::byte{0x4e});
  by_hand.parameter(wire::ParameterType::kAccess, value);
  return serialised(by_hand.chunk());
}

// An INIT chunk with a valid ACCESS proof for the hub, or for what `secrets` belong to.
ByteVector signed_init(const security::InitSecrets& secrets = secrets_for(kHubKey),
                       std::byte nonce = std::byte{0x4e}) {
  ByteVector chunk = init_with_access();
  chunk[chunk.size() - wire::kAccessSize] = nonce;
  security::sign_access(chunk, secrets);
  return chunk;
}

// The candidates of a hub for an INIT chunk; nothing for a chunk that does not parse.
std::optional<security::AccessKeys::Candidates> candidates(const security::AccessKeys& keys, Bytes chunk) {
  ByteVector packet(wire::kCommonHeaderSize);
  packet.insert(packet.end(), chunk.begin(), chunk.end());
  const auto view = wire::ChunkReader(Bytes(packet)).next();
  if (!view || view->whole.size() != chunk.size()) return std::nullopt;
  const auto init = wire::InitChunk::parse(*view);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  if (!init || !parameters) return std::nullopt;
  return keys.candidates(view->whole, *parameters);
}

// The index of the key with which an INIT chunk is signed, if a hub accepts it.
std::optional<std::uint16_t> key_for(const security::AccessKeys& keys, Bytes chunk) {
  const auto found = candidates(keys, chunk);
  return found ? keys.verify(chunk, *found) : std::nullopt;
}
bool verifies(const security::AccessKeys& keys, Bytes chunk) {
  return key_for(keys, chunk).has_value();
}

TEST(Access, HoldsForTheHubThatItWasMadeFor) {
  const security::AccessKeys hub{hub_protection()};
  EXPECT_TRUE(verifies(hub, signed_init()));
  EXPECT_FALSE(verifies(hub, signed_init(secrets_for(77)))) << "signed for another hub";
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
  init.parameter(wire::ParameterType::kAccess, ByteVector(wire::kAccessSize))
      .parameter(wire::ParameterType::kPadding);
  ByteVector chunk = serialised(init.chunk());
  const std::size_t end = chunk.size() - wire::kTlvHeaderSize;
  security::sign_access(MutableBytes(chunk).first(end), secrets_for(kHubKey));
  EXPECT_FALSE(verifies(hub, chunk)) << "signed, and something appended";
  security::sign_access(chunk, secrets_for(kHubKey));
  EXPECT_FALSE(verifies(hub, chunk)) << "the bytes after it taken as the MAC";
}

TEST(Access, IsNotFoundInASecondParameterOfItsKind) {
  InitByHand init;
  init.parameter(wire::ParameterType::kAccess, ByteVector(wire::kAccessSize));
  ByteVector chunk = init_with_access(init);
  security::sign_access(chunk, secrets_for(kHubKey));
  EXPECT_FALSE(verifies(security::AccessKeys{hub_protection()}, chunk));
}

TEST(Access, IsRefusedInAnyOtherSize) {
  const security::AccessKeys hub{hub_protection()};
  for (std::size_t size = 40; size <= 80; ++size) {
    ByteVector chunk = init_with_access({}, size);
    // Padding after the last parameter is not part of the chunk.
    chunk.resize(chunk.size() - (padded4(size) - size));
    store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
    security::sign_access(chunk, secrets_for(kHubKey));
    EXPECT_EQ(verifies(hub, chunk), size == wire::kAccessSize) << size;
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
  constexpr std::size_t kHead = wire::kTlvHeaderSize + wire::kAccessNonceSize;
  EXPECT_FALSE(std::ranges::equal(both.first(kHead), both.subspan(wire::kAccessParameterSize, kHead)));
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
  return verifies(keys, signed_init(secrets_for(kHubKey, &preshared_key)));
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

// --- what strangers cost and see

TEST(AccessKeys, FindTheKeyAmongAThousandByOneHintAndOneMac) {
  std::vector<std::optional<std::uint64_t>> preshared_keys;
  for (std::uint64_t i = 0; i < 1'000; ++i) preshared_keys.emplace_back(i);
  const security::AccessKeys keys{hub_whose_peers_have(preshared_keys)};
  ASSERT_EQ(keys.count(), 1'000U);
  std::size_t tried = 0;
  for (std::uint64_t i = 0; i < 1'000; i += 9) {
    const crypto::PresharedKey preshared_key = preshared_key_of(i);
    const auto secrets = secrets_for(kHubKey, &preshared_key);
    const ByteVector chunk = signed_init(secrets, static_cast<std::byte>(i));
    const auto found = candidates(keys, chunk);
    ASSERT_TRUE(found);
    tried += found->size();
    const auto index = keys.verify(chunk, *found);
    ASSERT_TRUE(index);
    EXPECT_TRUE(std::ranges::equal(keys.key(*index), secrets.access_key.view()));
  }
  EXPECT_LE(tried, 113U) << "112 INITs, and hardly ever a second candidate";
}

TEST(AccessKeys, AskForNoMacUnderAPresharedKeyWhenTheHubMacIsWrong) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 2, 3})};
  const crypto::PresharedKey preshared_key = preshared_key_of(2);
  ByteVector chunk = signed_init(secrets_for(kHubKey, &preshared_key));
  ASSERT_TRUE(candidates(keys, chunk));
  chunk[chunk.size() - wire::kAccessSize + wire::kAccessNonceSize] ^= std::byte{1};
  EXPECT_FALSE(candidates(keys, chunk)) << "the hub MAC";
  EXPECT_FALSE(candidates(keys, init_with_access()));
}

TEST(AccessKeys, TryNoKeyForAHintThatBelongsToNone) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 2, 3})};
  const crypto::PresharedKey other = preshared_key_of(4);
  const auto found = candidates(keys, signed_init(secrets_for(kHubKey, &other)));
  ASSERT_TRUE(found) << "the sender knows the hub's public key";
  EXPECT_TRUE(found->empty());
}

TEST(AccessKeys, GiveNoKeyForAnIndexThatNoneHas) {
  const security::AccessKeys keys{hub_whose_peers_have({1, 2})};
  EXPECT_EQ(keys.key(1).size(), crypto::kKeySize);
  EXPECT_TRUE(keys.key(2).empty());
  EXPECT_TRUE(keys.key(0xffff).empty());
}

// The hint as it is on the wire.
std::uint32_t hidden_hint(const ByteVector& chunk) {
  return load_be<std::uint32_t>(chunk.data() + chunk.size() - wire::kAccessMacSize - wire::kAccessHintSize);
}

TEST(Access, HidesItsHintFromThoseWhoDoNotKnowTheHubsPublicKey) {
  const crypto::PresharedKey preshared_key = preshared_key_of(1);
  const auto secrets = secrets_for(kHubKey, &preshared_key);
  ByteVector other_window = init_with_access();
  other_window[11] ^= std::byte{1};  // nothing but a_rwnd differs, so that the hint is the same
  security::sign_access(other_window, secrets);
  EXPECT_NE(hidden_hint(signed_init(secrets)), hidden_hint(other_window));
}

TEST(Access, HasAnotherHintForAnotherNonce) {
  const security::AccessKeys keys{hub_whose_peers_have({1})};
  const crypto::PresharedKey preshared_key = preshared_key_of(1);
  const auto secrets = secrets_for(kHubKey, &preshared_key);
  std::vector<std::uint32_t> hints;
  for (unsigned nonce = 0; nonce < 2 * crypto::kAccessHints; ++nonce) {
    const auto found = candidates(keys, signed_init(secrets, static_cast<std::byte>(nonce)));
    ASSERT_TRUE(found && found->size() == 1);
    hints.push_back(found->front().value);
  }
  std::ranges::sort(hints);
  hints.erase(std::unique(hints.begin(), hints.end()), hints.end());
  EXPECT_EQ(hints.size(), crypto::kAccessHints);
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
    const Bytes access = chunk.last(wire::kAccessSize);
    nonces.emplace_back(access.begin(), access.begin() + wire::kAccessNonceSize);
  }
  EXPECT_NE(nonces[0], nonces[1]);
}

}  // namespace
}  // namespace hawser::sctp::test
