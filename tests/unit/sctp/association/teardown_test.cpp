#include <gtest/gtest.h>

#include "unit/sctp/support/endpoint_pair.hpp"
#include "unit/sctp/support/protected_support.hpp"

// Graceful ends in every order: RFC 9260 §9.2.

namespace hawser::sctp::association {
namespace {

using namespace std::chrono_literals;
using test::Datagram;
using test::EndpointPair;
using wire::ChunkType;

class ShutdownTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair.connect();
    pair.run(1s);
  }
  void shut_client() { pair.client.endpoint.shutdown(pair.now, pair.client_id); }
  void shut_server() { pair.server.endpoint.shutdown(pair.now, pair.server_id); }
  void expect_both_closed() {
    EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
    EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
    EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
    EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
    EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever) << "no timer outlives the association";
    EXPECT_EQ(pair.server.endpoint.next_timeout(), kNever);
    EXPECT_EQ(pair.client.pool.in_use(), 0U);
    EXPECT_EQ(pair.server.pool.in_use(), 0U);
  }
  // The first `count` chunks of that type are lost, in both directions.
  void lose_first(ChunkType type, int count = 1) {
    const auto filter = [type, left = std::make_shared<int>(count)](const Datagram& each) {
      return test::contains(each, type) && (*left)-- > 0;
    };
    pair.lost_to_server = filter;
    pair.lost_to_client = filter;
  }

  EndpointPair pair;
};

TEST_F(ShutdownTest, TheClientMayShutDown) {
  shut_client();
  pair.carry();
  expect_both_closed();
}

TEST_F(ShutdownTest, TheServerMayShutDown) {
  shut_server();
  pair.carry();
  expect_both_closed();
}

TEST_F(ShutdownTest, BothMayShutDownAtOnce) {
  shut_client();
  shut_server();
  pair.run(30s);
  expect_both_closed();
}

TEST_F(ShutdownTest, EverythingAcceptedIsDeliveredFirst) {
  for (int i = 0; i < 200; ++i) ASSERT_EQ(pair.send(pair.client, std::string(1'200, 'c')), SendResult::ok);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(pair.send(pair.server, std::string(1'200, 's')), SendResult::ok);
  shut_client();
  pair.run(60s);
  EXPECT_EQ(pair.server.messages.size(), 200U);
  EXPECT_EQ(pair.client.messages.size(), 200U) << "the data of the other end is delivered too";
  expect_both_closed();
}

TEST_F(ShutdownTest, EverythingIsDeliveredFirstThoughPacketsAreLost) {
  int count = 0;
  pair.lost_to_server = [&count](const Datagram&) { return ++count % 5 == 0; };
  pair.lost_to_client = [&count](const Datagram&) { return ++count % 7 == 0; };
  for (int i = 0; i < 50; ++i) pair.send(pair.client, std::string(900, 'c'));
  for (int i = 0; i < 50; ++i) pair.send(pair.server, std::string(900, 's'));
  shut_client();
  shut_server();
  pair.run(10min);
  EXPECT_EQ(pair.server.messages.size(), 50U);
  EXPECT_EQ(pair.client.messages.size(), 50U);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST_F(ShutdownTest, NothingIsAcceptedAfterwards) {
  shut_client();
  EXPECT_EQ(pair.send(pair.client, "late"), SendResult::not_open);
  pair.carry();
  EXPECT_EQ(pair.send(pair.client, "later"), SendResult::not_open);
  EXPECT_EQ(pair.send(pair.server, "later"), SendResult::not_open);
}

TEST_F(ShutdownTest, ThePeerAcceptsNothingWhileItFlushes) {
  pair.lost_to_client = [](const Datagram& each) { return test::contains(each, ChunkType::kData); };
  pair.send(pair.server, "still under way");
  shut_client();
  pair.carry();
  ASSERT_EQ(pair.server_status().state, AssociationState::shutdown_received);
  EXPECT_EQ(pair.send(pair.server, "late"), SendResult::not_open);
  pair.lost_to_client = {};
  pair.run(30s);
  EXPECT_EQ(pair.client.messages.size(), 1U);
  expect_both_closed();
}

TEST_F(ShutdownTest, ALostShutdownIsRepeated) {
  lose_first(ChunkType::kShutdown, 2);
  shut_client();
  pair.run(30s);
  expect_both_closed();
}

TEST_F(ShutdownTest, ALostShutdownAckIsRepeated) {
  lose_first(ChunkType::kShutdownAck, 2);
  shut_client();
  pair.run(30s);
  expect_both_closed();
}

TEST_F(ShutdownTest, AfterALostShutdownCompleteTheRepeatedAckIsAnsweredOutOfTheBlue) {
  lose_first(ChunkType::kShutdownComplete);
  shut_client();
  pair.run(30s);
  expect_both_closed();
  EXPECT_EQ(pair.client.drops(DropReason::out_of_the_blue), 1U);
}

TEST_F(ShutdownTest, DataThatArrivesAfterOurShutdownIsTakenAndAnsweredByAnotherShutdown) {
  pair.lost_to_server = [](const Datagram& each) { return test::contains(each, ChunkType::kShutdown); };
  shut_client();
  pair.carry();
  ASSERT_EQ(pair.client_status().state, AssociationState::shutdown_sent);
  constexpr std::byte kText[] = {std::byte{'x'}};
  const auto answer = pair.to_client(
      pair.from_server()
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = pair.server_tsn, .payload = kText})
          .take());
  EXPECT_EQ(pair.client.messages.size(), 1U);
  const Datagram* shutdown = test::find_with(answer, ChunkType::kShutdown);
  ASSERT_NE(shutdown, nullptr);
  EXPECT_EQ(
      wire::ShutdownChunk::parse(*test::find_chunk(shutdown->bytes, ChunkType::kShutdown))->cumulative_tsn,
      pair.server_tsn);
}

TEST_F(ShutdownTest, AShutdownThatIsNeverAnsweredEnds) {
  pair.lost_to_server = [](const Datagram&) { return true; };
  shut_client();
  pair.run(2h);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.count(Event::Kind::aborted) + pair.client.count(Event::Kind::lost), 1);
  EXPECT_LE(pair.client.count_sent(ChunkType::kShutdown), 11);
}

TEST_F(ShutdownTest, AShutdownAckThatIsNeverCompletedEnds) {
  pair.lost_to_client = [](const Datagram& each) { return test::contains(each, ChunkType::kShutdownAck); };
  pair.lost_to_server = [this](const Datagram&) {
    return pair.server_status().state == AssociationState::shutdown_ack_sent;
  };
  shut_client();
  pair.run(2h);
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
}

TEST_F(ShutdownTest, AShutdownThatAcknowledgesWhatWasNeverSentIsIgnored) {
  pair.to_server(pair.from_client().add(wire::ShutdownChunk{pair.server_tsn + 100}).take());
  EXPECT_EQ(pair.server_status().state, AssociationState::established);
  EXPECT_EQ(pair.server.drops(DropReason::invalid_sack), 1U);
  EXPECT_TRUE(pair.works());
}

TEST_F(ShutdownTest, ShutdownAckWithoutAShutdownOfOursIsIgnored) {
  pair.to_server(pair.from_client().add(wire::ShutdownAckChunk{}).take());
  EXPECT_TRUE(pair.works());
}

TEST_F(ShutdownTest, DataIsNotAcceptedAfterThePeersShutdown) {
  pair.lost_to_client = [](const Datagram&) { return true; };
  shut_client();
  pair.carry();
  ASSERT_EQ(pair.server_status().state, AssociationState::shutdown_ack_sent);
  constexpr std::byte kText[] = {std::byte{'x'}};
  pair.to_server(
      pair.from_client()
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText})
          .take());
  EXPECT_TRUE(pair.server.messages.empty());
}

TEST(ShutdownBeforeSetUp, EndsAtOnce) {
  EndpointPair pair;
  pair.lost_to_server = [](const Datagram&) { return true; };
  pair.begin();
  pair.carry();
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.carry();
  EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
}

TEST(ShutdownWithASecondPath, TakesThePathThatWorks) {
  EndpointPair pair;
  pair.connect();
  pair.add_path(2);
  pair.run(2s);
  const auto from_first = [](const Datagram& each) { return each.route.socket == SocketId(1); };
  pair.lost_to_server = from_first;
  const auto to_first = pair.nat[1];
  pair.lost_to_client = [to_first](const Datagram& each) { return each.route.remote == to_first; };
  pair.run(5min);
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.run(10s);
  EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
}

// Messages that waited behind a hole leave over some ms when it is filled; the association ends sooner.
TEST(EndOfATunnel, DeliversWhatIsKeptBack) {
  constexpr int kMessages = 100;
  EndpointConfig hub = test::tunnel_like(true);
  hub.order_hold = 500ms;
  EndpointPair pair(test::tunnel_like(false), test::edge_protection(), hub, test::hub_protection());
  pair.connect();
  pair.run(1s);
  std::optional<Datagram> first;
  pair.lost_to_server = [&first](const Datagram& each) {
    const bool lost = each.bytes.size() > 800 && each.bytes.size() < 1100;
    if (lost && !first) first = each;
    return lost;
  };
  pair.send(pair.client, std::string(900, 'f'), {.stream = StreamId{1}});
  for (int i = 0; i < kMessages; ++i) pair.send(pair.client, std::string(1200, 'o'), {.stream = StreamId{1}});
  for (const Timestamp end = pair.now + 200ms; pair.now < end;) {
    pair.pick_up();
    pair.deliver_to_server();
    pair.deliver_to_client();
    pair.client.endpoint.handle_timeout(pair.now);
    pair.server.endpoint.handle_timeout(pair.now);
  }
  ASSERT_EQ(pair.server.messages.size(), 0U);

  pair.server.deliver(pair.now, {pair.server_route(), first.value().bytes});
  pair.client.endpoint.abort(pair.now, pair.client_id, "the user has gone");
  pair.carry();
  EXPECT_EQ(pair.server.count(Event::Kind::aborted), 1);
  EXPECT_EQ(pair.server.messages.size(), 1U + kMessages);
}

}  // namespace
}  // namespace hawser::sctp::association
