#pragma once

#include "hawser/base/random.hpp"
#include "hawser/sctp/config.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/control/event_sink.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/heartbeat.hpp"

namespace hawser::sctp::path {

/// Path validation and failure detection by HEARTBEATs (RFC 9260 §5.4, §8.1 to §8.3; RFC 7829 with PFMR = 0).
/// Owns the error counter of the association; the HEARTBEAT of a path is in the path. Never moves a path
/// to another address.
class PathValidation {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    RandomSource& random;
    DropCounters& drops;
    PathTable& paths;
    control::ControlQueue& control;
    const control::EventSink& events;
  };
  /// Announces nothing before start_announcing().
  explicit PathValidation(const Context& context) : context_(context) {}

  // --- probes
  /// Sends a HEARTBEAT on `path` as soon as something can be sent, unless one is outstanding.
  static void probe(Path& path) { path.heartbeat.probe_requested = true; }
  /// Sends a HEARTBEAT even while one is outstanding, whose answer then no longer counts.
  static void force_probe(Path& path) {
    path.heartbeat.recent = {};
    repeat_probe(path);
  }
  /// Sends a HEARTBEAT even while one is outstanding, whose answer still counts.
  static void repeat_probe(Path& path) {
    path.heartbeat.stop_waiting();
    path.heartbeat.probe_requested = true;
  }
  /// An unauthenticated hint that the peer restarted: probes each active path of ours that was not probed in
  /// the last 5 s.
  void on_restart_hint(Timestamp now);
  /// Probes `path` regularly from now on.
  void start(Path& path, Timestamp now);
  /// Turns the requested probes into control chunks.
  void queue_due(Timestamp now);

  // --- input
  /// A HEARTBEAT arrived on `path`: answers it, and probes a failed path.
  void on_heartbeat(Timestamp now, const wire::HeartbeatChunk& chunk, Path& path);
  /// A HEARTBEAT arrived from a candidate: probes it, also when its last probe may be lost.
  static void on_heartbeat_of_candidate(Timestamp now, Path& candidate);
  /// The path that a HEARTBEAT ACK names; kNoPath: it is malformed. The nonce is not checked.
  [[nodiscard]] static PathId path_in(const wire::HeartbeatChunk& chunk);
  /// Returns the path whose HEARTBEAT `chunk` answers; null: it answers none, and the drop is counted. It
  /// arrived by `route`; `home` is that of Migration::home_of().
  Path* on_heartbeat_ack(Timestamp now, const wire::HeartbeatChunk& chunk, const Route& route, PathId home);
  /// New DATA, or an acknowledgement of DATA of this end, arrived; `path` is null if it was not on a path.
  void on_transfer(Timestamp now, Path* path) {
    last_transfer_ = now;
    if (path != nullptr) path->last_transfer = now;
  }
  /// Handles missing answers and requests the probes that are due.
  void on_timeout(Timestamp now);
  /// The next deadline of any path; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

  // --- state of paths
  /// The peer did not answer a transmission on `path`: the path becomes potentially failed at the first
  /// error, and inactive after more than path_max_retrans (RFC 7829 §3, RFC 9260 §8.2). The event path_down
  /// follows when a HEARTBEAT is not answered either.
  void on_path_error(Path& path, Timestamp now);
  /// The peer answered on `path`: its error counters are cleared and it becomes active.
  void on_path_alive(Path& path, Timestamp now);
  /// Retires paths of the peer that were never validated, or stopped answering long ago, while another path
  /// is active.
  void drop_dead_paths(Timestamp now);
  /// Whether nothing arrived on any path for longer than EndpointConfig::silence_limit. `last_record` is when
  /// the last record was opened, from any address.
  [[nodiscard]] bool silent_too_long(Timestamp now, Timestamp last_record) const;

  // --- events path_up and path_down
  /// Emits the state of every path now and each change from now on: the user knows the association.
  void start_announcing();
  /// Emits nothing until start_announcing(), because the association restarts.
  void stop_announcing() { announcing_ = false; }

  // --- errors of the association (RFC 9260 §8.1)
  /// Consecutive timeouts of the association.
  [[nodiscard]] unsigned association_errors() const { return association_errors_; }
  /// A timeout without an answer on any path that works.
  void count_association_error() { ++association_errors_; }
  /// The peer has acknowledged something or answered.
  void clear_association_errors() { association_errors_ = 0; }

 private:
  void release_failed_paths(Timestamp now);
  void announce(Path& path) const;
  [[nodiscard]] Duration interval(const Path& path) const;
  [[nodiscard]] bool adapts(const Path& path) const;
  void on_mapping_kept(Path& path);
  void on_mapping_lost(Path& path);
  [[nodiscard]] bool must_prove_more(Path& path) const;
  [[nodiscard]] static PathHeartbeat::Sent* find_sent(PathHeartbeat& heartbeat, std::uint64_t nonce,
                                                      Timestamp now);
  [[nodiscard]] static bool worked_recently(const Path& path, Timestamp now);
  [[nodiscard]] static bool excused(Path& path, Timestamp now);
  void on_unanswered(Path& path, Timestamp now);
  [[nodiscard]] Timestamp silence_deadline(const Path& path) const;
  [[nodiscard]] Duration patience(const Path& path) const;
  void send(Path& path, Timestamp now);
  [[nodiscard]] Timestamp next_probe(const Path& path, Timestamp now);

  Context context_;
  Timestamp last_transfer_ = Timestamp::min();
  unsigned association_errors_ = 0;
  bool announcing_ = false;
};

}  // namespace hawser::sctp::path
