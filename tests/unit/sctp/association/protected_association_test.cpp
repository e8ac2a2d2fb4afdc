#include "sctp/wire/sealed_chunk.hpp"
#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

TEST(ProtectedAssociation, ConnectsAndReportsThePeersKeyAtBothEnds) {
  ProtectedPair pair;
  pair.connect();
  EXPECT_EQ(pair.client.endpoint.peer_key(pair.client_id), key_of(kHubKey).public_key());
  EXPECT_EQ(pair.server.endpoint.peer_key(pair.server_id), key_of(kEdgeKey).public_key());
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, IsUpThreeRoundTripsAfterTheInit) {
  ProtectedPair pair;
  const Timestamp begun = pair.now;
  pair.begin();
  while (pair.client.count(Event::Kind::connected) == 0 && pair.now < begun + 1s) {
    pair.pick_up();
    pair.deliver_to_server();
    pair.pick_up();
    pair.deliver_to_client();
    pair.pick_up();
  }
  EXPECT_EQ(pair.now - begun, 3 * 10ms);
}

TEST(ProtectedAssociation, SendsNothingUnsealedOnceItIsUp) {
  ProtectedPair pair;
  pair.connect();
  const std::size_t before_client = pair.client.sent.size();
  const std::size_t before_server = pair.server.sent.size();
  pair.add_path(2);
  EXPECT_TRUE(pair.works());
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.run(1s);
  EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
  ASSERT_GT(pair.client.sent.size(), before_client);
  for (std::size_t i = before_client; i < pair.client.sent.size(); ++i)
    EXPECT_TRUE(is_sealed(pair.client.sent[i]));
  for (std::size_t i = before_server; i < pair.server.sent.size(); ++i)
    EXPECT_TRUE(is_sealed(pair.server.sent[i]));
}

TEST(ProtectedAssociation, LeavesTheChecksumOfSealedPacketsZero) {
  ProtectedPair pair;
  pair.connect();
  const Datagram& last = pair.client.sent.back();
  ASSERT_TRUE(is_sealed(last));
  EXPECT_EQ(wire::PacketView::parse(last.bytes)->header().checksum, 0U);
}

TEST(ProtectedAssociation, ShowsNoUserDataOnTheWire) {
  ProtectedPair pair;
  pair.connect();
  const std::string secret = "a sentence that must not be readable on the path";
  pair.send(pair.client, secret);
  pair.run(1s);
  ASSERT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.messages[0].text, secret);
  for (const Datagram& each : pair.client.sent) {
    const std::string_view text(reinterpret_cast<const char*>(each.bytes.data()), each.bytes.size());
    EXPECT_EQ(text.find("readable"), std::string_view::npos);
  }
}

TEST(ProtectedAssociation, JoinsFurtherUplinksAndValidatesThemImmediately) {
  ProtectedPair pair;
  pair.connect();
  pair.add_path(2);
  pair.run(500ms);
  ASSERT_EQ(pair.server_status().paths.size(), 2U);
  for (const PathStatus& path : pair.server_status().paths) EXPECT_EQ(path.state, PathState::active);
  for (const PathStatus& path : pair.client_status().paths) EXPECT_EQ(path.state, PathState::active);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, AdvertisesThePathsRoles) {
  ProtectedPair pair;
  pair.connect();
  const PathId second = pair.add_path(2);
  EXPECT_TRUE(pair.client.endpoint.set_path_role(pair.client_id, second, PathRole::backup))
      << "before it works";
  pair.run(1s);
  const auto role_at_server = [&pair](std::uint32_t uplink) {
    for (const PathStatus& path : pair.server_status().paths) {
      if (path.route.remote == pair.nat[uplink]) return path.role;
    }
    return PathRole::never;
  };
  EXPECT_EQ(role_at_server(1), PathRole::always);
  EXPECT_EQ(role_at_server(2), PathRole::backup);
  pair.client.endpoint.set_path_role(pair.client_id, second, PathRole::always);
  pair.run(1s);
  EXPECT_EQ(role_at_server(2), PathRole::always);
  EXPECT_FALSE(pair.client.endpoint.set_path_role(pair.client_id, PathId{99}, PathRole::never));
  EXPECT_TRUE(pair.works());
}

// Drops all datagrams of this uplink, or none.
void cut(ProtectedPair& pair, std::uint32_t uplink, bool on) {
  pair.lost_to_server = [=](const Datagram& each) { return on && each.route.socket == SocketId(uplink); };
  pair.lost_to_client = [=, &pair](const Datagram& each) {
    return on && each.route.remote == pair.nat[uplink];
  };
}

TEST(ProtectedAssociation, AdvertisesAPreferenceThatChangedWhileThePathWasDown) {
  ProtectedPair pair;
  pair.connect();
  const PathId second = pair.add_path(2);
  Endpoint& client = pair.client.endpoint;
  client.set_path_role(pair.client_id, second, PathRole::backup);
  client.set_path_caps(pair.client_id, second, {0, 1'000'000});
  pair.run(1s);
  const auto at_server = [&pair] {
    for (const PathStatus& path : pair.server_status().paths) {
      if (path.route.remote == pair.nat[2]) return std::pair(path.role, path.cap_bps);
    }
    return std::pair(PathRole::never, std::uint64_t{1});
  };
  EXPECT_EQ(at_server(), std::pair(PathRole::backup, std::uint64_t{1'000'000}));
  cut(pair, 2, true);
  client.probe_path(pair.now, pair.client_id, second);
  pair.run(5s);
  ASSERT_NE(pair.client_status().paths.at(1).state, PathState::active);
  client.set_path_role(pair.client_id, second, PathRole::always);
  client.set_path_caps(pair.client_id, second, {});
  cut(pair, 2, false);
  pair.run(30s);
  ASSERT_EQ(pair.client_status().paths.at(1).state, PathState::active);
  EXPECT_EQ(at_server(), std::pair(PathRole::always, std::uint64_t{0}));
}

TEST(ProtectedAssociation, ReportsSinceWhenAPathHasFailedAndWhyTheOthersAreIdle) {
  ProtectedPair pair;
  pair.connect();
  pair.add_path(2);
  pair.run(1s);
  EXPECT_EQ(pair.client_status().paths.at(0).idle_reason, PathIdleReason::idle);
  EXPECT_EQ(pair.client_status().paths.at(1).failed_since, kNever);
  cut(pair, 2, true);
  pair.client.endpoint.probe_path(pair.now, pair.client_id, pair.client_status().paths.at(1).id);
  const Timestamp cut = pair.now;
  pair.run(2s);
  const PathStatus failed = pair.client_status().paths.at(1);
  EXPECT_EQ(failed.idle_reason, PathIdleReason::failed);
  EXPECT_GT(failed.failed_since, cut);
  EXPECT_LE(failed.failed_since, pair.now);
}

TEST(ProtectedAssociation, RefusesCapsThatNoPathCouldKeep) {
  ProtectedPair pair;
  pair.connect();
  const PathId path = pair.client_status().paths.at(0).id;
  const auto set = [&](PathCaps caps) {
    return pair.client.endpoint.set_path_caps(pair.client_id, path, caps);
  };
  EXPECT_TRUE(set({5'000'000, 7'000'000}));
  EXPECT_FALSE(set({1, 0}));
  EXPECT_FALSE(set({0, kMaxCap + 1}));
  EXPECT_EQ(pair.client_status().paths.at(0).cap_bps, 5'000'000U) << "the previous caps stay";
  EXPECT_FALSE(pair.client.endpoint.set_path_caps(pair.client_id, PathId{99}, {}));
}

TEST(ProtectedAssociation, NeverAnswersAnInitWithMoreThanItBrought) {
  ProtectedPair pair;
  pair.begin();
  pair.pick_up();
  pair.deliver_to_server();
  pair.pick_up();
  ASSERT_EQ(pair.client.sent.size(), 1U);
  ASSERT_EQ(pair.server.sent.size(), 1U);
  EXPECT_LE(pair.server.sent[0].bytes.size(), pair.client.sent[0].bytes.size());
}

TEST(ProtectedAssociation, SurvivesTheLossOfAnyOneDatagramOfTheHandshake) {
  for (int lost = 0; lost < 12; ++lost) {
    ProtectedPair pair;
    int count = 0;
    const auto lose = [&](const Datagram&) { return count++ == lost; };
    pair.lost_to_server = lose;
    pair.lost_to_client = lose;
    pair.begin();
    pair.run(8s);
    pair.learn();
    EXPECT_EQ(pair.client.count(Event::Kind::connected), 1) << "lost " << lost;
    EXPECT_EQ(pair.server.count(Event::Kind::accepted), 1) << "lost " << lost;
    EXPECT_TRUE(pair.works()) << "lost " << lost;
  }
}

TEST(ProtectedAssociation, SurvivesEveryDatagramOfTheHandshakeArrivingTwice) {
  ProtectedPair pair;
  pair.begin();
  for (int round = 0; round < 12; ++round) {
    pair.pick_up();
    const auto to_server = pair.client.sent;
    pair.deliver_to_server();
    for (const Datagram& each : to_server) pair.to_server(each.bytes);
    pair.pick_up();
    pair.deliver_to_client();
    pair.client.endpoint.handle_timeout(pair.now);
  }
  pair.run(3s);
  pair.learn();
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 1);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, AgreesOnTheCipherWhoseSlowerEndIsFaster) {
  SecurityConfig edge = edge_protection();
  edge.cipher_costs = {9'000, 800};
  ProtectedPair pair(std::move(edge));
  pair.connect();
  EXPECT_EQ(pair.client_status().protection->cipher, crypto::Cipher::chacha20_poly1305);
  EXPECT_EQ(pair.server_status().protection->cipher, crypto::Cipher::chacha20_poly1305);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, MixesThePresharedKeyIn) {
  SecurityConfig edge = edge_protection();
  SecurityConfig hub = hub_protection();
  edge.peers[0].preshared_key = preshared_key_of(5);
  hub.peers[1].preshared_key = preshared_key_of(5);
  ProtectedPair pair(std::move(edge), std::move(hub));
  pair.connect();
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, FailsWhenThePresharedKeysDiffer) {
  SecurityConfig edge = edge_protection();
  SecurityConfig hub = hub_protection();
  edge.peers[0].preshared_key = preshared_key_of(5);
  hub.peers[0].preshared_key = preshared_key_of(5);  // that of another peer: the ACCESS proof is valid
  hub.peers[1].preshared_key = preshared_key_of(6);
  ProtectedPair pair(std::move(edge), std::move(hub));
  pair.begin();
  pair.run(80s);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 0);
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 1);
  EXPECT_GT(pair.client.drops(DropReason::bad_record), 0U);
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 0) << "a stolen private key alone is not enough";
  EXPECT_EQ(pair.server.count(Event::Kind::refused), 1);
}

TEST(ProtectedAssociation, IsRefusedToAnUnknownKey) {
  ProtectedPair pair(protection_of(99, {kHubKey}));
  pair.begin();
  pair.run(30s);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 0);
  ASSERT_EQ(pair.client.count(Event::Kind::lost), 1);
  EXPECT_EQ(pair.client.last(Event::Kind::lost)->reason, "the peer rejected the handshake");
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 0);
  ASSERT_EQ(pair.server.count(Event::Kind::refused), 1);
  EXPECT_EQ(pair.server.last(Event::Kind::refused)->reason, "the peer's public key is not accepted");
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST(ProtectedAssociation, IsSilentToAnInitForTheWrongHubKey) {
  ProtectedPair pair(protection_of(kEdgeKey, {77}));
  pair.begin();
  pair.run(60s);
  EXPECT_TRUE(pair.server.sent.empty());
  EXPECT_GT(pair.server.drops(DropReason::no_access), 0U);
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 1);
}

TEST(ProtectedAssociation, IsSilentToPlainSctp) {
  ProtectedPair pair;
  const wire::InitChunk init{false, VerificationTag{0x1234'5678}, 100'000, 10, 10, Tsn{1}, {}};
  EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(init).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{0x4711}).add(wire::CookieEchoChunk{ByteVector(64)}).take())
                  .empty());
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{0x4711}).add(wire::ShutdownAckChunk{}).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{0x4711}).unknown(0x5e, 64).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{0x4711}).unknown(0xc5, 64).take()).empty());
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST(ProtectedAssociation, TakesNoUnsealedChunkOnceItIsUp) {
  ProtectedPair pair;
  pair.connect();
  EXPECT_TRUE(pair.to_server(pair.from_client().add(wire::AbortChunk{}).take()).empty());
  EXPECT_TRUE(
      pair.to_server(pair.from_client().add(wire::HeartbeatChunk{false, ByteVector(8)}).take()).empty());
  EXPECT_TRUE(pair.to_server(pair.from_client().add(wire::ShutdownChunk{}).take()).empty());
  EXPECT_TRUE(pair.to_client(pair.from_server().add(wire::AbortChunk{}).take()).empty());
  EXPECT_EQ(pair.server.drops(DropReason::unprotected_chunk), 3U);
  EXPECT_EQ(pair.client.drops(DropReason::unprotected_chunk), 1U);
  EXPECT_TRUE(pair.both_up());
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, IsNotDisturbedByAnInitOrCookieEchoOfAnyKind) {
  ProtectedPair pair;
  pair.connect();
  const auto sent = pair.client.sent;
  for (const Datagram& each : sent) pair.to_server(each.bytes);  // replays, INIT and COOKIE ECHO among them
  for (const Datagram& each : sent) pair.to_server(each.bytes, 2);  // from another address
  pair.to_server(
      Craft(kNoTag).add(wire::InitChunk{false, pair.client_tag, 100'000, 10, 10, Tsn{1}, {}}).take());
  EXPECT_TRUE(pair.both_up());
  EXPECT_EQ(pair.server_status().paths.size(), 1U);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, DropsReplayedAndAlteredRecords) {
  ProtectedPair pair;
  pair.connect();
  EXPECT_TRUE(pair.works());
  const Datagram last = pair.client.sent.back();
  ASSERT_TRUE(is_sealed(last));
  pair.to_server(last.bytes);
  EXPECT_EQ(pair.server.drops(DropReason::replayed_record), 1U);
  for (std::size_t i = 0; i < last.bytes.size(); ++i) {
    ByteVector altered = last.bytes;
    altered[i] ^= std::byte{1};
    pair.to_server(altered);
  }
  EXPECT_TRUE(pair.both_up());
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, GivesARestartedPeerANewAssociationNextToTheOld) {
  ProtectedPair pair;
  pair.connect();
  const AssociationId old = pair.server_id;
  pair.begin();  // the peer restarts, at the same address
  pair.carry();
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 2);
  const AssociationId fresh = pair.server.last(Event::Kind::accepted)->association;
  EXPECT_NE(fresh, old);
  EXPECT_EQ(pair.server.endpoint.peer_key(fresh), pair.server.endpoint.peer_key(old));
}

TEST(ProtectedAssociation, DropsAHandshakeThatDoesNotComplete) {
  ProtectedPair pair;
  pair.lost_to_client = [](const Datagram& each) { return contains(each, wire::ChunkType::kCookieAck); };
  pair.begin();
  pair.run(5s);
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
  pair.run(6s);
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.server.count(Event::Kind::refused), 1);
  EXPECT_GE(pair.server.drops(DropReason::handshake_failed), 1U);
}

TEST(ProtectedAssociation, GivesAReplayedInitOneStatelessAnswerAndNothingForItsCookie) {
  ProtectedPair pair;
  pair.connect();
  const Datagram init = *find_with(pair.client.sent, wire::ChunkType::kInit);
  const auto answers = pair.to_server(init.bytes, 2);  // from the address of an eavesdropper
  ASSERT_EQ(answers.size(), 1U);
  const auto ack = wire::InitChunk::parse(*find_chunk(answers[0].bytes, wire::ChunkType::kInitAck));
  const auto cookie = wire::InitParameters::parse(ack->parameters)->cookie->value;
  const wire::CookieEchoChunk echo{cookie};
  EXPECT_TRUE(pair.to_server(Craft(ack->initiate_tag).add(echo).take(), 2).empty()) << "no handshake MAC";
  EXPECT_TRUE(pair.to_server(Craft(ack->initiate_tag).add(echo).unknown(0x5f, 16).take(), 2).empty());
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
  EXPECT_EQ(pair.server.drops(DropReason::bad_handshake_mac), 2U);
}

TEST(ProtectedAssociation, WaitsThroughAnOutageForTheFirstRecordOfAnAuthenticatedInitiator) {
  ProtectedPair pair;
  pair.lost_to_server = [](const Datagram& each) { return is_sealed(each); };
  pair.begin();
  pair.run(20s);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 0);
  pair.lost_to_server = nullptr;
  pair.run(10s);
  pair.learn();
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 1);
  EXPECT_TRUE(pair.works());
}

// The source of an INIT may be forged, so a limit by source would keep its real owner out.
TEST(ProtectedAssociation, AnswersEveryInitWithAProofFromWhateverNetwork) {
  ProtectedPair pair;
  for (int i = 0; i < 200; ++i) pair.begin();
  pair.pick_up();
  pair.deliver_to_server();
  pair.pick_up();
  EXPECT_EQ(pair.server.sent.size(), 200U);
}

// No answer to an INIT ACK's cookie ever reaches the initiator, so no handshake goes on.
void begin_and_fall_silent(ProtectedPair& pair, int handshakes) {
  pair.lost_to_client = [](const Datagram& each) { return !contains(each, wire::ChunkType::kInitAck); };
  for (int i = 0; i < handshakes; ++i) pair.begin();
  pair.carry();
}

TEST(ProtectedAssociation, BeginsAnEighthOfItsHandshakesForANetworkThatProvesNothing) {
  ProtectedPair pair;
  begin_and_fall_silent(pair, 200);
  EXPECT_EQ(pair.server.endpoint.association_count(), 1024U / 8);
  EXPECT_EQ(pair.server.drops(DropReason::handshake_prefix_limited), 200U - 1024U / 8);
}

TEST(ProtectedAssociation, BeginsAsManyHandshakesForANetworkAsProveAKey) {
  SecurityConfig hub = hub_protection();
  hub.max_half_open = 64;  // 8 for a network
  ProtectedPair pair(edge_protection(), std::move(hub));
  for (int i = 0; i < 8; ++i) {  // the limit by key is 8 as well
    pair.begin();
    pair.carry();
  }
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 8);
  pair.now += 15ms;
  begin_and_fall_silent(pair, 9);
  EXPECT_EQ(pair.server.drops(DropReason::handshake_prefix_limited), 1U) << "those before cost nothing";
}

TEST(ProtectedAssociation, ComputesNoMoreHandshakesThanItsBudgetForACrowd) {
  SecurityConfig hub = hub_protection();
  hub.max_half_open = 8 * 1024;
  ProtectedPair pair(edge_protection(), std::move(hub));
  for (int i = 0; i < 8; ++i) begin_and_fall_silent(pair, 100);
  // The budget is 500 a second, and 80 ms have passed. A prefix with half of its tokens may use all of it.
  EXPECT_GE(pair.server.endpoint.association_count(), 500U);
  EXPECT_LE(pair.server.endpoint.association_count(), 540U);
  EXPECT_EQ(pair.server.drops(DropReason::handshake_budget_spent),
            800U - pair.server.endpoint.association_count());
}

TEST(ProtectedAssociation, KeepsTheTwoNewestOfAPeerThatDoesNotConfirmItsKeys) {
  ProtectedPair pair;
  pair.lost_to_server = [](const Datagram& each) { return is_sealed(each); };
  for (int i = 0; i < 20; ++i) {
    pair.begin();
    pair.carry();
    pair.now += 1s;
  }
  EXPECT_LE(pair.server.endpoint.association_count(), 3U) << "two, and the one that proved its key last";
  EXPECT_GE(pair.server.drops(DropReason::handshake_evicted), 17U);
  pair.lost_to_server = nullptr;
  pair.begin();
  pair.carry();
  EXPECT_GE(pair.server.count(Event::Kind::accepted), 1);
}

TEST(ProtectedAssociation, GivesAnUnauthenticatedInitiatorLittleMemory) {
  ProtectedPair pair;
  pair.lost_to_client = [](const Datagram& each) { return !contains(each, wire::ChunkType::kInitAck); };
  pair.begin();
  pair.carry();
  pair.learn();
  ASSERT_EQ(pair.server.endpoint.association_count(), 1U);
  const auto transcript = transcript_of(pair.client.sent.front().bytes, pair.server.sent.front().bytes);
  const auto mac = mac_of(crypto::TlsRole::client, transcript);
  const ByteVector text(1'000, std::byte{0x77});
  const std::size_t before = pair.server.pool.in_use();
  for (std::uint32_t i = 2; i < 3'000; ++i) {  // one is missing, so all others are held
    wire::DataChunk data{};
    data.tsn = pair.client_tsn + i;
    data.ssn = Ssn{1};  // the ClientHello was 0
    data.ppid = wire::kKeyManagementPpid;
    data.payload = text;
    pair.to_server(pair.from_client().add(data).take(mac));
  }
  EXPECT_GT(pair.server.drops(DropReason::receive_window_full), 2'000U);
  EXPECT_LT(pair.server.pool.in_use() - before, 10U);
}

// One message that never ends, a byte in each chunk: TLS has them all, and no chunk waits for the others.
TEST(ProtectedAssociation, HoldsNoChunksOfAnUnauthenticatedInitiator) {
  ProtectedPair pair;
  pair.lost_to_client = [](const Datagram& each) { return !contains(each, wire::ChunkType::kInitAck); };
  pair.lost_to_server = [](const Datagram& each) { return contains(each, wire::ChunkType::kData); };
  pair.begin();
  pair.carry();
  pair.learn();
  const auto transcript = transcript_of(pair.client.sent.front().bytes, pair.server.sent.front().bytes);
  const auto mac = mac_of(crypto::TlsRole::client, transcript);
  const auto cookie = [&] {
    const Datagram& echo = *find_with(pair.client.sent, wire::ChunkType::kCookieEcho);
    return Craft(pair.server_tag).raw(find_chunk(echo.bytes, wire::ChunkType::kCookieEcho)->whole).take(mac);
  }();
  pair.to_server(cookie);
  ASSERT_EQ(pair.server.endpoint.association_count(), 1U);
  const std::size_t before = pair.server.pool.in_use();
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    wire::DataChunk data{};
    data.tsn = pair.client_tsn + i;
    data.ppid = wire::kKeyManagementPpid;
    data.begin = i == 0;
    const ByteVector byte(1, i == 0 ? std::byte{0} : std::byte{0x16});
    data.payload = byte;
    pair.to_server(pair.from_client().add(data).take(mac));
    ASSERT_LT(pair.server.pool.in_use() - before, 10U) << i;
  }
}

TEST(ProtectedAssociation, IsNotEndedByForgedSourceAddresses) {
  // All packets of the edge arrive, but from a forged address, from which no answer comes: no path of the hub
  // works, but it receives authentic records.
  EndpointConfig patient = tunnel_like(true);
  patient.silence_limit = 10s;
  patient.association_max_retrans = 1'000'000;
  EndpointConfig edge = tunnel_like(false);
  edge.association_max_retrans = 1'000'000;
  EndpointPair pair(edge, edge_protection(), patient, hub_protection());
  pair.connect();
  const UdpAddress real = pair.nat.at(1);
  pair.lost_to_server = [&](const Datagram& each) {
    Route elsewhere = pair.server_route();
    elsewhere.remote = {IpAddress::v4(0xC000'0242), 6'666};
    pair.server.deliver(pair.now, {elsewhere, each.bytes});
    return true;
  };
  for (int second = 0; second < 60; ++second) {
    pair.send(pair.client, "still there");
    pair.run(1s);
  }
  EXPECT_EQ(pair.server.count(Event::Kind::lost), 0);
  pair.lost_to_server = nullptr;
  pair.run(10s);
  ASSERT_EQ(pair.server_status().paths.size(), 1U);
  EXPECT_EQ(pair.server_status().paths[0].route.remote, real);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, EndsWhenNothingArrivesForTooLong) {
  EndpointConfig patient = tunnel_like(true);
  patient.silence_limit = 10s;
  patient.association_max_retrans = 1'000'000;
  EndpointPair pair(tunnel_like(false), edge_protection(), patient, hub_protection());
  pair.connect();
  pair.lost_to_server = [](const Datagram&) { return true; };
  pair.send(pair.server, "no answer");
  pair.run(30s);
  EXPECT_EQ(pair.server.count(Event::Kind::lost), 1);
}

TEST(ProtectedAssociation, FollowsNoInitAckToAnotherAddress) {
  ProtectedPair pair;
  const UdpAddress victim{IpAddress::v4(0xC000'0242), 53};
  pair.lost_to_client = [&](const Datagram& each) {
    if (!contains(each, wire::ChunkType::kInitAck)) return false;
    Route elsewhere = EndpointPair::client_route();
    elsewhere.remote = victim;
    pair.client.deliver(pair.now, {elsewhere, each.bytes});
    return false;  // the real one arrives later
  };
  pair.connect();
  for (const Datagram& each : pair.client.sent) EXPECT_NE(each.route.remote, victim);
  EXPECT_TRUE(pair.works());
}

TEST(ProtectedAssociation, KeepsItsPathsApartWhenAnAttackerMixesTheirSources) {
  ProtectedPair pair;
  pair.connect();
  pair.add_path(2);
  pair.run(1s);
  // A record of the second path is forwarded from the address of the first; then the second NAT rebinds.
  bool mixed = false;
  pair.lost_to_server = [&](const Datagram& each) {
    if (mixed || each.route.socket != SocketId(2)) return false;
    mixed = true;
    pair.server.deliver(pair.now, {pair.server_route(1), each.bytes});
    pair.nat[2] = {IpAddress::v4(0xCB00'71C8), 4'242};
    return true;
  };
  for (int i = 0; i < 200; ++i) {
    pair.send(pair.client, "there");
    pair.send(pair.server, "back");
    pair.run(1s);
  }
  EXPECT_TRUE(mixed);
  const auto has = [&](const UdpAddress& remote) {
    return std::ranges::any_of(pair.server_status().paths, [&](const PathStatus& path) {
      return path.route.remote == remote && path.state == PathState::active;
    });
  };
  EXPECT_TRUE(has(pair.nat[1]));
  EXPECT_TRUE(has(pair.nat[2]));
  EXPECT_EQ(pair.server.messages.size(), 200U);
}

TEST(ProtectedAssociation, KeepsAnAddressThatAnswersWhenThePathItWasToReplaceIsGone) {
  ProtectedPair pair;
  pair.connect();
  pair.add_path(2);
  pair.run(1s);
  pair.nat[2] = {IpAddress::v4(0xCB00'71C8), 4'242};
  pair.client.endpoint.probe_path(pair.now, pair.client_id, pair.client_status().paths[1].id);
  pair.pick_up();
  pair.deliver_to_server();  // which probes the new address
  pair.pick_up();
  ASSERT_TRUE(pair.server.endpoint.remove_path(pair.now, pair.server_id, pair.server_status().paths[1].id));
  pair.run(60s);
  ASSERT_EQ(pair.server_status().paths.size(), 2U);
  EXPECT_EQ(pair.server_status().paths[1].route.remote, pair.nat[2]);
  EXPECT_EQ(pair.server_status().paths[1].state, PathState::active);
  EXPECT_TRUE(pair.works());
}

// `packet` with a forged key management chunk, `ahead` TSNs after its DATA chunk; `whole`: after its chunks,
// otherwise instead of them.
ByteVector with_forged_data(const ByteVector& packet, std::uint32_t ahead, bool whole) {
  const auto header = wire::PacketView::parse(packet)->header();
  Craft craft(header.verification_tag);
  const auto real = wire::DataChunk::parse(*find_chunk(packet, wire::ChunkType::kData));
  if (whole) craft.raw(Bytes(packet).subspan(wire::kCommonHeaderSize));
  wire::DataChunk forged{};
  const std::array<std::byte, 8> noise{};
  forged.begin = true;  // and no end: the next chunk would contradict it
  forged.tsn = real->tsn + ahead;
  forged.ssn = Ssn{static_cast<std::uint16_t>(real->ssn.value() + ahead)};
  forged.ppid = wire::kKeyManagementPpid;
  forged.payload = noise;
  return craft.add(forged).take();
}

bool has_unsealed_data(const Datagram& each) {
  return !is_sealed(each) && contains(each, wire::ChunkType::kData);
}

// An attacker on the path can add DATA of its own to that of the handshake. It uses the TSNs of chunks that
// the peer sends later, sealed.
TEST(ProtectedAssociation, LetsNoForgedHandshakeDataReplaceLaterData) {
  for (const bool to_server : {true, false}) {
    for (const std::uint32_t ahead : {1U, 2U, 3U}) {
      for (const bool bundled : {true, false}) {
        ProtectedPair pair;
        bool forged = false;
        const auto forge = [&](Party& to, const Route& route, const Datagram& each) {
          // The forged chunk joins the last message of the edge, or the only one of the hub.
          const bool last = has_unsealed_data(each) && !contains(each, wire::ChunkType::kCookieEcho);
          if (!last || forged) return false;
          forged = true;
          if (bundled) {
            to.deliver(pair.now, {route, with_forged_data(each.bytes, ahead, true)});
            return true;
          }
          if (to_server || ahead > 1) {
            to.deliver(pair.now, {route, with_forged_data(each.bytes, ahead + 1, false)});
            return false;
          }
          to.deliver(pair.now, each.route == route ? each : Datagram{route, each.bytes});
          to.deliver(pair.now, {route, with_forged_data(each.bytes, ahead, false)});
          return true;
        };
        if (to_server) {
          pair.lost_to_server = [&](const Datagram& each) {
            return forge(pair.server, pair.server_route(), each);
          };
        } else {
          pair.lost_to_client = [&](const Datagram& each) {
            return forge(pair.client, EndpointPair::client_route(), each);
          };
        }
        pair.begin();
        pair.run(5s);
        pair.learn();
        EXPECT_TRUE(forged);
        for (int i = 0; i < 6; ++i) {
          pair.send(pair.client, "there");
          pair.send(pair.server, "back");
        }
        pair.run(10s);
        EXPECT_EQ(pair.server.messages.size(), 6U) << to_server << ahead << bundled;
        EXPECT_EQ(pair.client.messages.size(), 6U) << to_server << ahead << bundled;
      }
    }
  }
}

}  // namespace
}  // namespace hawser::sctp::test
