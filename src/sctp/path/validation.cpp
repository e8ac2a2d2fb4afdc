#include "sctp/path/validation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::sctp::path {
namespace {

// Heartbeat Info of ours: path id, time of sending, and the nonce that only a receiver at that address can
// know.
constexpr std::size_t kInfoSize = 4 + 8 + 8;
// A path that hears nothing for this part of the heartbeat interval is probed.
constexpr int kSilenceDivisor = 4;
constexpr Duration kKeepaliveStep = std::chrono::seconds(5);

struct Info {
  PathId path;
  std::int64_t sent_ns = 0;
  std::uint64_t nonce = 0;
};

std::array<std::byte, kInfoSize> encode(const Info& info) {
  std::array<std::byte, kInfoSize> raw{};
  ByteWriter w(raw);
  w.u32(info.path.value());
  w.u64(static_cast<std::uint64_t>(info.sent_ns));
  w.u64(info.nonce);
  return raw;
}

std::optional<Info> decode(Bytes raw) {
  if (raw.size() != kInfoSize) return std::nullopt;
  ByteReader r(raw);
  Info info;
  info.path = PathId(r.u32());
  info.sent_ns = static_cast<std::int64_t>(r.u64());
  info.nonce = r.u64();
  return info;
}

}  // namespace

void PathValidation::start(Path& path, Timestamp now) {
  if (path.heartbeat.interval == Duration::zero()) {
    path.heartbeat.interval = core_.config().heartbeat_interval;
    path.heartbeat.max_interval = core_.config().keepalive_max;
  }
  path.heartbeat.next = next_probe(path, now);
}

// RFC 9260 §8.3: RTO with ±50 % jitter plus HB.interval; a path that has to prove itself is probed every RTO.
Timestamp PathValidation::next_probe(const Path& path, Timestamp now) {
  const Duration rto = path.rtt.rto();
  if (path.state != PathState::active) return now + rto;
  const auto jitter = Duration(
      static_cast<Duration::rep>(core_.endpoint.random.u64() % static_cast<std::uint64_t>(rto.count())));
  return now + rto / 2 + jitter + interval(path);
}

// --- keeping NAT mappings
// ---------------------------------------------------------------------------------------------------

// The end that chose the path is the one behind the NAT, whose packets keep the mapping: the other end need
// not ask as often.
Duration PathValidation::interval(const Path& path) const {
  const EndpointConfig& config = core_.config();
  if (config.keepalive_max == Duration::zero()) return config.heartbeat_interval;
  return path.ours ? path.heartbeat.interval : config.keepalive_max;
}

bool PathValidation::adapts(const Path& path) const {
  return path.ours && core_.config().keepalive_max != Duration::zero();
}

// The mapping has outlived this silence: the next may be longer.
void PathValidation::on_mapping_kept(Path& path) {
  PathHeartbeat& heartbeat = path.heartbeat;
  if (!adapts(path) || heartbeat.silence_before < heartbeat.interval) return;
  heartbeat.interval = std::min(heartbeat.interval + kKeepaliveStep, heartbeat.max_interval);
}

// The peer asks who we are instead of answering: to it, our heartbeat came from another port. Once in a while
// this is a question that has crossed ours, and the interval is shortened for nothing.
void PathValidation::on_mapping_lost(Path& path) {
  PathHeartbeat& heartbeat = path.heartbeat;
  if (!adapts(path) || !heartbeat.outstanding || heartbeat.silence_before < heartbeat.interval) return;
  const bool had_grown = heartbeat.interval > core_.config().heartbeat_interval;
  const Duration shorter = had_grown ? heartbeat.interval - kKeepaliveStep : heartbeat.interval / 2;
  heartbeat.interval = heartbeat.max_interval = std::max(shorter, core_.config().keepalive_min);
  heartbeat.silence_before = Duration::zero();  // one lesson for each, however often the peer asks
}

void PathValidation::on_heartbeat(Timestamp now, const wire::HeartbeatChunk& chunk, Path& path) {
  on_mapping_lost(path);
  // RFC 9260 §8.3: the answer goes to the source of the HEARTBEAT, with its information unchanged.
  core_.control.push(wire::ChunkType::kHeartbeatAck, wire::HeartbeatChunk{true, chunk.info}, path.id);
  // Something comes from there again: no need to wait until what was asked in vain has timed out, which takes
  // long after a back-off. What was asked a moment ago may still be answered.
  const bool failed = path.state == PathState::potentially_failed || path.state == PathState::inactive;
  if (failed && now - path.heartbeat.sent_at > path.rtt.rto_before_back_off()) force_probe(path);
}

bool PathValidation::on_heartbeat_ack(Timestamp now, const wire::HeartbeatChunk& chunk, const Route& route) {
  const auto info = decode(chunk.info);
  Path* path = info ? core_.paths.find(info->path) : nullptr;
  // The answer has to come back the way the question went: then address and port are proven in both
  // directions.
  if (path == nullptr || !path->heartbeat.outstanding || path->heartbeat.nonce != info->nonce ||
      core_.paths.find(route) != path) {
    core_.drop(DropReason::bad_heartbeat_ack);
    return false;
  }
  PathHeartbeat& heartbeat = path->heartbeat;
  heartbeat.outstanding = false;
  heartbeat.deadline = kNever;
  heartbeat.unanswered = 0;
  ++path->counters.heartbeat_acks_received;
  on_mapping_kept(*path);
  path->rtt.add_sample(now - heartbeat.sent_at);
  if (must_prove_more(*path)) {
    probe(*path);
  } else {
    on_path_alive(*path, now);
  }
  return true;
}

// A path that loses most of what it is given answers now and then: by one answer it would come back again and
// again, each time to hold everything up. While another path works, a failed one has to answer several in a
// row, a few round trips more.
bool PathValidation::must_prove_more(Path& path) const {
  constexpr unsigned kAnswersInARow = 3;
  const bool failed = path.state == PathState::potentially_failed || path.state == PathState::inactive;
  if (!failed || !core_.paths.any_active_but(path)) return false;
  return ++path.heartbeat.answered_in_a_row < kAnswersInARow;
}

void PathValidation::on_path_alive(Path& path, Timestamp now) {
  const bool failed = path.state == PathState::potentially_failed || path.state == PathState::inactive;
  if (failed) path.congestion->on_return(path.error_count <= 1);
  path.error_count = 0;
  path.heartbeat.answered_in_a_row = 0;
  core_.error_count = 0;
  path.rtt.undo_back_off();
  // A candidate has proven its address, and hands it over to the path it stands for.
  if (path.replaces != kNoPath || path.state == PathState::joining || path.state == PathState::active) return;
  path.state = PathState::active;
  path.active_since = now;
  core_.announce(path);
  start(path, now);
}

void PathValidation::on_path_error(Path& path, Timestamp now) {
  ++path.error_count;
  path.rtt.back_off();
  if (path.state == PathState::active) {
    path.state = PathState::potentially_failed;
    path.failed_since = now;
    core_.announce(path);
    probe(path);
    path.heartbeat.next = now + path.rtt.rto();
  } else if (path.state == PathState::potentially_failed &&
             path.error_count > core_.config().path_max_retrans) {
    path.state = PathState::inactive;
  }
}

void PathValidation::on_unanswered(Path& path, Timestamp now) {
  ++path.heartbeat.unanswered;
  path.heartbeat.answered_in_a_row = 0;
  path.heartbeat.outstanding = false;
  path.heartbeat.deadline = kNever;
  on_path_error(path, now);
  // RFC 9260 §8.1: silence on a path that carries no data must not end an association whose other paths work.
  if (!core_.paths.any_active() && path.proven()) ++core_.error_count;
  probe(path);
}

void PathValidation::on_timeout(Timestamp now) {
  for (const auto& path : core_.paths) {
    if (path->heartbeat.deadline <= now) on_unanswered(*path, now);
    if (path->heartbeat.next <= now) {
      path->heartbeat.next = kNever;
      probe(*path);
    }
    if (silence_deadline(*path) <= now) probe(*path);
  }
}

// After a transfer, or while one goes on over other paths, a path of ours from which nothing comes any more
// may have lost its NAT mapping without anybody noticing: what we send still arrives, and the answers take
// other ways.
Timestamp PathValidation::silence_deadline(const Path& path) const {
  const bool suspicious = path.ours && path.state == PathState::active && !path.heartbeat.outstanding &&
                          core_.last_transfer >= path.last_received && path.last_received != Timestamp::min();
  return suspicious ? path.last_received + core_.config().heartbeat_interval / kSilenceDivisor : kNever;
}

// A failed path is asked again before its back-off has run its course, so that its return is noticed soon.
Duration PathValidation::patience(const Path& path) const {
  const Duration rto = path.rtt.rto();
  const bool failed = path.state == PathState::potentially_failed || path.state == PathState::inactive;
  return failed
             ? std::min(rto, std::max(core_.config().failed_path_probe_max, path.rtt.rto_before_back_off()))
             : rto;
}

void PathValidation::queue_due(Timestamp now) {
  for (const auto& path : core_.paths) {
    PathHeartbeat& heartbeat = path->heartbeat;
    if (!heartbeat.probe_requested || path->state == PathState::joining) continue;
    heartbeat.probe_requested = false;
    if (std::exchange(heartbeat.probe_forced, false) || !heartbeat.outstanding) send(*path, now);
  }
}

void PathValidation::send(Path& path, Timestamp now) {
  PathHeartbeat& heartbeat = path.heartbeat;
  heartbeat.nonce = core_.endpoint.random.u64();
  heartbeat.sent_at = now;
  heartbeat.silence_before =
      path.last_received == Timestamp::min() ? Duration::zero() : now - path.last_received;
  heartbeat.outstanding = true;
  heartbeat.deadline = now + patience(path);
  heartbeat.next = path.state == PathState::active ? next_probe(path, now) : kNever;
  ++path.counters.heartbeats_sent;
  const auto info = encode({path.id, now.time_since_epoch().count(), heartbeat.nonce});
  core_.control.push(wire::ChunkType::kHeartbeat, wire::HeartbeatChunk{false, info}, path.id);
}

Timestamp PathValidation::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : core_.paths) {
    next = std::min({next, path->heartbeat.deadline, path->heartbeat.next, silence_deadline(*path)});
  }
  return next;
}

}  // namespace hawser::sctp::path
