#pragma once

#include "hawser/base/time.hpp"
#include "hawser/sctp/status.hpp"

namespace hawser::sctp::path {

/// The state machine of one path: the only place where its state changes (RFC 9260 §5.4 and §8.2, RFC 7829
/// with PFMR = 0, RFC 5061).
///
///              ASCONF-ACK               HEARTBEAT ACK                path error
///     joining ────────────► unconfirmed ─────────────► active ──────────────────────┐
///                                                       ▲  ▲                         ▼
///                                         path answered │  │ path answered   potentially_failed
///                                                       │  └─────────────────────────┤
///                                                       │                            │ more than
///                                                       └──────────── inactive ◄─────┘ path_max_retrans
///                                                                                      errors
///
/// A path that this end adds starts in `joining`, one that the peer adds in `unconfirmed`; the first path of
/// an association starts in `unconfirmed` and the handshake confirms it. Owns the state and its times; never
/// emits an event.
class PathLifecycle {
 public:
  /// Starts in `initial`.
  explicit PathLifecycle(PathState initial) : state_(initial) {}

  /// The current state.
  [[nodiscard]] PathState state() const { return state_; }
  /// Whether the path is active.
  [[nodiscard]] bool active() const { return state_ == PathState::active; }
  /// Whether the peer's address has passed path validation.
  [[nodiscard]] bool proven() const {
    return state_ != PathState::joining && state_ != PathState::unconfirmed;
  }
  /// Whether the path is potentially failed or inactive.
  [[nodiscard]] bool failed() const {
    return state_ == PathState::potentially_failed || state_ == PathState::inactive;
  }
  /// When the path left `active`; valid while failed().
  [[nodiscard]] Timestamp failed_since() const { return failed_since_; }
  /// When the path last became active.
  [[nodiscard]] Timestamp active_since() const { return active_since_; }

  /// The peer has acknowledged the ASCONF that adds this path.
  void on_joined();
  /// The peer answered on the path. Returns whether the path became active.
  bool on_answered(Timestamp now);
  /// The peer did not answer a transmission. `limit_exceeded`: the path has more than path_max_retrans
  /// errors. Returns whether the path left `active`.
  bool on_error(Timestamp now, bool limit_exceeded);

 private:
  PathState state_;
  Timestamp failed_since_ = kNever;
  Timestamp active_since_{};
};

}  // namespace hawser::sctp::path
