#include "sctp/path/path_state.hpp"

namespace hawser::sctp::path {

void PathLifecycle::on_joined() {
  if (state_ == PathState::joining) state_ = PathState::unconfirmed;
}

bool PathLifecycle::on_answered(Timestamp now) {
  if (state_ == PathState::joining || state_ == PathState::active) return false;
  state_ = PathState::active;
  active_since_ = now;
  return true;
}

bool PathLifecycle::on_error(Timestamp now, bool limit_exceeded) {
  if (state_ == PathState::active) {
    state_ = PathState::potentially_failed;
    failed_since_ = now;
    return true;
  }
  if (state_ == PathState::potentially_failed && limit_exceeded) state_ = PathState::inactive;
  return false;
}

}  // namespace hawser::sctp::path
