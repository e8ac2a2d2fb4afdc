#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"

// Duplicate and unexpected handshake chunks, collisions and restarts: RFC 9260 §5.2, table 12.

namespace hawser::sctp::endpoint {
namespace {

using namespace std::chrono_literals;
using test::abort_cause_in;
using test::code;
using test::Craft;
using test::Datagram;
using test::EndpointPair;
using test::find_with;
using test::init_ack_in;
using test::InitByHand;
using wire::CauseCode;
using wire::ChunkType;

constexpr std::byte kText[] = {std::byte{'x'}};

class RestartTest : public ::testing::Test {
 protected:
  void SetUp() override { pair.connect(); }
  EndpointPair pair;
};

TEST_F(RestartTest, CaseAAPeerThatLostItsStateRestarts) {
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet()));
  EXPECT_NE(ack.initiate_tag, pair.server_tag) << "a new tag for a live association (§5.2.2)";
  EXPECT_EQ(pair.server_status().state, AssociationState::established) << "an INIT alone changes nothing";
  const auto answer = pair.to_server(ack.echo().take());
  const Datagram* cookie_ack = find_with(answer, ChunkType::kCookieAck);
  ASSERT_NE(cookie_ack, nullptr);
  EXPECT_EQ(test::tag_in(*cookie_ack), InitByHand{}.tag);
  EXPECT_EQ(pair.server.count(Event::Kind::restarted), 1);
  EXPECT_EQ(pair.server.last(Event::Kind::restarted)->association, pair.server_id) << "the same association";
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
  pair.to_server(
      Craft(ack.initiate_tag)
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = InitByHand{}.tsn, .payload = kText})
          .take());
  EXPECT_EQ(pair.server.messages.size(), 1U);
}

TEST_F(RestartTest, CaseAPacketsUnderTheOldTagsAreOutOfTheBlue) {
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet()));
  pair.to_server(ack.echo().take());
  const auto answer = pair.to_server(Craft(pair.server_tag).add(wire::HeartbeatChunk{}).take());
  EXPECT_NE(find_with(answer, ChunkType::kAbort), nullptr);
}

TEST_F(RestartTest, CaseAUnacknowledgedMessagesAreGoneAndSequenceNumbersStartAgain) {
  pair.send(pair.server, "one");
  pair.carry();
  pair.lost_to_client = [](const Datagram&) { return true; };
  pair.send(pair.server, "two");
  pair.carry();
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet()));
  pair.to_server(ack.echo().take());
  EXPECT_EQ(pair.server_status().queued_bytes, 0U);
  pair.send(pair.server, "three");
  const auto out = pair.server.poll(pair.now);
  const Datagram* datagram = find_with(out, ChunkType::kData);
  ASSERT_NE(datagram, nullptr);
  const auto data = wire::DataChunk::parse(*test::find_chunk(datagram->bytes, ChunkType::kData));
  EXPECT_EQ(data->tsn, ack.initial_tsn);
  EXPECT_EQ(data->ssn, Ssn{0});
  EXPECT_EQ(pair.server.pool.in_use(), 1U) << "only the new message is held";
}

TEST_F(RestartTest, CaseATheLostCookieAckIsRepeatedToTheRestartedPeer) {
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet()));
  pair.to_server(ack.echo().take());
  EXPECT_NE(find_with(pair.to_server(ack.echo().take()), ChunkType::kCookieAck), nullptr);
  EXPECT_EQ(pair.server.count(Event::Kind::restarted), 1);
}

TEST_F(RestartTest, CaseAARestartKeepsItsPathAndRemovesTheOthers) {
  pair.add_path(2);
  pair.run(1s);
  ASSERT_EQ(pair.server_status().paths.size(), 2U);
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet(), 2));
  const auto answer = pair.to_server(ack.echo().take(), 2);
  const Datagram* cookie_ack = find_with(answer, ChunkType::kCookieAck);
  ASSERT_NE(cookie_ack, nullptr);
  EXPECT_EQ(cookie_ack->route, pair.server_route(2));
  ASSERT_EQ(pair.server_status().paths.size(), 1U);
  EXPECT_EQ(pair.server_status().paths[0].route, pair.server_route(2));
}

TEST_F(RestartTest, CaseATheAnswerTakesTheRouteOfTheCookieThoughThePathMoved) {
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet()));
  const Route cookie_route = pair.server_route();
  pair.nat[1].port = 44'444;  // the peer still sends before its restart, through a new NAT mapping
  pair.to_server(
      pair.from_client()
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = pair.client_tsn, .payload = kText})
          .take());
  pair.nat[1].port = cookie_route.remote.port;
  const auto answer = pair.to_server(ack.echo().take());
  const Datagram* cookie_ack = find_with(answer, ChunkType::kCookieAck);
  ASSERT_NE(cookie_ack, nullptr);
  EXPECT_EQ(cookie_ack->route, cookie_route);
  ASSERT_EQ(pair.server_status().paths.size(), 1U);
  EXPECT_EQ(pair.server_status().paths[0].route, cookie_route);
}

TEST_F(RestartTest, ARestartThatBringsNewAddressesIsAbortedAndChangesNothing) {
  InitByHand init;
  init.parameter(wire::ParameterType::kIpv4Address, IpAddress::v4(0x0808'0808).bytes());
  const auto answer = pair.to_server(init.packet());
  EXPECT_EQ(abort_cause_in(answer), code(CauseCode::kRestartWithNewAddresses));
  EXPECT_EQ(test::tag_in(answer.at(0)), init.tag);
  EXPECT_EQ(pair.server.drops(DropReason::restart_refused), 1U);
  EXPECT_TRUE(pair.works());
}

TEST_F(RestartTest, AnInitFromAnUnknownAddressIsAnotherPeer) {
  const auto ack = init_ack_in(pair.to_server(InitByHand{}.packet(), 3));
  pair.to_server(ack.echo().take(), 3);
  EXPECT_EQ(pair.server.endpoint.association_count(), 2U);
  EXPECT_EQ(pair.server.count(Event::Kind::restarted), 0);
  EXPECT_TRUE(pair.works());
}

TEST_F(RestartTest, ABrokenInitNeverHurtsALiveAssociation) {
  pair.to_server(InitByHand{.outbound = 0}.packet());
  pair.to_server(InitByHand{.tag = kNoTag}.packet());
  pair.to_server(InitByHand{.a_rwnd = 1}.packet());
  EXPECT_TRUE(pair.works());
}

TEST_F(RestartTest, TheInitOfTheLiveAssociationAgainGetsAnAnswerWhoseCookieLeadsNowhere) {
  const auto ack =
      init_ack_in(pair.to_server(InitByHand{.tag = pair.client_tag, .tsn = pair.client_tsn}.packet()));
  EXPECT_TRUE(pair.to_server(ack.echo().take()).empty());
  EXPECT_EQ(pair.server.count(Event::Kind::restarted), 0);
  EXPECT_EQ(pair.server.drops(DropReason::duplicate_handshake), 1U);
  EXPECT_TRUE(pair.works());
}

TEST_F(RestartTest, CaseCALateCookieOfAnInitThatWasOvertakenIsDiscarded) {
  EndpointPair late;
  const auto overtaken = init_ack_in(late.to_server(InitByHand{}.packet()));
  late.connect();
  EXPECT_TRUE(late.to_server(overtaken.echo().take()).empty());
  EXPECT_EQ(late.server.drops(DropReason::duplicate_handshake), 1U);
  EXPECT_EQ(late.server.endpoint.association_count(), 1U);
  EXPECT_TRUE(late.works());
}

TEST_F(RestartTest, CaseDALostCookieAckIsRepeatedAndNothingElseHappens) {
  EndpointPair lossy;
  int lost = 0;
  lossy.lost_to_client = [&lost](const Datagram& each) {
    return test::contains(each, ChunkType::kCookieAck) && lost++ == 0;
  };
  lossy.begin();
  lossy.run(5s);
  lossy.learn();
  EXPECT_EQ(lossy.client.count(Event::Kind::connected), 1);
  EXPECT_EQ(lossy.server.count(Event::Kind::accepted), 1);
  EXPECT_EQ(lossy.server.count(Event::Kind::restarted), 0);
  EXPECT_TRUE(lossy.works());
}

TEST_F(RestartTest, WhileShuttingDownARestartIsRefusedAndTheShutdownFinished) {
  pair.lost_to_client = [](const Datagram& each) { return test::contains(each, ChunkType::kShutdownAck); };
  pair.client.endpoint.shutdown(pair.now, pair.client_id);
  pair.carry();
  ASSERT_EQ(pair.server_status().state, AssociationState::shutdown_ack_sent);
  const auto answer = pair.to_server(InitByHand{}.packet());
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_TRUE(test::contains(answer[0], ChunkType::kShutdownAck))
      << "RFC 9260 §9.2: no INIT ACK, SHUTDOWN ACK again";
  EXPECT_EQ(pair.server.endpoint.association_count(), 1U);
}

// A client that has sent its INIT (COOKIE-WAIT), or its COOKIE ECHO, and gets an INIT from its peer.
class CollisionTest : public ::testing::Test {
 protected:
  void wait_for_init_ack() {
    pair.lost_to_client = [](const Datagram&) { return true; };
    pair.begin();
    pair.carry();
    pair.learn();
    ASSERT_EQ(pair.client_status().state, AssociationState::cookie_wait);
  }
  void wait_for_cookie_ack() {
    pair.lost_to_server = [](const Datagram& each) { return test::contains(each, ChunkType::kCookieEcho); };
    pair.begin();
    pair.carry();
    pair.learn();
    ASSERT_EQ(pair.client_status().state, AssociationState::cookie_echoed);
  }
  EndpointPair pair;
};

TEST_F(CollisionTest, TheAnswerInCookieWaitRepeatsOurOwnTag) {
  wait_for_init_ack();
  const auto ack = init_ack_in(pair.to_client(InitByHand{}.packet()));
  EXPECT_EQ(ack.initiate_tag, pair.client_tag);
  EXPECT_EQ(ack.initial_tsn, pair.client_tsn);
  EXPECT_EQ(ack.verification_tag, InitByHand{}.tag);
}

TEST_F(CollisionTest, CaseBTheCookieOfThePeersInitEstablishesUsFromCookieWait) {
  wait_for_init_ack();
  const auto ack = init_ack_in(pair.to_client(InitByHand{}.packet()));
  const auto answer = pair.to_client(ack.echo().take());
  const Datagram* cookie_ack = find_with(answer, ChunkType::kCookieAck);
  ASSERT_NE(cookie_ack, nullptr);
  EXPECT_EQ(test::tag_in(*cookie_ack), InitByHand{}.tag);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
  EXPECT_EQ(pair.client_status().state, AssociationState::established);
  pair.to_client(
      Craft(pair.client_tag)
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = InitByHand{}.tsn, .payload = kText})
          .take());
  EXPECT_EQ(pair.client.messages.size(), 1U);
}

TEST_F(CollisionTest, CaseBThePeersNewerTagReplacesTheOneOfItsInitAck) {
  wait_for_cookie_ack();
  const auto ack = init_ack_in(pair.to_client(InitByHand{}.packet()));
  EXPECT_EQ(ack.initiate_tag, pair.client_tag);
  const auto answer = pair.to_client(ack.echo().take());
  const Datagram* cookie_ack = find_with(answer, ChunkType::kCookieAck);
  ASSERT_NE(cookie_ack, nullptr);
  EXPECT_EQ(test::tag_in(*cookie_ack), InitByHand{}.tag);
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
  EXPECT_FALSE(test::contains(*cookie_ack, ChunkType::kCookieEcho)) << "the old cookie is no longer echoed";
}

TEST_F(CollisionTest, TwoInitsThatCrossMakeOneAssociation) {
  for (const bool auth : {true, false}) {
    EndpointConfig config = test::accepting();
    config.dynamic_addresses = auth;
    EndpointPair both(config, config);
    both.begin();
    both.server_id = both.server.endpoint.connect(both.now, both.server_route());
    both.run(10s);
    EXPECT_EQ(both.client.endpoint.association_count(), 1U);
    EXPECT_EQ(both.server.endpoint.association_count(), 1U);
    EXPECT_EQ(both.client.count(Event::Kind::connected), 1);
    EXPECT_EQ(both.server.count(Event::Kind::connected), 1);
    EXPECT_EQ(both.client.count(Event::Kind::restarted) + both.server.count(Event::Kind::restarted), 0);
    EXPECT_TRUE(both.works());
    if (!auth) continue;
    both.add_path(2);  // needs AUTH keys that agree after the collision
    both.run(2s);
    EXPECT_EQ(both.server_status().paths.size(), 2U);
    EXPECT_EQ(both.server.drops(DropReason::bad_auth), 0U);
  }
}

}  // namespace
}  // namespace hawser::sctp::endpoint
