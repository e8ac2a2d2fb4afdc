#include "sctp/handshake/state_cookie.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "crypto/hmac.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::handshake {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kBoot{};

StateCookie sample(bool v6 = false) {
  StateCookie cookie;
  cookie.created = kBoot + 5s;
  cookie.lifetime = 60s;
  const std::array<std::byte, 16> six = {std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}};
  const IpAddress remote = v6 ? IpAddress::v6(six) : IpAddress::v4(0xC000'0201);
  cookie.route = {SocketId(3), v6 ? IpAddress::any_v6() : IpAddress::any_v4(), {remote, 40'001}};
  cookie.peer_port = 5000;
  cookie.local_tie_tag = VerificationTag{0x1111'1111};
  cookie.peer_tie_tag = VerificationTag{0x2222'2222};
  cookie.own.tag = VerificationTag{0xAAAA'0001};
  cookie.own.initial_tsn = Tsn{0xBBBB'0002};
  cookie.own.auth_random.fill(std::byte{0x5c});
  PeerInit& peer = cookie.peer;
  peer.tag = VerificationTag{0xCCCC'0003};
  peer.initial_tsn = Tsn{0xDDDD'0004};
  peer.a_rwnd = 100'000;
  peer.outbound_streams = 10;
  peer.inbound_streams = 20;
  peer.nr_sack = true;
  peer.asconf = true;
  peer.key_vector.assign(50, std::byte{1});
  peer.auth_chunks.assign(2, std::byte{2});
  peer.auth_hmacs.assign(4, std::byte{3});
  return cookie;
}

/// Fixture with a cookie jar.
class CookieJarTest : public ::testing::Test {
 protected:
  test::TestRandom random;
  CookieJar jar{random, 60s};
};

TEST_F(CookieJarTest, GivesBackAllThatWasPutIn) {
  for (const bool v6 : {false, true}) {
    const StateCookie in = sample(v6);
    const auto opened = jar.open(jar.seal(in, kBoot + 5s), kBoot + 6s);
    ASSERT_TRUE(opened.cookie.has_value());
    EXPECT_FALSE(opened.refusal.has_value());
    const StateCookie& out = *opened.cookie;
    EXPECT_EQ(out.created, in.created);
    EXPECT_EQ(out.lifetime, in.lifetime);
    EXPECT_EQ(out.route, in.route);
    EXPECT_EQ(out.peer_port, in.peer_port);
    EXPECT_EQ(out.local_tie_tag, in.local_tie_tag);
    EXPECT_EQ(out.peer_tie_tag, in.peer_tie_tag);
    EXPECT_EQ(out.own.tag, in.own.tag);
    EXPECT_EQ(out.own.initial_tsn, in.own.initial_tsn);
    EXPECT_EQ(out.own.auth_random, in.own.auth_random);
    EXPECT_EQ(out.peer.tag, in.peer.tag);
    EXPECT_EQ(out.peer.initial_tsn, in.peer.initial_tsn);
    EXPECT_EQ(out.peer.a_rwnd, in.peer.a_rwnd);
    EXPECT_EQ(out.peer.outbound_streams, in.peer.outbound_streams);
    EXPECT_EQ(out.peer.inbound_streams, in.peer.inbound_streams);
    EXPECT_TRUE(out.peer.nr_sack);
    EXPECT_TRUE(out.peer.asconf);
    EXPECT_EQ(out.peer.key_vector, in.peer.key_vector);
    EXPECT_EQ(out.peer.auth_chunks, in.peer.auth_chunks);
    EXPECT_EQ(out.peer.auth_hmacs, in.peer.auth_hmacs);
  }
}

// A cookie as a protected hub creates it.
StateCookie protected_sample() {
  StateCookie cookie = sample();
  cookie.peer.cipher_costs = crypto::CipherCosts{0x0102'0304, 0xfffe'fdfc};
  cookie.peer.zero_checksum = true;
  cookie.access_key = 0x0203;
  cookie.peer.key_vector.clear();
  cookie.peer.auth_chunks.clear();
  cookie.peer.auth_hmacs.clear();
  for (std::size_t i = 0; i < cookie.transcript.size(); ++i) cookie.transcript[i] = static_cast<std::byte>(i);
  return cookie;
}

TEST_F(CookieJarTest, GivesBackWhatAProtectedAssociationNeeds) {
  for (const bool zero_checksum : {true, false}) {
    StateCookie in = protected_sample();
    in.peer.zero_checksum = zero_checksum;
    const auto opened = jar.open(jar.seal(in, kBoot + 5s), kBoot + 6s);
    ASSERT_TRUE(opened.cookie.has_value());
    EXPECT_EQ(opened.cookie->peer.cipher_costs, in.peer.cipher_costs);
    EXPECT_EQ(opened.cookie->peer.zero_checksum, zero_checksum);
    EXPECT_EQ(opened.cookie->transcript, in.transcript);
    EXPECT_EQ(opened.cookie->access_key, in.access_key);
    EXPECT_EQ(opened.cookie->peer.tag, in.peer.tag);
    EXPECT_FALSE(opened.cookie->peer.auth());
  }
}

TEST_F(CookieJarTest, KeepsAPlainPeerApartFromAProtectedOne) {
  const auto opened = jar.open(jar.seal(sample(), kBoot + 5s), kBoot + 6s);
  ASSERT_TRUE(opened.cookie.has_value());
  EXPECT_FALSE(opened.cookie->peer.cipher_costs.has_value());
  EXPECT_FALSE(opened.cookie->peer.zero_checksum);
  EXPECT_EQ(opened.cookie->transcript, crypto::Sha256Digest{});
}

TEST_F(CookieJarTest, RefusesEveryCookieWithOneFlippedBit) {
  for (const StateCookie& cookie : {sample(), protected_sample()}) {
    auto sealed = jar.seal(cookie, kBoot + 5s);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      sealed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      const auto opened = jar.open(sealed, kBoot + 6s);
      ASSERT_EQ(opened.refusal, DropReason::forged_cookie) << "bit " << bit;
      ASSERT_FALSE(opened.cookie.has_value());
      sealed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
  }
}

TEST_F(CookieJarTest, RefusesEveryTruncatedCookie) {
  const auto sealed = jar.seal(sample(), kBoot + 5s);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const std::vector<std::byte> cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(jar.open(cut, kBoot + 6s).refusal, DropReason::forged_cookie) << size;
  }
}

TEST_F(CookieJarTest, RefusesACookieWithBytesAppended) {
  auto sealed = jar.seal(sample(), kBoot + 5s);
  sealed.push_back(std::byte{0});
  EXPECT_EQ(jar.open(sealed, kBoot + 6s).refusal, DropReason::forged_cookie);
}

TEST_F(CookieJarTest, RefusesEverythingBeforeItSealedAnything) {
  CookieJar other(random, 60s);
  const auto sealed = other.seal(sample(), kBoot + 5s);
  EXPECT_EQ(jar.open(sealed, kBoot + 6s).refusal, DropReason::forged_cookie);
}

TEST_F(CookieJarTest, RefusesTheCookieOfAnotherJar) {
  CookieJar other(random, 60s);
  const auto sealed = other.seal(sample(), kBoot + 5s);
  static_cast<void>(jar.seal(sample(), kBoot + 5s));
  EXPECT_EQ(jar.open(sealed, kBoot + 6s).refusal, DropReason::forged_cookie);
}

TEST_F(CookieJarTest, ReportsHowStaleACookieIs) {
  const auto sealed = jar.seal(sample(), kBoot + 5s);
  EXPECT_FALSE(jar.open(sealed, kBoot + 65s).refusal.has_value()) << "the last moment of its lifetime";
  const auto opened = jar.open(sealed, kBoot + 65s + 1500ms);
  EXPECT_EQ(opened.refusal, DropReason::stale_cookie);
  EXPECT_EQ(opened.staleness, 1500ms);
  EXPECT_TRUE(opened.cookie.has_value()) << "needed to answer with the right tag";
}

TEST_F(CookieJarTest, ACookieOutlivesOneRenewalOfTheSecret) {
  const auto sealed = jar.seal(sample(), kBoot + 5s);
  static_cast<void>(jar.seal(sample(), kBoot + 65s));
  const auto opened = jar.open(sealed, kBoot + 65s);
  EXPECT_TRUE(opened.cookie.has_value());
  EXPECT_FALSE(opened.refusal.has_value());
}

TEST_F(CookieJarTest, ACookieDiesWithTheSecondRenewalOfTheSecret) {
  const auto sealed = jar.seal(sample(), kBoot + 5s);
  static_cast<void>(jar.seal(sample(), kBoot + 65s));
  static_cast<void>(jar.seal(sample(), kBoot + 125s));
  EXPECT_EQ(jar.open(sealed, kBoot + 125s).refusal, DropReason::forged_cookie);
}

TEST_F(CookieJarTest, KeepsItsSecretWithinALifetime) {
  const auto first = jar.seal(sample(), kBoot + 5s);
  EXPECT_EQ(jar.seal(sample(), kBoot + 64s), first);
  EXPECT_NE(jar.seal(sample(), kBoot + 65s), first);
}

TEST_F(CookieJarTest, ASecretOfZerosIsNeverGoodEvenBeforeTheFirstRenewal) {
  auto forged = jar.seal(sample(), kBoot + 5s);
  constexpr std::array<std::byte, 32> kZeros{};
  const std::array<Bytes, 1> body = {Bytes(forged).subspan(32)};
  std::ranges::copy(crypto::hmac_sha256(kZeros, body), forged.begin());
  EXPECT_EQ(jar.open(forged, kBoot + 5s).refusal, DropReason::forged_cookie);
}

TEST_F(CookieJarTest, TakesTheLargestAuthParametersAnInitCanCarry) {
  StateCookie cookie = sample();
  cookie.peer.key_vector.assign(36 + 260 + 12, std::byte{9});
  cookie.peer.auth_chunks.assign(256, std::byte{8});
  const auto opened = jar.open(jar.seal(cookie, kBoot + 5s), kBoot + 5s);
  ASSERT_TRUE(opened.cookie.has_value());
  EXPECT_EQ(opened.cookie->peer.auth_chunks.size(), 256U);
  EXPECT_EQ(opened.cookie->peer.key_vector.size(), cookie.peer.key_vector.size());
}

}  // namespace
}  // namespace hawser::sctp::handshake
