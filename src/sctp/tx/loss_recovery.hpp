#pragma once

#include "hawser/sctp/config.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/validation.hpp"
#include "sctp/tx/data_sender.hpp"

namespace hawser::sctp::tx {

/// Applies acknowledgements and time-outs to each path: round trip, congestion window, losses, T3-rtx (RFC
/// 9260 §6.3 and §7.2, RFC 7829). Owns no chunk: the outstanding chunks are in the DataSender, the timers in
/// the paths. Never sends.
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

  /// To be called after DataSender::on_sack() has processed a SACK that is neither stale nor invalid.
  /// `advanced`: it acknowledges new data.
  void on_sack(Timestamp now, bool advanced);
  /// Handles loss deadlines and T3-rtx timers that have expired.
  void on_timeout(Timestamp now);
  /// `path` no longer carries packets of its previous size: the data in flight is lost, without congestion.
  void on_black_hole(path::Path& path);
  /// The next loss deadline or T3-rtx of any path; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  void apply_ack(path::Path& path, Timestamp now);
  static void report_ack(path::Path& path, Timestamp now, bool recovering);
  void on_late_arrival(path::Path& path, Timestamp now);
  [[nodiscard]] bool works_one_way(const path::Path& path) const;
  [[nodiscard]] Timestamp t3_deadline(const path::Path& path, Timestamp now) const;
  void on_t3(path::Path& path, Timestamp now);

  Context context_;
  bool sack_seen_since_t3_ = false;
};

}  // namespace hawser::sctp::tx
