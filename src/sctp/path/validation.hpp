#pragma once

#include "sctp/association/core.hpp"
#include "sctp/wire/heartbeat.hpp"

namespace hawser::sctp::path {

/// HEARTBEAT and path failure detection (RFC 9260 §5.4, §8.2, §8.3; RFC 7829 with PFMR = 0). Owns no state of
/// its own: the heartbeat of a path lives in the path.
class PathValidation {
 public:
  explicit PathValidation(association::Core& core) : core_(core) {}

  /// A HEARTBEAT on `path` as soon as something can be sent.
  static void probe(Path& path) { path.heartbeat.probe_requested = true; }
  /// The same while another is outstanding, whose answer is not waited for any more.
  static void force_probe(Path& path) { path.heartbeat.probe_requested = path.heartbeat.probe_forced = true; }
  /// From now on the path is probed regularly.
  void start(Path& path, Timestamp now);
  void on_heartbeat(Timestamp now, const wire::HeartbeatChunk& chunk, Path& path);
  /// Whether it was the answer to ours.
  bool on_heartbeat_ack(Timestamp now, const wire::HeartbeatChunk& chunk, const Route& route);
  void on_timeout(Timestamp now);
  /// A transmission on `path` went unanswered: it leaves the schedule, then becomes inactive (RFC 7829 §3,
  /// RFC 9260 §8.2).
  void on_path_error(Path& path, Timestamp now);
  /// The path answered: error counters are cleared and it carries data (again).
  void on_path_alive(Path& path, Timestamp now);
  /// Turns the probes that are wanted into control chunks.
  void queue_due(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  [[nodiscard]] Duration interval(const Path& path) const;
  [[nodiscard]] bool adapts(const Path& path) const;
  void on_mapping_kept(Path& path);
  void on_mapping_lost(Path& path);
  [[nodiscard]] bool must_prove_more(Path& path) const;
  void on_unanswered(Path& path, Timestamp now);
  [[nodiscard]] Timestamp silence_deadline(const Path& path) const;
  [[nodiscard]] Duration patience(const Path& path) const;
  void send(Path& path, Timestamp now);
  [[nodiscard]] Timestamp next_probe(const Path& path, Timestamp now);

  association::Core& core_;
};

}  // namespace hawser::sctp::path
