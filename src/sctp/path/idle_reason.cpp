#include "sctp/path/idle_reason.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

bool any_active(const PathManager& paths, PathRole first, PathRole last) {
  return std::ranges::any_of(paths, [&](const auto& path) {
    return path->state == PathState::active && path->role() >= first && path->role() <= last;
  });
}

// A path that its pacer or cap lets go was not ready at the last poll if it is only later than the earliest
// of those that were not.
bool held_back(const Path& path, const DataSituation& situation) {
  return situation.paced_until != kNever && path.ready_at() >= situation.paced_until;
}

bool window_full(const Path& path) {
  return path.flight.bytes >= path.congestion->cwnd();
}

bool capped(const Path& path, const DataSituation& situation) {
  return held_back(path, situation) && path.cap.next() >= path.pacer.next();
}

// As the scheduler sees it: a path that only its pacer holds back is not full.
bool always_paths_full(const PathManager& paths, const DataSituation& situation) {
  return std::ranges::none_of(paths, [&](const auto& path) {
    return path->state == PathState::active && path->role() == PathRole::always && !window_full(*path) &&
           !capped(*path, situation);
  });
}

std::optional<PathLimit> limit_by_state(const Path& path) {
  switch (path.state) {
    case PathState::joining: return PathLimit::joining;
    case PathState::unconfirmed: return PathLimit::unproven;
    case PathState::potentially_failed: return PathLimit::failed;
    case PathState::inactive: return PathLimit::given_up;
    case PathState::active: break;
  }
  return std::nullopt;
}

std::optional<PathLimit> limit_by_role(const Path& path, const PathManager& paths,
                                       const DataSituation& situation) {
  switch (path.role()) {
    case PathRole::never: return PathLimit::never;
    case PathRole::backup:
      if (any_active(paths, PathRole::always, PathRole::secondary)) return PathLimit::backup;
      break;
    case PathRole::secondary:
      if (any_active(paths, PathRole::always, PathRole::always) &&
          !(situation.waiting && always_paths_full(paths, situation)))
        return PathLimit::secondary;
      break;
    case PathRole::always: break;
  }
  return std::nullopt;
}

}  // namespace

PathLimit limit_of(const Path& path, const PathManager& paths, const DataSituation& situation) {
  if (const auto limit = limit_by_state(path)) return *limit;
  if (const auto limit = limit_by_role(path, paths, situation)) return *limit;
  if (!situation.waiting) return PathLimit::idle;
  if (!situation.peer_has_room) return PathLimit::peer_window;
  if (window_full(path)) return PathLimit::congestion_window;
  if (capped(path, situation)) return PathLimit::capped;
  return held_back(path, situation) ? PathLimit::pacing : PathLimit::none;
}

}  // namespace hawser::sctp::path
