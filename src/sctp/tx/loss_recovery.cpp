#include "sctp/tx/loss_recovery.hpp"

#include <algorithm>

#include "base/serial.hpp"

#include "sctp/path/pmtu/prober.hpp"

namespace hawser::sctp::tx {

// --- sending

void LossRecovery::on_sent(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  if (flight.t3 == kNever) start_t3(path, now);
  const bool may_probe = path.lifecycle.active() && path.rtt.measured() && flight.probe_sent == kNever;
  flight.probe_deadline = may_probe ? now + probe_timeout(path) : kNever;
}

void LossRecovery::on_probe_sent(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  ++path.counters.tail_loss_probes;
  flight.probe_due = false;
  flight.probe_deadline = kNever;
  flight.probe_sent = now;
}

void LossRecovery::probe_by_heartbeat(path::Path& path, Timestamp now) {
  path.flight.probe_sent = now;
  path::PathValidation::probe(path);
}

void LossRecovery::start_t3(path::Path& path, Timestamp now) const {
  if (path.flight.oldest == path::kNoTsn) return;
  path.flight.t3 = now + path.rtt.rto();
}

// --- acknowledgements

void LossRecovery::on_sack(Timestamp now, PathId from, bool advanced) {
  sack_seen_since_t3_ = true;
  if (advanced) context_.validation.clear_association_errors();
  for (const auto& path : context_.paths) {
    if (advanced) apply_ack(*path, now, from);
    if (path->flight.acked.all_losses_arrived) undo_reduction(*path);
  }
  forget_arrivals();
}

// Times of arrival belong to the SACK of their packet: a later one acknowledges other packets.
void LossRecovery::forget_arrivals() {
  for (const auto& path : context_.paths) path->flight.reported_arrival = kNever;
}

bool LossRecovery::on_path_ack(Timestamp now, const path::Path* arrived_on, const wire::PathAckChunk& ack) {
  path_acks_ = true;
  forget_arrivals();
  const bool newest = peer_clock_.advance_to(now, ack.sent_at_us);
  for (const wire::PathAckEntry& entry : ack.entries) {
    if (path::Path* path = context_.paths.find_sending(entry.record))
      apply_report(*path, now, arrived_on, ack.sent_at_us, entry);
  }
  return newest;
}

// The round trip of a path is that of a packet and an acknowledgement that both took this path. The delay of
// the way to the peer alone is known from every PATH ACK.
void LossRecovery::apply_report(path::Path& path, Timestamp now, const path::Path* arrived_on,
                                std::uint32_t sent_at_us, const wire::PathAckEntry& entry) {
  path.ecn.on_report(entry);
  path.counters.ecn_marks_reported = path.ecn.marks();
  path::PathFlight& flight = path.flight;
  const std::uint64_t sequence = unwrap(entry.sequence, path.record.next_sequence.value());
  const std::uint64_t key = path::RecordNumbers::key(path.record.generation, RecordSequence{sequence});
  if (key <= flight.reported_record) return;
  const path::SentPacket* packet = flight.sent.find_record(key);
  if (packet == nullptr) return;
  flight.reported_record = key;
  flight.reported_arrival = peer_clock_.unwrap(entry.received_us);
  path.delay.add(now, packet->sent_at, flight.reported_arrival);
  if (&path != arrived_on) return;
  const Duration held = std::chrono::microseconds(sent_at_us - entry.received_us);
  const Duration round_trip = now - packet->sent_at - held;
  if (round_trip > Duration::zero()) path.rtt.add_sample(now, round_trip);
}

// Applies an acknowledgement to one path.
void LossRecovery::apply_ack(path::Path& path, Timestamp now, PathId from) {
  path::PathFlight& flight = path.flight;
  const path::PathFlight::Acknowledged& acked = flight.acked;
  if (acked.late_from != kNever) flight.last_acked = now;
  if (acked.late_from != kNever) on_late_arrival(path, now);
  if (!acked.any) return;
  if (acked.unambiguous) flight.last_acked = now;
  measure_round_trip(path, now, from);
  // The acknowledgement of a retransmission may be due to its first transmission on another path, so it does
  // not show that this path works (RFC 9260 §8.2).
  if (acked.unambiguous && !works_one_way(path)) context_.validation.on_path_alive(path, now);
  const bool recovering = flight.in_recovery();
  Outstanding::Losses losses;
  if (context_.data.acknowledgements_complete())
    losses = context_.data.outstanding().detect_losses(path, now);
  report_losses(path, losses, now);
  path.pmtu.on_delivered(acked.largest, acked.largest_bytes);
  path::MtuProber::look_for_black_hole(path);
  report_ack(path, now, losses.bytes, recovering || flight.in_recovery());
  restart_timers(path, now);
}

// Where the peer sends no PATH ACKs. An acknowledgement that came back on a slower path measures neither; one
// that came back sooner shows that the queue of this path is gone, of which no other may tell.
void LossRecovery::measure_round_trip(path::Path& path, Timestamp now, PathId from) const {
  if (path_acks_ || path.flight.acked.rtt_from == kNever) return;
  const Duration round_trip = now - path.flight.acked.rtt_from;
  if (path.id == from || (path.rtt.measured() && round_trip < path.rtt.srtt()))
    path.rtt.add_sample(now, round_trip);
}

void LossRecovery::report_ack(path::Path& path, Timestamp now, std::size_t lost, bool recovering) {
  path::PathFlight& flight = path.flight;
  path::AckSample sample;
  sample.now = now;
  sample.acked = flight.acked.bytes;
  sample.lost = lost;
  sample.flight_before = flight.acked.flight_before;
  sample.flight = flight.bytes;
  sample.pseudo_cumulative = flight.acked.pseudo_cumulative;
  sample.in_recovery = recovering;
  sample.rtt = path.rtt.latest();
  sample.srtt = path.rtt.srtt();
  sample.min_rtt = path.rtt.min_rtt();
  sample.queue_delay = path.delay.queue_delay();
  sample.delivered = flight.rate.delivered();
  sample.ce_marked = static_cast<std::uint32_t>(path.ecn.take_new_marks());
  if (const path::SentPacket* newest = flight.sent.find(flight.acked.newest)) {
    sample.prior_delivered = newest->before.bytes;
    sample.flight_when_sent = newest->flight;
    const auto rate = flight.rate.sample(*newest, now, flight.reported_arrival, path.rtt.min_rtt());
    sample.delivery_rate = rate.rate;
    sample.rate_app_limited = rate.app_limited;
  }
  path.congestion->on_ack(sample);
}

// One reduction per window: packets that left before the last reduction do not count again.
void LossRecovery::report_losses(path::Path& path, const Outstanding::Losses& losses, Timestamp now) {
  if (losses.chunks == 0) return;
  path::PathFlight& flight = path.flight;
  const bool new_window = losses.newest >= flight.recovery_end;
  if (new_window) {
    flight.reduction = {flight.recovery_end, 0, 0};
    flight.recovery_end = flight.sent.next();
    ++path.counters.fast_recoveries;
  }
  flight.reduction.lost += losses.chunks;
  const path::SentPacket* newest = flight.sent.find(losses.newest);
  path.congestion->on_loss(
      {now, losses.bytes, flight.bytes, newest == nullptr ? flight.bytes : newest->flight, new_window});
}

// Nothing was lost: the packets were only overtaken.
void LossRecovery::undo_reduction(path::Path& path) {
  path.flight.acked.all_losses_arrived = false;
  path.flight.reduction = {path.flight.sent.next(), 0, 0};
  path.flight.recovery_end = {};
  path.congestion->on_spurious_loss();
}

// The timeout was spurious (RFC 4015): a chunk that was sent once, on this path, and was declared lost when
// the path failed, was only late, as when a radio stalls for a moment. The path continues as before, with a
// new sample of its round trip. A path that was active for less than kSteady before it failed does not: where
// many packets are lost, a single one that arrives shows little.
void LossRecovery::on_late_arrival(path::Path& path, Timestamp now) {
  constexpr Duration kSteady = std::chrono::seconds(1);
  if (path.state() != PathState::potentially_failed || works_one_way(path)) return;
  if (path.lifecycle.failed_since() - path.lifecycle.active_since() < kSteady) return;
  path.rtt.add_sample(now, now - path.flight.acked.late_from);
  path.congestion->on_spurious_timeout();
  context_.validation.on_path_alive(path, now);
}

// Data sent on the path arrives, as acknowledgements on other paths show, but no HEARTBEAT is answered. The
// path returns only when HEARTBEATs are answered; otherwise it would alternate between up and down.
bool LossRecovery::works_one_way(const path::Path& path) const {
  return path.heartbeat.unresponsive() && context_.paths.another_takes_over(path);
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
  if (!context_.paths.another_takes_over(path) || !path.rtt.measured()) return now + rto;
  const Timestamp left = context_.data.outstanding().sent_at(path.flight.oldest);
  const Duration round_trip = std::max(path.rtt.srtt(), path.rtt.latest());
  const Timestamp late = left + std::max(rto, round_trip + kLateness);
  return std::min(now + rto, std::max(late, now + kLateness));
}

// How long after the newest packet left a tail loss probe follows (RFC 8985 §7.2), as long as nothing is
// acknowledged.
Duration LossRecovery::probe_timeout(const path::Path& path) const {
  constexpr Duration kGranularity = std::chrono::milliseconds(5);
  const Duration srtt = path.rtt.srtt();
  return srtt + std::max({2 * path.rtt.rttvar(), srtt / 8, kGranularity}) + context_.config.sack_delay;
}

// How long after a packet left its acknowledgement is certainly late.
Duration LossRecovery::overdue_after(const path::Path& path) const {
  constexpr Duration kMargin = std::chrono::milliseconds(25);
  return path.rtt.srtt() + std::max(4 * path.rtt.rttvar(), kMargin) + context_.config.sack_delay;
}

// Any acknowledgement on the path restarts T3-rtx: loss detection handles a gap that is no longer the oldest
// chunk or was just declared lost (RFC 9260 §6.3.2 R3, §7.2.4 4).
void LossRecovery::restart_timers(path::Path& path, Timestamp now) const {
  path::PathFlight& flight = path.flight;
  flight.probe_due = false;
  flight.probe_sent = kNever;
  if (flight.oldest == path::kNoTsn) {
    flight.t3 = flight.probe_deadline = kNever;
    return;
  }
  flight.t3 = t3_deadline(path, now);
  const bool may_probe = path.lifecycle.active() && path.rtt.measured() && flight.loss_deadline == kNever;
  flight.probe_deadline = may_probe ? now + probe_timeout(path) : kNever;
}

// --- time

void LossRecovery::on_timeout(Timestamp now) {
  for (const auto& path : context_.paths) {
    if (path->flight.loss_deadline <= now) detect_losses(*path, now);
    if (path->flight.probe_deadline <= now) on_probe_deadline(*path, now);
    if (path->flight.t3 <= now) on_t3(*path, now);
  }
}

void LossRecovery::detect_losses(path::Path& path, Timestamp now) {
  const Timestamp t3 = path.flight.t3;
  report_losses(path, context_.data.outstanding().detect_losses(path, now), now);
  restart_timers(path, now);
  // What was in flight longest is gone, but nothing new shows that the path works.
  path.flight.t3 = path.flight.oldest == path::kNoTsn ? kNever : std::max(t3, path.flight.t3);
}

void LossRecovery::on_probe_deadline(path::Path& path, Timestamp now) const {
  path::PathFlight& flight = path.flight;
  flight.probe_deadline = kNever;
  if (flight.newest == path::kNoTsn || flight.probe_sent != kNever) return;
  if (context_.data.newest_worth_sending(path, now) == path::kNoTsn) {
    probe_by_heartbeat(path, now);
  } else {
    flight.probe_due = true;
  }
  // The answer to the probe shows whether a lone loss is more than that.
  if (lone_loss(path, std::max(now, flight.t3))) flight.t3 = std::max(flight.t3, now + overdue_after(path));
}

// Whether everything that is overdue left at about the same time: such a loss is no sign that the path does
// not work.
bool LossRecovery::lone_loss(const path::Path& path, Timestamp now) const {
  constexpr Duration kSameTime = std::chrono::milliseconds(10);
  const Outstanding& outstanding = context_.data.outstanding();
  const Timestamp first = outstanding.sent_at(path.flight.oldest);
  const Duration overdue = overdue_after(path);
  for (std::uint64_t tsn = path.flight.oldest; tsn != path::kNoTsn; tsn = outstanding.sent_after(tsn)) {
    const Timestamp left = outstanding.sent_at(tsn);
    if (left + overdue > now) return true;
    if (left - first >= kSameTime) return false;
  }
  return true;
}

// RFC 9260 §6.3.3, with RFC 7829: the path leaves the schedule, and the other paths take over what was
// outstanding there.
void LossRecovery::on_t3(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  const bool may_probe =
      path.lifecycle.active() && path.rtt.measured() && !path.moving && flight.oldest != path::kNoTsn;
  if (may_probe && flight.probe_sent == kNever && lone_loss(path, now)) return on_probe_deadline(path, now);
  ++path.counters.timeouts;
  // A closed window whose probes are answered is no failure (RFC 9260 §6.1 A).
  const bool window_probe = context_.data.probing_window() && sack_seen_since_t3_;
  sack_seen_since_t3_ = false;
  const bool path_works = only_stale_data_lost(path, now);
  path.congestion->on_timeout();
  lose_all(path);
  flight.recovery_end = flight.sent.next();
  flight.reduction = {flight.recovery_end, 0, 0};
  if (window_probe) {
    path.rtt.back_off();
    return;
  }
  path::MtuProber::look_for_black_hole(path, 1);
  if (path_works) return;
  context_.validation.count_association_error();
  context_.validation.on_path_error(path, now);
}

// Whether a HEARTBEAT that left after the data was answered, and the data was not sent again, because it is
// of no use any more: the path works.
bool LossRecovery::only_stale_data_lost(const path::Path& path, Timestamp now) const {
  return path.flight.newest != path::kNoTsn &&
         context_.data.newest_worth_sending(path, now) == path::kNoTsn &&
         path.heartbeat.answered_from > context_.data.outstanding().sent_at(path.flight.newest);
}

void LossRecovery::lose_all(path::Path& path) {
  context_.data.outstanding().lose_all(path);
  path.flight.loss_deadline = path.flight.probe_deadline = path.flight.t3 = kNever;
  path.flight.probe_sent = kNever;
  path.flight.probe_due = false;
}

void LossRecovery::on_black_hole(path::Path& path) {
  ++path.counters.mtu_black_holes;
  ++path.counters.mtu_probes_lost;
  lose_all(path);
  path.pmtu.forget_losses();
  path.congestion->on_mtu(path.pmtu.size());
}

Timestamp LossRecovery::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : context_.paths) {
    const path::PathFlight& flight = path->flight;
    next = std::min({next, flight.t3, flight.loss_deadline, flight.probe_deadline});
  }
  return next;
}

}  // namespace hawser::sctp::tx
