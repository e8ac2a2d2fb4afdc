#include "sctp/path/validation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::sctp::path {
namespace {

// The Heartbeat Info that this end sends: path id, time of sending, and a nonce that only a receiver at that
// address gets.
constexpr std::size_t kInfoSize = 4 + 8 + 8;
// A path on which nothing arrives for the heartbeat interval divided by this is probed.
constexpr int kSilenceDivisor = 4;
constexpr unsigned kRepeatsAfterMove = 6;
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
    path.heartbeat.interval = context_.config.heartbeat_interval;
    path.heartbeat.max_interval = context_.config.keepalive_max;
  }
  path.heartbeat.next = next_probe(path, now);
}

// RFC 9260 §8.3: RTO with ±50 % jitter plus HB.interval; a path that is not active is probed every RTO.
Timestamp PathValidation::next_probe(const Path& path, Timestamp now) {
  const Duration rto = path.rtt.rto();
  if (!path.lifecycle.active()) return now + rto;
  const auto jitter =
      Duration(static_cast<Duration::rep>(context_.random.u64() % static_cast<std::uint64_t>(rto.count())));
  return now + rto / 2 + jitter + interval(path);
}

// --- keeping NAT mappings

// The end that chose the path is the one behind the NAT, and its packets keep the mapping, so the other end
// probes less often.
Duration PathValidation::interval(const Path& path) const {
  const EndpointConfig& config = context_.config;
  if (config.keepalive_max == Duration::zero()) return config.heartbeat_interval;
  return path.ours ? path.heartbeat.interval : config.keepalive_max;
}

bool PathValidation::adapts(const Path& path) const {
  return path.ours && context_.config.keepalive_max != Duration::zero();
}

// The mapping has outlived this silence, so the next silence may be longer.
void PathValidation::on_mapping_kept(Path& path) {
  PathHeartbeat& heartbeat = path.heartbeat;
  if (!adapts(path) || heartbeat.silence_before < heartbeat.interval) return;
  heartbeat.interval = std::min(heartbeat.interval + kKeepaliveStep, heartbeat.max_interval);
}

// The peer sends a HEARTBEAT instead of an answer, because our HEARTBEAT reached it from another port.
// Occasionally it is a HEARTBEAT that has crossed ours, and the interval is shortened without need.
void PathValidation::on_mapping_lost(Path& path) {
  PathHeartbeat& heartbeat = path.heartbeat;
  if (!adapts(path) || !heartbeat.outstanding || heartbeat.silence_before < heartbeat.interval) return;
  const bool had_grown = heartbeat.interval > context_.config.heartbeat_interval;
  const Duration shorter = had_grown ? heartbeat.interval - kKeepaliveStep : heartbeat.interval / 2;
  heartbeat.interval = heartbeat.max_interval = std::max(shorter, context_.config.keepalive_min);
  heartbeat.silence_before = Duration::zero();  // shorten once per HEARTBEAT, even if the peer sends several
}

void PathValidation::on_heartbeat(Timestamp now, const wire::HeartbeatChunk& chunk, Path& path) {
  on_mapping_lost(path);
  // RFC 9260 §8.3: the answer goes to the source of the HEARTBEAT and repeats its information.
  context_.control.push(wire::ChunkType::kHeartbeatAck, wire::HeartbeatChunk{true, chunk.info}, path.id);
  // The peer sends on the path again: probe it without waiting for the outstanding HEARTBEAT to time out,
  // which takes long after a back-off. One that was sent within the RTO may still be answered.
  const bool failed = path.lifecycle.failed();
  const bool overdue = failed && now - path.heartbeat.sent_at > path.rtt.rto_before_back_off();
  // After a move the peer did not know the source of the outstanding HEARTBEAT, and did not answer it.
  if (overdue || path.moving) repeat_probe(path);
}

void PathValidation::on_heartbeat_of_candidate(Timestamp now, Path& candidate) {
  constexpr Duration kSoon = std::chrono::milliseconds(50);
  if (candidate.heartbeat.outstanding && now - candidate.heartbeat.sent_at >= kSoon)
    return repeat_probe(candidate);
  probe(candidate);
}

// The HEARTBEAT that `nonce` answers; null: none. An answer that is later than any round trip does not count.
PathHeartbeat::Sent* PathValidation::find_sent(PathHeartbeat& heartbeat, std::uint64_t nonce, Timestamp now) {
  constexpr Duration kLatest = std::chrono::seconds(15);
  const auto at = std::ranges::find_if(heartbeat.recent, [&](const PathHeartbeat::Sent& sent) {
    return sent.nonce == nonce && sent.at != Timestamp::min() && now - sent.at <= kLatest;
  });
  return at == heartbeat.recent.end() ? nullptr : &*at;
}

PathId PathValidation::path_in(const wire::HeartbeatChunk& chunk) {
  const auto info = decode(chunk.info);
  return info ? info->path : kNoPath;
}

Path* PathValidation::on_heartbeat_ack(Timestamp now, const wire::HeartbeatChunk& chunk, const Route& route,
                                       PathId home) {
  const auto info = decode(chunk.info);
  Path* path = info ? context_.paths.find(info->path) : nullptr;
  // The answer must arrive on the path of the HEARTBEAT: this validates address and port in both directions.
  // A path that was validated before also counts as alive when a relay has delivered a copy of the answer
  // from another address first: the nonce shows that the HEARTBEAT reached the peer.
  PathHeartbeat::Sent* sent = path == nullptr ? nullptr : find_sent(path->heartbeat, info->nonce, now);
  const bool overtaken = path != nullptr && path->id == home;
  if (sent == nullptr || (!overtaken && context_.paths.find(route) != path)) {
    context_.drops.add(DropReason::bad_heartbeat_ack);
    return nullptr;
  }
  if (overtaken) path->last_received = now;
  PathHeartbeat& heartbeat = path->heartbeat;
  heartbeat.answered_from = std::exchange(sent->at, Timestamp::min());
  if (sent == &heartbeat.recent[heartbeat.newest]) heartbeat.stop_waiting();
  heartbeat.unanswered = 0;
  heartbeat.repeats = 0;
  ++path->counters.heartbeat_acks_received;
  on_mapping_kept(*path);
  path->rtt.add_sample(now, now - heartbeat.answered_from);
  if (must_prove_more(*path)) {
    probe(*path);
  } else {
    on_path_alive(*path, now);
  }
  return path;
}

// A path that loses most packets still answers occasionally. If one answer were enough, it would return again
// and again, and delay all data each time. While another path works, a failed path has to answer several
// HEARTBEATs in a row, which takes a few more round trips.
bool PathValidation::must_prove_more(Path& path) const {
  constexpr unsigned kAnswersInARow = 3;
  const bool failed = path.lifecycle.failed();
  if (!failed || path.moving || !context_.paths.another_takes_over(path)) return false;
  return ++path.heartbeat.answered_in_a_row < kAnswersInARow;
}

void PathValidation::on_path_alive(Path& path, Timestamp now) {
  const bool failed = path.lifecycle.failed();
  if (failed) path.congestion->on_return(path.error_count <= 1);
  // The RTO with which data left while the path did not work, or before its round trip was known, is too
  // long.
  const bool moved = std::exchange(path.moving, false);
  if (failed || moved) path.flight.hasten_t3(now + path.rtt.rto_before_back_off());
  path.error_count = 0;
  path.heartbeat.answered_in_a_row = 0;
  clear_association_errors();
  path.rtt.undo_back_off();
  // A candidate has only validated its address; Migration gives that address to its path.
  if (path.replaces != kNoPath || !path.lifecycle.on_answered(now)) return;
  announce(path);
  start(path, now);
  release_failed_paths(now);
}

// A path works again, and takes over what is outstanding on those that do not (RFC 7829): their T3-rtx, which
// has backed off while no path worked, expires now.
void PathValidation::release_failed_paths(Timestamp now) {
  for (const auto& path : context_.paths) {
    if (!path->lifecycle.active()) path->flight.hasten_t3(now);
  }
}

// A single T3-rtx fails the path, but it may be due to a queue that overflowed. The event follows when it
// expires again, or a HEARTBEAT is not answered.
void PathValidation::on_path_error(Path& path, Timestamp now) {
  ++path.error_count;
  path.rtt.back_off();
  if (path.lifecycle.on_error(now, path.error_count > context_.config.path_max_retrans)) {
    probe(path);
    path.heartbeat.next = now + path.rtt.rto();
  } else if (!worked_recently(path, now)) {
    announce(path);
  }
}

// Whether data that was sent on the path was acknowledged, and packets arrived on it, a moment ago. After a
// move, that was at the old address.
bool PathValidation::worked_recently(const Path& path, Timestamp now) {
  if (path.moving) return false;
  const Timestamp recent =
      now - std::max<Duration>(2 * path.rtt.rto_before_back_off(), std::chrono::seconds(1));
  return path.flight.last_acked > recent && path.last_received > recent;
}

// Whether an active path is not to fail although its HEARTBEAT was not answered in time, because it has
// worked since: another HEARTBEAT follows. When it has worked in one direction only, the HEARTBEATs or their
// answers may wait, or be dropped, in a queue that data has filled, of which the round trip is not known to
// an end that sends no data itself; that is possible for a limited time.
bool PathValidation::excused(Path& path, Timestamp now) {
  constexpr Duration kFullQueue = std::chrono::milliseconds(1500);
  constexpr Duration kFullOfAcks = std::chrono::seconds(6);
  PathHeartbeat& heartbeat = path.heartbeat;
  // After a move the round trip is not known, and the peer learns the new address from the HEARTBEAT: it is
  // repeated soon.
  if (path.moving && heartbeat.repeated_after_move < kRepeatsAfterMove) {
    ++heartbeat.repeated_after_move;
    repeat_probe(path);
    return true;
  }
  const bool acknowledged = path.flight.last_acked > heartbeat.sent_at;
  const bool received = path.last_received > heartbeat.sent_at;
  if (!path.lifecycle.active() || (!acknowledged && !received)) return false;
  const bool both = acknowledged && received;
  // While this end sends no data on the path, a dead direction costs nothing, but acknowledgements of the
  // peer's data may fill the queue.
  const bool only_receives = received && path.flight.oldest == kNoTsn;
  const Duration limit = std::max(2 * path.rtt.rto(), only_receives ? kFullOfAcks : kFullQueue);
  if (!both && now >= heartbeat.waiting_since + limit) return false;
  repeat_probe(path);
  heartbeat.repeats = both ? 0 : heartbeat.repeats + 1;
  return true;
}

void PathValidation::on_unanswered(Path& path, Timestamp now) {
  if (excused(path, now)) return;
  path.heartbeat.answered_in_a_row = 0;
  path.heartbeat.stop_waiting();
  path.heartbeat.unanswered += 1 + std::exchange(path.heartbeat.repeats, 0);
  on_path_error(path, now);
  if (!worked_recently(path, now)) announce(path);
  // RFC 9260 §8.1: missing answers on a path must not end an association whose other paths work.
  if (!context_.paths.any_active() && path.proven()) count_association_error();
  probe(path);
}

// A path that the peer added and that never (or no longer) answers is retired while another path works. A
// path that has worked gets more time, because its uplink may return. A candidate gets one attempt.
void PathValidation::drop_dead_paths(Timestamp now) {
  const Duration grace = 3 * context_.config.heartbeat_interval;
  std::vector<PathId> dead;
  for (const auto& path : context_.paths) {
    if (path->replaces != kNoPath && path->error_count != 0) dead.push_back(path->id);
    if (path->ours || path->error_count <= context_.config.path_max_retrans || !context_.paths.any_active())
      continue;
    const bool long_silent = path->state() == PathState::inactive && now - path->last_received > grace;
    if (path->state() == PathState::unconfirmed || long_silent) dead.push_back(path->id);
  }
  for (const PathId id : dead) context_.paths.retire(id, context_.events);
}

// An authenticated record shows that the peer is alive, from whatever address it came; otherwise forged
// source addresses could end a live association.
bool PathValidation::silent_too_long(Timestamp now, Timestamp last_record) const {
  const Duration limit = context_.config.silence_limit;
  if (limit == Duration::zero() || context_.paths.any_active()) return false;
  if (last_record != Timestamp::min() && now - last_record <= limit) return false;
  return std::ranges::all_of(context_.paths, [&](const auto& path) {
    return path->last_received == Timestamp::min() || now - path->last_received > limit;
  });
}

void PathValidation::on_restart_hint(Timestamp now) {
  constexpr Duration kRecently = std::chrono::seconds(5);
  for (const auto& path : context_.paths) {
    if (path->ours && path->lifecycle.active() && now - path->heartbeat.sent_at >= kRecently) probe(*path);
  }
}

// --- events

void PathValidation::start_announcing() {
  announcing_ = true;
  for (const auto& path : context_.paths) announce(*path);
}

// Emits that a path began or ceased to carry data, once per change.
void PathValidation::announce(Path& path) const {
  const bool up = path.lifecycle.active();
  if (up == path.announced || !announcing_) return;
  path.announced = up;
  if (up) return context_.events.emit(Event::Kind::path_up, path.id);
  context_.events.emit(Event::Kind::path_down, path.id, 0, "no answer in time");
}

// --- timers

void PathValidation::on_timeout(Timestamp now) {
  for (const auto& path : context_.paths) {
    if (path->heartbeat.deadline <= now) on_unanswered(*path, now);
    if (path->heartbeat.next <= now) {
      path->heartbeat.next = kNever;
      probe(*path);
    }
  }
}

// During a transfer, also one over other paths, a path of ours on which nothing arrives may have lost its NAT
// mapping unnoticed: our packets still arrive, and the answers take other paths. A path that took part in the
// transfer is not silent for long; for another one, frequent probes would cost more than they tell.
Timestamp PathValidation::silence_deadline(const Path& path) const {
  constexpr Duration kRecently = std::chrono::seconds(10);
  constexpr Duration kShortSilence = std::chrono::milliseconds(500);
  const bool suspicious = path.ours && path.lifecycle.active() && !path.heartbeat.outstanding &&
                          last_transfer_ >= path.last_received && path.last_received != Timestamp::min();
  if (!suspicious) return kNever;
  const bool takes_part = path.flight.t3 != kNever || path.last_transfer > path.last_received - kRecently;
  const bool others_deliver = last_transfer_ > path.last_received;
  const Duration longest = context_.config.heartbeat_interval / kSilenceDivisor;
  return path.last_received + (takes_part && others_deliver ? std::min(kShortSilence, longest) : longest);
}

// A failed path is probed again before its backed-off RTO expires, so that its return is noticed soon. After
// a move the round trip is not known: a few probes follow each other fast, then they are as rare as those of
// a failed path.
Duration PathValidation::patience(const Path& path) const {
  const Duration rto = path.rtt.rto();
  const Duration rare = context_.config.failed_path_probe_max;
  const bool few = path.lifecycle.active() || path.heartbeat.repeated_after_move < kRepeatsAfterMove;
  if (path.moving && few) return std::min(rto, context_.config.rto_min / 2);
  if (path.moving && rare != Duration::zero()) return std::min(rto, rare);
  const bool failed = path.lifecycle.failed();
  return failed ? std::min(rto, std::max(rare, path.rtt.rto_before_back_off())) : rto;
}

void PathValidation::queue_due(Timestamp now) {
  for (const auto& path : context_.paths) {
    PathHeartbeat& heartbeat = path->heartbeat;
    // Not in on_timeout(): a path that starts to carry data may have been silent for long enough already.
    if (silence_deadline(*path) <= now) probe(*path);
    if (!heartbeat.probe_requested || path->state() == PathState::joining) continue;
    heartbeat.probe_requested = false;
    if (!heartbeat.outstanding) send(*path, now);
  }
}

void PathValidation::send(Path& path, Timestamp now) {
  PathHeartbeat& heartbeat = path.heartbeat;
  heartbeat.newest = (heartbeat.newest + 1) % heartbeat.recent.size();
  heartbeat.recent[heartbeat.newest] = {context_.random.u64(), now};
  heartbeat.sent_at = now;
  if (heartbeat.repeats == 0) heartbeat.waiting_since = now;
  heartbeat.silence_before =
      path.last_received == Timestamp::min() ? Duration::zero() : now - path.last_received;
  heartbeat.outstanding = true;
  heartbeat.deadline = now + patience(path);
  heartbeat.next = path.lifecycle.active() ? next_probe(path, now) : kNever;
  ++path.counters.heartbeats_sent;
  const auto info =
      encode({path.id, now.time_since_epoch().count(), heartbeat.recent[heartbeat.newest].nonce});
  context_.control.push(wire::ChunkType::kHeartbeat, wire::HeartbeatChunk{false, info}, path.id);
}

Timestamp PathValidation::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : context_.paths) {
    next = std::min({next, path->heartbeat.deadline, path->heartbeat.next, silence_deadline(*path)});
  }
  return next;
}

}  // namespace hawser::sctp::path
