#include <gtest/gtest.h>

#include "unit/sctp/support/handshake_support.hpp"

// Setting up an association: RFC 9260 §5.1, and invalid INITs, INIT ACKs and cookies.

namespace hawser::sctp::endpoint {
namespace {

using namespace std::chrono_literals;
using test::abort_cause_in;
using test::accepting;
using test::code;
using test::Craft;
using test::Datagram;
using test::EndpointPair;
using test::find_chunk;
using test::init_ack_in;
using test::InitByHand;
using wire::CauseCode;
using wire::ChunkType;
using wire::ParameterType;

class HandshakeTest : public ::testing::Test {
 protected:
  EndpointPair pair;
};

TEST_F(HandshakeTest, TwoRoundTripsAndBothSidesAreUp) {
  pair.connect();
  EXPECT_TRUE(pair.both_up());
  EXPECT_TRUE(pair.works());
  EXPECT_EQ(pair.client.count(Event::Kind::path_up), 1);
  EXPECT_EQ(pair.server.count(Event::Kind::path_up), 1);
}

TEST_F(HandshakeTest, StreamsAreTheSmallerOfBothOffers) {
  EndpointConfig few;
  few.outbound_streams = 10;
  few.inbound_streams = 100;
  EndpointConfig many = accepting();
  many.outbound_streams = 50;
  many.inbound_streams = 5;
  EndpointPair other(few, many);
  other.connect();
  EXPECT_EQ(other.client_status().outbound_streams, 5U);
  EXPECT_EQ(other.client_status().inbound_streams, 50U);
  EXPECT_EQ(other.server_status().outbound_streams, 50U);
  EXPECT_EQ(other.server_status().inbound_streams, 5U);
}

TEST_F(HandshakeTest, ExtensionsAreUsedOnlyWhenBothSidesOfferThem) {
  EndpointConfig plain = accepting();
  plain.nr_sack = false;
  plain.dynamic_addresses = false;
  EndpointPair other({}, plain);
  other.connect();
  EXPECT_FALSE(other.client_status().nr_sack);
  EXPECT_FALSE(other.client_status().dynamic_addresses);
  EXPECT_TRUE(other.works());
  pair.connect();
  EXPECT_TRUE(pair.client_status().nr_sack);
  EXPECT_TRUE(pair.server_status().dynamic_addresses);
}

TEST_F(HandshakeTest, TheAnswerToAnInitIsNotLargerThanTheInit) {
  pair.connect();
  const Datagram* init = find_with(pair.client.sent, ChunkType::kInit);
  const Datagram* ack = find_with(pair.server.sent, ChunkType::kInitAck);
  ASSERT_TRUE(init != nullptr && ack != nullptr);
  EXPECT_LE(ack->bytes.size(), init->bytes.size());
}

TEST_F(HandshakeTest, InitsLeaveNothingBehind) {
  for (std::uint32_t i = 1; i <= 1'000; ++i) pair.to_server(InitByHand{.tag = VerificationTag{i}}.packet());
  EXPECT_EQ(pair.server.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.server.endpoint.next_timeout(), kNever);
  EXPECT_EQ(pair.server.pool.in_use(), 0U);
}

TEST_F(HandshakeTest, AnInitIsRetransmittedWithBackOffAndGivenUpInTheEnd) {
  pair.lost_to_server = [](const Datagram&) { return true; };
  pair.begin();
  pair.run(30min);
  EXPECT_EQ(pair.client.count_sent(ChunkType::kInit), 9) << "the first and Max.Init.Retransmits more";
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 1);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.endpoint.next_timeout(), kNever);
}

TEST_F(HandshakeTest, EveryLostHandshakePacketIsMadeUpFor) {
  for (const ChunkType type :
       {ChunkType::kInit, ChunkType::kInitAck, ChunkType::kCookieEcho, ChunkType::kCookieAck}) {
    EndpointPair other;
    int lost = 0;
    const auto lose_first = [&lost, type](const Datagram& each) {
      return test::contains(each, type) && lost++ == 0;
    };
    other.lost_to_server = lose_first;
    other.lost_to_client = lose_first;
    other.begin();
    other.run(10s);
    other.learn();
    EXPECT_GE(lost, 1);
    EXPECT_EQ(other.client.count(Event::Kind::connected), 1) << wire::to_string(type);
    EXPECT_EQ(other.server.count(Event::Kind::accepted), 1) << wire::to_string(type);
    EXPECT_TRUE(other.works()) << wire::to_string(type);
  }
}

TEST_F(HandshakeTest, InitsWithoutStreamsAreAbortedUnderTheirOwnTag) {
  for (const InitByHand& init :
       {InitByHand{.outbound = 0}, InitByHand{.inbound = 0}, InitByHand{.a_rwnd = 1'499}}) {
    const auto answer = pair.to_server(init.packet());
    EXPECT_EQ(abort_cause_in(answer), code(CauseCode::kInvalidMandatoryParameter));
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(test::tag_in(answer[0]), init.tag);
    EXPECT_EQ(find_chunk(answer[0].bytes, ChunkType::kAbort)->flags & 1, 0);
  }
}

TEST_F(HandshakeTest, AnInitWithTagZeroOrCutShortGetsNoAnswer) {
  EXPECT_TRUE(pair.to_server(InitByHand{.tag = kNoTag}.packet()).empty());
  EXPECT_TRUE(pair.to_server(Craft(kNoTag).unknown(1, 12).take()).empty());
  EXPECT_EQ(pair.server.drops(DropReason::malformed_init), 2U);
}

TEST_F(HandshakeTest, AnInitBundledWithAnythingGetsNoAnswer) {
  const InitByHand init;
  EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(init.chunk()).add(wire::CookieAckChunk{}).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(init.chunk()).add(init.chunk()).take()).empty());
  EXPECT_TRUE(pair.to_server(Craft(kNoTag).add(wire::CookieAckChunk{}).add(init.chunk()).take()).empty());
  EXPECT_EQ(pair.server.drops(DropReason::illegal_bundling), 2U);
}

TEST_F(HandshakeTest, AnEndpointThatDoesNotListenAborts) {
  const auto answer = pair.to_client(InitByHand{}.packet());
  EXPECT_NE(abort_cause_in(answer), 0U);
  EXPECT_EQ(pair.client.drops(DropReason::not_listening), 1U);
}

TEST_F(HandshakeTest, AConnectToAnEndpointThatDoesNotListenEndsAborted) {
  EndpointPair closed({}, {});
  closed.begin();
  closed.carry();
  EXPECT_EQ(closed.client.count(Event::Kind::aborted), 1);
  EXPECT_EQ(closed.client.endpoint.association_count(), 0U);
}

TEST_F(HandshakeTest, NoMoreAssociationsThanConfigured) {
  EndpointConfig one = accepting();
  one.max_associations = 1;
  EndpointPair full({}, one);
  full.connect();
  EXPECT_EQ(abort_cause_in(full.to_server(InitByHand{}.packet(), 2)), code(CauseCode::kOutOfResource));
  EXPECT_TRUE(full.works());
}

TEST_F(HandshakeTest, AHostNameAddressIsAborted) {
  EXPECT_EQ(abort_cause_in(pair.to_server(
                InitByHand{}.parameter(ParameterType::kHostNameAddress, test::ByteVector(8)).packet())),
            code(CauseCode::kUnresolvableAddress));
}

TEST_F(HandshakeTest, AsconfAnnouncedWithoutUsableAuthIsAborted) {
  const std::array<std::byte, 3> extensions = {std::byte{0xC1}, std::byte{0x80}, std::byte{0x0F}};
  const std::array<std::byte, 2> sha1 = {std::byte{0}, std::byte{1}};
  const std::array<std::byte, 2> md5 = {std::byte{0}, std::byte{2}};
  const test::ByteVector random(32);
  InitByHand nothing;
  nothing.parameter(ParameterType::kSupportedExtensions, extensions);
  InitByHand no_random = nothing;
  no_random.parameter(ParameterType::kChunkList, extensions)
      .parameter(ParameterType::kRequestedHmacAlgorithm, sha1);
  InitByHand short_random = no_random;
  short_random.parameter(ParameterType::kRandom, Bytes(random).first(16));
  InitByHand no_sha1 = nothing;
  no_sha1.parameter(ParameterType::kRandom, random).parameter(ParameterType::kRequestedHmacAlgorithm, md5);
  for (const InitByHand& init : {nothing, no_random, short_random, no_sha1}) {
    EXPECT_EQ(abort_cause_in(pair.to_server(init.packet())), code(CauseCode::kProtocolViolation));
  }
  InitByHand good = no_random;
  good.parameter(ParameterType::kRandom, random);
  EXPECT_FALSE(init_ack_in(pair.to_server(good.packet())).cookie.empty());
}

TEST_F(HandshakeTest, UnknownParametersAreTreatedAsTheirHighestBitsRequire) {
  struct Case {
    std::uint16_t type;
    bool reported;
    bool stops;
  };
  for (const Case& each : {Case{0x3FF0, false, true}, Case{0x7FF0, true, true}, Case{0xBFF0, false, false},
                           Case{0xFFF0, true, false}}) {
    InitByHand init;
    init.parameter(each.type, test::ByteVector(4)).parameter(std::uint16_t{0xFFF1}, test::ByteVector(4));
    const auto ack = init_ack_in(pair.to_server(init.packet()));
    std::vector<std::uint16_t> expected;
    if (each.reported) expected.push_back(each.type);
    if (!each.stops) expected.push_back(0xFFF1);
    EXPECT_EQ(ack.reports, expected) << std::hex << each.type;
    EXPECT_FALSE(ack.cookie.empty()) << "the association is established anyway";
  }
}

TEST_F(HandshakeTest, ReportsOfUnknownParametersDoNotAmplify) {
  InitByHand init;
  for (std::uint16_t i = 0; i < 300; ++i) init.parameter(static_cast<std::uint16_t>(0xFE00 + i));
  const auto packet = init.packet();
  const auto answer = pair.to_server(packet);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_LE(answer[0].bytes.size(), packet.size() + 600);
}

TEST_F(HandshakeTest, ALargeUnknownParameterDoesNotBreakTheAnswer) {
  InitByHand init;
  init.parameter(std::uint16_t{0xFFF0}, test::ByteVector(1'200));
  const auto ack = init_ack_in(pair.to_server(init.packet()));
  EXPECT_FALSE(ack.cookie.empty());
}

// A client in COOKIE-WAIT whose INIT ACKs are written by hand.
class InitAckTest : public HandshakeTest {
 protected:
  void SetUp() override {
    pair.lost_to_client = [](const Datagram&) { return true; };
    pair.begin();
    pair.carry();
    pair.learn();
  }
  std::vector<Datagram> receive(InitByHand ack) {
    ack.ack = true;
    return pair.to_client(pair.from_server().add(ack.chunk()).take());
  }
  static InitByHand with_cookie() {
    InitByHand ack;
    ack.parameter(ParameterType::kStateCookie, test::ByteVector(16, std::byte{0xC0}));
    return ack;
  }
};

TEST_F(InitAckTest, AnInitAckIsAnsweredByItsCookie) {
  const auto answer = receive(with_cookie());
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(test::tag_in(answer[0]), InitByHand{}.tag);
  const auto chunks = test::chunks_of(answer[0].bytes);
  ASSERT_FALSE(chunks.empty());
  ASSERT_TRUE(chunks[0].is(ChunkType::kCookieEcho)) << "first in its packet";
  EXPECT_EQ(chunks[0].value.size(), 16U);
  EXPECT_EQ(pair.client_status().state, AssociationState::cookie_echoed);
}

TEST_F(InitAckTest, WithoutACookieItIsAbortedWithTheMissingParameter) {
  const auto answer = receive(InitByHand{});
  EXPECT_EQ(abort_cause_in(answer), code(CauseCode::kMissingMandatoryParameter));
  ASSERT_EQ(answer.size(), 1U);
  const auto abort = wire::AbortChunk::parse(*find_chunk(answer[0].bytes, ChunkType::kAbort));
  const auto missing = wire::MissingParameterCause::parse(*abort->cause_reader().next());
  ASSERT_TRUE(missing.has_value()) << "the cause has its own format (RFC 9260 §3.3.10.2)";
  ASSERT_EQ(missing->types.size(), 1U);
  EXPECT_EQ(missing->types[0], static_cast<std::uint16_t>(ParameterType::kStateCookie));
  EXPECT_EQ(pair.client.count(Event::Kind::aborted), 1);
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
}

TEST_F(InitAckTest, WithoutStreamsItIsAborted) {
  InitByHand ack = with_cookie();
  ack.outbound = 0;
  EXPECT_EQ(abort_cause_in(receive(ack)), code(CauseCode::kInvalidMandatoryParameter));
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
}

TEST_F(InitAckTest, UnknownParametersAreReportedBehindTheCookieEcho) {
  InitByHand ack = with_cookie();
  ack.parameter(std::uint16_t{0xFFF0}, test::ByteVector(4))
      .parameter(std::uint16_t{0xBFF0}, test::ByteVector(4));
  const auto answer = receive(ack);
  ASSERT_EQ(answer.size(), 1U);
  const auto chunks = test::chunks_of(answer[0].bytes);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_TRUE(chunks[0].is(ChunkType::kCookieEcho));
  ASSERT_TRUE(chunks[1].is(ChunkType::kError));
  EXPECT_EQ(test::causes_of(chunks[1]), std::vector<std::uint16_t>{code(CauseCode::kUnrecognizedParameters)});
}

TEST_F(InitAckTest, ASecondInitAckIsIgnored) {
  receive(with_cookie());
  InitByHand other = with_cookie();
  other.tag = VerificationTag{0x7777};
  EXPECT_TRUE(receive(other).empty());
  EXPECT_EQ(pair.client.drops(DropReason::duplicate_handshake), 1U);
}

TEST_F(InitAckTest, UnderAForeignTagItIsIgnored) {
  InitByHand ack = with_cookie();
  ack.ack = true;
  EXPECT_TRUE(
      pair.to_client(Craft(VerificationTag{pair.client_tag.value() + 1}).add(ack.chunk()).take()).empty());
  EXPECT_EQ(pair.client_status().state, AssociationState::cookie_wait);
}

// A client whose COOKIE ECHO is built by hand from an INIT ACK of the server.
class CookieTest : public HandshakeTest {
 protected:
  void SetUp() override { ack = init_ack_in(pair.to_server(InitByHand{}.packet())); }
  [[nodiscard]] std::size_t associations() const { return pair.server.endpoint.association_count(); }

  test::InitAckSeen ack;
};

TEST_F(CookieTest, ItsEchoSetsUpTheAssociation) {
  const auto answer = pair.to_server(ack.echo().take());
  ASSERT_FALSE(answer.empty());
  EXPECT_TRUE(test::contains(answer[0], ChunkType::kCookieAck));
  EXPECT_EQ(test::tag_in(answer[0]), InitByHand{}.tag);
  EXPECT_EQ(associations(), 1U);
}

TEST_F(CookieTest, DataBundledBehindTheEchoIsDelivered) {
  constexpr std::byte kText[] = {std::byte{'h'}, std::byte{'i'}};
  const auto answer = pair.to_server(
      ack.echo()
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = InitByHand{}.tsn, .payload = kText})
          .take());
  ASSERT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(pair.server.messages[0].text, "hi");
  EXPECT_TRUE(test::contains(answer.at(0), ChunkType::kCookieAck)) << "COOKIE ACK comes first";
}

TEST_F(CookieTest, ForgedCookiesAreDroppedSilently) {
  auto forged = ack;
  forged.cookie[40] ^= std::byte{1};
  EXPECT_TRUE(pair.to_server(forged.echo().take()).empty());
  forged.cookie.clear();
  EXPECT_TRUE(pair.to_server(forged.echo().take()).empty());
  EXPECT_EQ(associations(), 0U);
}

TEST_F(CookieTest, ACookieFromAnotherAddressPortOrUnderAnotherTagIsDropped) {
  EXPECT_TRUE(pair.to_server(ack.echo().take(), 2).empty()) << "another address";
  pair.nat[1].port = 1;
  EXPECT_TRUE(pair.to_server(ack.echo().take()).empty()) << "another UDP port";
  pair.nat[1].port = 40'001;
  EXPECT_TRUE(
      pair.to_server(Craft(ack.initiate_tag, 5).add(wire::CookieEchoChunk{ack.cookie}).take()).empty())
      << "another SCTP port";
  EXPECT_TRUE(pair.to_server(Craft(VerificationTag{ack.initiate_tag.value() + 1})
                                 .add(wire::CookieEchoChunk{ack.cookie})
                                 .take())
                  .empty())
      << "another tag";
  EXPECT_EQ(associations(), 0U);
  EXPECT_EQ(pair.server.drops(DropReason::forged_cookie), 4U);
}

TEST_F(CookieTest, AStaleCookieIsAnsweredWithItsAgeInMicroseconds) {
  pair.now += 60s + 250ms;
  const auto answer = pair.to_server(ack.echo().take());
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(test::tag_in(answer[0]), InitByHand{}.tag);
  const auto error = wire::ErrorChunk::parse(*find_chunk(answer[0].bytes, ChunkType::kError));
  const auto stale = wire::StaleCookieCause::parse(*error->cause_reader().next());
  ASSERT_TRUE(stale.has_value());
  EXPECT_EQ(stale->staleness_us, 250'000U);
  EXPECT_EQ(associations(), 0U);
}

TEST_F(CookieTest, TheEchoOfALiveAssociationIsAnsweredEvenWhenItsCookieIsStale) {
  pair.to_server(ack.echo().take());
  pair.now += 61s;
  const auto answer = pair.to_server(ack.echo().take());
  EXPECT_NE(find_with(answer, ChunkType::kCookieAck), nullptr);
  EXPECT_EQ(pair.server.count(Event::Kind::accepted), 1);
}

TEST_F(CookieTest, ACookieUsedAfterItsAssociationEndedDoesNotDisturbWhatIsReadLater) {
  constexpr std::byte kText[] = {std::byte{'x'}};
  pair.server.reading = false;  // the ended association stays until it is read
  pair.to_server(
      ack.echo()
          .add(wire::DataChunk{.begin = true, .end = true, .tsn = InitByHand{}.tsn, .payload = kText})
          .take());
  pair.to_server(Craft(ack.initiate_tag).add(wire::AbortChunk{false, {}}).take());
  pair.to_server(ack.echo().take());
  const std::size_t after_replay = associations();
  pair.server.reading = true;
  pair.server.poll(pair.now);
  EXPECT_EQ(pair.server.messages.size(), 1U);
  EXPECT_EQ(associations(), after_replay);
  if (after_replay == 1) {
    const auto answer =
        pair.to_server(Craft(ack.initiate_tag).add(wire::HeartbeatChunk{false, kText}).take());
    EXPECT_NE(find_with(answer, ChunkType::kHeartbeatAck), nullptr) << "the association cannot be reached";
  }
}

TEST(StaleCookie, TheClientRequestsALongerLifetimeAndConnects) {
  EndpointConfig strict = accepting();
  strict.cookie_lifetime = 2s;
  EndpointPair pair({}, strict);
  int echoes = 0;
  pair.lost_to_server = [&echoes](const Datagram& each) {
    return test::contains(each, ChunkType::kCookieEcho) && ++echoes <= 2;
  };
  pair.begin();
  pair.run(20s);
  EXPECT_GE(pair.server.drops(DropReason::stale_cookie), 1U);
  std::vector<std::optional<std::uint32_t>> preservatives;
  for (const Datagram& each : pair.client.sent) {
    const auto init = find_chunk(each.bytes, ChunkType::kInit);
    if (init)
      preservatives.push_back(
          wire::InitParameters::parse(wire::InitChunk::parse(*init)->parameters)->cookie_preservative);
  }
  ASSERT_EQ(preservatives.size(), 2U);
  EXPECT_FALSE(preservatives[0].has_value());
  EXPECT_GE(preservatives[1].value_or(0), 1'000U) << "at least its staleness, in milliseconds";
  pair.learn();
  EXPECT_EQ(pair.client.count(Event::Kind::connected), 1);
  EXPECT_TRUE(pair.works());
}

TEST(StaleCookie, AClientWhoseCookiesAreAlwaysStaleGivesUp) {
  EndpointConfig hopeless = accepting();
  hopeless.cookie_lifetime = 1ns;
  EndpointPair pair({}, hopeless);
  pair.begin();
  for (int i = 0; i < 400 && pair.client.endpoint.association_count() != 0; ++i) {
    pair.pick_up();
    pair.deliver_to_server();
    pair.pick_up();
    pair.deliver_to_client();
  }
  pair.pick_up();
  EXPECT_EQ(pair.client.endpoint.association_count(), 0U);
  EXPECT_EQ(pair.client.count(Event::Kind::lost), 1);
  EXPECT_LE(pair.client.count_sent(ChunkType::kInit), 9);
}

TEST(StaleCookie, AStaleCookieErrorIsIgnoredOnceTheAssociationIsUp) {
  EndpointPair pair;
  pair.connect();
  test::ByteVector cause(8);
  ByteWriter writer(cause);
  wire::StaleCookieCause{5}.write(writer);
  EXPECT_TRUE(pair.to_client(pair.from_server().add(wire::ErrorChunk{cause}).take()).empty());
  EXPECT_TRUE(pair.works());
}

TEST(StaleCookie, AStaleCookieCauseOfLengthFourIsMalformed) {
  EndpointPair pair;
  pair.lost_to_server = [](const Datagram& each) { return test::contains(each, ChunkType::kCookieEcho); };
  pair.begin();
  pair.carry();
  pair.learn();
  constexpr std::array<std::byte, 4> kCause = {std::byte{0}, std::byte{3}, std::byte{0}, std::byte{4}};
  EXPECT_TRUE(pair.to_client(pair.from_server().add(wire::ErrorChunk{kCause}).take()).empty());
  EXPECT_EQ(pair.client_status().state, AssociationState::cookie_echoed);
  EXPECT_EQ(pair.client.drops(DropReason::malformed_chunk), 1U);
}

}  // namespace
}  // namespace hawser::sctp::endpoint
