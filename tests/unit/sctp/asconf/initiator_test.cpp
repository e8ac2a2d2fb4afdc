#include "sctp/asconf/initiator.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "unit/sctp/support/procedure_bench.hpp"

namespace hawser::sctp::asconf {
namespace {

using namespace std::chrono_literals;
using test::kPeerWindow;
using test::ProcedureBench;
using test::route_to;
using wire::CauseCode;
using wire::ParameterType;

constexpr std::uint32_t kFirstSerial = 0xFFFF'FFFF;

// An ASCONF that was sent, and its path.
struct SentAsconf {
  std::uint32_t serial = 0;
  PathId path = kNoPath;
  wire::AsconfRequest request;
  IpAddress lookup;
};

class AsconfInitiatorTest : public ::testing::Test {
 protected:
  AsconfInitiatorTest() {
    bench.config.rto_min = 100ms;
    bench.config.rto_max = 10s;
    first = bench.paths.add(route_to(1, 1), PathState::active, kPeerWindow);
    first->ours = true;
    initiator.set_enabled(true);
  }
  path::Path& joining(std::uint32_t uplink) {
    path::Path& path = *bench.paths.add(route_to(uplink, 1), PathState::joining, kPeerWindow);
    path.ours = true;
    initiator.join(path.id);
    return path;
  }
  // The ASCONF that leaves now, if any.
  std::optional<SentAsconf> next() {
    initiator.queue_due(now);
    auto& chunks = bench.control.chunks();
    if (chunks.empty()) return std::nullopt;
    EXPECT_EQ(chunks.size(), 1U) << "at most one ASCONF is outstanding";
    const auto chunk = wire::AsconfChunk::parse(ProcedureBench::view(chunks.front()));
    EXPECT_TRUE(chunk.has_value());
    wire::ParameterReader reader = chunk->request_reader();
    SentAsconf sent{chunk->serial, chunks.front().path, *wire::AsconfRequest::parse(*reader.next()),
                    chunk->lookup_address};
    EXPECT_FALSE(reader.next().has_value()) << "one request in each ASCONF";
    bytes.push_back(chunks.front().bytes);
    bench.control.clear();
    return sent;
  }
  std::optional<SentAsconf> time_out() {
    now = initiator.next_timeout();
    initiator.on_timeout(now);
    return next();
  }
  void acknowledge(std::uint32_t serial, std::uint32_t correlation) {
    std::vector<std::byte> raw(64);
    ByteWriter writer(raw);
    wire::AsconfResponse{correlation, true, {}}.write(writer);
    initiator.on_ack(now, {serial, writer.written()});
  }
  void refuse(std::uint32_t serial, std::uint32_t correlation, CauseCode cause) {
    std::vector<std::byte> raw(64);
    ByteWriter writer(raw);
    wire::AsconfResponse::write_error(writer, correlation, cause, {});
    initiator.on_ack(now, {serial, writer.written()});
  }

  ProcedureBench bench;
  path::Path* first = nullptr;
  AsconfInitiator initiator{{bench.config, bench.drops, bench.paths, bench.control, bench.events},
                            Tsn{kFirstSerial}};
  Timestamp now = Timestamp{} + 1h;
  std::vector<std::vector<std::byte>> bytes;
};

TEST_F(AsconfInitiatorTest, AJoinIsAWildcardAddFromTheUplinkItself) {
  const path::Path& path = joining(2);
  const auto sent = next();
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->serial, kFirstSerial);
  EXPECT_EQ(sent->path, path.id);
  EXPECT_EQ(sent->request.type, ParameterType::kAddIpAddress);
  EXPECT_TRUE(sent->request.address.is_wildcard());
  EXPECT_TRUE(sent->lookup.is_wildcard());
}

TEST_F(AsconfInitiatorTest, RetransmissionsAreTheSameChunkOnTheSameUplinkWithBackOff) {
  const path::Path& path = joining(2);
  next();
  Duration last{};
  for (int i = 0; i < 5; ++i) {
    const Timestamp before = now;
    const auto again = time_out();
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->path, path.id);
    EXPECT_EQ(bytes.back(), bytes.front());
    EXPECT_GT(now - before, last);
    last = now - before;
  }
  for (int i = 0; i < 5; ++i) time_out();
  EXPECT_LE(initiator.next_timeout() - now, bench.config.rto_max);
}

TEST_F(AsconfInitiatorTest, NothingLeavesBeforeItsTime) {
  joining(2);
  next();
  now = initiator.next_timeout() - 1ms;
  initiator.on_timeout(now);
  EXPECT_FALSE(next().has_value());
}

TEST_F(AsconfInitiatorTest, OneIsOutstandingAtATime) {
  joining(2);
  joining(3);
  ASSERT_TRUE(next().has_value());
  EXPECT_FALSE(next().has_value());
}

TEST_F(AsconfInitiatorTest, AnAcknowledgedJoinIsUnconfirmedAndProbedImmediately) {
  path::Path& path = joining(2);
  const auto sent = next();
  acknowledge(sent->serial, sent->request.correlation_id);
  EXPECT_EQ(path.state(), PathState::unconfirmed);
  EXPECT_TRUE(path.heartbeat.probe_requested);
  EXPECT_TRUE(initiator.idle());
  EXPECT_EQ(initiator.next_timeout(), kNever);
}

TEST_F(AsconfInitiatorTest, AnEmptyAcknowledgementMeansSuccess) {
  path::Path& path = joining(2);
  initiator.on_ack(now, {next()->serial, {}});
  EXPECT_EQ(path.state(), PathState::unconfirmed);
}

TEST_F(AsconfInitiatorTest, SerialNumbersGoOnAcrossTheWrap) {
  joining(2);
  joining(3);
  const auto one = next();
  acknowledge(one->serial, one->request.correlation_id);
  const auto two = next();
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->serial, 0U);
  EXPECT_NE(two->request.correlation_id, one->request.correlation_id);
}

TEST_F(AsconfInitiatorTest, UnexpectedAcknowledgementsAreDropped) {
  acknowledge(kFirstSerial, 1);
  EXPECT_EQ(bench.drops_of(DropReason::asconf_out_of_sequence), 1U) << "no ASCONF is outstanding";
  path::Path& path = joining(2);
  const auto sent = next();
  acknowledge(sent->serial + 1, sent->request.correlation_id);
  acknowledge(sent->serial - 1, sent->request.correlation_id);
  EXPECT_EQ(path.state(), PathState::joining);
  acknowledge(sent->serial, sent->request.correlation_id);
  path.lifecycle = path::PathLifecycle(PathState::joining);
  acknowledge(sent->serial, sent->request.correlation_id);  // late
  EXPECT_EQ(path.state(), PathState::joining);
  EXPECT_EQ(bench.drops_of(DropReason::asconf_out_of_sequence), 4U);
}

TEST_F(AsconfInitiatorTest, ADeadUplinkGivesItsTurnUpToTheOthers) {
  path::Path& dead = joining(2);
  path::Path& alive = joining(3);
  const auto one = next();
  ASSERT_EQ(one->path, dead.id);
  std::optional<SentAsconf> two;
  for (int i = 0; i < 4 && (!two || two->path == dead.id); ++i) two = time_out();
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->path, alive.id);
  EXPECT_EQ(two->serial, one->serial) << "the peer may not have received it";
  acknowledge(two->serial, two->request.correlation_id);
  EXPECT_EQ(alive.state(), PathState::unconfirmed);
  EXPECT_EQ(dead.state(), PathState::joining);
}

// A user that subtracts the present time from a timeout must not overflow.
TEST_F(AsconfInitiatorTest, ANewPathDoesNotWaitForOneThatDidNotAnswer) {
  joining(2);
  next();
  ASSERT_TRUE(time_out().has_value());
  const path::Path& fresh = joining(3);
  EXPECT_LE(initiator.next_timeout(), now);
  EXPECT_GT(initiator.next_timeout(), now - 1min);
  initiator.on_timeout(now);
  const auto sent = next();
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->path, fresh.id);
}

TEST_F(AsconfInitiatorTest, TheUplinkThatGaveItsTurnUpComesAgain) {
  path::Path& dead = joining(2);
  joining(3);
  next();
  std::optional<SentAsconf> sent;
  for (int i = 0; i < 4 && (!sent || sent->path == dead.id); ++i) sent = time_out();
  acknowledge(sent->serial, sent->request.correlation_id);
  std::optional<SentAsconf> again = next();
  if (!again) {
    ASSERT_NE(initiator.next_timeout(), kNever);
    now = initiator.next_timeout();
    again = next();
  }
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->path, dead.id);
  EXPECT_EQ(again->serial, kFirstSerial + 1);
}

TEST_F(AsconfInitiatorTest, AnAnswerToAnEarlierJoinWithThisSerialNamesItByCorrelation) {
  path::Path& slow = joining(2);
  path::Path& other = joining(3);
  const auto one = next();
  std::optional<SentAsconf> two;
  for (int i = 0; i < 4 && (!two || two->path == slow.id); ++i) two = time_out();
  ASSERT_EQ(two->serial, one->serial);
  acknowledge(two->serial, one->request.correlation_id);  // the peer had received the first one
  EXPECT_EQ(slow.state(), PathState::unconfirmed);
  EXPECT_EQ(other.state(), PathState::joining) << "the answer is not for this one";
  const auto again = next();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->path, other.id);
  EXPECT_EQ(again->serial, kFirstSerial + 1);
}

TEST_F(AsconfInitiatorTest, ARefusedJoinIsReportedAndItsPathRemoved) {
  const PathId path = joining(2).id;
  const auto sent = next();
  refuse(sent->serial, sent->request.correlation_id, CauseCode::kResourceShortage);
  ASSERT_EQ(bench.queue.size(), 2U);
  EXPECT_EQ(bench.count(Event::Kind::path_removed), 1);
  EXPECT_EQ(bench.queue.front().kind, Event::Kind::path_refused);
  EXPECT_EQ(bench.queue.front().path, path);
  EXPECT_EQ(bench.queue.front().cause, static_cast<std::uint16_t>(CauseCode::kResourceShortage));
  EXPECT_EQ(bench.retired(), std::vector<PathId>{path});
}

TEST_F(AsconfInitiatorTest, ARefusalNeverRemovesAPathThatWorks) {
  initiator.join(first->id);
  path::Path& second = joining(2);
  second.lifecycle = path::PathLifecycle(PathState::active);
  const auto sent = next();
  ASSERT_EQ(sent->path, first->id);
  refuse(sent->serial, sent->request.correlation_id, CauseCode::kRequestRefused);
  EXPECT_TRUE(bench.retired().empty());
}

TEST_F(AsconfInitiatorTest, AJoinIsQueuedOnceEvenIfItIsRequestedAgain) {
  const path::Path& path = joining(2);
  initiator.join(path.id);
  const auto sent = next();
  initiator.join(path.id);
  acknowledge(sent->serial, sent->request.correlation_id);
  EXPECT_TRUE(initiator.idle());
}

TEST_F(AsconfInitiatorTest, NoRequestIsSentForARemovedPath) {
  const path::Path& path = joining(2);
  joining(3);
  next();
  initiator.on_path_removed(path.id);
  bench.paths.remove(path.id);
  const auto sent = next();
  ASSERT_TRUE(sent.has_value());
  EXPECT_NE(sent->path, kNoPath);
  EXPECT_EQ(bench.paths.find(sent->path)->route, route_to(3, 1));
}

TEST_F(AsconfInitiatorTest, ALiteralRequestTakesTheBestPathAndEndsAtTheLimit) {
  bench.config.association_max_retrans = 3;
  initiator.request(ParameterType::kSetPrimaryAddress, IpAddress::v4(0x0A00'0001));
  const auto sent = next();
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->path, first->id);
  EXPECT_EQ(sent->request.type, ParameterType::kSetPrimaryAddress);
  EXPECT_EQ(sent->request.address, IpAddress::v4(0x0A00'0001));
  int retransmissions = 0;
  while (!initiator.idle() && retransmissions < 20) retransmissions += time_out().has_value() ? 1 : 0;
  EXPECT_EQ(retransmissions, 3);
  EXPECT_EQ(initiator.next_timeout(), kNever);
}

TEST_F(AsconfInitiatorTest, ALiteralRequestTakesAnotherPathWhenItsPathFails) {
  path::Path& second = *bench.paths.add(route_to(2, 1), PathState::active, kPeerWindow);
  initiator.request(ParameterType::kDeleteIpAddress, IpAddress::v4(0x0A00'0001));
  EXPECT_EQ(next()->path, first->id);
  first->lifecycle = path::PathLifecycle(PathState::potentially_failed);
  const auto again = time_out();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->path, second.id);
}

TEST_F(AsconfInitiatorTest, ARestartDropsAllRequests) {
  joining(2);
  const auto sent = next();
  initiator.restart(Tsn{500});
  acknowledge(sent->serial, sent->request.correlation_id);
  EXPECT_EQ(bench.drops_of(DropReason::asconf_out_of_sequence), 1U);
  EXPECT_TRUE(initiator.idle());
  joining(3);
  EXPECT_EQ(next()->serial, 500U);
}

TEST_F(AsconfInitiatorTest, NothingIsRequestedOfAPeerWithoutDynamicAddresses) {
  initiator.set_enabled(false);
  joining(2);
  EXPECT_FALSE(next().has_value());
  EXPECT_EQ(initiator.next_timeout(), kNever) << "no timer runs";
}

TEST_F(AsconfInitiatorTest, KeepsABoundedNumberOfRequests) {
  for (std::uint32_t i = 0; i < 1'000; ++i)
    initiator.request(ParameterType::kAddIpAddress, IpAddress::v4(0x0A00'0000U + i));
  int asked_count = 0;
  while (auto sent = next()) {
    acknowledge(sent->serial, sent->request.correlation_id);
    ++asked_count;
    ASSERT_LT(asked_count, 200);
  }
  EXPECT_GE(asked_count, 16);
}

}  // namespace
}  // namespace hawser::sctp::asconf
