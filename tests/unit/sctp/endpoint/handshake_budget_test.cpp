#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"
#include "unit/sctp/support/protected_support.hpp"

// What strangers can make a hub compute: how many HMACs for INITs and COOKIE ECHOs, and who still gets in.

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kEchoMacs = 100'000;  // each second
constexpr std::uint64_t kMacsPerEcho = 3;

/// A hub that has answered the INIT of an edge, whose COOKIE ECHO is held back.
class CookieEchoFlood : public ::testing::Test {
 protected:
  void SetUp() override {
    pair.begin();
    pair.pick_up();
    pair.deliver_to_server();
    pair.pick_up();
    pair.deliver_to_client();
    genuine = pair.client.poll(pair.now).at(0);
    ASSERT_TRUE(contains(genuine, wire::ChunkType::kCookieEcho));
  }
  // Delivers a packet from forged sources.
  void flood(const ByteVector& packet, int times) {
    for (int i = 0; i < times; ++i) {
      Route route = pair.server_route();
      route.remote.ip = IpAddress::v4(0x0B00'0000U + static_cast<std::uint32_t>(i) * 7);
      pair.server.deliver(pair.now, {route, packet});
    }
  }
  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return pair.server.drops(reason); }

  ProtectedPair pair;
  Datagram genuine;
};

TEST_F(CookieEchoFlood, IsLimitedAndCountedWhenTheEchosLookGenuine) {
  ByteVector forged = genuine.bytes;
  forged.back() ^= std::byte{1};
  wire::seal_checksum(forged);
  flood(forged, 300'000);
  EXPECT_LE(drops(DropReason::bad_handshake_mac), kEchoMacs / kMacsPerEcho);
  EXPECT_GT(drops(DropReason::bad_handshake_mac), kEchoMacs / kMacsPerEcho / 2);
  EXPECT_EQ(drops(DropReason::bad_handshake_mac) + drops(DropReason::handshake_rate_limited), 300'000U);
  EXPECT_TRUE(pair.server.poll(pair.now).empty());
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST_F(CookieEchoFlood, OfArbitraryBytesCostsNoHmacAndDelaysNobody) {
  const ByteVector cookie(300, std::byte{0x02});
  flood(Craft(tag_in(genuine)).add(wire::CookieEchoChunk{cookie}).unknown(0x5f, 16).take(), 300'000);
  EXPECT_EQ(drops(DropReason::forged_cookie), 300'000U);
  EXPECT_FALSE(pair.to_server(genuine.bytes).empty());
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
}

TEST_F(CookieEchoFlood, WithAnotherTagOrPortCostsNoHmac) {
  ByteVector other_tag = genuine.bytes;
  other_tag[7] ^= std::byte{1};
  ByteVector other_port = genuine.bytes;
  other_port[1] ^= std::byte{1};
  for (ByteVector* packet : {&other_tag, &other_port}) {
    wire::seal_checksum(*packet);
    flood(*packet, 100'000);
  }
  EXPECT_EQ(drops(DropReason::forged_cookie), 200'000U);
  EXPECT_FALSE(pair.to_server(genuine.bytes).empty());
}

TEST_F(CookieEchoFlood, LeavesTheBudgetOfInitsAlone) {
  ByteVector forged = genuine.bytes;
  forged.back() ^= std::byte{1};
  wire::seal_checksum(forged);
  flood(forged, 100'000);
  ASSERT_GT(drops(DropReason::handshake_rate_limited), 0U);
  const ByteVector init = find_with(pair.client.sent, wire::ChunkType::kInit)->bytes;
  EXPECT_EQ(pair.to_server(init).size(), 1U);
}

// --- INITs

/// A hub whose 1,000 edges have a pre-shared key each, and one of these edges.
class ManyPresharedKeys : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kEdges = 1'000;
  static SecurityConfig hub() {
    SecurityConfig hub = protection_of(kHubKey, {});
    for (std::uint64_t i = 0; i < kEdges; ++i) {
      const std::uint64_t key = i == kEdges / 2 ? kEdgeKey : 1'000 + i;
      hub.peers.push_back({key_of(key).public_key(), preshared_key_of(i)});
    }
    return hub;
  }
  static SecurityConfig edge() {
    SecurityConfig edge = edge_protection();
    edge.peers[0].preshared_key = preshared_key_of(kEdges / 2);
    return edge;
  }
  static ByteVector init_signed_with(const security::InitSecrets& secrets) {
    ByteVector room(64);
    ByteWriter writer(room);
    wire::ProtectionParameter{{500, 900}}.write(writer);
    InitByHand init;
    init.parameters.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(writer.size()));
    init.parameter(wire::ParameterType::kAccess, ByteVector(wire::kAccessSize));
    ByteVector packet = init.packet();
    security::sign_access(MutableBytes(packet).subspan(wire::kCommonHeaderSize), secrets);
    wire::seal_checksum(packet);
    return packet;
  }
  // Delivers 100 copies of a packet from forged sources: those of 5 ms.
  void flood(const ByteVector& junk) {
    for (int i = 0; i < 100; ++i) {
      Route route = pair.server_route();
      route.remote.ip = IpAddress::v4(0x0B00'0000U + ++delivered * 257);
      pair.server.deliver(pair.now, {route, junk});
    }
  }
  // Delivers 20,000 copies of a packet per second for a second before the edge connects, and until it is
  // connected. Returns how long the edge takes, at most 10 s.
  Duration connect_under(const ByteVector& junk) {
    for (int i = 0; i < 200; ++i, pair.now += 5ms) flood(junk);
    const Timestamp start = pair.now;
    pair.begin();
    while (pair.client.count(Event::Kind::connected) == 0 && pair.now - start < 10s) {
      pair.pick_up();
      flood(junk);
      pair.deliver_to_server();
      flood(junk);
      pair.deliver_to_client();
      pair.client.endpoint.handle_timeout(pair.now);
      pair.server.endpoint.handle_timeout(pair.now);
    }
    EXPECT_GE(pair.server.drops(DropReason::no_access), 20'000U);
    EXPECT_EQ(pair.server.drops(DropReason::handshake_rate_limited), 0U);
    return pair.now - start;
  }

  std::uint32_t delivered = 0;
  ProtectedPair pair{edge(), hub()};
};

TEST_F(ManyPresharedKeys, LetAnEdgeInWhileStrangersSendJunk) {
  const auto stranger = security::InitSecrets::derive(key_of(77).public_key(), nullptr);
  EXPECT_LT(connect_under(init_signed_with(stranger)), 100ms) << "without one retransmission";
}

TEST_F(ManyPresharedKeys, LetAnEdgeInWhileSomeoneWithTheHubsPublicKeySendsJunk) {
  EXPECT_LT(connect_under(init_signed_with(edge_secrets())), 100ms);
}

// The hint of an overheard INIT can be taken over by those who know the hub's public key.
TEST_F(ManyPresharedKeys, LetAnEdgeInWhileJunkHasTheHintOfAnEdge) {
  const auto preshared_key = preshared_key_of(7);
  ByteVector junk =
      init_signed_with(security::InitSecrets::derive(key_of(kHubKey).public_key(), &preshared_key));
  junk.back() ^= std::byte{1};
  wire::seal_checksum(junk);
  EXPECT_LT(connect_under(junk), 100ms);
}

}  // namespace
}  // namespace hawser::sctp::test
