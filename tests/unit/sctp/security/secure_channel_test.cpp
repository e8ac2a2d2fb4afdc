#include <gtest/gtest.h>

#include <deque>

#include "sctp/security/secure_channel.hpp"
#include "unit/crypto/raw_tls_peer.hpp"
#include "unit/sctp/support/protected_support.hpp"
#include "unit/sctp/support/records.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using crypto::TlsRole;
using crypto::test::RawTlsPeer;

/// One end, with the record numbers of its only path.
struct End {
  End(const SecurityConfig& protection, TlsRole role, std::uint8_t transcript = 0)
      : identity(protection.private_key),
        channel({protection, identity, role,
                 role == TlsRole::client ? std::optional(protection.peers.front().key) : std::nullopt,
                 transcript_of(transcript), crypto::Cipher::aes_128_gcm, true}) {}

  static crypto::Sha256Digest transcript_of(std::uint8_t content) {
    crypto::Sha256Digest transcript{};
    transcript.fill(static_cast<std::byte>(content));
    return transcript;
  }
  std::vector<ByteVector> take_messages() {
    std::vector<ByteVector> messages;
    while (auto message = channel.poll_message()) messages.push_back(std::move(*message));
    return messages;
  }
  ByteVector seal() {
    ByteVector packet = unsealed_packet(32);
    EXPECT_TRUE(channel.seal(packet, numbers));
    return packet;
  }

  crypto::TlsIdentity identity;
  security::SecureChannel channel;
  path::RecordNumbers numbers;
};

/// Both ends without an association: the test transfers messages and records. Owns the keys and both
/// channels.
struct Ends {
  Ends() : Ends(edge_protection(), hub_protection()) {}
  Ends(SecurityConfig edge, SecurityConfig hub) : edge_keys(std::move(edge)), hub_keys(std::move(hub)) {}

  SecurityConfig edge_keys;
  SecurityConfig hub_keys;
  Timestamp now = Timestamp{} + 1h;
  End client{edge_keys, TlsRole::client};
  End server{hub_keys, TlsRole::server};

  void give(End& to, const ByteVector& message) { static_cast<void>(to.channel.on_message(now, message)); }
  /// Transfers all messages of `from`.
  std::vector<ByteVector> carry(End& from, End& to) {
    const auto messages = from.take_messages();
    for (const ByteVector& message : messages) give(to, message);
    return messages;
  }
  void carry_all() {
    while (!carry(client, server).empty() || !carry(server, client).empty()) {
    }
  }
  /// Whether `to` opens a record of `from`.
  bool opens(End& from, End& to) {
    ByteVector packet = from.seal();
    return to.channel.open(now, packet).has_value();
  }
  /// Completes the handshake; both sides seal with the new keys afterwards.
  void connect() {
    client.channel.begin();
    carry_all();
    ASSERT_TRUE(server.channel.up());
    ASSERT_TRUE(opens(server, client));
    ASSERT_TRUE(client.channel.up());
  }
  /// Advances the time until the keys must be renewed.
  void age() {
    now += 16min;
    client.channel.on_progress(now);
    server.channel.on_progress(now);
  }
  void expect_epoch(int epoch) {
    EXPECT_EQ(client.channel.failure(), "");
    EXPECT_EQ(server.channel.failure(), "");
    EXPECT_EQ(client.channel.status().epoch, epoch);
    EXPECT_EQ(server.channel.status().epoch, epoch);
    EXPECT_TRUE(opens(client, server));
    EXPECT_TRUE(opens(server, client));
  }
};

TEST(SecureChannel, IsUpAtTheServerWithTheFinishedAndAtTheClientWithTheFirstRecord) {
  Ends ends;
  ends.client.channel.begin();
  EXPECT_EQ(ends.carry(ends.client, ends.server).size(), 1U) << "ClientHello";
  EXPECT_EQ(ends.carry(ends.server, ends.client).size(), 1U) << "ServerHello … Finished";
  EXPECT_FALSE(ends.server.channel.up());
  EXPECT_FALSE(ends.client.channel.up());
  EXPECT_EQ(ends.carry(ends.client, ends.server).size(), 1U) << "Certificate … Finished";
  EXPECT_TRUE(ends.server.channel.up());
  EXPECT_FALSE(ends.client.channel.up()) << "the client does not know whether it was accepted";
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  EXPECT_TRUE(ends.client.channel.up());
  ends.expect_epoch(0);
  EXPECT_EQ(ends.client.channel.peer(), key_of(kHubKey).public_key());
  EXPECT_EQ(ends.server.channel.peer(), key_of(kEdgeKey).public_key());
}

TEST(SecureChannel, HasOtherKeysWhenTheTwoEndsSawDifferentHandshakes) {
  Ends ends;
  End elsewhere(ends.hub_keys, TlsRole::server, 1);
  ends.client.channel.begin();
  for (int i = 0; i < 3; ++i) {
    ends.carry(ends.client, elsewhere);
    ends.carry(elsewhere, ends.client);
  }
  ASSERT_TRUE(elsewhere.channel.up()) << "TLS itself does not cover INIT and INIT ACK";
  EXPECT_FALSE(ends.opens(elsewhere, ends.client));
  EXPECT_FALSE(ends.client.channel.up());
}

// Performs a handshake whose flights are split into two messages each, the first with `cut` bytes of TLS.
// Returns the size of the longest flight.
std::size_t connect_in_pieces(Ends& ends, std::size_t cut) {
  std::size_t longest = 0;
  ends.client.channel.begin();
  End* from = &ends.client;
  End* to = &ends.server;
  for (int flight = 0; flight < 3; ++flight, std::swap(from, to)) {
    for (const ByteVector& whole : from->take_messages()) {
      longest = std::max(longest, whole.size() - 1);
      const auto at = whole.begin() + static_cast<std::ptrdiff_t>(std::min(cut + 1, whole.size()));
      ByteVector second{whole[0]};
      second.insert(second.end(), at, whole.end());
      ends.give(*to, ByteVector(whole.begin(), at));
      ends.give(*to, second);
    }
  }
  return longest;
}

TEST(SecureChannel, TakesEachFlightCutAtEveryByte) {
  std::size_t longest = 1;
  for (std::size_t cut = 1; cut < longest || cut == 1; ++cut) {
    Ends ends;
    longest = connect_in_pieces(ends, cut);
    ASSERT_TRUE(ends.server.channel.up()) << cut;
    ASSERT_TRUE(ends.opens(ends.server, ends.client)) << cut;
  }
  EXPECT_GT(longest, 500U);
}

TEST(SecureChannel, IsNeverUpOnPartOfAFlight) {
  for (int flight = 0; flight < 3; ++flight) {
    for (std::size_t missing = 1; missing < 90; missing += 11) {
      Ends ends;
      ends.client.channel.begin();
      if (flight > 0) ends.carry(ends.client, ends.server);
      if (flight > 1) ends.carry(ends.server, ends.client);
      End& from = flight == 1 ? ends.server : ends.client;
      End& to = flight == 1 ? ends.client : ends.server;
      auto messages = from.take_messages();
      messages[0].resize(messages[0].size() - missing);
      ends.give(to, messages[0]);
      ends.carry_all();
      EXPECT_FALSE(ends.server.channel.up()) << flight << ", " << missing;
      EXPECT_FALSE(ends.client.channel.up()) << flight << ", " << missing;
    }
  }
}

TEST(SecureChannel, FailsOnJunkInAHandshakeAndIsNeverUp) {
  TestRandom random;
  for (std::size_t size = 2; size < 200; ++size) {
    Ends ends;
    ends.client.channel.begin();
    ByteVector junk(size);
    random.fill(junk);
    junk[0] = std::byte{0};
    junk[1] = std::byte{0x19};  // not a type of TLS record
    End& victim = size % 2 == 0 ? ends.server : ends.client;
    ends.give(victim, junk);
    ends.carry_all();
    EXPECT_FALSE(ends.server.channel.up());
    EXPECT_FALSE(ends.client.channel.up());
    if (size > 6) {
      EXPECT_NE(victim.channel.failure(), "") << size;
    }
  }
}

TEST(SecureChannel, DropsMessagesThatBelongToNoHandshake) {
  Ends ends;
  ends.connect();
  TestRandom random;
  for (int epoch = 0; epoch < 256; ++epoch) {
    ByteVector junk(40);
    random.fill(junk);
    junk[0] = static_cast<std::byte>(epoch);
    ends.give(ends.client, junk);  // a server does not initiate a handshake
    if (epoch != 1) ends.give(ends.server, junk);
    if (epoch != 1) ends.give(ends.client, {junk[0]});
    ends.give(ends.server, {junk[0]});  // a client does not request one
  }
  EXPECT_TRUE(ends.client.take_messages().empty());
  EXPECT_TRUE(ends.server.take_messages().empty());
  ends.expect_epoch(0);
  EXPECT_EQ(ends.server.channel.status().handshakes, 1U);
}

TEST(SecureChannel, IsNotBegunByAServersRequestBeforeThereAreKeys) {
  Ends ends;
  ends.give(ends.client, {std::byte{0}});
  EXPECT_FALSE(ends.client.channel.poll_message().has_value());
  ends.client.channel.begin();
  EXPECT_EQ(ends.client.take_messages().size(), 1U);
  ends.give(ends.client, {std::byte{0}});
  ends.give(ends.client, {std::byte{1}});
  EXPECT_TRUE(ends.client.take_messages().empty());
}

// --- rekey

TEST(SecureChannelRekey, IsRequestedByAnAgedServerAndDoneByTheClient) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = 50min;
  Ends ends(std::move(edge), hub_protection());
  ends.connect();
  ends.age();
  const auto request = ends.carry(ends.server, ends.client);
  ASSERT_EQ(request.size(), 1U);
  EXPECT_EQ(request[0], ByteVector{std::byte{1}});
  ends.server.channel.on_progress(ends.now + 1s);
  EXPECT_TRUE(ends.server.take_messages().empty()) << "it sends one request";
  ends.carry_all();
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, SucceedsWhenTheRequestsOfBothSidesCross) {
  Ends ends;
  ends.connect();
  ends.age();
  const auto hello = ends.client.take_messages();
  const auto request = ends.server.take_messages();
  ASSERT_EQ(hello.size(), 1U);
  ASSERT_EQ(request.size(), 1U);
  ends.give(ends.server, hello[0]);
  ends.give(ends.client, request[0]);
  ends.carry_all();
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(1);
  EXPECT_EQ(ends.client.channel.status().handshakes, 2U) << "one exchange, not two";
  EXPECT_EQ(ends.server.channel.status().handshakes, 2U);
  // Both may request the next epoch afterwards.
  ends.age();
  ends.carry_all();
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(2);
}

TEST(SecureChannelRekey, DropsARequestThatComesWhenItWasFulfilled) {
  Ends ends;
  ends.connect();
  ends.age();
  const auto request = ends.server.take_messages();
  ends.carry_all();
  ASSERT_TRUE(ends.opens(ends.server, ends.client));
  ASSERT_EQ(request.size(), 1U);
  ends.give(ends.client, request[0]);
  EXPECT_TRUE(ends.client.take_messages().empty());
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, IsNotRequestedWhileOneIsUnderWay) {
  SecurityConfig hub = hub_protection();
  hub.rekey_after = 17min;
  Ends ends(edge_protection(), std::move(hub));
  ends.connect();
  ends.age();
  ends.carry(ends.client, ends.server);
  ends.carry(ends.server, ends.client);
  ends.now += 2min;
  ends.server.channel.on_progress(ends.now);
  ends.client.channel.on_progress(ends.now);
  EXPECT_TRUE(ends.server.take_messages().empty());
  ends.carry_all();
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, IsNotDisturbedByMessagesOfAFinishedHandshake) {
  Ends ends;
  ends.client.channel.begin();
  std::vector<ByteVector> to_server;
  std::vector<ByteVector> to_client;
  for (int i = 0; i < 2; ++i) {
    for (ByteVector& each : ends.carry(ends.client, ends.server)) to_server.push_back(std::move(each));
    for (ByteVector& each : ends.carry(ends.server, ends.client)) to_client.push_back(std::move(each));
  }
  ASSERT_TRUE(ends.opens(ends.server, ends.client));
  const auto repeat = [&] {
    for (const ByteVector& each : to_server) ends.give(ends.server, each);
    for (const ByteVector& each : to_client) ends.give(ends.client, each);
  };
  repeat();
  EXPECT_TRUE(ends.server.take_messages().empty());
  ends.expect_epoch(0);
  ends.age();
  ends.carry(ends.client, ends.server);
  repeat();  // during the next handshake
  ends.carry_all();
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, GoesOnWithOldKeysUntilTheOtherSideHasTheNew) {
  Ends ends;
  ends.connect();
  ends.age();
  for (int flight = 0; flight < 3; ++flight) {
    EXPECT_TRUE(ends.opens(ends.client, ends.server)) << flight;
    EXPECT_TRUE(ends.opens(ends.server, ends.client)) << flight;
    if (flight % 2 == 0) {
      ends.carry(ends.client, ends.server);
    } else {
      ends.carry(ends.server, ends.client);
    }
  }
  EXPECT_EQ(ends.server.channel.status().epoch, 1) << "the client can open it since the second flight";
  EXPECT_EQ(ends.client.channel.status().epoch, 0);
  EXPECT_TRUE(ends.opens(ends.client, ends.server));
  EXPECT_TRUE(ends.opens(ends.server, ends.client));
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, WipesTheKeysBeforeHalfAMinuteAfterThePeerUsesTheNew) {
  Ends ends;
  ends.connect();
  ByteVector late = ends.client.seal();
  ByteVector later = ends.client.seal();
  ends.age();
  ends.carry_all();
  ASSERT_TRUE(ends.opens(ends.server, ends.client));
  ASSERT_TRUE(ends.opens(ends.client, ends.server));
  EXPECT_EQ(ends.server.channel.next_timeout(), ends.now + 30s);
  ends.now += 10s;
  ASSERT_TRUE(ends.opens(ends.client, ends.server)) << "a further record does not prolong the time";
  ends.now += 19s;
  ends.server.channel.on_progress(ends.now);
  EXPECT_TRUE(ends.server.channel.open(ends.now, late).has_value());
  ends.now += 1s;
  ends.server.channel.on_progress(ends.now);
  EXPECT_EQ(ends.server.channel.open(ends.now, later).error(), DropReason::unknown_epoch);
  ends.expect_epoch(1);
}

TEST(SecureChannelRekey, KeepsTheKeysBeforeWhileThePeerCannotUseTheNew) {
  Ends ends;
  ends.connect();
  ends.age();  // by 16 minutes
  ends.carry_all();
  EXPECT_EQ(ends.server.channel.status().epoch, 1);
  EXPECT_EQ(ends.client.channel.status().epoch, 0) << "no record of the server has arrived";
  ends.now += 10min;
  ends.server.channel.on_progress(ends.now);
  EXPECT_TRUE(ends.opens(ends.client, ends.server));
  ends.now += 34min - 1ns;
  ends.server.channel.on_progress(ends.now);
  EXPECT_TRUE(ends.opens(ends.client, ends.server));
  ends.now += 1ns;  // the age at which an association with these keys ends
  ends.server.channel.on_progress(ends.now);
  EXPECT_FALSE(ends.opens(ends.client, ends.server));
}

TEST(SecureChannelRekey, IsNoOccasionToBecomeSomeoneElse) {
  Ends ends;
  ends.connect();
  RawTlsPeer other(RawTlsPeer::Role::client);
  other.use_key(key_of(33));  // a key of another peer that the hub knows
  for (int i = 0; i < 3; ++i) {
    ByteVector message{std::byte{1}};
    const auto tls = other.take_output();
    message.insert(message.end(), tls.begin(), tls.end());
    ends.give(ends.server, message);
    for (const ByteVector& answer : ends.server.take_messages()) other.feed(Bytes(answer).subspan(1));
  }
  EXPECT_NE(ends.server.channel.failure(), "");
  EXPECT_EQ(ends.server.channel.peer(), key_of(kEdgeKey).public_key());
}

TEST(SecureChannelRekey, IsDueByAgePacketsAndPathIds) {
  for (const bool by_paths : {true, false}) {
    SecurityConfig edge = edge_protection();
    if (!by_paths) edge.rekey_after_packets = 192;
    Ends ends(std::move(edge), hub_protection());
    ends.connect();
    for (int i = 0; i < 192; ++i) {
      ends.client.channel.on_progress(ends.now);
      EXPECT_TRUE(ends.client.take_messages().empty()) << i;
      if (by_paths) ends.client.numbers = {};
      static_cast<void>(ends.client.seal());
    }
    ends.client.channel.on_progress(ends.now);
    EXPECT_EQ(ends.client.take_messages().size(), 1U) << by_paths;
  }
}

// Nothing limits this client: it begins whenever the exchange before is complete.
TEST(SecureChannelRekey, IsComputedByAServerEveryTenSecondsAtMost) {
  SecurityConfig edge = edge_protection();
  edge.rekey_after = {};
  edge.least_rekey_interval = {};
  Ends ends(std::move(edge), hub_protection());
  ends.connect();
  const Timestamp begun = ends.now;
  int refused = 0;
  while (ends.now < begun + 60s && refused == 0) {
    ends.client.channel.on_progress(ends.now);
    for (const ByteVector& message : ends.client.take_messages())
      refused += ends.server.channel.on_message(ends.now, message) == DropReason::rekey_too_soon ? 1 : 0;
    ends.carry_all();
    static_cast<void>(ends.opens(ends.server, ends.client));
    ends.now += 20ms;
  }
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(ends.server.channel.status().handshakes, 1U + SecurityConfig::kRekeyBurst + 1);
  EXPECT_EQ(ends.server.channel.failure(), "") << "the keys in use stay";
}

TEST(SecureChannelRekey, IsNotRequestedByAMessageOfWhichMoreFollows) {
  Ends ends;
  ends.connect();
  static_cast<void>(ends.client.channel.on_message(ends.now, ByteVector{std::byte{1}}, true));
  ends.client.channel.on_progress(ends.now);
  EXPECT_TRUE(ends.client.take_messages().empty());
  static_cast<void>(ends.client.channel.on_message(ends.now, ByteVector{std::byte{1}}, false));
  ends.client.channel.on_progress(ends.now);
  EXPECT_EQ(ends.client.take_messages().size(), 1U);
}

TEST(SecureChannelRekey, ThatNeverCompletesEndsTheAssociationAtTheHardLimit) {
  Ends ends;
  ends.connect();
  const Timestamp begun = ends.now;
  ends.age();
  EXPECT_EQ(ends.client.channel.next_timeout(), begun + SecurityConfig::kHardAge);
  ends.now = begun + SecurityConfig::kHardAge - 1s;
  ends.client.channel.on_progress(ends.now);
  EXPECT_EQ(ends.client.channel.failure(), "");
  ends.client.channel.on_progress(ends.now + 1s);
  EXPECT_EQ(ends.client.channel.failure(), "the keys are used up");
}

TEST(SecureChannel, SurvivesALargeCertificateChain) {
  Ends ends;
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(key_of(kEdgeKey));
  raw.add_chain(2 * 1024);
  for (int i = 0; i < 3; ++i) {
    const auto tls = raw.take_output();
    for (Bytes rest(tls); !rest.empty();) {  // as many messages as packets would carry
      const Bytes piece = rest.first(std::min<std::size_t>(rest.size(), 1200));
      ByteVector message{std::byte{0}};
      message.insert(message.end(), piece.begin(), piece.end());
      ends.give(ends.server, message);
      rest = rest.subspan(piece.size());
    }
    for (const ByteVector& answer : ends.server.take_messages()) raw.feed(Bytes(answer).subspan(1));
  }
  EXPECT_EQ(ends.server.channel.failure(), "");
  ASSERT_TRUE(ends.server.channel.up());
  EXPECT_EQ(ends.server.channel.peer(), key_of(kEdgeKey).public_key());
}

TEST(SecureChannel, RefusesAHandshakeWithoutEnd) {
  Ends ends;
  ByteVector endless(16'000, std::byte{0x16});
  endless[0] = std::byte{0};
  for (int i = 0; i < 6; ++i) ends.give(ends.server, endless);
  EXPECT_NE(ends.server.channel.failure(), "");
  EXPECT_FALSE(ends.server.channel.up());
}

}  // namespace
}  // namespace hawser::sctp::test
