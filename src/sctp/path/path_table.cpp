#include "sctp/path/path_table.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

/// Paths that may carry data now have the lowest rank there is (see EarliestArrival): those of role backup
/// only while no other is active, failed ones while none is.
unsigned rank(const Path& path) {
  if (path.role() == PathRole::never || path.replaces != kNoPath || !path.proven()) return 3;
  if (path.state != PathState::active) return 2;
  return path.role() == PathRole::backup ? 1 : 0;
}

// Active before potentially failed before inactive, and these before what is not proven, joining last; among
// equals the shorter round trip.
bool better_for_control(const Path& a, const Path& b) {
  if (a.proven() != b.proven()) return a.proven();
  if (a.state != b.state) return a.proven() ? a.state < b.state : a.state > b.state;
  return a.rtt.srtt() < b.rtt.srtt();
}

}  // namespace

std::size_t PathTable::payload_mtu() const {
  unsigned best = ~0U;
  std::size_t smallest = 0;
  for (const auto& path : paths_) {
    const unsigned own = rank(*path);
    const std::size_t payload = path->pmtu.payload();
    if (own < best || (own == best && payload < smallest)) smallest = payload;
    best = std::min(best, own);
  }
  return smallest;
}

bool PathTable::any_carries(std::size_t size) const {
  return std::ranges::any_of(paths_, [size](const auto& path) {
    return path->state == PathState::active && path->role() != PathRole::never &&
           path->pmtu.payload() >= size;
  });
}

Path* PathTable::add(const Route& route, PathState state, std::size_t peer_window) {
  if (paths_.size() >= config_.max_paths) return nullptr;
  paths_.push_back(std::make_unique<Path>(PathId{next_id_++}, route, peer_window, config_));
  Path* path = paths_.back().get();
  path->state = state;
  if (primary() == nullptr) primary_ = path->id;
  return path;
}

void PathTable::remove(PathId id) {
  std::erase_if(paths_, [id](const auto& path) { return path->id == id; });
  if (primary_ == id && !paths_.empty()) {
    const auto best = std::ranges::min_element(
        paths_, [](const auto& a, const auto& b) { return better_for_control(*a, *b); });
    primary_ = (*best)->id;
  }
}

Path* PathTable::find(PathId id) {
  for (const auto& path : paths_) {
    if (path->id == id) return path.get();
  }
  return nullptr;
}

Path* PathTable::find(const Route& route) {
  for (const auto& path : paths_) {
    const Route& known = path->route;
    // A path that leaves the local address to the kernel is met at any.
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
  if (best != nullptr && best->state == PathState::active) return best;
  for (const auto& path : paths_) {
    if (best == nullptr || better_for_control(*path, *best)) best = path.get();
  }
  return best;
}

bool PathTable::any_active_but(const Path& path) const {
  return std::ranges::any_of(paths_, [&path](const auto& other) {
    return other.get() != &path && other->state == PathState::active;
  });
}

bool PathTable::any_active() const {
  return std::ranges::any_of(paths_, [](const auto& path) { return path->state == PathState::active; });
}

}  // namespace hawser::sctp::path
