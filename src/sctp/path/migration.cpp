#include "sctp/path/migration.hpp"

namespace hawser::sctp::path {

void Migration::move(Path& path) {
  path.restart(config_, peer_window_);
  path.moving = true;
  path.error_count = 0;
  path.heartbeat.unanswered = 0;
  path.heartbeat.repeated_after_move = 0;
  PathValidation::force_probe(path);
}

PathId Migration::home_of(const Path* from, const PacketSource& source) {
  return source.record_path == nullptr ? kNoPath : home_if(from, source, *source.record_path);
}

PathId Migration::home_by_answer(const Path* from, const PacketSource& source, PathId answered) {
  const bool unknown = source.record_path != nullptr && *source.record_path == kNoPath;
  return unknown ? home_if(from, source, answered) : kNoPath;
}

PathId Migration::home_if(const Path* from, const PacketSource& source, PathId id) {
  if (from != nullptr && from->replaces == kNoPath) return kNoPath;
  const Path* home = paths_.find(id);
  const bool validated = home != nullptr && home->replaces == kNoPath && home->proven();
  if (!validated || home->route.socket != source.route.socket) return kNoPath;
  return moves_with(*home, source.record) ? home->id : kNoPath;
}

void Migration::assign(Path& path, const PacketSource& source) {
  if (source.record_path == nullptr) return;
  *source.record_path = path.id;
  path.peer_record = source.record;
}

// The path id of a record identifies the path, from whatever address the record came. In plain SCTP only the
// source address identifies it.
void Migration::on_packet(Timestamp now, const PacketSource& source) {
  if (!source.fresh) return;
  Path* path = paths_.find(source.route);
  if (path == nullptr) return follow(now, source);
  if (source.record_path == nullptr || path->replaces != kNoPath) return;
  assign(*path, source);
}

// After a rekey the peer's path ids are new. When the first record with one comes from no path, the answers
// to HEARTBEATs on the paths without a path id of the peer show which path it is.
void Migration::identify(const PacketSource& source) {
  if (source.record_path == nullptr || *source.record_path != kNoPath) return;
  for (const auto& path : paths_) {
    const bool known = path->peer_record && path->peer_record->epoch == source.record.epoch;
    const bool here = path->route.socket == source.route.socket && path->replaces == kNoPath;
    if (here && !known && path->proven()) PathValidation::probe(*path);
  }
}

// An attacker that forwards a record of one path from the address of another path could make both look like
// the same path, and one path of ours would then alternate between two paths of the peer. So only a path's
// own records move it; the other path joins again.
bool Migration::moves_with(const Path& path, const RecordOrigin& record) {
  return !path.peer_record || path.peer_record->epoch != record.epoch ||
         path.peer_record->path_id == record.path_id;
}

const Path* Migration::moved_path(const PacketSource& source) {
  const Path* path = source.record_path == nullptr ? nullptr : paths_.find(*source.record_path);
  if (path != nullptr && path->route.socket != source.route.socket) path = nullptr;
  if (path == nullptr) path = paths_.find_unique_by_ip(source.route);
  if (path == nullptr || path->ours || !path->proven()) return nullptr;
  if (source.record_path != nullptr && !moves_with(*path, source.record)) return nullptr;
  return replaces_candidate(*path, source.now) ? path : nullptr;
}

// Whether a new candidate may take the place of the candidate of `path`, if there is one. It has an RTO of
// the path to answer, so that an attacker that forwards packets does not displace the peer's own address;
// without an answer until then, the peer has probably moved once more.
bool Migration::replaces_candidate(const Path& path, Timestamp now) {
  const Path* candidate = paths_.find_candidate_for(path.id);
  if (candidate == nullptr) return true;
  if (now - candidate->heartbeat.sent_at <= path.rtt.rto_before_back_off()) return false;
  paths_.retire(candidate->id, events_);
  return true;
}

// Stricter than RFC 6951 §5.4: the peer's UDP port changes only for a packet that passed every check and is
// not a replay, and only where it is clear which path has moved. The new port is validated first, so an
// attacker that forwards the peer's packets faster from another address changes nothing. In all other cases
// the peer joins again by ASCONF.
void Migration::follow(Timestamp now, const PacketSource& source) {
  const Path* path = moved_path(source);
  if (path == nullptr) {
    identify(source);
    return drops_.add(DropReason::unknown_source);
  }
  const PathId moved = path->id;
  if (!paths_.may_peer_add(now) || !paths_.make_room(events_)) return drops_.add(DropReason::too_many_paths);
  Path* candidate = paths_.add(source.route, PathState::unconfirmed, peer_window_);
  if (candidate == nullptr) return drops_.add(DropReason::too_many_paths);
  candidate->replaces = moved;
  candidate->heartbeat.sent_at = source.now;
  candidate->unproven_received = source.size;
  PathValidation::probe(*candidate);
}

std::optional<PathId> Migration::complete(Path& candidate, Timestamp now) {
  Path* path = paths_.find(candidate.replaces);
  if (path == nullptr) {
    // The path of the candidate is gone. Without a path of its own, this address would not be probed again.
    candidate.replaces = kNoPath;
    events_.emit(Event::Kind::path_added, candidate.id);
    validation_.on_path_alive(candidate, now);
    return std::nullopt;
  }
  events_.emit_path_moved(path->id, path->route.remote);
  // Another port alone is another mapping of the same NAT: the network between is the same.
  if (path->route.remote.ip == candidate.route.remote.ip) {
    path->pmtu.on_moved();
  } else {
    path->restart(config_, peer_window_);
    path->rtt = candidate.rtt;
  }
  path->route = candidate.route;
  path->heartbeat.stop_waiting();
  paths_.remove(candidate.id);
  validation_.on_path_alive(*path, now);
  return path->id;
}

}  // namespace hawser::sctp::path
