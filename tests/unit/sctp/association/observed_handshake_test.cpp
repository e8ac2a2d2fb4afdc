#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"
#include "unit/sctp/support/protected_support.hpp"

// The handshake of a protected association while an observer sees all packets and injects its own, which
// always arrive first. It does not know the hub's public key, and cannot stop a packet.

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;
using wire::ChunkType;

// A key management chunk with the next TSN, and a handshake MAC that is a guess.
ByteVector forged_data(const Datagram& like, Tsn tsn) {
  const ByteVector text(60, std::byte{0x16});
  wire::DataChunk data;
  data.tsn = tsn;
  data.ppid = wire::kKeyManagementPpid;
  data.begin = data.end = true;
  data.payload = text;
  return Craft(tag_in(like)).add(data).unknown(0x5f, 16).take();
}

class ObservedHandshake : public ::testing::Test {
 protected:
  void expect_connection(Duration limit) {
    pair.begin();
    pair.run(limit);
    pair.learn();
    EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
    EXPECT_EQ(pair.client.count(Event::Kind::lost), 0);
    EXPECT_EQ(pair.client.endpoint.association_count(), 1U);
    ASSERT_EQ(pair.server.count(Event::Kind::accepted), 1);
    EXPECT_TRUE(pair.works());
  }

  ProtectedPair pair;
};

TEST_F(ObservedHandshake, IsNotPreventedByForgedInitAcksAndForgedData) {
  Tsn hub_tsn;
  Tsn edge_tsn;
  pair.lost_to_client = [&](const Datagram& each) {
    if (is_sealed(each)) return false;
    if (contains(each, ChunkType::kInitAck)) {
      hub_tsn = init_ack_in({each}).initial_tsn;
      ByteVector forged = each.bytes;
      forged[wire::kCommonHeaderSize + 7] ^= std::byte{1};  // the hub's tag
      wire::seal_checksum(forged);
      pair.client.deliver(pair.now, {pair.client_route(), forged});
    }
    pair.client.deliver(pair.now, {pair.client_route(), forged_data(each, hub_tsn)});
    return false;
  };
  pair.lost_to_server = [&](const Datagram& each) {
    if (is_sealed(each)) return false;
    if (const auto init = find_chunk(each.bytes, ChunkType::kInit))
      edge_tsn = wire::InitChunk::parse(*init)->initial_tsn;
    if (tag_in(each) != kNoTag)
      pair.server.deliver(pair.now, {pair.server_route(), forged_data(each, edge_tsn + 1)});
    return false;
  };
  expect_connection(100ms);  // ten one-way delays and more, and less than any retransmission takes
  EXPECT_GE(pair.client.drops(DropReason::bad_handshake_mac), 3U);
  EXPECT_GE(pair.server.drops(DropReason::bad_handshake_mac), 1U);
}

TEST_F(ObservedHandshake, IsNotPreventedByPacketsOfAnEarlierOne) {
  std::vector<ByteVector> to_client;
  std::vector<ByteVector> to_server;
  pair.lost_to_client = [&](const Datagram& each) {
    if (!is_sealed(each)) to_client.push_back(each.bytes);
    return false;
  };
  pair.lost_to_server = [&](const Datagram& each) {
    if (!is_sealed(each) && tag_in(each) != kNoTag) to_server.push_back(each.bytes);
    return false;
  };
  pair.connect();
  ASSERT_GE(to_client.size(), 3U);
  ASSERT_GE(to_server.size(), 2U);
  // The observer gives the old packets the tags of the new handshake.
  const auto replay = [this](Party& to, const Route& route, const std::vector<ByteVector>& old,
                             VerificationTag tag) {
    for (ByteVector packet : old) {
      store_be(packet.data() + 4, tag.value());
      wire::seal_checksum(packet);
      to.deliver(pair.now, {route, packet});
    }
  };
  pair.lost_to_client = [&](const Datagram& each) {
    if (!is_sealed(each)) replay(pair.client, pair.client_route(), to_client, tag_in(each));
    return false;
  };
  pair.lost_to_server = [&](const Datagram& each) {
    if (!is_sealed(each) && tag_in(each) != kNoTag)
      replay(pair.server, pair.server_route(), to_server, tag_in(each));
    return false;
  };
  pair.begin();
  pair.run(100ms);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 2);
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 2);
  EXPECT_GE(pair.client.drops(DropReason::bad_handshake_mac), to_client.size());
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 0);
}

TEST_F(ObservedHandshake, IsNotPreventedByItsOwnPacketsReflected) {
  pair.lost_to_client = [&](const Datagram& each) {
    if (!is_sealed(each)) pair.server.deliver(pair.now, {pair.server_route(), each.bytes});
    return false;
  };
  pair.lost_to_server = [&](const Datagram& each) {
    if (is_sealed(each)) return false;
    ByteVector packet = each.bytes;
    if (!pair.server.sent.empty()) store_be(packet.data() + 4, tag_in(pair.server.sent.front()).value());
    wire::seal_checksum(packet);
    pair.client.deliver(pair.now, {pair.client_route(), packet});
    return false;
  };
  expect_connection(100ms);
  EXPECT_GE(pair.client.drops(DropReason::bad_handshake_mac), 1U);
}

// --- an observer that has an address of its own, here that of the second uplink

class RelayedHandshake : public ObservedHandshake {
 protected:
  void SetUp() override {
    pair.lost_to_server = [this](const Datagram& each) {
      const bool again =
          contains(each, ChunkType::kInit) || (relay_echo && contains(each, ChunkType::kCookieEcho));
      if (again && !std::exchange(relayed[contains(each, ChunkType::kInit) ? 0 : 1], true))
        pair.server.deliver(pair.now, {pair.server_route(2), each.bytes});
      return false;
    };
    // The observer gets what is sent to its address. It passes INIT ACKs on, with the hub as source.
    pair.lost_to_client = [this](const Datagram& each) {
      if (each.route.remote != pair.nat.at(2)) return false;
      if (contains(each, ChunkType::kInitAck))
        pair.client.deliver(pair.now, {pair.client_route(), each.bytes});
      return true;
    };
  }

  bool relay_echo = false;
  std::array<bool, 2> relayed{};  ///< INIT, COOKIE ECHO
};

TEST_F(RelayedHandshake, GetsAnotherCookieWhenTheFirstWasMadeForTheObserver) {
  expect_connection(100ms);
  EXPECT_EQ(pair.server_status().paths.at(0).route.remote, pair.nat.at(1));
  EXPECT_EQ(pair.client.count_sent(ChunkType::kCookieEcho), 2);
}

TEST_F(RelayedHandshake, GoesOnAtItsOwnAddressWhenTheObserverHasReturnedItsCookie) {
  relay_echo = true;
  expect_connection(2s);
  EXPECT_EQ(pair.server_status().paths.at(0).route.remote, pair.nat.at(1));
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
}

TEST_F(ObservedHandshake, GetsAnotherCookieWhenItsNatMappingChanges) {
  pair.lost_to_client = [this](const Datagram& each) {
    if (contains(each, ChunkType::kInitAck)) {
      pair.lost_to_client = nullptr;
      pair.client.deliver(pair.now, {pair.client_route(), each.bytes});
      pair.nat[1].port = 41'414;
      return true;
    }
    return false;
  };
  expect_connection(100ms);
  EXPECT_EQ(pair.server_status().paths.at(0).route.remote, pair.nat.at(1));
}

TEST_F(ObservedHandshake, AnswersEachCopyOfARenewedInitAckWithOnePacketAtMost) {
  std::vector<ByteVector> renewals;
  std::size_t echoes = 0;
  pair.lost_to_server = [&](const Datagram& each) {  // the hub always sees the COOKIE ECHO from elsewhere
    if (!contains(each, ChunkType::kCookieEcho)) return false;
    ++echoes;
    if (renewals.size() < 2) {
      const auto answers = pair.to_server(each.bytes, 2);
      if (!answers.empty()) renewals.push_back(answers[0].bytes);
    }
    return true;
  };
  pair.begin();
  pair.carry();
  ASSERT_EQ(renewals.size(), 1U);
  EXPECT_EQ(pair.to_client(renewals[0]).size(), 1U) << "another cookie";
  EXPECT_TRUE(pair.to_client(renewals[0]).empty()) << "the same cookie";
  EXPECT_EQ(pair.client.drops(DropReason::duplicate_handshake), 1U);
  for (int i = 0; i < 100; ++i) EXPECT_LE(pair.to_client(renewals[0]).size(), 1U);
  pair.run(9s);
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 0) << "copies use up no retransmission";
}

}  // namespace
}  // namespace hawser::sctp::test
