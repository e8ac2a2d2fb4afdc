#include "sctp/path/idle_reason.hpp"

#include <algorithm>

#include "sctp/path/selection.hpp"

namespace hawser::sctp::path {
namespace {

bool any_up_to(const PathTable& paths, DataClass last) {
  return std::ranges::any_of(paths, [last](const auto& path) { return data_class(*path) <= last; });
}

// Whether the pacer or the cap of the path held it back at the last poll: it becomes ready no earlier than
// the first path that was held back then.
bool held_back(const Path& path, const SendState& situation) {
  return situation.paced_until != kNever && path.ready_at() >= situation.paced_until;
}

bool window_full(const Path& path) {
  return path.flight.bytes >= path.congestion->cwnd();
}

bool capped(const Path& path, const SendState& situation) {
  return held_back(path, situation) && path.cap.next() >= path.pacer.next();
}

// Same rule as in the scheduler: a path that only its pacer holds back is not full.
bool always_paths_full(const PathTable& paths, const SendState& situation) {
  return std::ranges::none_of(paths, [&](const auto& path) {
    return data_class(*path) == DataClass::always && !window_full(*path) && !capped(*path, situation);
  });
}

std::optional<PathIdleReason> reason_by_state(const Path& path) {
  switch (path.state()) {
    case PathState::joining: return PathIdleReason::joining;
    case PathState::unconfirmed: return PathIdleReason::unproven;
    case PathState::potentially_failed: return PathIdleReason::failed;
    case PathState::inactive: return PathIdleReason::given_up;
    case PathState::active: break;
  }
  return std::nullopt;
}

std::optional<PathIdleReason> reason_by_role(const Path& path, const PathTable& paths,
                                             const SendState& situation) {
  switch (path.role()) {
    case PathRole::never: return PathIdleReason::never;
    case PathRole::backup:
      if (any_up_to(paths, DataClass::secondary)) return PathIdleReason::backup;
      break;
    case PathRole::secondary:
      if (any_up_to(paths, DataClass::always) && !(situation.waiting && always_paths_full(paths, situation)))
        return PathIdleReason::secondary;
      break;
    case PathRole::always: break;
  }
  return std::nullopt;
}

}  // namespace

PathIdleReason idle_reason(const Path& path, const PathTable& paths, const SendState& situation) {
  if (const auto limit = reason_by_state(path)) return *limit;
  if (const auto limit = reason_by_role(path, paths, situation)) return *limit;
  if (!situation.waiting) return PathIdleReason::idle;
  if (!situation.peer_has_room) return PathIdleReason::peer_window;
  if (window_full(path)) return PathIdleReason::congestion_window;
  if (capped(path, situation)) return PathIdleReason::capped;
  return held_back(path, situation) ? PathIdleReason::pacing : PathIdleReason::none;
}

}  // namespace hawser::sctp::path
