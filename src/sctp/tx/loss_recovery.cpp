#include "sctp/tx/loss_recovery.hpp"

#include <algorithm>

#include "sctp/path/pmtu/prober.hpp"

namespace hawser::sctp::tx {

void LossRecovery::on_sack(Timestamp now, bool advanced) {
  sack_seen_since_t3_ = true;
  if (!advanced) return;
  context_.validation.clear_association_errors();
  for (const auto& path : context_.paths) apply_ack(*path, now);
}

// Applies an acknowledgement to one path.
void LossRecovery::apply_ack(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  const path::PathFlight::Acknowledged& acked = flight.acked;
  if (acked.late_from != kNever) flight.last_acked = now;
  if (acked.late_from != kNever) on_late_arrival(path, now);
  if (acked.bytes == 0) return;
  if (acked.unambiguous) flight.last_acked = now;
  if (acked.rtt_from != kNever) path.rtt.add_sample(now - acked.rtt_from);
  // The acknowledgement of a retransmission may be due to its first transmission on another path, so it does
  // not show that this path works (RFC 9260 §8.2).
  if (acked.unambiguous && !works_one_way(path)) context_.validation.on_path_alive(path, now);
  const bool recovering = flight.in_recovery();
  context_.data.outstanding().detect_losses(path, now);
  path.pmtu.on_delivered(acked.largest);
  path::MtuProber::look_for_black_hole(path);
  report_ack(path, now, recovering || flight.in_recovery());
  // Any acknowledgement on the path restarts T3-rtx: loss detection handles a gap that is no longer the
  // oldest chunk or was just declared lost (RFC 9260 §6.3.2 R3, §7.2.4 4).
  flight.t3 = flight.oldest == path::kNoTsn ? kNever : t3_deadline(path, now);
}

void LossRecovery::report_ack(path::Path& path, Timestamp now, bool recovering) {
  const path::PathFlight& flight = path.flight;
  path::AckSample ack;
  ack.now = now;
  ack.acked = flight.acked.bytes;
  ack.flight_before = flight.acked.flight_before;
  ack.flight = flight.bytes;
  ack.lost = ack.flight_before - ack.acked - ack.flight;
  ack.pseudo_cumulative = flight.acked.pseudo_cumulative;
  ack.in_recovery = recovering;
  if (flight.acked.rtt_from != kNever) ack.rtt = now - flight.acked.rtt_from;
  ack.srtt = path.rtt.srtt();
  ack.min_rtt = path.rtt.min_rtt();
  ack.delivered = flight.delivered;
  ack.prior_delivered = flight.acked.prior_delivered;
  ack.flight_when_sent = flight.acked.flight_when_sent;
  path.congestion->on_ack(ack);
}

// The timeout was spurious (RFC 4015): a chunk that was sent once, on this path, and was declared lost when
// the path failed, was only late, as when a radio stalls for a moment. The path continues as before, with a
// new sample of its round trip. A path that was active for less than kSteady before it failed does not: where
// many packets are lost, a single one that arrives shows little.
void LossRecovery::on_late_arrival(path::Path& path, Timestamp now) {
  constexpr Duration kSteady = std::chrono::seconds(1);
  if (path.state() != PathState::potentially_failed || works_one_way(path)) return;
  if (path.lifecycle.failed_since() - path.lifecycle.active_since() < kSteady) return;
  path.rtt.add_sample(now - path.flight.acked.late_from);
  path.congestion->on_spurious_timeout();
  context_.validation.on_path_alive(path, now);
}

// Data sent on the path arrives, as acknowledgements on other paths show, but no HEARTBEAT is answered. The
// path returns only when HEARTBEATs are answered; otherwise it would alternate between up and down.
bool LossRecovery::works_one_way(const path::Path& path) const {
  return path.heartbeat.unresponsive() && context_.paths.any_active_but(path);
}

// Where another path can take over the data, T3-rtx runs from when the oldest packet left and not from the
// last acknowledgement (RTO restart, RFC 7765 §4): with a full window the acknowledgements end one round trip
// after that packet left, and another whole RTO would prolong the receiver's gap. The acknowledgement has to
// be kLateness late, so that a short stall of a radio does not fail the path; after a longer stall,
// on_late_arrival() restores the window, and the RTO grows. While acknowledgements arrive, the path works
// however late they are: the window of the path itself may fill its queue faster than the smoothed round trip
// follows. So they have to be absent for kLateness, and the newest round trip counts as well.
Timestamp LossRecovery::t3_deadline(const path::Path& path, Timestamp now) const {
  constexpr Duration kLateness = std::chrono::milliseconds(100);
  const Duration rto = path.rtt.rto();
  if (!context_.paths.any_active_but(path) || !path.rtt.measured()) return now + rto;
  const Timestamp left = context_.data.outstanding().sent_at(path.flight.oldest);
  const Duration round_trip = std::max(path.rtt.srtt(), path.rtt.latest());
  const Timestamp late = left + std::max(rto, round_trip + kLateness);
  return std::min(now + rto, std::max(late, now + kLateness));
}

void LossRecovery::on_timeout(Timestamp now) {
  for (const auto& path : context_.paths) {
    if (path->flight.loss_deadline <= now) context_.data.outstanding().detect_losses(*path, now);
    if (path->flight.t3 <= now) on_t3(*path, now);
  }
}

// RFC 9260 §6.3.3, with RFC 7829: the path leaves the schedule, and the other paths take over what was
// outstanding there.
void LossRecovery::on_t3(path::Path& path, Timestamp now) {
  ++path.counters.timeouts;
  // A closed window whose probes are answered is no failure (RFC 9260 §6.1 A).
  const bool window_probe = context_.data.probing_window() && sack_seen_since_t3_;
  sack_seen_since_t3_ = false;
  path.congestion->on_timeout();
  context_.data.outstanding().lose_all(path);
  path.flight.recovery_end = path.flight.next_packet;
  if (window_probe) {
    path.rtt.back_off();
    return;
  }
  path::MtuProber::look_for_black_hole(path, 1);
  context_.validation.count_association_error();
  context_.validation.on_path_error(path, now);
}

void LossRecovery::on_black_hole(path::Path& path) {
  ++path.counters.mtu_black_holes;
  ++path.counters.mtu_probes_lost;
  context_.data.outstanding().lose_all(path);
  path.pmtu.on_delivered(path::PacketSize::large);
  path.congestion->on_mtu(path.pmtu.payload());
}

Timestamp LossRecovery::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : context_.paths)
    next = std::min({next, path->flight.t3, path->flight.loss_deadline});
  return next;
}

}  // namespace hawser::sctp::tx
