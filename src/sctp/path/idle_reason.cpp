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
bool held_back(const Path& path, const SendState& send_state) {
  return send_state.paced_until != kNever && path.ready_at() >= send_state.paced_until;
}

bool window_full(const Path& path) {
  return path.flight.bytes >= path.congestion->cwnd();
}

bool capped(const Path& path, const SendState& send_state) {
  return held_back(path, send_state) && path.cap.next() >= path.pacer.next();
}

bool always_paths_busy(const PathTable& paths, const SendState& send_state) {
  return std::ranges::none_of(paths, [&](const auto& path) {
    return data_class(*path) == DataClass::always && !window_full(*path) && !held_back(*path, send_state);
  });
}

std::optional<PathIdleReason> reason_by_state(const Path& path) {
  switch (path.state()) {
    case PathState::joining: return PathIdleReason::joining;
    case PathState::unconfirmed: return PathIdleReason::unproven;
    case PathState::potentially_failed: return PathIdleReason::failed;
    case PathState::inactive: return PathIdleReason::given_up;
    case PathState::active: return path.moving ? std::optional(PathIdleReason::moving) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<PathIdleReason> reason_by_role(const Path& path, const PathTable& paths,
                                             const SendState& send_state) {
  switch (path.role()) {
    case PathRole::never: return PathIdleReason::never;
    case PathRole::backup:
      if (any_up_to(paths, DataClass::secondary)) return PathIdleReason::backup;
      break;
    case PathRole::secondary:
      if (any_up_to(paths, DataClass::always) &&
          !(send_state.waiting && always_paths_busy(paths, send_state)))
        return PathIdleReason::secondary;
      break;
    case PathRole::always: break;
  }
  return std::nullopt;
}

}  // namespace

PathIdleReason idle_reason(const Path& path, const PathTable& paths, const SendState& send_state) {
  if (const auto limit = reason_by_state(path)) return *limit;
  if (const auto limit = reason_by_role(path, paths, send_state)) return *limit;
  if (!send_state.waiting) return PathIdleReason::idle;
  if (!send_state.peer_has_room) return PathIdleReason::peer_window;
  if (window_full(path)) return PathIdleReason::congestion_window;
  if (capped(path, send_state)) return PathIdleReason::capped;
  return held_back(path, send_state) ? PathIdleReason::pacing : PathIdleReason::none;
}

}  // namespace hawser::sctp::path
