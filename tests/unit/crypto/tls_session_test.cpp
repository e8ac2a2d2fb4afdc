#include "crypto/tls_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "hawser/crypto/random.hpp"
#include "unit/crypto/hex.hpp"
#include "unit/crypto/raw_tls_peer.hpp"

namespace hawser::crypto {
namespace {

using test::as_bytes;
using test::ByteVector;
using test::RawTlsPeer;
using test::to_hex;

// Passes the output of each side to the other until neither has more. Works for sessions and raw peers.
template <class Left, class Right>
void converse(Left& left, Right& right) {
  for (int turn = 0; turn < 100; ++turn) {
    const auto to_right = left.take_output();
    if (!to_right.empty()) right.feed(to_right);
    const auto to_left = right.take_output();
    if (!to_left.empty()) left.feed(to_left);
    if (to_right.empty() && to_left.empty()) return;
  }
  FAIL() << "the exchange does not end";
}

/// Fixture with keys for a client and a server.
class Tls : public testing::Test {
 protected:
  TlsSession client() const { return TlsSession::client(client_identity_, server_key_.public_key()); }
  TlsSession server() const {
    return TlsSession::server(server_identity_,
                              [this](const PublicKey& key) { return key == client_key_.public_key(); });
  }
  static void expect_failed(const TlsSession& session, TlsFailure failure) {
    EXPECT_EQ(session.state(), TlsState::failed);
    EXPECT_EQ(session.failure(), failure) << describe(session.failure());
  }

  SystemRandom random_;
  PrivateKey client_key_ = PrivateKey::generate(random_);
  PrivateKey server_key_ = PrivateKey::generate(random_);
  PrivateKey strange_key_ = PrivateKey::generate(random_);
  TlsIdentity client_identity_{client_key_};
  TlsIdentity server_identity_{server_key_};
};

TEST_F(Tls, ClientSendsFirst) {
  TlsSession a = client();
  TlsSession b = server();
  EXPECT_EQ(a.state(), TlsState::in_progress);
  EXPECT_EQ(b.state(), TlsState::in_progress);
  EXPECT_FALSE(a.take_output().empty());
  EXPECT_TRUE(a.take_output().empty());
  EXPECT_TRUE(b.take_output().empty());
}

TEST_F(Tls, BothSidesAreDoneAndKnowEachOther) {
  TlsSession a = client();
  TlsSession b = server();
  converse(a, b);
  EXPECT_EQ(a.state(), TlsState::done);
  EXPECT_EQ(b.state(), TlsState::done);
  EXPECT_EQ(a.peer_key(), server_key_.public_key());
  EXPECT_EQ(b.peer_key(), client_key_.public_key());
  EXPECT_EQ(a.failure(), TlsFailure::none);
}

TEST_F(Tls, TakesThreeFlightsAndNothingAfterThem) {
  TlsSession a = client();
  TlsSession b = server();
  const auto hello = a.take_output();
  b.feed(hello);
  const auto answer = b.take_output();
  EXPECT_LT(hello.size(), 400U);
  EXPECT_LT(answer.size(), 1200U) << "fits one packet with its headers";
  a.feed(answer);
  EXPECT_EQ(a.state(), TlsState::done);
  b.feed(a.take_output());
  EXPECT_EQ(b.state(), TlsState::done);
  EXPECT_TRUE(b.take_output().empty()) << "no session tickets";
}

TEST_F(Tls, HandshakeSurvivesAnyCutsOfTheStream) {
  std::minstd_rand dice(1);
  for (int run = 0; run < 20; ++run) {
    TlsSession a = client();
    TlsSession b = server();
    const auto carry = [&](TlsSession& from, TlsSession& to) {
      const auto bytes = from.take_output();
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = run == 0 ? 1 : 1 + dice() % 700;
        const Bytes part = Bytes(bytes).subspan(at, std::min(size, bytes.size() - at));
        to.feed(part);
        at += part.size();
      }
    };
    for (int turn = 0; turn < 4; ++turn) {
      carry(a, b);
      carry(b, a);
    }
    ASSERT_EQ(a.state(), TlsState::done) << run;
    ASSERT_EQ(b.state(), TlsState::done) << run;
  }
}

TEST_F(Tls, SurvivesBeingMoved) {
  TlsSession a = client();
  TlsSession b = server();
  TlsSession moved_a = std::move(a);
  TlsSession moved_b = client();
  moved_b = std::move(b);
  converse(moved_a, moved_b);
  EXPECT_EQ(moved_a.state(), TlsState::done);
  EXPECT_EQ(moved_b.state(), TlsState::done);
}

TEST_F(Tls, ExportsTheSameKeyOnBothSidesAndAnotherForEveryOtherInput) {
  TlsSession a = client();
  TlsSession b = server();
  converse(a, b);
  const auto reference = to_hex(a.export_key("hawser epoch", as_bytes("init parameters"), 32).view());
  EXPECT_EQ(reference, to_hex(b.export_key("hawser epoch", as_bytes("init parameters"), 32).view()));
  EXPECT_EQ(reference.size(), 64U);
  EXPECT_NE(reference, to_hex(b.export_key("hawser epoch", as_bytes("init parameterz"), 32).view()));
  EXPECT_NE(reference, to_hex(b.export_key("hawser epoch", {}, 32).view()));
  EXPECT_NE(reference, to_hex(b.export_key("hawser epocH", as_bytes("init parameters"), 32).view()));
}

TEST_F(Tls, ExportsAContextOfManyKilobytes) {
  TlsSession a = client();
  TlsSession b = server();
  converse(a, b);
  const ByteVector context(5000, std::byte{3});
  ByteVector other = context;
  other.back() = std::byte{4};
  const auto reference = to_hex(a.export_key("x", context, 32).view());
  EXPECT_EQ(reference, to_hex(b.export_key("x", context, 32).view()));
  EXPECT_NE(reference, to_hex(b.export_key("x", other, 32).view()));
}

TEST_F(Tls, EveryHandshakeExportsAnotherKey) {
  std::vector<std::string> keys;
  for (int i = 0; i < 3; ++i) {
    TlsSession a = client();
    TlsSession b = server();
    converse(a, b);
    keys.push_back(to_hex(a.export_key("x", {}, 32).view()));
  }
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_NE(keys[1], keys[2]);
}

TEST_F(Tls, ClientRefusesAServerWithAnotherKey) {
  TlsSession a = TlsSession::client(client_identity_, strange_key_.public_key());
  TlsSession b = server();
  converse(a, b);
  expect_failed(a, TlsFailure::wrong_peer_key);
  expect_failed(b, TlsFailure::refused_by_peer);
}

TEST_F(Tls, ServerRefusesAClientThatItDoesNotKnowAndTheClientLearnsOfIt) {
  TlsSession a = TlsSession::client(TlsIdentity(strange_key_), server_key_.public_key());
  TlsSession b = server();
  b.feed(a.take_output());
  a.feed(b.take_output());
  EXPECT_EQ(a.state(), TlsState::done) << "a client is done before the server has seen its certificate";
  b.feed(a.take_output());
  expect_failed(b, TlsFailure::wrong_peer_key);
  a.feed(b.take_output());
  expect_failed(a, TlsFailure::refused_by_peer);
}

TEST_F(Tls, ServerAsksAboutTheVeryKeyOfTheClient) {
  std::vector<PublicKey> checked;
  TlsSession a = client();
  TlsSession b = TlsSession::server(server_identity_, [&](const PublicKey& key) {
    checked.push_back(key);
    return true;
  });
  converse(a, b);
  EXPECT_EQ(checked, std::vector{client_key_.public_key()});
}

TEST_F(Tls, PublicKeyWithoutItsPrivateHalfIsWorthNothing) {
  RawTlsPeer impostor(RawTlsPeer::Role::client);
  impostor.use_certificate_of_other_key(client_key_);
  TlsSession b = server();
  converse(impostor, b);
  expect_failed(b, TlsFailure::bad_signature);
}

TEST_F(Tls, ServerRefusesAClientWithoutACertificate) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  TlsSession b = server();
  converse(raw, b);
  expect_failed(b, TlsFailure::no_peer_certificate);
}

TEST_F(Tls, RefusesCertificatesThatAreNotEd25519) {
  RawTlsPeer p256(RawTlsPeer::Role::server);
  p256.use_p256_certificate();
  TlsSession a = client();
  converse(a, p256);
  EXPECT_EQ(a.state(), TlsState::failed);
  EXPECT_FALSE(p256.done());

  RawTlsPeer x(RawTlsPeer::Role::client);
  x.use_p256_certificate();
  TlsSession b = server();
  converse(x, b);
  EXPECT_EQ(b.state(), TlsState::failed);
}

TEST_F(Tls, RefusesPeersThatSupportNothingNewerThanTls12) {
  RawTlsPeer old_client(RawTlsPeer::Role::client);
  old_client.limit_to_tls12();
  TlsSession b = server();
  converse(old_client, b);
  expect_failed(b, TlsFailure::unsupported_version);

  RawTlsPeer old_server(RawTlsPeer::Role::server);
  old_server.limit_to_tls12();
  old_server.use_key(server_key_);
  TlsSession a = client();
  converse(a, old_server);
  expect_failed(a, TlsFailure::unsupported_version);
}

TEST_F(Tls, RefusesPeersWithoutX25519) {
  RawTlsPeer other_curve(RawTlsPeer::Role::client);
  other_curve.limit_to_groups("P-256");
  other_curve.use_key(client_key_);
  TlsSession b = server();
  converse(other_curve, b);
  expect_failed(b, TlsFailure::no_common_algorithm);
}

TEST_F(Tls, ShakesHandsWithAnotherImplementationOfTheSameRules) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(client_key_);
  TlsSession b = server();
  converse(raw, b);
  EXPECT_EQ(b.state(), TlsState::done) << describe(b.failure());
  EXPECT_TRUE(raw.done());
}

TEST_F(Tls, SurvivesALargeCertificateChain) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(client_key_);
  raw.add_chain(2 * 1024);
  TlsSession b = server();
  converse(raw, b);
  EXPECT_EQ(b.state(), TlsState::done) << describe(b.failure());
}

TEST_F(Tls, RefusesACertificateChainThatIsTooLarge) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(client_key_);
  raw.add_chain(TlsSession::kMaxCertificateChain + 4096);
  TlsSession b = server();
  converse(raw, b);
  expect_failed(b, TlsFailure::too_large);
}

TEST_F(Tls, RefusesMoreBytesThanAHandshakeMayHave) {
  TlsSession b = server();
  // A record of maximum size that does not end, of a message that does not end.
  ByteVector endless(TlsSession::kMaxInput, std::byte{});
  b.feed(Bytes(endless).first(1));
  endless.assign(TlsSession::kMaxInput, std::byte{0x16});
  b.feed(endless);
  EXPECT_EQ(b.state(), TlsState::failed);

  TlsSession c = server();
  const ByteVector too_many(TlsSession::kMaxInput + 1);
  c.feed(too_many);
  expect_failed(c, TlsFailure::too_large);
}

TEST_F(Tls, RefusesTooManyBytesAfterTheHandshakeToo) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(client_key_);
  TlsSession b = server();
  converse(raw, b);
  ASSERT_EQ(b.state(), TlsState::done);
  for (int i = 0; i < 5000 && b.state() == TlsState::done; ++i) {
    raw.update_keys();
    b.feed(raw.take_output());
    // Its output is bounded like its input.
    EXPECT_LT(b.take_output().size(), 1000U);
  }
  EXPECT_EQ(b.state(), TlsState::failed);
}

TEST_F(Tls, RefusesApplicationData) {
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(client_key_);
  TlsSession b = server();
  converse(raw, b);
  ASSERT_EQ(b.state(), TlsState::done);
  raw.write("GET / HTTP/1.1\r\n\r\n");
  b.feed(raw.take_output());
  expect_failed(b, TlsFailure::unexpected_data);
}

TEST_F(Tls, GarbageFailsOrWaitsAndNeverCrashes) {
  std::minstd_rand dice(7);
  for (int run = 0; run < 300; ++run) {
    TlsSession session = run % 2 == 0 ? client() : server();
    ByteVector garbage(1 + dice() % 3000);
    for (std::byte& b : garbage) b = static_cast<std::byte>(dice() >> 7U);
    if (run % 3 != 0) {  // with the form of a record: type, version, length
      garbage.resize(std::max<std::size_t>(garbage.size(), 5));
      garbage[0] = std::byte{0x16};
      garbage[1] = garbage[2] = std::byte{0x03};
      garbage[3] = std::byte{0};
    }
    session.feed(garbage);
    EXPECT_NE(session.state(), TlsState::done);
  }
  TlsSession b = server();
  b.feed(as_bytes("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"));
  expect_failed(b, TlsFailure::malformed);
  b.feed(as_bytes("and more"));
  expect_failed(b, TlsFailure::malformed);
}

TEST_F(Tls, ChangedByteAnywhereNeverLeavesBothSidesWithTheSameKeys) {
  std::minstd_rand dice(5);
  for (int run = 0; run < 150; ++run) {
    TlsSession a = client();
    TlsSession b = server();
    const auto flight = dice() % 3;
    const auto maul = [&](std::vector<std::byte> bytes, unsigned number) {
      if (number == flight && !bytes.empty()) {
        bytes[dice() % bytes.size()] ^= static_cast<std::byte>(1U << (dice() % 8));
      }
      return bytes;
    };
    b.feed(maul(a.take_output(), 0));
    a.feed(maul(b.take_output(), 1));
    b.feed(maul(a.take_output(), 2));
    a.feed(b.take_output());
    if (a.state() != TlsState::done || b.state() != TlsState::done) continue;
    // The version in a record's header is neither protected nor used (RFC 8446 §5.1): changing it does no
    // harm.
    EXPECT_EQ(to_hex(a.export_key("x", {}, 32).view()), to_hex(b.export_key("x", {}, 32).view()));
  }
}

TEST_F(Tls, ReplayedFlightOfAnotherHandshakeIsRefused) {
  TlsSession a = client();
  TlsSession b = server();
  b.feed(a.take_output());
  const auto recorded = b.take_output();
  TlsSession again = client();
  again.feed(recorded);
  EXPECT_EQ(again.state(), TlsState::failed);
}

}  // namespace
}  // namespace hawser::crypto
