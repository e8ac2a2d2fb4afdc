#include <algorithm>

#include "sctp/association/association.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/sack.hpp"

// Data transfer (RFC 9260 §6, §7), on all paths at once.

namespace hawser::sctp::association {

// --- in
// ------------------------------------------------------------------------------------------------------------

void Association::handle_data(Packet& packet, const wire::ChunkView& chunk) {
  const auto data = wire::DataChunk::parse(chunk);
  if (!data) return core_.drop(DropReason::malformed_chunk);
  const bool expected = in<Established>() || in<ShutdownPending>() || in<ShutdownSent>();
  if (!expected || !receiver_) return core_.drop(DropReason::unexpected_chunk);
  if (channel_ != nullptr && packet.record == nullptr) {
    if (!is_key_management(*data)) return core_.drop(DropReason::unprotected_chunk);
    if (only_for_tls(*data)) {
      if (data->begin && data->end && !data->payload.empty()) channel_->on_message(packet.now, data->payload);
      return;
    }
    if (!fits_handshake(*data)) return core_.drop(DropReason::receive_window_full);
  }
  packet.had_data = true;
  const auto refusal = receiver_->on_data(packet.now, packet.path, *data);
  if (in<ShutdownSent>()) {
    // RFC 9260 §9.2: each DATA that still arrives is answered at once by SHUTDOWN with what has come, and
    // SACK.
    receiver_->force_sack();
    std::get<ShutdownSent>(state_).transmissions = 0;
    send_shutdown(packet.now);
  }
  if (!refusal) {
    packet.fresh = true;
    // What is bundled behind it is judged by what it has changed.
    if (channel_ != nullptr && packet.record == nullptr) read_own_messages(packet.now);
    return;
  }
  core_.drop(*refusal);
  if (*refusal == DropReason::empty_data) {
    std::array<std::byte, 4> tsn{};
    store_be(tsn.data(), data->tsn);
    abort_with(wire::CauseCode::kNoUserData, tsn);
  } else if (*refusal == DropReason::inconsistent_fragment) {
    abort(wire::CauseCode::kProtocolViolation, "inconsistent fragments");
  } else if (*refusal == DropReason::invalid_stream) {
    std::array<std::byte, 4> value{};
    store_be(value.data(), data->stream);
    send_error(wire::CauseCode::kInvalidStreamIdentifier, value);
  }
}

void Association::handle_sack(Packet& packet, const wire::ChunkView& chunk) {
  if (handshaking()) return core_.drop(DropReason::unexpected_chunk);
  tx::DataSender::SackVerdict verdict{};
  if (chunk.is(wire::ChunkType::kNrSack)) {
    const auto sack = wire::NrSackChunk::parse(chunk);
    if (!sack) return core_.drop(DropReason::malformed_chunk);
    if (!core_.nr_sack) return core_.drop(DropReason::unexpected_chunk);
    verdict = sender_.on_sack(*sack, sack->gaps, sack->non_renegable_gaps, core_.paths, packet.now);
  } else {
    const auto sack = wire::SackChunk::parse(chunk);
    if (!sack) return core_.drop(DropReason::malformed_chunk);
    verdict = sender_.on_sack(*sack, sack->gaps, {}, core_.paths, packet.now);
  }
  after_sack(packet.now, verdict, &packet);
}

void Association::after_sack(Timestamp now, tx::DataSender::SackVerdict verdict, Packet* packet) {
  using Verdict = tx::DataSender::SackVerdict;
  if (verdict == Verdict::stale) return core_.drop(DropReason::stale_sack);
  if (verdict == Verdict::invalid) return core_.drop(DropReason::invalid_sack);
  sack_seen_since_t3_ = true;
  if (verdict == Verdict::nothing_new) return;
  if (packet != nullptr) packet->fresh = true;
  core_.error_count = 0;
  for (const auto& path : core_.paths) settle_path(*path, now);
  if (sender_.take_writable()) core_.emit(Event::Kind::writable);
}

// What the acknowledgement means for one path: round trip, window, losses, timer.
void Association::settle_path(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  const path::PathFlight::Acknowledged& acked = flight.acked;
  if (acked.late_from != kNever) on_late_arrival(path, now);
  if (acked.bytes == 0) return;
  if (acked.rtt_from != kNever) path.rtt.add_sample(now - acked.rtt_from);
  // A retransmission may have been acknowledged for its first transmission elsewhere: it proves nothing (RFC
  // 9260 §8.2).
  if (acked.unambiguous && !works_one_way(path)) heartbeats_.on_path_alive(path, now);
  const bool recovering = flight.in_recovery();
  sender_.outstanding().detect_losses(path, now);
  after_losses(path);
  path.congestion->on_ack(
      {acked.bytes, acked.flight_before, acked.pseudo_cumulative, recovering || flight.in_recovery()});
  // Any news of the path restarts T3: a hole that is not the oldest chunk any more, or was just declared
  // lost, is the loss detection's business (RFC 9260 §6.3.2 R3, §7.2.4 4).
  flight.t3 = flight.oldest == path::kNoTsn ? kNever : t3_deadline(path, now);
}

// The time-out was spurious (RFC 4015): what left once, by this path, and was taken for lost when the path
// failed, was only late, as when a radio stands still for a moment. The path goes on as if nothing had been,
// but for what it learns of its round trip. One that came up only a moment before gets no benefit of the
// on_restart_hint: where much is lost, what arrives proves little.
void Association::on_late_arrival(path::Path& path, Timestamp now) {
  constexpr Duration kSteady = std::chrono::seconds(1);
  if (path.state != PathState::potentially_failed || works_one_way(path)) return;
  if (path.failed_since - path.active_since < kSteady) return;
  path.rtt.add_sample(now - path.flight.acked.late_from);
  path.congestion->on_spurious_timeout();
  heartbeats_.on_path_alive(path, now);
}

// Data arrives there, as another path tells, but no heartbeat is answered: to go back and forth between the
// two findings helps nobody. It is back when heartbeats are answered.
bool Association::works_one_way(const path::Path& path) const {
  return path.heartbeat.unresponsive() && core_.paths.any_active_but(path);
}

// Where another path can take the data over, T3 runs from when the oldest packet left and not from the last
// news of it (RTO restart, RFC 7765 §4): with a full window the news ends a round trip after that packet
// left, and waiting for a whole RTO more only prolongs the gap that everybody behind it feels. So that a
// short stall of the radio is not taken for the end of the path, the news must be late by a while; of a
// longer one, on_late_arrival undoes what it can, and the RTO learns.
Timestamp Association::t3_deadline(const path::Path& path, Timestamp now) const {
  constexpr Duration kLateness = std::chrono::milliseconds(100);
  const Duration rto = path.rtt.rto();
  if (!core_.paths.any_active_but(path) || !path.rtt.measured()) return now + rto;
  const Timestamp left = sender_.outstanding().sent_at(path.flight.oldest);
  const Timestamp late = left + std::max(rto, path.rtt.srtt() + kLateness);
  return std::min(now + rto, std::max(late, now + core_.config().sack_delay));
}

void Association::on_data_timeouts(Timestamp now) {
  for (const auto& path : core_.paths) {
    if (path->flight.loss_deadline <= now) sender_.outstanding().detect_losses(*path, now);
    if (path->flight.t3 <= now) on_t3(*path, now);
  }
}

// RFC 9260 §6.3.3, with RFC 7829: the path leaves the schedule and what was outstanding there moves to the
// others.
void Association::on_t3(path::Path& path, Timestamp now) {
  ++path.counters.timeouts;
  // A closed window whose probes are answered is no failure (RFC 9260 §6.1 A).
  const bool window_probe = sender_.probing_window() && sack_seen_since_t3_;
  sack_seen_since_t3_ = false;
  path.congestion->on_timeout();
  sender_.outstanding().lose_all(path);
  path.flight.recovery_end = path.flight.next_packet;
  if (window_probe) {
    path.rtt.back_off();
    return;
  }
  look_for_black_hole(path, 1);
  ++core_.error_count;
  heartbeats_.on_path_error(path, now);
}

// --- out
// -----------------------------------------------------------------------------------------------------------

bool Association::may_send_data() const {
  return in<Established>() || in<ShutdownPending>() || in<ShutdownReceived>();
}

// Where the last DATA came from; never to an address that is not proven.
path::Path* Association::sack_path() {
  path::Path* path = core_.paths.find(receiver_->sack_path());
  if (path != nullptr && (path->state == PathState::active || (path->proven() && !core_.paths.any_active())))
    return path;
  path = core_.paths.for_control();
  return path != nullptr && path->proven() ? path : nullptr;
}

bool Association::poll_data(Timestamp now, TransmitBatch& batch) {
  path::Path* path = nullptr;
  sender_.set_max_chunk_payload(unfragmented_size());
  if (may_send_data() && sender_.ready()) path = pick_path(now);
  const bool same_way = path != nullptr && path == sack_path();
  if (receiver_->sack_due() && !same_way && poll_sack(now, batch)) return true;
  if (path == nullptr) return false;
  fill_batch(*path, same_way && receiver_->sack_pending(), now, batch);
  return !batch.empty();
}

void Association::fill_batch(path::Path& path, bool with_sack, Timestamp now, TransmitBatch& batch) {
  path::PathFlight& flight = path.flight;
  if (flight.last_sent != Timestamp::min() && now - flight.last_sent > path.rtt.rto())
    path.congestion->on_idle();
  batch.clear();
  batch.route = path.route;
  const std::size_t own_mtu = path.pmtu.payload();
  const std::size_t mtu = std::max(own_mtu, next_packet_size());
  batch.may_fragment = mtu > own_mtu;
  const double rate = path.pacing_rate();
  const std::size_t burst = core_.config().max_burst * own_mtu;
  while (batch.has_room(mtu) && flight.bytes < path.congestion->cwnd() && path.ready_at() <= now &&
         sender_.ready()) {
    // What needs no fragmentation gets a batch of its own.
    if (batch.may_fragment && next_packet_size() <= own_mtu) break;
    tx::PacketBuilder packet = begin_packet(batch.next(mtu));
    const bool sack_added = with_sack && batch.empty() && worth_bundling(packet) && add_sack(packet);
    const std::size_t bytes = sender_.fill(packet, path, flight.next_packet, now);
    if (bytes == 0 && !sack_added) break;
    const std::size_t size = packet.finish();
    batch.commit(size);
    count_sent(path, size, now);
    if (bytes == 0) continue;
    if (!batch.may_fragment) sender_.outstanding().at(flight.newest).size = path.pmtu.size_class(size);
    ++flight.next_packet;
    flight.last_sent = now;
    if (flight.t3 == kNever) flight.t3 = now + path.rtt.rto();
    path.pacer.on_sent(now, size, rate, burst);
  }
}

// A SACK that is due travels with data that goes the same way; one that is not due yet only where it costs no
// packet.
bool Association::worth_bundling(const tx::PacketBuilder& packet) {
  if (receiver_->sack_due()) return true;
  const auto type = core_.nr_sack ? wire::ChunkType::kNrSack : wire::ChunkType::kSack;
  const std::size_t room = packet.room_for(type);
  return padded4(receiver_->sack_size(core_.nr_sack, room)) + wire::kDataHeaderSize +
             padded4(sender_.next_chunk_size()) <=
         room;
}

bool Association::add_sack(tx::PacketBuilder& packet) {
  const auto type = core_.nr_sack ? wire::ChunkType::kNrSack : wire::ChunkType::kSack;
  const std::size_t room = packet.room_for(type);
  receiver_->write_sack(packet.begin_chunk(type), core_.nr_sack, room);
  return true;
}

bool Association::poll_sack(Timestamp now, TransmitBatch& batch) {
  path::Path* path = sack_path();
  if (path == nullptr) return false;
  batch.clear();
  batch.route = path->route;
  tx::PacketBuilder packet = begin_packet(batch.next(path->pmtu.safe_payload()));
  add_sack(packet);
  const std::size_t size = packet.finish();
  batch.commit(size);
  count_sent(*path, size, now);
  return true;
}

}  // namespace hawser::sctp::association
