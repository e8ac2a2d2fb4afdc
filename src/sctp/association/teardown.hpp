#pragma once

#include <cstdint>
#include <string_view>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/config.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/validation.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::association {

/// The graceful end of an association (RFC 9260 §9.2): SHUTDOWN, SHUTDOWN ACK, their retransmission by
/// T2-shutdown, and the T5-shutdown-guard. Owns the state of the exchange and its timers. Never closes the
/// association: it returns when that is due.
///
///           shutdown()              all delivered              SHUTDOWN, or SHUTDOWN ACK lost
///     none ────────────► pending ────────────────► sent ───────────────┐
///       │                    │                       │                 ▼
///       └────────────────────┴──► received ──────────┼───────────► ack_sent ──► closed
///              SHUTDOWN              all delivered   └──────────────────────────► closed
///                                                          SHUTDOWN ACK
class Teardown {
 public:
  /// The states of the diagram; `none` before the shutdown begins.
  enum class State : std::uint8_t { none, pending, sent, received, ack_sent };
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    path::PathTable& paths;
    control::ControlQueue& control;
    path::PathValidation& validation;
  };
  /// Starts in `none`.
  explicit Teardown(const Context& context) : context_(context) {}

  /// The association is protected. The peer does not answer packets of an association that it no longer has,
  /// so ack_sent ends by itself after the T5-shutdown-guard.
  void set_protected() { protected_ = true; }
  /// The state of the exchange.
  [[nodiscard]] State state() const { return state_; }
  /// Whether new DATA may still leave.
  [[nodiscard]] bool may_send_data() const {
    return state_ == State::none || state_ == State::pending || state_ == State::received;
  }
  /// Whether DATA of the peer may still arrive.
  [[nodiscard]] bool may_receive_data() const {
    return state_ == State::none || state_ == State::pending || state_ == State::sent;
  }
  /// Whether all data was delivered both ways and only the peer's SHUTDOWN COMPLETE is missing. A protected
  /// association then ends as shut down, even if SHUTDOWN COMPLETE never arrives.
  [[nodiscard]] bool awaits_shutdown_complete() const { return state_ == State::ack_sent && protected_; }

  // --- `cumulative` is always the receiver's cumulative TSN
  /// The user shuts down the association.
  void request();
  /// The peer restarted: the exchange is void.
  void cancel() { state_ = State::none; }
  /// All accepted messages are delivered: sends SHUTDOWN or SHUTDOWN ACK, if that is the next step.
  void on_drained(Timestamp now, Tsn cumulative);
  /// DATA arrived; in `sent` the answer is SHUTDOWN, and the count of transmissions restarts.
  void on_data(Timestamp now, Tsn cumulative);
  /// SHUTDOWN arrived from `source` in a datagram of `size` bytes.
  void on_shutdown(Timestamp now, const Route& source, std::size_t size);
  /// Whether a SHUTDOWN ACK is expected now.
  [[nodiscard]] bool expects_shutdown_ack() const {
    return state_ == State::sent || state_ == State::ack_sent;
  }
  /// The peer's address has moved: the last chunk of the exchange is sent again.
  void on_path_moved(Timestamp now, Tsn cumulative);
  /// Repeats SHUTDOWN ACK to `source`, which sent a COOKIE ECHO.
  void answer_restart(Timestamp now, const Route& source) { send_shutdown_ack(now, &source); }
  /// Repeats SHUTDOWN ACK to `source`, which sent an INIT; the timers do not change.
  void answer_init(const Route& source);

  /// The result of a timeout for the association.
  enum class Outcome : std::uint8_t {
    pending,
    completed,      ///< the association is shut down
    not_answered,   ///< SHUTDOWN was sent too often: an ABORT is due
    not_completed,  ///< SHUTDOWN ACK was sent too often: an ABORT is due
  };
  /// Repeats the chunk of the exchange when T2-shutdown has expired.
  [[nodiscard]] Outcome on_timeout(Timestamp now, Tsn cumulative);
  /// When T2-shutdown or the T5-shutdown-guard expires; kNever: neither runs.
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  void enter_ack_sent(Timestamp now);
  void on_sent(Timestamp now, PathId path, Duration first_timeout);
  void send_shutdown(Timestamp now, Tsn cumulative);
  void send_shutdown_ack(Timestamp now, const Route* source,
                         std::size_t asked = control::ControlChunk::kAnySize);
  void suspect_path(Timestamp now);

  Context context_;
  State state_ = State::none;
  bool protected_ = false;
  Timestamp t2_ = kNever;
  Timestamp t5_ = kNever;
  Duration timeout_{};
  unsigned transmissions_ = 0;
  PathId path_ = kNoPath;  ///< the path of the last transmission
};

}  // namespace hawser::sctp::association
