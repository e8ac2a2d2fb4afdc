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
/// A path of this end starts in `joining`, one of the peer in `unconfirmed`; the first path of an association
/// starts in `unconfirmed` and the handshake confirms it.
class PathLifecycle {
 public:
  explicit PathLifecycle(PathState initial) : state_(initial) {}

  [[nodiscard]] PathState state() const { return state_; }
  [[nodiscard]] bool active() const { return state_ == PathState::active; }
  /// The peer's address has answered a HEARTBEAT.
  [[nodiscard]] bool proven() const {
    return state_ != PathState::joining && state_ != PathState::unconfirmed;
  }
  /// Potentially failed or inactive.
  [[nodiscard]] bool failed() const {
    return state_ == PathState::potentially_failed || state_ == PathState::inactive;
  }
  /// Valid while failed().
  [[nodiscard]] Timestamp failed_since() const { return failed_since_; }
  /// When the path last became active.
  [[nodiscard]] Timestamp active_since() const { return active_since_; }

  /// The peer has acknowledged the ASCONF that adds this path.
  void on_joined();
  /// The path has answered. Returns whether it became active.
  bool on_answered(Timestamp now);
  /// A transmission went unanswered. Returns whether the path left `active`.
  bool on_error(Timestamp now, bool limit_exceeded);

 private:
  PathState state_;
  Timestamp failed_since_ = kNever;
  Timestamp active_since_{};
};

}  // namespace hawser::sctp::path
