#pragma once

#include "hawser/sctp/config.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/validation.hpp"
#include "sctp/tx/data_sender.hpp"

namespace hawser::sctp::tx {

/// What acknowledgements and their absence mean for each path: round trip, congestion window, losses, T3-rtx
/// (RFC 9260 §6.3 and §7.2, RFC 7829). Owns no chunk: the outstanding chunks live in the DataSender, the
/// timers in the paths.
class LossRecovery {
 public:
  struct Context {
    const EndpointConfig& config;
    path::PathTable& paths;
    path::PathValidation& validation;
    DataSender& data;
  };
  explicit LossRecovery(const Context& context) : context_(context) {}

  /// After DataSender::on_sack has taken in a SACK that is neither stale nor invalid; `advanced`: it
  /// acknowledged something.
  void on_sack(Timestamp now, bool advanced);
  /// Loss deadlines and T3-rtx timers that have expired.
  void on_timeout(Timestamp now);
  /// `path` no longer carries packets of the size that it did: what is in flight is lost without congestion.
  void on_black_hole(path::Path& path);
  [[nodiscard]] Timestamp next_timeout() const;

 private:
  void apply_ack(path::Path& path, Timestamp now);
  void on_late_arrival(path::Path& path, Timestamp now);
  [[nodiscard]] bool works_one_way(const path::Path& path) const;
  [[nodiscard]] Timestamp t3_deadline(const path::Path& path, Timestamp now) const;
  void on_t3(path::Path& path, Timestamp now);

  Context context_;
  bool sack_seen_since_t3_ = false;
};

}  // namespace hawser::sctp::tx
