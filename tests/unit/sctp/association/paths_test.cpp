#include <gtest/gtest.h>

#include "unit/sctp/support/endpoint_pair.hpp"

// Paths that are added, migrate and are removed: RFC 5061, RFC 6951 §5.4, RFC 9260 §8.

namespace hawser::sctp::association {
namespace {

using namespace std::chrono_literals;
using test::accepting;
using test::Craft;
using test::Datagram;
using test::EndpointPair;
using wire::ChunkType;

constexpr std::byte kText[] = {std::byte{'x'}};

class PathsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair.connect();
    pair.run(1s);
  }
  [[nodiscard]] UdpAddress server_sees(std::size_t path = 0) const {
    return pair.server_status().paths.at(path).route.remote;
  }
  [[nodiscard]] wire::DataChunk data(std::uint32_t offset = 0) const {
    return {.begin = true, .end = true, .tsn = pair.client_tsn + offset, .payload = kText};
  }
  void rebind(std::uint32_t uplink = 1) {
    pair.nat[uplink].port = static_cast<std::uint16_t>(pair.nat[uplink].port + 1'000);
  }
  void cut(std::uint32_t uplink) {
    pair.lost_to_server = [uplink](const Datagram& each) { return each.route.socket == SocketId(uplink); };
    pair.lost_to_client = [address = pair.nat[uplink]](const Datagram& each) {
      return each.route.remote == address;
    };
  }

  EndpointPair pair;
};

TEST_F(PathsTest, AnUplinkJoinsByAWildcardAsconfFromItselfAndIsValidatedImmediately) {
  const Timestamp start = pair.now;
  const PathId path = pair.add_path(2);
  pair.carry();
  EXPECT_LT(pair.now - start, 100ms) << "without waiting for a heartbeat interval";
  ASSERT_EQ(pair.server_status().paths.size(), 2U);
  EXPECT_EQ(server_sees(1), pair.nat[2]);
  EXPECT_EQ(pair.server_status().paths[1].state, PathState::active);
  EXPECT_EQ(pair.client_status().paths[1].state, PathState::active);
  EXPECT_EQ(pair.client_status().paths[1].id, path);
}

TEST_F(PathsTest, AJoiningUplinkSendsNothingButItsAsconfUntilThatIsAcknowledged) {
  pair.lost_to_client = [this](const Datagram& each) { return each.route.remote == pair.nat[2]; };
  const std::size_t before = pair.client.sent.size();
  pair.add_path(2);
  for (int i = 0; i < 50; ++i) pair.send(pair.client, std::string(1'000, 'x'));
  pair.run(20s);
  int seen = 0;
  for (std::size_t i = before; i < pair.client.sent.size(); ++i) {
    const Datagram& each = pair.client.sent[i];
    if (each.route.socket != SocketId(2)) continue;
    ++seen;
    const auto chunks = test::chunks_of(each.bytes);
    ASSERT_EQ(chunks.size(), 2U);
    EXPECT_TRUE(chunks[0].is(ChunkType::kAuth));
    EXPECT_TRUE(chunks[1].is(ChunkType::kAsconf));
  }
  EXPECT_GE(seen, 3) << "it is retransmitted on its own uplink";
  for (std::size_t i = before; i < pair.client.sent.size(); ++i) {
    if (test::contains(pair.client.sent[i], ChunkType::kAsconf)) {
      EXPECT_EQ(pair.client.sent[i].route.socket, SocketId(2));
    }
  }
}

TEST_F(PathsTest, ALostAsconfAckIsAnsweredFromTheCacheAndThePathAddedOnce) {
  int lost = 0;
  pair.lost_to_client = [&lost](const Datagram& each) {
    return test::contains(each, ChunkType::kAsconfAck) && lost++ == 0;
  };
  pair.add_path(2);
  pair.run(10s);
  EXPECT_GE(lost, 2);
  EXPECT_EQ(pair.server_status().paths.size(), 2U);
  EXPECT_EQ(pair.server.count(Event::Kind::path_added), 1);
  EXPECT_EQ(pair.client_status().paths[1].state, PathState::active);
}

TEST_F(PathsTest, AllUplinksJoinThoughOneOfThemIsDead) {
  cut(2);
  pair.add_path(2);
  pair.add_path(3);
  pair.add_path(4);
  pair.run(20s);
  const auto status = pair.client_status();
  ASSERT_EQ(status.paths.size(), 4U);
  EXPECT_EQ(status.paths[1].state, PathState::joining);
  EXPECT_EQ(status.paths[2].state, PathState::active);
  EXPECT_EQ(status.paths[3].state, PathState::active);
  pair.lost_to_server = {};
  pair.lost_to_client = {};
  pair.run(2min);
  EXPECT_EQ(pair.client_status().paths[1].state, PathState::active) << "it joins when it works";
}

TEST_F(PathsTest, DataUsesAllPaths) {
  pair.add_path(2);
  pair.run(2s);
  for (int i = 0; i < 300; ++i) pair.send(pair.client, std::string(1'300, 'x'));
  pair.run(10s);
  EXPECT_EQ(pair.server.messages.size(), 300U);
  for (const PathStatus& path : pair.client_status().paths) EXPECT_GT(path.counters.data_chunks_sent, 50U);
}

TEST_F(PathsTest, DataMovesToTheOtherPathWhenOneDies) {
  pair.add_path(2);
  pair.run(2s);
  cut(1);
  for (int i = 0; i < 100; ++i) pair.send(pair.client, std::string(1'300, 'x'));
  pair.run(10s);
  EXPECT_EQ(pair.server.messages.size(), 100U);
  EXPECT_NE(pair.client_status().paths[0].state, PathState::active);
}

TEST_F(PathsTest, AnIdlePathThatDiesNeverEndsTheAssociation) {
  pair.add_path(2);
  pair.run(2s);
  cut(2);
  pair.run(12h);
  EXPECT_TRUE(pair.both_up());
  EXPECT_NE(pair.client_status().paths[1].state, PathState::active);
  EXPECT_TRUE(pair.works());
}

TEST_F(PathsTest, AnIdleAssociationLivesForDays) {
  pair.run(48h);
  EXPECT_TRUE(pair.both_up());
  EXPECT_TRUE(pair.works());
}

TEST_F(PathsTest, TheLastPathCannotBeRemoved) {
  EXPECT_FALSE(pair.client.endpoint.remove_path(pair.now, pair.client_id, pair.client_status().paths[0].id));
  const PathId second = pair.add_path(2);
  pair.run(1s);
  EXPECT_TRUE(pair.client.endpoint.remove_path(pair.now, pair.client_id, second));
  EXPECT_FALSE(pair.client.endpoint.remove_path(pair.now, pair.client_id, second)) << "already removed";
  EXPECT_TRUE(pair.works());
}

TEST_F(PathsTest, RemovingAPathInTheMiddleOfATransferLosesNothing) {
  const PathId second = pair.add_path(2);
  pair.run(2s);
  for (int i = 0; i < 200; ++i) pair.send(pair.client, std::string(1'300, 'x'));
  pair.pick_up();
  pair.client.endpoint.remove_path(pair.now, pair.client_id, second);
  pair.run(30s);
  EXPECT_EQ(pair.server.messages.size(), 200U);
}

TEST_F(PathsTest, ARouteIsAddedOnce) {
  EXPECT_FALSE(
      pair.client.endpoint.add_path(pair.now, pair.client_id, EndpointPair::client_route(1)).has_value());
  pair.add_path(2);
  EXPECT_FALSE(
      pair.client.endpoint.add_path(pair.now, pair.client_id, EndpointPair::client_route(2)).has_value());
}

TEST(PathsWithoutAsconf, AreRefusedWithAnEvent) {
  EndpointConfig plain = accepting();
  plain.dynamic_addresses = false;
  EndpointPair pair({}, plain);
  pair.begin();
  const PathId path = pair.add_path(2);
  pair.carry();
  ASSERT_EQ(pair.client.count(Event::Kind::path_refused), 1);
  EXPECT_EQ(pair.client.last(Event::Kind::path_refused)->path, path);
  EXPECT_EQ(pair.client_status().paths.size(), 1U);
}

TEST(PathsAtTheLimit, AreRefusedByThePeerAndRemoved) {
  EndpointConfig one = accepting();
  one.max_paths = 1;
  EndpointPair pair({}, one);
  pair.connect();
  pair.add_path(2);
  pair.run(5s);
  ASSERT_EQ(pair.client.count(Event::Kind::path_refused), 1);
  EXPECT_EQ(pair.client.last(Event::Kind::path_refused)->cause,
            static_cast<std::uint16_t>(wire::CauseCode::kResourceShortage));
  EXPECT_EQ(pair.client_status().paths.size(), 1U);
  EXPECT_TRUE(pair.works());
}

// --- the UDP port follows only packets that passed every check and are not replays

TEST_F(PathsTest, FreshDataFromANewPortMovesThePathOnlyAfterPathValidation) {
  const UdpAddress before = server_sees();
  rebind();
  const auto answer = pair.to_server(pair.from_client().add(data()).take());
  const Datagram* heartbeat = test::find_with(answer, ChunkType::kHeartbeat);
  ASSERT_NE(heartbeat, nullptr);
  EXPECT_EQ(heartbeat->route.remote, pair.nat[1]);
  EXPECT_EQ(server_sees(), before);
  EXPECT_EQ(pair.server_status().paths.size(), 1U);
}

TEST_F(PathsTest, ATransferGoesOnWhenTheNatRebinds) {
  for (int i = 0; i < 100; ++i) pair.send(pair.client, std::string(1'000, 'x'));
  for (int i = 0; i < 3; ++i) {
    pair.pick_up();
    pair.deliver_to_server();
    pair.deliver_to_client();
  }
  const UdpAddress before = server_sees();
  rebind();
  pair.run(30s);
  EXPECT_EQ(pair.server.messages.size(), 100U);
  ASSERT_EQ(pair.server.count(Event::Kind::path_moved), 1);
  const auto moved = std::ranges::find(pair.server.events, Event::Kind::path_moved, &Event::kind);
  EXPECT_EQ(moved->path, pair.server_status().paths[0].id);
  EXPECT_EQ(moved->previous, before);
  EXPECT_EQ(server_sees(), pair.nat[1]);
  EXPECT_EQ(pair.server_status().paths[0].state, PathState::active);
}

TEST_F(PathsTest, ADamagedPacketMovesNoPort) {
  const UdpAddress before = server_sees();
  rebind();
  auto packet = pair.from_client().add(data()).take();
  packet[20] ^= std::byte{1};
  pair.to_server(packet);
  EXPECT_EQ(server_sees(), before);
}

TEST_F(PathsTest, APacketUnderAWrongTagMovesNoPort) {
  const UdpAddress before = server_sees();
  rebind();
  pair.to_server(Craft(VerificationTag{pair.server_tag.value() + 1}).add(data()).take());
  EXPECT_EQ(server_sees(), before);
  EXPECT_EQ(pair.server_status().paths[0].state, PathState::active);
}

TEST_F(PathsTest, AnInitMovesNoPort) {
  const UdpAddress before = server_sees();
  rebind();
  pair.to_server(
      Craft(kNoTag).add(wire::InitChunk{false, VerificationTag{99}, 100'000, 1, 1, Tsn{1}, {}}).take());
  EXPECT_EQ(server_sees(), before);
  EXPECT_EQ(pair.server_status().paths[0].state, PathState::active);
}

TEST_F(PathsTest, AReplayedPacketMovesNoPort) {
  pair.send(pair.client, "hello");
  pair.send(pair.server, "hello");
  pair.run(1s);
  const UdpAddress before = server_sees();
  const auto recorded = pair.client.sent;
  rebind();
  for (const Datagram& each : recorded) {
    if (test::contains(each, ChunkType::kCookieEcho) || test::contains(each, ChunkType::kInit)) continue;
    pair.to_server(each.bytes);
    ASSERT_EQ(server_sees(), before);
    ASSERT_EQ(pair.server_status().paths[0].state, PathState::active);
  }
  EXPECT_EQ(pair.server.messages.size(), 1U);
}

TEST_F(PathsTest, ControlChunksThatBringNoNewsMoveNoPort) {
  const UdpAddress before = server_sees();
  rebind();
  pair.to_server(pair.from_client().add(wire::HeartbeatChunk{false, kText}).take());
  pair.to_server(pair.from_client().add(wire::CookieAckChunk{}).take());
  pair.to_server(pair.from_client().unknown(0xFE).take());
  EXPECT_EQ(server_sees(), before);
}

TEST_F(PathsTest, AnotherIpAddressNeverTakesAPathOver) {
  const UdpAddress before = server_sees();
  pair.to_server(pair.from_client().add(data()).take(), 3);
  EXPECT_EQ(server_sees(), before);
  EXPECT_EQ(pair.server_status().paths.size(), 1U);
  EXPECT_EQ(pair.server.drops(DropReason::unknown_source), 1U);
}

TEST_F(PathsTest, ThePortOfAServerWeChoseNeverMoves) {
  Route elsewhere = EndpointPair::client_route();
  elsewhere.remote.port = 1;
  const wire::DataChunk fresh{.begin = true, .end = true, .tsn = pair.server_tsn, .payload = kText};
  pair.client.deliver(pair.now, {elsewhere, pair.from_server().add(fresh).take()});
  pair.client.poll(pair.now);
  EXPECT_EQ(pair.client_status().paths[0].route, EndpointPair::client_route());
}

TEST_F(PathsTest, NoMoreThanThreeTimesAsMuchGoesToAnAddressThatIsNotValidated) {
  rebind();
  pair.server.sent.clear();
  const auto packet = pair.from_client().add(data()).take();
  for (int i = 0; i < 100; ++i) pair.send(pair.server, std::string(1'000, 'x'));
  pair.to_server(packet);
  for (int i = 0; i < 200; ++i) {
    const Timestamp next = pair.server.endpoint.next_timeout();
    if (next == kNever || next > pair.now + 1h) break;
    pair.now = std::max(pair.now, next);
    pair.server.endpoint.handle_timeout(pair.now);
    pair.server.poll(pair.now);
  }
  std::size_t bytes = 0;
  for (const Datagram& each : pair.server.sent)
    bytes += each.route.remote == pair.nat[1] ? each.bytes.size() : 0;
  EXPECT_GT(bytes, 0U);
  EXPECT_LE(bytes, 3 * packet.size());
}

}  // namespace
}  // namespace hawser::sctp::association
