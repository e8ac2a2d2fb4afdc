#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "crypto/record_keys.hpp"
#include "crypto/tls_session.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/wire/crc32c.hpp"
#include "unit/crypto/raw_tls_peer.hpp"
#include "unit/sctp/support/handshake_support.hpp"
#include "unit/sctp/support/protected_support.hpp"

// The handshake of a protected association under attack, on the path and from an unauthenticated initiator.

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using crypto::test::RawTlsPeer;
using wire::ChunkType;
using wire::ParameterType;

constexpr std::size_t kParametersAt = wire::kCommonHeaderSize + 20;

// Where a parameter of the only chunk of the packet begins; 0 when it has none.
std::size_t find_parameter(const ByteVector& packet, ParameterType type) {
  const Bytes chunk = wire::ChunkReader(Bytes(packet)).next()->whole;
  wire::ParameterReader reader(chunk.subspan(kParametersAt - wire::kCommonHeaderSize));
  while (const auto parameter = reader.next()) {
    if (parameter->is(type)) return static_cast<std::size_t>(parameter->whole.data() - packet.data());
  }
  ADD_FAILURE() << "no such parameter";
  return 0;
}

// Hides a parameter from its reader: it becomes padding.
void strip(ByteVector& packet, ParameterType type) {
  store_be(packet.data() + find_parameter(packet, type), static_cast<std::uint16_t>(ParameterType::kPadding));
}
void alter(ByteVector& packet, ParameterType type, std::size_t value_byte) {
  packet[find_parameter(packet, type) + wire::kTlvHeaderSize + value_byte] ^= std::byte{1};
}

using Alteration = std::function<void(ByteVector&)>;
struct Attack {
  const char* name;
  Alteration alteration;
};

std::vector<Attack> downgrades() {
  return {
      {"PROTECTION stripped", [](ByteVector& p) { strip(p, ParameterType::kProtection); }},
      {"version altered", [](ByteVector& p) { alter(p, ParameterType::kProtection, 0); }},
      {"reserved byte altered", [](ByteVector& p) { alter(p, ParameterType::kProtection, 2); }},
      {"cost of AES altered", [](ByteVector& p) { alter(p, ParameterType::kProtection, 4); }},
      {"cost of ChaCha20 altered", [](ByteVector& p) { alter(p, ParameterType::kProtection, 11); }},
      {"zero checksum stripped", [](ByteVector& p) { strip(p, ParameterType::kZeroChecksumAcceptable); }},
      {"checksum method altered", [](ByteVector& p) { alter(p, ParameterType::kZeroChecksumAcceptable, 3); }},
      {"extensions stripped", [](ByteVector& p) { strip(p, ParameterType::kSupportedExtensions); }},
      {"window altered", [](ByteVector& p) { p[wire::kCommonHeaderSize + 9] ^= std::byte{1}; }},
      {"initial TSN altered", [](ByteVector& p) { p[wire::kCommonHeaderSize + 19] ^= std::byte{1}; }}};
}

// An attacker on the path that knows the hub's public key, and so can sign ACCESS again.
class AttackerOnPath : public ::testing::Test {
 protected:
  void begin_again() { pair = std::make_unique<ProtectedPair>(); }
  void on_init(const Alteration& alteration, bool sign_again) {
    pair->lost_to_server = [this, alteration, sign_again](const Datagram& each) {
      if (!contains(each, ChunkType::kInit)) return false;
      ByteVector packet = each.bytes;
      alteration(packet);
      if (sign_again) sign(packet);
      wire::seal_checksum(packet);
      pair->server.deliver(pair->now, {pair->server_route(), packet});
      return true;
    };
  }
  void on_init_ack(const Alteration& alteration, bool sign_again) {
    pair->lost_to_client = [this, alteration, sign_again](const Datagram& each) {
      if (!contains(each, ChunkType::kInitAck)) return false;
      pair->client.deliver(pair->now, {pair->client_route(), altered(each.bytes, alteration, sign_again)});
      return true;
    };
  }
  // An altered INIT ACK, with its handshake MAC made again or as it was.
  [[nodiscard]] ByteVector altered(ByteVector packet, const Alteration& alteration, bool sign_again) const {
    alteration(packet);
    if (sign_again) return signed_again(packet, hub_mac());
    wire::seal_checksum(packet);
    return packet;
  }
  // The handshake MAC of INIT ACKs for the INIT that the edge has sent last.
  [[nodiscard]] security::HandshakeMac hub_mac() const {
    return mac_of(crypto::TlsRole::server, init_hash_of(pair->client.sent.back().bytes));
  }
  static void sign(ByteVector& packet) {
    security::sign_access(MutableBytes(packet).subspan(wire::kCommonHeaderSize), edge_secrets());
  }
  void expect_no_connection() {
    pair->begin();
    pair->run(60s);
    EXPECT_EQ(pair->client.count(Event::Kind::connected), 0);
    EXPECT_EQ(pair->client.count(Event::Kind::lost), 1);
    EXPECT_TRUE(std::ranges::none_of(pair->client.sent, is_sealed));
  }
  void expect_connection() {
    pair->begin();
    pair->run(5s);
    pair->learn();
    EXPECT_EQ(pair->client.count(Event::Kind::connected), 1);
    EXPECT_TRUE(pair->works());
  }

  std::unique_ptr<ProtectedPair> pair = std::make_unique<ProtectedPair>();
};

TEST_F(AttackerOnPath, ThatAltersNothingDisturbsNothing) {
  on_init([](ByteVector&) {}, false);
  on_init_ack([](ByteVector&) {}, true);
  expect_connection();
}

TEST_F(AttackerOnPath, CannotAlterAnInitWithoutTheHubsKey) {
  for (const Attack& attack : downgrades()) {
    SCOPED_TRACE(attack.name);
    begin_again();
    on_init(attack.alteration, false);
    expect_no_connection();
    EXPECT_TRUE(pair->server.sent.empty());
    EXPECT_GT(pair->server.drops(DropReason::no_access), 0U);
  }
}

TEST_F(AttackerOnPath, AnInitThatWasAlteredAndSignedAgainLeadsToNoKeysInCommon) {
  for (const Attack& attack : downgrades()) {
    SCOPED_TRACE(attack.name);
    begin_again();
    on_init(attack.alteration, true);
    expect_no_connection();
    EXPECT_TRUE(pair->server.messages.empty());
  }
}

TEST_F(AttackerOnPath, CannotAlterAnInitAckWithoutTheHubsKey) {
  for (const Attack& attack : downgrades()) {
    SCOPED_TRACE(attack.name);
    begin_again();
    on_init_ack(attack.alteration, false);
    expect_no_connection();
    EXPECT_GT(pair->client.drops(DropReason::bad_handshake_mac), 0U);
    EXPECT_EQ(pair->client.count_sent(ChunkType::kCookieEcho), 0);
  }
}

TEST_F(AttackerOnPath, AnInitAckThatWasAlteredAndSignedAgainLeadsToNoKeysInCommon) {
  for (const Attack& attack : downgrades()) {
    SCOPED_TRACE(attack.name);
    begin_again();
    on_init_ack(attack.alteration, true);
    expect_no_connection();
    EXPECT_TRUE(pair->server.messages.empty());
  }
}

TEST_F(AttackerOnPath, AnAlteredCookieIsRefused) {
  on_init_ack([](ByteVector& packet) { alter(packet, ParameterType::kStateCookie, 5); }, true);
  expect_no_connection();
  EXPECT_GT(pair->server.drops(DropReason::forged_cookie), 0U);
  EXPECT_EQ(pair->server.endpoint.association_count(), 0U);
}

TEST_F(AttackerOnPath, AnInitAckThatDoesNotFitIsDropped) {
  const std::vector<Alteration> alterations = {
      [](ByteVector& p) { strip(p, ParameterType::kProtection); },
      [](ByteVector& p) { strip(p, ParameterType::kStateCookie); },
      [](ByteVector& p) { alter(p, ParameterType::kProtection, 0); },
      [](ByteVector& p) { store_be(p.data() + kParametersAt - 8, std::uint16_t{0}); },      // no streams
      [](ByteVector& p) { store_be(p.data() + kParametersAt - 12, std::uint32_t{1000}); },  // no window
      [](ByteVector& p) {  // a parameter after the cookie
        p.insert(p.end() - wire::kHandshakeMacSize,
                 {std::byte{0x80}, std::byte{0x05}, std::byte{0}, std::byte{4}});
        const std::size_t chunk = p.size() - wire::kHandshakeMacSize - wire::kCommonHeaderSize;
        store_be(p.data() + wire::kCommonHeaderSize + 2, static_cast<std::uint16_t>(chunk));
      }};
  for (std::size_t i = 0; i < alterations.size(); ++i) {
    begin_again();
    pair->lost_to_client = [&](const Datagram& each) {  // the forged one arrives first, then the correct one
      if (!contains(each, ChunkType::kInitAck)) return false;
      EXPECT_TRUE(pair->to_client(altered(each.bytes, alterations[i], true)).empty()) << i;
      return false;
    };
    expect_connection();
    EXPECT_EQ(pair->client.drops(DropReason::malformed_init), 1U) << i;
  }
}

TEST_F(AttackerOnPath, ACookieOfOneHandshakeIsOfNoUseInAnother) {
  std::vector<Datagram> acks;
  pair->lost_to_client = [&](const Datagram& each) {
    if (contains(each, ChunkType::kInitAck)) acks.push_back(each);
    return acks.size() == 1;
  };
  pair->begin();
  pair->carry();
  ASSERT_EQ(acks.size(), 1U);
  const InitAckSeen first = init_ack_in(acks);
  const ByteVector init = pair->client.sent.back().bytes;
  const auto mac = mac_of(crypto::TlsRole::client, transcript_of(init, acks[0].bytes));
  const wire::CookieEchoChunk echo{first.cookie};
  EXPECT_TRUE(pair->to_server(Craft(VerificationTag{0x0bad'0bad}).add(echo).take(mac)).empty());
  EXPECT_EQ(pair->server.drops(DropReason::forged_cookie), 1U) << "another tag";
  pair->begin();
  pair->pick_up();
  const auto other =
      mac_of(crypto::TlsRole::client, transcript_of(pair->client.sent.back().bytes, acks[0].bytes));
  EXPECT_TRUE(pair->to_server(Craft(first.initiate_tag).add(echo).take(other)).empty());
  EXPECT_EQ(pair->server.drops(DropReason::bad_handshake_mac), 1U) << "another transcript";
  EXPECT_EQ(pair->server.endpoint.association_count(), 0U);
}

TEST_F(AttackerOnPath, AHandshakeThatLosesEveryCookieEchoEndsAtItsDeadline) {
  pair->lost_to_server = [](const Datagram& each) { return contains(each, ChunkType::kCookieEcho); };
  pair->begin();
  pair->run(9s);
  EXPECT_EQ(pair->client.count(Event::Kind::lost), 0);
  pair->run(2s);
  EXPECT_EQ(pair->client.count(Event::Kind::lost), 1) << "at the same time as one that fails in TLS";
  EXPECT_EQ(pair->client.endpoint.association_count(), 0U);
}

// --- an unauthenticated initiator that knows the hub's public key

// An initiator that is not Hawser: it builds INIT, COOKIE ECHO and TLS messages by hand.
class UnauthenticatedInitiator : public AttackerOnPath {
 protected:
  // An INIT with a valid proof, with `padding` bytes in it.
  static ByteVector init_packet(std::size_t padding, bool zero_checksum = true) {
    ByteVector room(64);
    ByteWriter writer(room);
    wire::ProtectionParameter{{500, 900}}.write(writer);
    InitByHand init;
    init.parameters.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(writer.size()));
    ByteVector method(4);
    store_be(method.data(), wire::kSealedErrorDetection);
    if (zero_checksum) init.parameter(ParameterType::kZeroChecksumAcceptable, method);
    init.parameter(ParameterType::kPadding, ByteVector(padding))
        .parameter(ParameterType::kAccess, ByteVector(wire::kAccessSize));
    ByteVector packet = init.packet();
    sign(packet);
    wire::seal_checksum(packet);
    return packet;
  }
  // Runs the handshake up to the COOKIE ACK.
  void enter() {
    send_init(init_packet(240));
    ASSERT_FALSE(ack.cookie.empty());
    send_echo();
    ASSERT_EQ(pair->server.endpoint.association_count(), 1U);
  }
  void send_init(const ByteVector& init) {
    const auto answers = pair->to_server(init);
    ack = init_ack_in(answers);
    mac.emplace(mac_of(crypto::TlsRole::client, transcript_of(init, answers.at(0).bytes)));
  }
  void send_echo() { take(pair->to_server(ack.echo().take(*mac))); }
  // Sends TLS bytes as one key management message of epoch 0, in packets of up to `piece` bytes.
  void send_tls(const std::vector<std::byte>& tls, std::size_t piece = 1200) {
    if (tls.empty()) return;
    ByteVector message{std::byte{0}};
    message.insert(message.end(), tls.begin(), tls.end());
    for (std::size_t at = 0; at < message.size(); at += piece) {
      wire::DataChunk data;
      data.tsn = tsn++;
      data.ppid = wire::kKeyManagementPpid;
      data.ssn = ssn;
      data.begin = at == 0;
      data.end = at + piece >= message.size();
      data.payload = Bytes(message).subspan(at, std::min(piece, message.size() - at));
      take(pair->to_server(Craft(ack.initiate_tag).add(data).take(*mac)));
    }
    ++ssn;
  }
  // Collects the TLS bytes of the hub from the datagrams that it sent.
  void take(const std::vector<Datagram>& datagrams) {
    for (const Datagram& each : datagrams) {
      for (const wire::ChunkView& chunk : chunks_of(each.bytes)) {
        if (!chunk.is(ChunkType::kData)) continue;
        const auto data = wire::DataChunk::parse(chunk);
        received_tls.insert(received_tls.end(), data->payload.begin() + (data->begin ? 1 : 0),
                            data->payload.end());
      }
    }
  }

  InitAckSeen ack;
  std::optional<security::HandshakeMac> mac;
  Tsn tsn{1'000};
  Ssn ssn;
  ByteVector received_tls;
};

TEST_F(UnauthenticatedInitiator, IsNeverAnsweredWithMoreThanItsInit) {
  for (std::size_t padding = 0; padding < 400; padding += 4) {
    begin_again();
    const ByteVector init = init_packet(padding);
    const auto answers = pair->to_server(init);
    if (answers.empty()) {
      EXPECT_EQ(pair->server.drops(DropReason::amplification_limit), 1U);
      continue;
    }
    EXPECT_LE(answers.size(), 1U);
    EXPECT_LE(answers[0].bytes.size(), init.size()) << padding;
  }
  EXPECT_EQ(pair->to_server(init_packet(396)).size(), 1U) << "the largest is large enough";
}

TEST_F(UnauthenticatedInitiator, LeavesNothingBehindWithAnInit) {
  for (int i = 0; i < 20; ++i) static_cast<void>(pair->to_server(init_packet(300)));
  EXPECT_EQ(pair->server.endpoint.association_count(), 0U);
  EXPECT_EQ(pair->server.endpoint.next_timeout(), kNever);
}

TEST_F(UnauthenticatedInitiator, GetsKeysByMessagesInPiecesOfAnySizeIfItIsAPeer) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U, 1'000U}) {
    begin_again();
    tsn = Tsn{1'000};
    ssn = {};
    received_tls.clear();
    enter();
    RawTlsPeer raw(RawTlsPeer::Role::client);
    raw.use_key(key_of(kEdgeKey));
    for (int i = 0; i < 3; ++i) {
      send_tls(raw.take_output(), piece);
      raw.feed(std::exchange(received_tls, {}));
    }
    EXPECT_TRUE(raw.done()) << piece;
    EXPECT_TRUE(is_sealed(pair->server.sent.back())) << "the hub has keys " << piece;
  }
}

TEST_F(UnauthenticatedInitiator, GetsKeysWithALargeCertificateChainIfItIsAPeer) {
  enter();
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(key_of(kEdgeKey));
  raw.add_chain(2 * 1024);
  for (int i = 0; i < 3; ++i) {
    send_tls(raw.take_output());
    raw.feed(std::exchange(received_tls, {}));
  }
  EXPECT_TRUE(raw.done());
  EXPECT_TRUE(is_sealed(pair->server.sent.back())) << "the hub has keys";
  EXPECT_EQ(pair->server.count(Event::Kind::accepted), 0) << "it waits for a record with them";
}

TEST_F(UnauthenticatedInitiator, IsRefusedAChainThatIsTooLarge) {
  enter();
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(key_of(kEdgeKey));
  raw.add_chain(crypto::TlsSession::kMaxCertificateChain + 4096);
  for (int i = 0; i < 3; ++i) {
    send_tls(raw.take_output());
    raw.feed(std::exchange(received_tls, {}));
  }
  pair->run(2s);
  EXPECT_EQ(pair->server.count(Event::Kind::accepted), 0);
  EXPECT_EQ(pair->server.count(Event::Kind::refused), 1);
  EXPECT_EQ(pair->server.endpoint.association_count(), 0U);
}

TEST_F(UnauthenticatedInitiator, SendsNoUserDataAndNothingOnOtherStreams) {
  enter();
  const auto send = [this](auto change) {
    wire::DataChunk data;
    data.tsn = tsn;
    data.ppid = wire::kKeyManagementPpid;
    data.begin = data.end = true;
    const ByteVector payload(40, std::byte{0x16});
    data.payload = payload;
    change(data);
    pair->to_server(Craft(ack.initiate_tag).add(data).take(*mac));
  };
  send([](wire::DataChunk& data) { data.ppid = Ppid{0}; });
  send([](wire::DataChunk& data) { data.stream = StreamId{1}; });
  send([](wire::DataChunk& data) { data.unordered = true; });
  EXPECT_EQ(pair->server.drops(DropReason::unprotected_chunk), 3U);
  EXPECT_TRUE(pair->server.messages.empty());
}

TEST_F(UnauthenticatedInitiator, GetsAChecksumUnlessItAcceptsNone) {
  send_init(init_packet(248, false));
  send_echo();
  RawTlsPeer raw(RawTlsPeer::Role::client);
  raw.use_key(key_of(kEdgeKey));
  for (int i = 0; i < 3; ++i) {
    send_tls(raw.take_output());
    raw.feed(std::exchange(received_tls, {}));
  }
  const Datagram& last = pair->server.sent.back();
  ASSERT_TRUE(is_sealed(last));
  EXPECT_NE(load_be<std::uint32_t>(last.bytes.data() + 8), 0U);
  EXPECT_TRUE(wire::checksum_ok(last.bytes));
}

}  // namespace
}  // namespace hawser::sctp::test
