#include "sctp/path/validation.hpp"

#include <gtest/gtest.h>

#include "unit/sctp/support/procedure_bench.hpp"

namespace hawser::sctp::path {
namespace {

using namespace std::chrono_literals;
using test::kPeerWindow;
using test::ProcedureBench;
using test::route_to;

class PathValidationTest : public ::testing::Test {
 protected:
  PathValidationTest() { validation.start_announcing(); }
  Path& add(std::uint32_t uplink, PathState state = PathState::unconfirmed) {
    return *bench.paths.add(route_to(uplink, 1), state, kPeerWindow);
  }
  // Heartbeat Info of the HEARTBEAT that leaves now on `path`; empty when none does.
  std::vector<std::byte> sent_on(const Path& path) {
    validation.queue_due(now);
    std::vector<std::byte> info;
    for (const control::ControlChunk& chunk : bench.control.chunks()) {
      if (chunk.type != wire::ChunkType::kHeartbeat || chunk.path != path.id) continue;
      const auto parsed = wire::HeartbeatChunk::parse(ProcedureBench::view(chunk));
      info.assign(parsed->info.begin(), parsed->info.end());
    }
    bench.control.clear();
    return info;
  }
  std::vector<std::byte> probe(Path& path) {
    PathValidation::probe(path);
    return sent_on(path);
  }
  bool answer(const std::vector<std::byte>& info, const Route& route, PathId home = kNoPath) {
    return validation.on_heartbeat_ack(now, {true, info}, route, home) != nullptr;
  }

  ProcedureBench bench;
  PathValidation validation{bench.validation()};
  Timestamp now = Timestamp{} + 1h;
};

TEST_F(PathValidationTest, AnAnswerWithTheNonceValidatesThePathAndMeasuresIt) {
  Path& path = add(1);
  const auto info = probe(path);
  ASSERT_FALSE(info.empty());
  now += 30ms;
  EXPECT_TRUE(answer(info, path.route));
  EXPECT_EQ(path.state(), PathState::active);
  EXPECT_EQ(path.rtt.srtt(), 30ms);
  EXPECT_EQ(bench.count(Event::Kind::path_up), 1);
  EXPECT_EQ(path.counters.heartbeat_acks_received, 1U);
}

TEST_F(PathValidationTest, GuessedNoncesValidateNothing) {
  Path& path = add(1);
  auto info = probe(path);
  for (std::size_t bit = 12 * 8; bit < info.size() * 8; ++bit) {  // after path id and time
    info[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(answer(info, path.route)) << "bit " << bit;
    info[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
  EXPECT_EQ(path.state(), PathState::unconfirmed);
  EXPECT_EQ(bench.drops_of(DropReason::bad_heartbeat_ack), 64U);
}

TEST_F(PathValidationTest, AnswersOfTheWrongSizeValidateNothing) {
  Path& path = add(1);
  auto info = probe(path);
  EXPECT_FALSE(answer({}, path.route));
  info.push_back(std::byte{0});
  EXPECT_FALSE(answer(info, path.route));
  info.pop_back();
  info.pop_back();
  EXPECT_FALSE(answer(info, path.route));
}

TEST_F(PathValidationTest, AnAnswerOnAnotherPathValidatesNothing) {
  Path& path = add(1);
  const Path& other = add(2, PathState::active);
  const auto info = probe(path);
  EXPECT_FALSE(answer(info, other.route));
  EXPECT_FALSE(answer(info, route_to(1, 1, 5555)));
  EXPECT_EQ(path.state(), PathState::unconfirmed);
  EXPECT_TRUE(answer(info, path.route));
}

TEST_F(PathValidationTest, AnAnswerFromElsewhereCountsInARecordOfThePath) {
  Path& path = add(1, PathState::active);
  const Path& other = add(2, PathState::active);
  const auto info = probe(path);
  const Route elsewhere = route_to(1, 1, 5555);
  EXPECT_FALSE(answer(info, elsewhere, other.id));
  EXPECT_TRUE(answer(info, elsewhere, path.id));
  EXPECT_EQ(path.last_received, now) << "it shows that the path is alive";
}

TEST_F(PathValidationTest, AnAnswerCountsOnce) {
  Path& path = add(1);
  const auto info = probe(path);
  EXPECT_TRUE(answer(info, path.route));
  EXPECT_FALSE(answer(info, path.route));
  EXPECT_EQ(path.counters.heartbeat_acks_received, 1U);
}

TEST_F(PathValidationTest, TheTimeInTheAnswerIsNotTrusted) {
  Path& path = add(1);
  auto info = probe(path);
  for (std::size_t i = 4; i < 12; ++i) info[i] = std::byte{0};
  now += 20ms;
  EXPECT_TRUE(answer(info, path.route));
  EXPECT_EQ(path.rtt.srtt(), 20ms);
}

TEST_F(PathValidationTest, EveryHeartbeatHasANonceOfItsOwn) {
  Path& path = add(1);
  const auto one = probe(path);
  answer(one, path.route);
  const auto two = probe(path);
  EXPECT_NE(std::vector(one.begin() + 12, one.end()), std::vector(two.begin() + 12, two.end()));
}

TEST_F(PathValidationTest, OneIsOutstandingPerPath) {
  Path& path = add(1);
  EXPECT_FALSE(probe(path).empty());
  EXPECT_TRUE(probe(path).empty());
}

TEST_F(PathValidationTest, AForcedProbeDoesNotWaitForTheOutstandingOne) {
  Path& path = add(1);
  const auto first = probe(path);
  PathValidation::force_probe(path);
  const auto second = sent_on(path);
  ASSERT_FALSE(second.empty());
  EXPECT_FALSE(answer(first, path.route));
  EXPECT_TRUE(answer(second, path.route));
  EXPECT_FALSE(probe(path).empty());
  EXPECT_TRUE(probe(path).empty());  // one request causes one HEARTBEAT
}

TEST_F(PathValidationTest, AFailedPathOnWhichOneArrivesIsProbedImmediately) {
  for (const auto state : {PathState::active, PathState::potentially_failed, PathState::inactive}) {
    Path& path = add(static_cast<std::uint32_t>(state), state);
    ASSERT_FALSE(probe(path).empty());
    validation.on_heartbeat(now, {false, {}}, path);
    EXPECT_TRUE(sent_on(path).empty()) << "a recent HEARTBEAT may still be answered";
    now += path.rtt.rto_before_back_off() + 1ms;
    validation.on_heartbeat(now, {false, {}}, path);
    EXPECT_EQ(sent_on(path).empty(), state == PathState::active);
    EXPECT_TRUE(sent_on(path).empty());
  }
}

// Such a path has been silent for longer than one that carries data may be, without any timer that expired.
TEST_F(PathValidationTest, ASilentPathIsProbedAsSoonAsItCarriesDataBesideOthers) {
  Path& path = add(1, PathState::active);
  path.ours = true;
  path.last_received = now;
  now += 1s;
  validation.on_transfer(now, &add(2, PathState::active));
  EXPECT_TRUE(sent_on(path).empty());
  EXPECT_GT(validation.next_timeout(), now);
  path.flight.t3 = now + path.rtt.rto();
  EXPECT_FALSE(sent_on(path).empty());
  EXPECT_GT(validation.next_timeout(), now)
      << "a timer in the past would wake the user at once, again and again";
}

TEST_F(PathValidationTest, AJoiningPathStaysSilent) {
  Path& path = add(1, PathState::joining);
  EXPECT_TRUE(probe(path).empty());
  EXPECT_TRUE(path.heartbeat.probe_requested) << "sent once the ASCONF is acknowledged";
}

TEST_F(PathValidationTest, TheAnswerToAHeartbeatIsItsOwnInformationOnThePathItCameFrom) {
  Path& path = add(1, PathState::active);
  add(2, PathState::active);
  const std::vector<std::byte> info(33, std::byte{9});
  validation.on_heartbeat(now, {false, info}, path);
  const control::ControlChunk& chunk = bench.only_chunk();
  EXPECT_EQ(chunk.type, wire::ChunkType::kHeartbeatAck);
  EXPECT_EQ(chunk.path, path.id);
  const auto ack = wire::HeartbeatChunk::parse(ProcedureBench::view(chunk));
  EXPECT_TRUE(ack->ack);
  EXPECT_EQ(std::vector(ack->info.begin(), ack->info.end()), info);
}

TEST_F(PathValidationTest, AnActivePathIsProbedOncePerIntervalWithJitter) {
  bench.config.heartbeat_interval = 30s;
  bench.config.rto_min = 1s;
  Path& path = add(1, PathState::active);
  validation.start(path, now);
  const Duration wait = path.heartbeat.next - now;
  EXPECT_GE(wait, 30s + 500ms);
  EXPECT_LE(wait, 30s + 1500ms);
  EXPECT_EQ(validation.next_timeout(), path.heartbeat.next);
  now = path.heartbeat.next;
  validation.on_timeout(now);
  EXPECT_FALSE(sent_on(path).empty());
  EXPECT_GT(path.heartbeat.next, now);
}

TEST_F(PathValidationTest, AnUnvalidatedPathIsProbedAgainAfterEveryTimeoutWithBackOff) {
  Path& path = add(1);
  add(2, PathState::active);
  probe(path);
  Duration last{};
  for (int i = 0; i < 4; ++i) {
    const Timestamp deadline = path.heartbeat.deadline;
    ASSERT_NE(deadline, kNever);
    EXPECT_GT(deadline - now, last);
    last = deadline - now;
    now = deadline;
    validation.on_timeout(now);
    EXPECT_FALSE(sent_on(path).empty());
  }
  EXPECT_EQ(path.error_count, 4U);
  EXPECT_EQ(path.state(), PathState::unconfirmed);
}

TEST_F(PathValidationTest, APathIsPotentiallyFailedAtTheFirstErrorAndInactiveBeyondTheLimit) {
  bench.config.path_max_retrans = 3;
  Path& path = add(1);
  answer(probe(path), path.route);
  validation.on_path_error(path, now);
  EXPECT_EQ(path.state(), PathState::potentially_failed);
  EXPECT_TRUE(path.heartbeat.probe_requested);
  EXPECT_EQ(bench.count(Event::Kind::path_down), 0) << "the queue may have overflowed";
  validation.on_path_error(path, now);
  EXPECT_EQ(bench.count(Event::Kind::path_down), 1);
  validation.on_path_error(path, now);
  EXPECT_EQ(path.state(), PathState::potentially_failed);
  validation.on_path_error(path, now);
  EXPECT_EQ(path.state(), PathState::inactive);
  EXPECT_EQ(bench.count(Event::Kind::path_down), 1) << "emitted once";
}

TEST_F(PathValidationTest, AnAnswerBringsADeadPathBack) {
  Path& path = add(1, PathState::inactive);
  path.error_count = 9;
  path.rtt.back_off();
  EXPECT_TRUE(answer(probe(path), path.route));
  EXPECT_EQ(path.state(), PathState::active);
  EXPECT_EQ(path.error_count, 0U);
  EXPECT_EQ(bench.count(Event::Kind::path_up), 1);
}

TEST_F(PathValidationTest, SilenceOfOnePathDoesNotCountAgainstTheAssociationWhileAnotherWorks) {
  Path& dead = add(1, PathState::potentially_failed);
  add(2, PathState::active);
  probe(dead);
  for (int i = 0; i < 30; ++i) {
    now = dead.heartbeat.deadline;
    validation.on_timeout(now);
    sent_on(dead);
  }
  EXPECT_EQ(validation.association_errors(), 0U);
  EXPECT_EQ(dead.state(), PathState::inactive);
}

TEST_F(PathValidationTest, SilenceOfTheLastPathCountsAgainstTheAssociation) {
  Path& only = add(1, PathState::active);
  probe(only);
  for (int i = 0; i < 5; ++i) {
    now = only.heartbeat.deadline;
    validation.on_timeout(now);
    sent_on(only);
  }
  EXPECT_EQ(validation.association_errors(), 5U);
}

TEST_F(PathValidationTest, AnAnswerClearsTheErrorsOfPathAndAssociation) {
  Path& path = add(1, PathState::potentially_failed);
  for (int i = 0; i < 7; ++i) validation.count_association_error();
  path.error_count = 3;
  answer(probe(path), path.route);
  EXPECT_EQ(validation.association_errors(), 0U);
  EXPECT_EQ(path.error_count, 0U);
}

TEST_F(PathValidationTest, APathOfOursThatFallsSilentDuringATransferIsProbedEarly) {
  for (const bool takes_part : {false, true}) {
    Path& path = add(takes_part ? 1 : 2, PathState::active);
    path.ours = true;
    validation.start(path, now);
    path.last_received = now;
    validation.on_transfer(now, takes_part ? &path : nullptr);
    validation.on_transfer(now + 1ms, nullptr);
    const Timestamp due = validation.next_timeout();
    EXPECT_EQ(due, now + (takes_part ? 500ms : bench.config.heartbeat_interval / 4));
    now = due;
    validation.on_timeout(now);
    EXPECT_FALSE(sent_on(path).empty());
    bench.paths.retire(path.id, bench.events);
    bench.control.clear();
  }
}

// The end that receives the data has no round trip of a full queue.
TEST_F(PathValidationTest, AHeartbeatGetsMoreTimeWhileThePathWorksInOneDirection) {
  for (const bool sends : {false, true}) {
    Path& path = add(sends ? 1 : 2, PathState::active);
    path.announced = true;
    path.rtt.add_sample({}, 40ms);
    ASSERT_FALSE(probe(path).empty());
    const Timestamp end = now + std::max<Duration>(sends ? 1500ms : 6s, 2 * path.rtt.rto());
    std::size_t repeated = 0;
    for (; path.heartbeat.deadline < end; ++repeated) {
      now = path.heartbeat.deadline;
      (sends ? path.flight.last_acked : path.last_received) = now;
      validation.on_timeout(now);
      EXPECT_EQ(path.state(), PathState::active);
      EXPECT_FALSE(sent_on(path).empty()) << "the queue may have dropped the last one";
    }
    EXPECT_GE(repeated, 1U);
    now = path.heartbeat.deadline;
    (sends ? path.flight.last_acked : path.last_received) = now;
    validation.on_timeout(now);
    EXPECT_EQ(path.state(), PathState::potentially_failed) << "the other direction is dead";
    EXPECT_EQ(bench.count(Event::Kind::path_down), sends ? 2 : 1);
    bench.control.clear();
  }
}

TEST_F(PathValidationTest, ALostHeartbeatFailsNoPathThatWorksInBothDirections) {
  Path& path = add(1, PathState::active);
  ASSERT_FALSE(probe(path).empty());
  path.flight.last_acked = now + 1ms;
  path.last_received = now + 1ms;
  now = path.heartbeat.deadline;
  validation.on_timeout(now);
  EXPECT_EQ(path.state(), PathState::active);
  EXPECT_FALSE(sent_on(path).empty()) << "another HEARTBEAT";
}

TEST_F(PathValidationTest, ATimeoutOfDataIsReportedWhenTheHeartbeatIsNotAnsweredEither) {
  Path& path = add(1, PathState::active);
  path.announced = true;
  validation.on_path_error(path, now);
  EXPECT_EQ(path.state(), PathState::potentially_failed) << "the path leaves the schedule immediately";
  EXPECT_EQ(bench.count(Event::Kind::path_down), 0);
  ASSERT_FALSE(sent_on(path).empty());
  now = path.heartbeat.deadline;
  validation.on_timeout(now);
  EXPECT_EQ(bench.count(Event::Kind::path_down), 1);
}

TEST_F(PathValidationTest, AnAnswerThatComesAfterTheNextHeartbeatLeftCounts) {
  Path& path = add(1, PathState::potentially_failed);
  path.rtt.add_sample({}, 40ms);
  const auto first = probe(path);
  const Timestamp sent = now;
  now = path.heartbeat.deadline;
  validation.on_timeout(now);
  ASSERT_FALSE(sent_on(path).empty());
  now = std::max(now, sent + 1s);
  EXPECT_TRUE(answer(first, path.route));
  EXPECT_EQ(path.rtt.latest(), now - sent) << "the round trip of a full queue";
  EXPECT_FALSE(answer(first, path.route)) << "once";
}

TEST_F(PathValidationTest, AMovedPathIsProbedAgainSoon) {
  bench.config.rto_min = 150ms;
  Path& path = add(1, PathState::active);
  path.moving = true;
  PathValidation::force_probe(path);
  for (int i = 0; i < 7; ++i) {
    ASSERT_FALSE(sent_on(path).empty());
    EXPECT_EQ(path.heartbeat.deadline, now + 75ms);
    now = path.heartbeat.deadline;
    EXPECT_EQ(path.state(), PathState::active);
    validation.on_timeout(now);
  }
  EXPECT_EQ(path.state(), PathState::potentially_failed);
}

}  // namespace
}  // namespace hawser::sctp::path
