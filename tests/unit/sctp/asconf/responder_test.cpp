#include "sctp/asconf/responder.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "unit/sctp/support/procedure_bench.hpp"

namespace hawser::sctp::asconf {
namespace {

using test::kPeerWindow;
using test::ProcedureBench;
using test::route_to;
using wire::CauseCode;
using wire::ParameterType;

constexpr std::uint32_t kFirstSerial = 0xFFFF'FFFF;  // the second one is 0

struct Request {
  ParameterType type;
  std::uint32_t correlation;
  IpAddress address;
};

struct Answer {
  std::uint32_t correlation = 0;
  bool success = true;
  std::uint16_t cause = 0;
};

const IpAddress kWildcard = IpAddress::any_v4();

class AsconfResponderTest : public ::testing::Test {
 protected:
  // A path to the remote address of `host`, over the only socket of a hub.
  path::Path& path_to(std::uint32_t host, PathState state = PathState::active) {
    return *bench.paths.add(route_to(1, host), state, kPeerWindow);
  }
  static IpAddress address_of(std::uint32_t host) { return route_to(1, host).remote.ip; }

  void send(std::uint32_t serial, const std::vector<Request>& requests, const Route& source,
            const IpAddress& lookup = kWildcard) {
    std::vector<std::byte> raw(4'000);
    ByteWriter writer(raw);
    for (const Request& request : requests) {
      wire::AsconfRequest{request.type, request.correlation, request.address}.write(writer);
    }
    responder.on_asconf(now, {serial, lookup, writer.written()}, source, kDatagram);
  }
  // Sends the next ASCONF and reads its answer.
  std::vector<Answer> send_requests(const std::vector<Request>& requests, const Route& source) {
    bench.control.clear();
    send(next_serial_++, requests, source);
    return answers();
  }
  Answer send_request(ParameterType type, const IpAddress& address, const Route& source) {
    const auto answers = send_requests({{type, 77, address}}, source);
    EXPECT_EQ(answers.size(), 1U);
    return answers.empty() ? Answer{} : answers[0];
  }
  std::vector<Answer> answers() {
    std::vector<Answer> list;
    if (bench.control.chunks().size() != 1) {
      ADD_FAILURE() << bench.control.chunks().size() << " answers instead of one";
      return list;
    }
    const auto ack = wire::AsconfAckChunk::parse(ProcedureBench::view(bench.only_chunk()));
    EXPECT_TRUE(ack.has_value());
    acked_serial = ack->serial;
    wire::ParameterReader reader = ack->response_reader();
    while (const auto parameter = reader.next()) {
      const auto response = wire::AsconfResponse::parse(*parameter);
      EXPECT_TRUE(response.has_value());
      if (!response) break;
      wire::CauseReader causes = response->cause_reader();
      const auto cause = causes.next();
      list.push_back({response->correlation_id, response->success, cause ? cause->type : std::uint16_t{0}});
    }
    EXPECT_TRUE(reader.ok()) << "the answer is malformed";
    return list;
  }
  static void expect_refused(const Answer& answer, CauseCode cause) {
    EXPECT_FALSE(answer.success);
    EXPECT_EQ(answer.cause, static_cast<std::uint16_t>(cause));
  }

  static constexpr std::size_t kDatagram = 1'400;

  Timestamp now = Timestamp{} + std::chrono::hours(1);
  ProcedureBench bench;
  AsconfResponder responder{
      {bench.drops, bench.paths, bench.control, bench.events}, Tsn{kFirstSerial}, kPeerWindow};
  std::uint32_t next_serial_ = kFirstSerial;
  std::uint32_t acked_serial = 0;
  path::PathTable& paths = bench.paths;
};

TEST_F(AsconfResponderTest, AWildcardAddMakesThePacketsSourceAPathWithItsObservedPort) {
  path_to(1);
  const Route source = route_to(1, 2, 41'234);
  const Answer answer = send_request(ParameterType::kAddIpAddress, kWildcard, source);
  EXPECT_TRUE(answer.success);
  EXPECT_EQ(answer.correlation, 77U);
  EXPECT_EQ(acked_serial, kFirstSerial);
  path::Path* added = paths.find(source);
  ASSERT_NE(added, nullptr);
  EXPECT_EQ(added->state(), PathState::unconfirmed);
  EXPECT_TRUE(added->heartbeat.probe_requested) << "validated immediately";
  EXPECT_FALSE(added->ours);
  EXPECT_EQ(bench.count(Event::Kind::path_added), 1);
}

TEST_F(AsconfResponderTest, TheAnswerGoesToThePacketsSource) {
  path_to(1);
  const Route source = route_to(1, 2, 41'234);
  send_request(ParameterType::kAddIpAddress, kWildcard, source);
  EXPECT_EQ(bench.only_chunk().path, paths.find(source)->id);
  EXPECT_EQ(bench.only_chunk().route, source);
}

TEST_F(AsconfResponderTest, ALiteralAddTakesTheSourcesPort) {
  path_to(1);
  EXPECT_TRUE(send_request(ParameterType::kAddIpAddress, address_of(7), route_to(1, 1)).success);
  EXPECT_NE(paths.find(route_to(1, 7, 9899)), nullptr);
}

TEST_F(AsconfResponderTest, AddingAKnownAddressProbesItAndAddsNothing) {
  path::Path& known = path_to(1);
  EXPECT_TRUE(send_request(ParameterType::kAddIpAddress, kWildcard, known.route).success);
  EXPECT_EQ(paths.size(), 1U);
  EXPECT_TRUE(known.heartbeat.probe_requested);
  EXPECT_EQ(bench.count(Event::Kind::path_added), 0);
}

TEST_F(AsconfResponderTest, AddressesThatAreNotUnicastAreRefused) {
  path_to(1);
  expect_refused(send_request(ParameterType::kAddIpAddress, IpAddress::v4(0xE000'0001), route_to(1, 1)),
                 CauseCode::kUnresolvableAddress);
  expect_refused(send_request(ParameterType::kAddIpAddress, IpAddress::v4(0xFFFF'FFFF), route_to(1, 1)),
                 CauseCode::kUnresolvableAddress);
  EXPECT_EQ(paths.size(), 1U);
}

TEST_F(AsconfResponderTest, AFullTableOfWorkingPathsRefusesForLackOfResources) {
  bench.config.max_paths = 2;
  path_to(1);
  path_to(2);
  expect_refused(send_request(ParameterType::kAddIpAddress, kWildcard, route_to(1, 3)),
                 CauseCode::kResourceShortage);
  EXPECT_EQ(paths.size(), 2U);
  EXPECT_EQ(bench.drops_of(DropReason::too_many_paths), 1U);
}

TEST_F(AsconfResponderTest, TheRefusalOfASourceThatIsNoPathStillGoesThere) {
  bench.config.max_paths = 1;
  path_to(1);
  send_request(ParameterType::kAddIpAddress, kWildcard, route_to(1, 3));
  EXPECT_EQ(bench.only_chunk().path, kNoPath);
  EXPECT_EQ(bench.only_chunk().route, route_to(1, 3));
}

TEST_F(AsconfResponderTest, TheWorstFailedPathMakesRoomForANewOne) {
  bench.config.max_paths = 3;
  path_to(1);
  path::Path& failing = path_to(2, PathState::potentially_failed);
  failing.error_count = 2;
  path::Path& dead = path_to(3, PathState::inactive);
  dead.error_count = 8;
  const PathId doomed = dead.id;
  EXPECT_TRUE(send_request(ParameterType::kAddIpAddress, kWildcard, route_to(1, 4)).success);
  ASSERT_EQ(bench.retired().size(), 1U);
  EXPECT_EQ(bench.retired()[0], doomed);
  EXPECT_EQ(paths.size(), 3U);
}

TEST_F(AsconfResponderTest, ADeletedAddressLosesItsPathsAndNoOther) {
  path_to(1);
  path_to(2);
  paths.add(route_to(1, 2, 50'000), PathState::active, kPeerWindow);
  EXPECT_TRUE(send_request(ParameterType::kDeleteIpAddress, address_of(2), route_to(1, 1)).success);
  EXPECT_EQ(paths.size(), 1U);
  EXPECT_NE(paths.find(route_to(1, 1)), nullptr);
}

TEST_F(AsconfResponderTest, TheSourceOfThePacketCannotBeDeleted) {
  path_to(1);
  path_to(2);
  expect_refused(send_request(ParameterType::kDeleteIpAddress, address_of(1), route_to(1, 1)),
                 CauseCode::kDeleteSourceAddress);
  EXPECT_EQ(paths.size(), 2U);
}

TEST_F(AsconfResponderTest, TheLastAddressCannotBeDeletedNotEvenFromAnother) {
  path_to(1);
  expect_refused(send_request(ParameterType::kDeleteIpAddress, address_of(1), route_to(1, 9)),
                 CauseCode::kDeleteLastAddress);
  EXPECT_EQ(paths.size(), 1U);
}

TEST_F(AsconfResponderTest, AWildcardDeleteKeepsTheSourceAlone) {
  path_to(1);
  path_to(2);
  path_to(3);
  EXPECT_TRUE(send_request(ParameterType::kDeleteIpAddress, kWildcard, route_to(1, 2)).success);
  EXPECT_EQ(paths.size(), 1U);
  EXPECT_NE(paths.find(route_to(1, 2)), nullptr);
  EXPECT_EQ(paths.primary(), paths.find(route_to(1, 2)));
}

TEST_F(AsconfResponderTest, AWildcardDeleteFromAnUnvalidatedSourceIsRefused) {
  path_to(1);
  path_to(2, PathState::unconfirmed);
  expect_refused(send_request(ParameterType::kDeleteIpAddress, kWildcard, route_to(1, 2)),
                 CauseCode::kRequestRefused);
  expect_refused(send_request(ParameterType::kDeleteIpAddress, kWildcard, route_to(1, 5)),
                 CauseCode::kRequestRefused);
  EXPECT_EQ(paths.size(), 2U);
}

TEST_F(AsconfResponderTest, AddingAndThenDeletingAllOthersInOneChunkCannotStealTheAssociation) {
  path_to(1);
  path_to(2);
  const auto answers = send_requests(
      {{ParameterType::kAddIpAddress, 1, kWildcard}, {ParameterType::kDeleteIpAddress, 2, kWildcard}},
      route_to(1, 66));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0].success);
  expect_refused(answers[1], CauseCode::kRequestRefused);
  EXPECT_NE(paths.find(route_to(1, 1)), nullptr);
  EXPECT_NE(paths.find(route_to(1, 2)), nullptr);
}

TEST_F(AsconfResponderTest, AddingTheSourceAndMakingItPrimaryInOneChunkIsRefused) {
  path::Path& old = path_to(1);
  for (const bool wildcard : {true, false}) {
    const IpAddress target = wildcard ? kWildcard : address_of(66);
    const auto answers = send_requests(
        {{ParameterType::kAddIpAddress, 1, kWildcard}, {ParameterType::kSetPrimaryAddress, 2, target}},
        route_to(1, 66));
    ASSERT_EQ(answers.size(), 2U);
    expect_refused(answers[1], CauseCode::kRequestRefused);
    EXPECT_EQ(paths.primary(), &old);
  }
}

TEST_F(AsconfResponderTest, SetPrimaryBeforeTheAddOfTheSameChunkIsRefusedToo) {
  path::Path& old = path_to(1);
  path_to(2);
  const auto answers = send_requests(
      {{ParameterType::kSetPrimaryAddress, 1, address_of(2)}, {ParameterType::kAddIpAddress, 2, kWildcard}},
      route_to(1, 66));
  ASSERT_EQ(answers.size(), 2U);
  expect_refused(answers[0], CauseCode::kRequestRefused);
  EXPECT_EQ(paths.primary(), &old);
}

TEST_F(AsconfResponderTest, SetPrimaryMovesToAValidatedPath) {
  path_to(1);
  path::Path& second = path_to(2);
  EXPECT_TRUE(send_request(ParameterType::kSetPrimaryAddress, address_of(2), route_to(1, 1)).success);
  EXPECT_EQ(paths.primary(), &second);
}

TEST_F(AsconfResponderTest, SetPrimaryToAnUnvalidatedOrUnknownAddressIsRefused) {
  path::Path& first = path_to(1);
  path_to(2, PathState::unconfirmed);
  expect_refused(send_request(ParameterType::kSetPrimaryAddress, address_of(2), route_to(1, 1)),
                 CauseCode::kUnresolvableAddress);
  expect_refused(send_request(ParameterType::kSetPrimaryAddress, address_of(9), route_to(1, 1)),
                 CauseCode::kUnresolvableAddress);
  EXPECT_EQ(paths.primary(), &first);
}

// The pattern of a known vulnerability: the looked-up address is deleted, then all but the source.
TEST_F(AsconfResponderTest, DeletingTheLookedUpPathAndThenAllOthersLeavesOneGoodPath) {
  path_to(1);
  path_to(2);
  path_to(3);
  bench.control.clear();
  send(next_serial_++,
       {{ParameterType::kDeleteIpAddress, 1, address_of(1)},
        {ParameterType::kDeleteIpAddress, 2, kWildcard},
        {ParameterType::kDeleteIpAddress, 3, address_of(2)},
        {ParameterType::kDeleteIpAddress, 4, address_of(3)}},
       route_to(1, 3), address_of(1));
  const auto list = answers();
  ASSERT_EQ(list.size(), 4U);
  EXPECT_TRUE(list[0].success);
  EXPECT_TRUE(list[1].success);
  expect_refused(list[3], CauseCode::kDeleteSourceAddress);
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_NE(paths.find(route_to(1, 3)), nullptr);
  EXPECT_EQ(paths.primary(), paths.find(route_to(1, 3)));
}

TEST_F(AsconfResponderTest, ADuplicateIsAnsweredFromTheCacheToWhereItCameFromNow) {
  path_to(1);
  send_requests({{ParameterType::kAddIpAddress, 5, kWildcard}}, route_to(1, 2));
  const auto first_answer = bench.only_chunk().bytes;
  bench.control.clear();
  const Route moved = route_to(1, 2, 51'000);
  send(kFirstSerial, {{ParameterType::kDeleteIpAddress, 6, address_of(1)}}, moved);
  ASSERT_EQ(bench.control.chunks().size(), 1U);
  EXPECT_EQ(bench.only_chunk().bytes, first_answer) << "the request is not processed again";
  EXPECT_EQ(bench.only_chunk().route, moved);
  EXPECT_EQ(paths.size(), 2U);
  EXPECT_EQ(paths.find(moved), nullptr);
}

TEST_F(AsconfResponderTest, SerialNumbersAheadOrLongGoneAreDropped) {
  path_to(1);
  send(kFirstSerial + 1, {{ParameterType::kAddIpAddress, 1, kWildcard}}, route_to(1, 2));
  send(kFirstSerial - 1, {{ParameterType::kAddIpAddress, 1, kWildcard}}, route_to(1, 2));
  EXPECT_TRUE(bench.control.empty());
  EXPECT_EQ(paths.size(), 1U);
  EXPECT_EQ(bench.drops_of(DropReason::asconf_out_of_sequence), 2U);
  send_requests({{ParameterType::kAddIpAddress, 1, kWildcard}}, route_to(1, 2));
  send_requests({{ParameterType::kAddIpAddress, 1, kWildcard}}, route_to(1, 3));
  EXPECT_EQ(acked_serial, 0U) << "serial numbers wrap";
  bench.control.clear();
  send(kFirstSerial, {}, route_to(1, 2));
  EXPECT_TRUE(bench.control.empty()) << "only the last answer is kept";
  EXPECT_EQ(bench.drops_of(DropReason::asconf_out_of_sequence), 3U);
}

TEST_F(AsconfResponderTest, AnUnknownRequestIsReportedAndTheNextOnesStillServed) {
  path_to(1);
  std::vector<std::byte> raw(100);
  ByteWriter writer(raw);
  writer.u16(0xC0FE);  // skip and report
  writer.u16(8);
  writer.u32(41);
  wire::AsconfRequest{ParameterType::kAddIpAddress, 42, kWildcard}.write(writer);
  responder.on_asconf(now, {kFirstSerial, kWildcard, writer.written()}, route_to(1, 2), kDatagram);
  const auto list = answers();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].correlation, 41U);
  expect_refused(list[0], CauseCode::kUnrecognizedParameters);
  EXPECT_EQ(list[1].correlation, 42U);
  EXPECT_TRUE(list[1].success);
}

TEST_F(AsconfResponderTest, ARequestWithAMalformedAddressChangesNothingButIsAnswered) {
  path_to(1);
  std::vector<std::byte> raw(100);
  ByteWriter writer(raw);
  writer.u16(0xC001);
  writer.u16(12);
  writer.u32(43);
  writer.u16(5);  // an IPv4 address parameter without its address
  writer.u16(4);
  responder.on_asconf(now, {kFirstSerial, kWildcard, writer.written()}, route_to(1, 2), kDatagram);
  EXPECT_EQ(paths.size(), 1U);
  ASSERT_EQ(bench.control.chunks().size(), 1U);
  EXPECT_EQ(answers().size(), 1U);
}

TEST_F(AsconfResponderTest, AFloodOfRequestsGetsAWellFormedAnswerThatFitsAPacket) {
  bench.config.max_paths = 4;
  path_to(1);
  for (const ParameterType type : {ParameterType::kAddIpAddress, ParameterType::kDeleteIpAddress}) {
    std::vector<Request> flood;
    for (std::uint32_t i = 0; i < 85; ++i) flood.push_back({type, i, IpAddress::v4(0xE000'0000U + i)});
    if (type == ParameterType::kDeleteIpAddress) {
      for (Request& request : flood) request.address = address_of(1);
    }
    const auto list = send_requests(flood, route_to(1, 1));
    EXPECT_GE(list.size(), 30U);
    EXPECT_LE(bench.only_chunk().bytes.size(), paths.payload_mtu() - wire::kCommonHeaderSize - 40);
    for (std::size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(list[i].correlation, i);
      EXPECT_FALSE(list[i].success);
      EXPECT_NE(list[i].cause, 0U) << "answer " << i << " has no cause";
    }
  }
}

}  // namespace
}  // namespace hawser::sctp::asconf
