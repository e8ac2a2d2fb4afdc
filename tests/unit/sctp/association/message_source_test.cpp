#include <gtest/gtest.h>

#include <string>

#include "unit/sctp/support/endpoint_pair.hpp"
#include "unit/sctp/support/queue_source.hpp"

// Endpoint::set_message_source().

namespace hawser::sctp::association {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::QueueSource;
using wire::ChunkType;

class MessageSourceTest : public ::testing::Test {
 protected:
  MessageSourceTest() { pair.connect(); }

  void attach() { ASSERT_TRUE(pair.client.endpoint.set_message_source(pair.client_id, &source)); }
  void push(int count, std::size_t size = 1'000, TrafficClass traffic_class = TrafficClass::bulk) {
    for (int i = 0; i < count; ++i) {
      std::string text = std::to_string(number++) + ":";
      text.resize(size, 'x');
      source.push(traffic_class, pair.client.pool.copy(std::as_bytes(std::span(text))));
    }
    pair.client.endpoint.notify_waiting(pair.client_id);
  }
  // The window is full, and far more waits.
  void fill_window() {
    attach();
    push(500);
    pair.client.poll(pair.now);
  }
  void expect_closed_without_the_rest() {
    pair.run(5s);
    EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
    EXPECT_GT(source.left(), 400U);
    EXPECT_EQ(pair.server.messages.size(), 500 - source.left());
  }

  EndpointPair pair;
  QueueSource source;  // its messages are buffers of the pair
  int number = 0;
};

TEST_F(MessageSourceTest, ItsMessagesArriveInOrder) {
  attach();
  push(500);
  pair.run(10s);
  ASSERT_EQ(pair.server.messages.size(), 500U);
  for (std::size_t i = 0; i < 500; ++i)
    EXPECT_TRUE(pair.server.messages[i].text.starts_with(std::to_string(i) + ":"));
  EXPECT_EQ(pair.client.endpoint.status(pair.client_id)->messages_sent, 500U);
}

TEST_F(MessageSourceTest, ItKeepsWhatTheWindowHasNoRoomFor) {
  fill_window();
  const auto status = *pair.client.endpoint.status(pair.client_id);
  EXPECT_GT(source.left(), 480U);
  EXPECT_LE(pair.client.endpoint.send_backlog(pair.client_id), 1'000U);
  const PathIdleReason reason = status.paths.at(0).idle_reason;
  EXPECT_TRUE(reason == PathIdleReason::congestion_window || reason == PathIdleReason::pacing);
}

TEST_F(MessageSourceTest, AShutdownDoesNotWaitForIt) {
  fill_window();
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  expect_closed_without_the_rest();
}

TEST_F(MessageSourceTest, AShutdownOfThePeerDoesNotWaitForIt) {
  fill_window();
  pair.server.endpoint.shutdown(pair.now, pair.server_id);
  expect_closed_without_the_rest();
}

TEST_F(MessageSourceTest, NothingIsTakenFromASourceThatWasReplaced) {
  attach();
  pair.client.endpoint.set_message_source(pair.client_id, nullptr);
  push(3);
  pair.run(1s);
  EXPECT_EQ(source.left(), 3U);
  EXPECT_TRUE(pair.server.messages.empty());
}

TEST_F(MessageSourceTest, ASackThatIsDueLeavesThoughTheSourceHasOnlyStaleMessages) {
  attach();
  pair.run(1s);
  const auto before = pair.client.count_sent(ChunkType::kSack) + pair.client.count_sent(ChunkType::kNrSack);
  for (int i = 0; i < 4; ++i) pair.send(pair.server, std::string(1'000, 's'));
  push(5);
  source.make_stale();
  pair.run(1s);
  EXPECT_EQ(pair.client.messages.size(), 4U);
  EXPECT_GT(pair.client.count_sent(ChunkType::kSack) + pair.client.count_sent(ChunkType::kNrSack), before);
  EXPECT_EQ(pair.server.endpoint.status(pair.server_id)->queued_bytes, 0U);
}

TEST_F(MessageSourceTest, TheRoundTripIsThatOfThePath) {
  EXPECT_EQ(pair.client.endpoint.round_trip(AssociationId(99)), 0ms);
  attach();
  push(10);
  pair.run(1s);
  EXPECT_EQ(pair.client.endpoint.round_trip(pair.client_id), 20ms);  // the pair polls every 10 ms
}

}  // namespace
}  // namespace hawser::sctp::association
