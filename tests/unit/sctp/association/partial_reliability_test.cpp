// PR-SCTP between two endpoints (RFC 3758, RFC 7496).
#include <gtest/gtest.h>

#include "unit/sctp/support/protected_support.hpp"

namespace hawser::sctp::test {
namespace {

using namespace std::chrono_literals;

constexpr StreamId kStream{3};

/// Loses the packets to the server that contain DATA, while `on`.
struct DataLoss {
  explicit DataLoss(EndpointPair& pair) {
    pair.lost_to_server = [this](const Datagram& datagram) {
      const bool data = contains(datagram, wire::ChunkType::kData);
      seen += data ? 1U : 0U;
      return on && data;
    };
  }
  bool on = true;
  unsigned seen = 0;
};

std::vector<std::string> texts(const Party& party) {
  std::vector<std::string> all;
  for (const Party::Message& message : party.messages) all.push_back(message.text);
  return all;
}

TEST(PartialReliability, IsNegotiatedWhenBothEndsOfferIt) {
  for (const bool server_offers : {true, false}) {
    EndpointConfig server = accepting();
    server.partial_reliability = server_offers;
    EndpointPair pair({}, server);
    pair.connect();
    EXPECT_EQ(pair.client_status().partial_reliability, server_offers);
    EXPECT_EQ(pair.server_status().partial_reliability, server_offers);
  }
}

TEST(PartialReliability, AMessageWhoseLifetimeIsOverIsSkipped) {
  EndpointPair pair;
  pair.connect();
  DataLoss loss(pair);
  pair.send(pair.client, "stale", {.stream = kStream, .lifetime = 200ms});
  pair.run(300ms);
  loss.on = false;
  pair.send(pair.client, "fresh", {.stream = kStream});
  pair.run(5s);
  EXPECT_EQ(texts(pair.server), std::vector<std::string>{"fresh"});
  EXPECT_EQ(pair.client_status().messages_abandoned, 1U);
  EXPECT_EQ(pair.server_status().abandoned_tsns_received, 1U);
  EXPECT_EQ(pair.client_status().queued_bytes, 0U);
  EXPECT_TRUE(pair.works());
}

TEST(PartialReliability, ALifetimeThatIsLongEnoughChangesNothing) {
  EndpointPair pair;
  pair.connect();
  DataLoss loss(pair);
  pair.send(pair.client, "kept", {.stream = kStream, .lifetime = 10s});
  pair.run(100ms);
  loss.on = false;
  pair.run(5s);
  EXPECT_EQ(texts(pair.server), std::vector<std::string>{"kept"});
  EXPECT_EQ(pair.client_status().messages_abandoned, 0U);
}

TEST(PartialReliability, AMessageIsRetransmittedAsOftenAsPermitted) {
  for (const std::uint8_t limit : {std::uint8_t{0}, std::uint8_t{1}}) {
    EndpointPair pair;
    pair.connect();
    DataLoss loss(pair);
    pair.send(pair.client, "lost", {.stream = kStream, .max_retransmissions = limit});
    pair.run(20s);
    EXPECT_EQ(loss.seen, limit + 1U);
    EXPECT_TRUE(texts(pair.server).empty());
    loss.on = false;
    EXPECT_TRUE(pair.works());
  }
}

TEST(PartialReliability, ALostForwardTsnIsRepeated) {
  EndpointPair pair;
  pair.connect();
  unsigned lost = 0;
  pair.lost_to_server = [&](const Datagram& datagram) {
    if (contains(datagram, wire::ChunkType::kForwardTsn)) return ++lost <= 3;
    return contains(datagram, wire::ChunkType::kData) && lost == 0;
  };
  pair.send(pair.client, "stale", {.stream = kStream, .max_retransmissions = 0});
  pair.run(30s);
  EXPECT_EQ(lost, 4U);
  EXPECT_EQ(pair.server_status().abandoned_tsns_received, 1U);
  EXPECT_EQ(pair.client.endpoint.next_timeout() == kNever, false);
  EXPECT_TRUE(pair.works());
}

TEST(PartialReliability, ASenderThatIsBlockedByStaleMessagesBecomesWritable) {
  EndpointConfig config;
  config.send_buffer = 3'000;
  EndpointPair pair(config);
  pair.connect();
  DataLoss loss(pair);
  const std::string text(1'000, 'x');
  while (pair.send(pair.client, text, {.lifetime = 500ms}) == SendResult::ok) {
  }
  pair.run(400ms);
  EXPECT_EQ(pair.client.count(Event::Kind::writable), 0);
  pair.run(3s);
  EXPECT_EQ(pair.client.count(Event::Kind::writable), 1);
}

TEST(PartialReliability, AShutdownDoesNotWaitForStaleMessages) {
  EndpointPair pair;
  pair.connect();
  DataLoss loss(pair);
  pair.send(pair.client, "stale", {.lifetime = 300ms});
  pair.run(10ms);
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.run(10s);
  EXPECT_EQ(pair.client.count(Event::Kind::closed), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::closed), 1);
}

TEST(PartialReliability, AForwardTsnWithoutNegotiationIsReportedAndSkipsNothing) {
  EndpointConfig server = accepting();
  server.partial_reliability = false;
  EndpointPair pair({}, server);
  pair.connect();
  const auto answers = pair.to_server(pair.from_client().add(wire::ForwardTsnChunk{pair.client_tsn}).take());
  const Datagram* error = find_with(answers, wire::ChunkType::kError);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(causes_of(*find_chunk(error->bytes, wire::ChunkType::kError)), std::vector<std::uint16_t>{6});
  EXPECT_EQ(pair.server.drops(DropReason::unexpected_chunk), 1U);
  EXPECT_TRUE(pair.works());
}

TEST(PartialReliability, OneForwardTsnPerPacketCounts) {
  EndpointPair pair;
  pair.connect();
  pair.to_server(pair.from_client()
                     .add(wire::ForwardTsnChunk{pair.client_tsn})
                     .add(wire::ForwardTsnChunk{pair.client_tsn + 1})
                     .take());
  EXPECT_EQ(pair.server_status().abandoned_tsns_received, 1U);
  EXPECT_EQ(pair.server.drops(DropReason::excess_chunk), 1U);
  pair.to_server(pair.from_client().add(wire::ForwardTsnChunk{pair.client_tsn + 70'000}).take());
  EXPECT_EQ(pair.server.drops(DropReason::tsn_out_of_window), 1U);
}

TEST(PartialReliability, WorksInAProtectedAssociation) {
  EndpointPair pair(tunnel_like(false), edge_protection(), tunnel_like(true), hub_protection());
  pair.connect();
  pair.run(2s);
  ASSERT_TRUE(pair.client_status().partial_reliability);
  bool on = true;
  pair.lost_to_server = [&](const Datagram&) { return on; };
  pair.send(pair.client, "stale", {.stream = kStream, .lifetime = 200ms});
  pair.run(300ms);
  on = false;
  pair.send(pair.client, "fresh", {.stream = kStream, .lifetime = 5s});
  pair.run(5s);
  EXPECT_EQ(texts(pair.server), std::vector<std::string>{"fresh"});
}

}  // namespace
}  // namespace hawser::sctp::test
