#include "sctp/security/handshake_mac.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using crypto::TlsRole;
using security::HandshakeMac;

const crypto::Sha256Digest kContext{std::byte{1}};

HandshakeMac edge(const crypto::Sha256Digest& context = kContext) {
  return mac_of(TlsRole::client, context);
}
HandshakeMac hub(const crypto::Sha256Digest& context = kContext) {
  return mac_of(TlsRole::server, context);
}

// A packet of an edge.
ByteVector packet() {
  return Craft(VerificationTag{0x1234'5678}).unknown(0x84, 40).take(edge());
}

TEST(HandshakeMac, IsTheLastChunkAndIsTakenOff) {
  const ByteVector whole = packet();
  EXPECT_TRUE(contains({{}, whole}, wire::ChunkType::kHandshakeMac));
  const auto opened = hub().verify(whole);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->data(), whole.data());
  EXPECT_EQ(opened->size(), whole.size() - wire::kHandshakeMacSize);
}

TEST(HandshakeMac, IsBrokenByAnyAlteredBitButThoseOfTheChecksum) {
  ByteVector whole = packet();
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    whole[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const bool in_checksum = bit / 8 >= 8 && bit / 8 < 12;
    ASSERT_EQ(hub().verify(whole).has_value(), in_checksum) << "bit " << bit;
    whole[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
  }
}

TEST(HandshakeMac, HoldsInOneDirectionOnly) {
  EXPECT_FALSE(edge().verify(packet())) << "reflected";
}

TEST(HandshakeMac, HoldsInOneHandshakeOnly) {
  crypto::Sha256Digest other = kContext;
  other.back() ^= std::byte{1};
  EXPECT_FALSE(hub(other).verify(packet())) << "replayed into another handshake";
}

TEST(HandshakeMac, HoldsUnderOneKeyOnly) {
  const crypto::PresharedKey preshared_key = preshared_key_of(5);
  const auto key = crypto::derive_access_key(key_of(kHubKey).public_key(), &preshared_key);
  EXPECT_FALSE(HandshakeMac(TlsRole::server, key.view(), kContext).verify(packet()));
}

TEST(HandshakeMac, IsMissedInAPacketOfAnySizeWithoutOne) {
  const ByteVector whole = packet();
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_FALSE(hub().verify(Bytes(whole).first(size))) << size;
  ByteVector longer = whole;
  longer.resize(whole.size() + 4);
  EXPECT_FALSE(hub().verify(longer)) << "something behind it";
}

}  // namespace
}  // namespace hawser::sctp::test
