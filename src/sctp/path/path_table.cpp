#include "sctp/path/path_table.hpp"

#include <algorithm>
#include <utility>

#include "sctp/path/selection.hpp"

namespace hawser::sctp::path {
namespace {

// The order is: active, potentially failed, inactive, unconfirmed, joining; within a state, the shorter round
// trip comes first.
bool better_for_control(const Path& a, const Path& b) {
  if (a.proven() != b.proven()) return a.proven();
  if (a.state() != b.state()) return a.proven() ? a.state() < b.state() : a.state() > b.state();
  return a.rtt.srtt() < b.rtt.srtt();
}

}  // namespace

PathTable::PayloadMtu PathTable::find_payload_mtu() const {
  std::pair best(~0U, true);  // rank of use, and whether the search of the path has no result yet
  PayloadMtu smallest;
  for (const auto& path : paths_) {
    const std::pair own(usage_rank(data_class(*path)), !path->pmtu.has_result());
    if (own > best) continue;
    if (own < best) smallest = {~std::size_t{0}, true};
    best = own;
    smallest.bytes = std::min(smallest.bytes, path->pmtu.payload());
    smallest.settled &= path->pmtu.settled();
  }
  return smallest;
}

Duration PathTable::longest_data_round_trip() const {
  Duration longest{};
  for (const auto& path : paths_) {
    if (carries_data(data_class(*path))) longest = std::max(longest, path->rtt.srtt());
  }
  return longest;
}

bool PathTable::any_carries(std::size_t size) const {
  return std::ranges::any_of(paths_, [size](const auto& path) {
    return carries_data(data_class(*path)) && path->pmtu.payload() >= size;
  });
}

Path* PathTable::add(const Route& route, PathState state, std::size_t peer_window) {
  if (paths_.size() >= config_.max_paths) return nullptr;
  paths_.push_back(std::make_unique<Path>(PathId{next_id_++}, route, state, peer_window, config_, coupling_));
  Path* path = paths_.back().get();
  if (primary() == nullptr) primary_ = path->id;
  return path;
}

bool PathTable::retire(PathId id, const control::EventSink& events) {
  const Path* path = find(id);
  if (path == nullptr || paths_.size() < 2) return false;
  if (path->replaces == kNoPath) events.emit(Event::Kind::path_removed, id);
  retired_.push_back(take_out(id));
  return true;
}

void PathTable::remove(PathId id) {
  if (find(id) != nullptr) take_out(id);
}

std::unique_ptr<Path> PathTable::take_out(PathId id) {
  const auto at = std::ranges::find(paths_, id, [](const auto& path) { return path->id; });
  std::unique_ptr<Path> path = std::move(*at);
  paths_.erase(at);
  if (primary_ == id && !paths_.empty()) {
    const auto best = std::ranges::min_element(
        paths_, [](const auto& a, const auto& b) { return better_for_control(*a, *b); });
    primary_ = (*best)->id;
  }
  return path;
}

// A NAT that rebinds leaves a dead path behind each time: the path with the most errors is retired.
bool PathTable::make_room(const control::EventSink& events) {
  if (paths_.size() < config_.max_paths) return true;
  const Path* worst = nullptr;
  for (const auto& path : paths_) {
    if (path->lifecycle.active() || path->state() == PathState::joining) continue;
    if (worst == nullptr || path->error_count > worst->error_count) worst = path.get();
  }
  return worst != nullptr && retire(worst->id, events);
}

Path* PathTable::find(PathId id) {
  for (const auto& path : paths_) {
    if (path->id == id) return path.get();
  }
  return nullptr;
}

Path* PathTable::find_sending(const RecordOrigin& record) {
  for (const auto& path : paths_) {
    const RecordNumbers& numbers = path->record;
    if (numbers.generation != 0 && numbers.epoch == record.epoch && numbers.id == record.path_id)
      return path.get();
  }
  return nullptr;
}

Path* PathTable::find(const Route& route) {
  for (const auto& path : paths_) {
    const Route& known = path->route;
    // A path with a wildcard local address matches every local address of its socket.
    if (known.socket == route.socket && known.remote == route.remote &&
        (known.local == route.local || known.local.is_wildcard() || route.local.is_wildcard())) {
      return path.get();
    }
  }
  return nullptr;
}

Path* PathTable::find_unique_by_ip(const Route& route) {
  Path* found = nullptr;
  for (const auto& path : paths_) {
    const Route& known = path->route;
    if (path->replaces != kNoPath) continue;
    const bool same_local = known.local == route.local || known.local.is_wildcard();
    if (known.socket != route.socket || !same_local || known.remote.ip != route.remote.ip) continue;
    if (found != nullptr) return nullptr;
    found = path.get();
  }
  return found;
}

Path* PathTable::find_candidate_for(PathId id) {
  for (const auto& path : paths_) {
    if (path->replaces == id) return path.get();
  }
  return nullptr;
}

Path* PathTable::for_control() {
  Path* best = primary();
  if (best != nullptr && best->lifecycle.active()) return best;
  for (const auto& path : paths_) {
    if (best == nullptr || better_for_control(*path, *best)) best = path.get();
  }
  return best;
}

bool PathTable::any_active_but(const Path& path) const {
  return std::ranges::any_of(
      paths_, [&path](const auto& other) { return other.get() != &path && other->lifecycle.active(); });
}

bool PathTable::another_takes_over(const Path& path) const {
  return std::ranges::any_of(paths_, [&path](const auto& other) {
    return other.get() != &path && carries_data(data_class(*other));
  });
}

bool PathTable::any_active() const {
  return std::ranges::any_of(paths_, [](const auto& path) { return path->lifecycle.active(); });
}

std::size_t PathTable::windows() const {
  std::size_t sum = 0;
  for (const auto& path : paths_) {
    if (carries_data(data_class(*path))) sum += path->congestion->cwnd();
  }
  return sum;
}

Duration PathTable::longest_round_trip() const {
  Duration longest{};
  for (const auto& path : paths_) {
    if (path->lifecycle.active()) longest = std::max(longest, path->rtt.srtt());
  }
  return longest;
}

}  // namespace hawser::sctp::path
