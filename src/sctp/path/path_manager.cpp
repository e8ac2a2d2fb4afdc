#include "sctp/path/path_manager.hpp"

#include <algorithm>

namespace hawser::sctp {
namespace {

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kIpv6Header = 40;

// Active before potentially failed before inactive, and these before what is not proven, joining last; among
// equals the shorter round trip.
bool better_for_control(const Path& a, const Path& b) {
  if (a.proven() != b.proven()) return a.proven();
  if (a.state != b.state) return a.proven() ? a.state < b.state : a.state > b.state;
  return a.rtt.srtt() < b.rtt.srtt();
}

}  // namespace

std::size_t PathManager::payload_mtu() const {
  // The larger IP header for every path: a chunk cut for one path must be able to move to any other.
  return (config_.path_mtu - kIpv6Header - kUdpHeader) & ~std::size_t{3};
}

Path* PathManager::add(const Route& route, PathState state, std::size_t peer_window) {
  if (paths_.size() >= config_.max_paths) return nullptr;
  paths_.push_back(std::make_unique<Path>(PathId{next_id_++}, route, payload_mtu(), peer_window, config_));
  Path* path = paths_.back().get();
  path->state = state;
  if (primary() == nullptr) primary_ = path->id;
  return path;
}

void PathManager::remove(PathId id) {
  std::erase_if(paths_, [id](const auto& path) { return path->id == id; });
  if (primary_ == id && !paths_.empty()) {
    const auto best = std::ranges::min_element(
        paths_, [](const auto& a, const auto& b) { return better_for_control(*a, *b); });
    primary_ = (*best)->id;
  }
}

Path* PathManager::find(PathId id) {
  for (const auto& path : paths_) {
    if (path->id == id) return path.get();
  }
  return nullptr;
}

Path* PathManager::find(const Route& route) {
  for (const auto& path : paths_) {
    const Route& known = path->route;
    // A path that leaves the local address to the kernel is met at any.
    if (known.uplink == route.uplink && known.remote == route.remote &&
        (known.local == route.local || known.local.is_wildcard() || route.local.is_wildcard())) {
      return path.get();
    }
  }
  return nullptr;
}

Path* PathManager::find_unique_by_ip(const Route& route) {
  Path* found = nullptr;
  for (const auto& path : paths_) {
    const Route& known = path->route;
    if (path->replaces != kNoPath) continue;
    const bool same_local = known.local == route.local || known.local.is_wildcard();
    if (known.uplink != route.uplink || !same_local || known.remote.ip != route.remote.ip) continue;
    if (found != nullptr) return nullptr;
    found = path.get();
  }
  return found;
}

Path* PathManager::find_candidate_for(PathId id) {
  for (const auto& path : paths_) {
    if (path->replaces == id) return path.get();
  }
  return nullptr;
}

Path* PathManager::for_control() {
  Path* best = primary();
  if (best != nullptr && best->state == PathState::active) return best;
  for (const auto& path : paths_) {
    if (best == nullptr || better_for_control(*path, *best)) best = path.get();
  }
  return best;
}

bool PathManager::any_active_but(const Path& path) const {
  return std::ranges::any_of(paths_, [&path](const auto& other) {
    return other.get() != &path && other->state == PathState::active;
  });
}

bool PathManager::any_active() const {
  return std::ranges::any_of(paths_, [](const auto& path) { return path->state == PathState::active; });
}

}  // namespace hawser::sctp
