#pragma once

#include "hawser/sctp/config.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/validation.hpp"
#include "sctp/tx/data_sender.hpp"
#include "sctp/tx/peer_clock.hpp"
#include "sctp/wire/path_ack.hpp"

namespace hawser::sctp::tx {

/// Applies acknowledgements and time-outs to each path: round trip, delivery rate, congestion control,
/// losses, tail loss probes, T3-rtx (RFC 9260 §6.3 and §7.2, RFC 7829, RFC 8985). Owns no chunk: the
/// outstanding chunks are in the DataSender. The only one that starts and stops the timers of a path's
/// flight. Never sends.
class LossRecovery {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    path::PathTable& paths;
    path::PathValidation& validation;
    DataSender& data;
  };
  /// No path has been acknowledged yet.
  explicit LossRecovery(const Context& context) : context_(context) {}

  /// A packet with DATA has left on `path`.
  void on_sent(path::Path& path, Timestamp now);
  /// The tail loss probe that was due has left on `path`.
  void on_probe_sent(path::Path& path, Timestamp now);
  /// No chunk can be sent on `path` as a tail loss probe: a HEARTBEAT shows whether the path works.
  static void probe_by_heartbeat(path::Path& path, Timestamp now);
  /// To be called after DataSender::on_sack() has processed a SACK that is neither stale nor invalid and that
  /// arrived on the path `from`. `advanced`: it acknowledges new data.
  void on_sack(Timestamp now, PathId from, bool advanced);
  /// A PATH ACK arrived, before the SACK of its packet: the round trip of each path, one-way differences and
  /// ECN marks. `arrived_on` is the path of its packet, null when the source is not a path. An entry names a
  /// path of ours by epoch and path id of its records (Path::record); one that matches no path is out of
  /// date. Entries may be older than those of an earlier PATH ACK. Returns whether it left the peer after all
  /// PATH ACKs before it, so that the SACK of its packet is the newest, too.
  bool on_path_ack(Timestamp now, const path::Path* arrived_on, const wire::PathAckChunk& ack);
  /// The SACK that followed a PATH ACK is not applied, so its times of arrival are of no use.
  void forget_arrivals();
  /// Handles loss deadlines, probes that are due, and T3-rtx timers that have expired.
  void on_timeout(Timestamp now);
  /// `path` no longer carries packets of its previous size: the data in flight is lost, without congestion.
  void on_black_hole(path::Path& path);
  /// The data in flight on `path` is lost, without congestion: the path leads elsewhere now.
  void on_moved(path::Path& path) { lose_all(path); }
  /// Starts T3-rtx of a path of which DATA left before it had a timer of its own.
  void start_t3(path::Path& path, Timestamp now) const;
  /// The next deadline of any path; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  void apply_ack(path::Path& path, Timestamp now, PathId from);
  void measure_round_trip(path::Path& path, Timestamp now, PathId from) const;
  static void report_ack(path::Path& path, Timestamp now, std::size_t lost, bool recovering);
  static void report_losses(path::Path& path, const Outstanding::Losses& losses, Timestamp now);
  static void undo_reduction(path::Path& path);
  void detect_losses(path::Path& path, Timestamp now);
  void on_late_arrival(path::Path& path, Timestamp now);
  [[nodiscard]] bool works_one_way(const path::Path& path) const;
  void restart_timers(path::Path& path, Timestamp now) const;
  [[nodiscard]] Timestamp t3_deadline(const path::Path& path, Timestamp now) const;
  [[nodiscard]] Duration probe_timeout(const path::Path& path) const;
  [[nodiscard]] Duration overdue_after(const path::Path& path) const;
  void on_probe_deadline(path::Path& path, Timestamp now) const;
  [[nodiscard]] bool only_stale_data_lost(const path::Path& path, Timestamp now) const;
  [[nodiscard]] bool lone_loss(const path::Path& path, Timestamp now) const;
  void on_t3(path::Path& path, Timestamp now);
  void lose_all(path::Path& path);

  void apply_report(path::Path& path, Timestamp now, const path::Path* arrived_on, std::uint32_t sent_at_us,
                    const wire::PathAckEntry& entry);

  Context context_;
  PeerClock peer_clock_;
  bool path_acks_ = false;  ///< the peer sends PATH ACKs
  bool sack_seen_since_t3_ = false;
};

}  // namespace hawser::sctp::tx
