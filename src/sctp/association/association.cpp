#include "sctp/association/association.hpp"

#include <algorithm>
#include <utility>

#include "sctp/path/path_status.hpp"
#include "sctp/wire/causes.hpp"

namespace hawser::sctp::association {

Association::Association(EndpointContext& context, AssociationId id, const Route& first,
                         std::uint16_t peer_port, std::optional<crypto::PublicKey> peer, Timestamp now)
    : id_(id),
      parts_(context, id, peer_port, handshake::OwnInit::make(context.random)),
      messages_(parts_),
      establishment_(parts_, messages_),
      path_commands_(parts_, establishment_),
      router_(parts_, messages_),
      output_(parts_, messages_, establishment_) {
  establishment_.start(now, first, peer);
}

Association::Association(EndpointContext& context, AssociationId id, const handshake::StateCookie& cookie,
                         Timestamp now)
    : id_(id),
      parts_(context, id, cookie.peer_port, cookie.own),
      messages_(parts_),
      establishment_(parts_, messages_),
      path_commands_(parts_, establishment_),
      router_(parts_, messages_),
      output_(parts_, messages_, establishment_) {
  establishment_.accept(now, cookie);
}

// --- input

void Association::handle_packet(Timestamp now, const Route& route, const wire::PacketView& view,
                                const security::OpenedRecord* record) {
  if (record == nullptr && parts_.writer.seals())
    return parts_.endpoint.drops.add(DropReason::unprotected_chunk);
  if (record != nullptr) {
    last_record_ = now;
  } else {
    establishment_.follow_source(route);
  }
  path::Path* path = parts_.paths.find(route);
  const std::size_t size = record == nullptr ? view.bytes().size() : record->datagram_size;
  if (path != nullptr) path->on_received(now, size);
  Packet packet{now, route, view, path == nullptr ? kNoPath : path->id, record, size, record != nullptr};
  // Nearly all packets come from a path of their own, which is their home.
  if (path == nullptr || path->replaces != kNoPath)
    packet.home = parts_.migration.home_of(path, packet.source());
  wire::ChunkReader reader = view.chunks();
  for (;;) {
    const std::size_t offset = reader.offset();
    const auto chunk = reader.next();
    if (!chunk || !apply(packet, router_.route(packet, *chunk, offset))) break;
  }
  if (!reader.ok()) parts_.endpoint.drops.add(DropReason::malformed_chunk);
  if (closed_) return;
  if (packet.had_data) on_data_packet(packet);
  if (packet.fresh) parts_.validation.on_transfer(now, parts_.paths.find(packet.path));
  if (packet.heartbeat) router_.answer_heartbeat(packet);
  parts_.migration.on_packet(now, packet.source());
  drop_retired_paths(parts_);
  apply(now, establishment_.advance_keys(now));
  if (!closed_) advance_shutdown(parts_, now);
}

void Association::on_data_packet(const Packet& packet) {
  parts_.receiver->size_window(packet.now, packet.size, parts_.paths.longest_round_trip());
  if (packet.record == nullptr) return parts_.receiver->on_packet_end(packet.now);
  const security::OpenedRecord& record = *packet.record;
  path::Path* path = parts_.paths.find(packet.path);
  if (path != nullptr && record.ecn == Ecn::ce) ++path->counters.ecn_marks_received;
  const rx::SealedPacket sealed{{record.origin, record.sequence, record.ecn},
                                record.skips,
                                packet.size,
                                path == nullptr ? Duration{} : path->rtt.srtt()};
  parts_.receiver->on_packet_end(packet.now, &sealed);
}

// Returns whether the next chunk of the packet is processed.
bool Association::apply(Packet& packet, const ChunkResult& result) {
  drop_retired_paths(parts_);
  if (std::holds_alternative<NextChunk>(result)) return true;
  if (std::holds_alternative<SkipRest>(result)) return false;
  return apply(packet, *std::get<std::unique_ptr<Consequence>>(result));
}

bool Association::apply(Packet& packet, const Consequence& consequence) {
  if (const auto* acked = std::get_if<InitAcked>(&consequence)) {
    apply(packet.now, establishment_.on_init_acked(packet, acked->ack));
    return false;
  }
  if (const auto* ended = std::get_if<Ended>(&consequence)) {
    end(packet.now, *ended);
    return false;
  }
  if (std::holds_alternative<CookieRenewed>(consequence)) establishment_.send_cookie_echo(packet.now);
  if (std::holds_alternative<CookieAcked>(consequence)) establishment_.on_cookie_acked(packet.now);
  if (std::holds_alternative<InitAgain>(consequence)) establishment_.init_again(packet.now);
  return true;
}

void Association::apply(Timestamp now, const std::optional<Ended>& ending) {
  if (ending) end(now, *ending);
}

Result<security::OpenedRecord, DropReason> Association::open_record(Timestamp now, MutableBytes datagram) {
  if (parts_.keys == nullptr) return DropReason::unknown_epoch;
  return parts_.keys->channel().open(now, datagram);
}

void Association::on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  establishment_.on_matching_cookie(now, cookie);
  drop_retired_paths(parts_);
}

bool Association::on_restart(Timestamp now, const handshake::StateCookie& cookie) {
  if (parts_.teardown.state() == Teardown::State::ack_sent) {
    parts_.teardown.answer_restart(now, cookie.route);
    parts_.control.push_error(wire::CauseCode::kCookieReceivedWhileShuttingDown, {});
    return false;
  }
  parts_.teardown.cancel();
  establishment_.restart(now, cookie);
  return true;
}

bool Association::reject_init(const Route& source) {
  if (parts_.teardown.state() != Teardown::State::ack_sent) return false;
  parts_.teardown.answer_init(source);
  return true;
}

void Association::on_reflected(Timestamp now, const wire::ChunkView& chunk) {
  if (parts_.teardown.state() == Teardown::State::ack_sent) {
    // All data was delivered both ways, and the peer has closed: only its SHUTDOWN COMPLETE was lost.
    end(now, shut_down());
  } else if (chunk.is(wire::ChunkType::kAbort)) {
    end(now, {Event::Kind::aborted, 0, "the peer has no such association"});
  } else {
    parts_.endpoint.drops.add(DropReason::unexpected_chunk);
  }
}

void Association::on_restart_hint(Timestamp now) {
  if (open()) parts_.validation.on_restart_hint(now);
}

// --- time

void Association::handle_timeout(Timestamp now) {
  constexpr Duration kTrimInterval = std::chrono::seconds(10);
  if (closed_) return;
  apply(now, establishment_.on_timeout(now));
  on_shutdown_timeout(now);
  if (closed_ || handshaking()) return;
  parts_.receiver->on_timeout(now);
  parts_.recovery.on_timeout(now);
  apply(now, establishment_.advance_keys(now));
  if (closed_ || readiness() == Readiness::handshake) return;
  parts_.validation.on_timeout(now);
  parts_.prober.on_timeout(now);
  if (establishment_.started_by_us()) parts_.asconf.rejoin_failed_paths();
  parts_.asconf.on_timeout(now);
  parts_.validation.drop_dead_paths(now);
  drop_retired_paths(parts_);
  if (now >= next_trim_) {
    next_trim_ = now + kTrimInterval;
    give_back_memory(parts_);
  }
  check_liveness(now);
  if (!closed_) advance_shutdown(parts_, now);
}

// RFC 9260 §8.1: too many consecutive timeouts, or a long silence, end the association.
void Association::check_liveness(Timestamp now) {
  const bool failed =
      parts_.validation.association_errors() > parts_.endpoint.config.association_max_retrans ||
      parts_.validation.silent_too_long(now, last_record_);
  if (!failed) return;
  if (parts_.teardown.awaits_shutdown_complete()) return end(now, shut_down());
  Ended lost = abort_with(wire::CauseCode::kUserInitiatedAbort, "retransmission limit");
  lost.kind = Event::Kind::lost;
  lost.cause = 0;
  lost.reason = "no path answers";
  end(now, lost);
}

void Association::on_shutdown_timeout(Timestamp now) {
  if (closed_ || !parts_.receiver) return;
  switch (parts_.teardown.on_timeout(now, cumulative_tsn(parts_))) {
    case Teardown::Outcome::pending: return;
    case Teardown::Outcome::completed: return end(now, shut_down());
    case Teardown::Outcome::not_answered:
      return end(now, abort_with(wire::CauseCode::kUserInitiatedAbort, "shutdown not answered"));
    case Teardown::Outcome::not_completed:
      return end(now, abort_with(wire::CauseCode::kUserInitiatedAbort, "shutdown not completed"));
  }
}

Timestamp Association::next_timeout() const {
  if (closed_) return kNever;
  if (handshaking()) return establishment_.next_timeout();
  Timestamp next = std::min({establishment_.next_timeout(), parts_.teardown.next_timeout(),
                             parts_.receiver->next_timeout(), parts_.transmitter.pacing_deadline(),
                             parts_.recovery.next_timeout(), parts_.data.reliability().next_timeout()});
  if (readiness() == Readiness::handshake) return next;
  next = std::min(
      {next, parts_.validation.next_timeout(), parts_.asconf.next_timeout(), parts_.prober.next_timeout()});
  return parts_.keys == nullptr ? next : std::min(next, parts_.keys->channel().next_timeout());
}

// --- commands

SendResult Association::send(Timestamp now, Buffer&& message, const SendOptions& options) {
  if (!open()) return SendResult::not_open;
  return parts_.data.enqueue(now, std::move(message), options);
}

void Association::shutdown(Timestamp now) {
  if (closed_) return;
  if (readiness() == Readiness::handshake)
    return end(now, {Event::Kind::closed, 0, "shut down before it was established"});
  parts_.teardown.request();
  advance_shutdown(parts_, now);
}

void Association::end(Timestamp now, const Ended& ending) {
  if (closed_) return;
  if (ending.broken) {
    parts_.endpoint.drops.add(DropReason::internal_failure);
  } else {
    if (ending.abort) send_abort(now, *ending.abort);
    for (const auto& path : parts_.paths) parts_.recovery.on_moved(*path);
    parts_.control.clear();
    if (parts_.receiver) parts_.receiver->on_end();
  }
  closed_ = true;
  // The user has got no event for an initiator that did not authenticate itself.
  const bool unknown = !establishment_.confirmed() && !establishment_.started_by_us();
  parts_.events.emit(unknown ? Event::Kind::refused : ending.kind, kNoPath, ending.cause, ending.reason);
}

void Association::send_abort(Timestamp now, const AbortCause& cause) {
  const path::Path* path = parts_.paths.for_control();
  if (path == nullptr || peer_tag() == kNoTag) return;
  // A protected peer drops an ABORT that is not sealed, so without keys none is sent.
  if (parts_.endpoint.security != nullptr && readiness() == Readiness::handshake) return;
  parts_.control_sender.send_final_packet(now, path->route, wire::ChunkType::kAbort, abort_chunk(cause),
                                          peer_tag());
}

// --- output

bool Association::poll_transmit(Timestamp now, TransmitBatch& batch) {
  parts_.transmitter.clear_pacing_deadline();
  return !closed_ && output_.poll(now, open(), batch);
}

std::optional<ReceivedMessage> Association::poll_message() {
  if (!parts_.receiver) return std::nullopt;
  auto delivered = parts_.receiver->poll_message();
  if (!delivered) return std::nullopt;
  return ReceivedMessage{id_,
                         delivered->stream,
                         delivered->ppid,
                         delivered->unordered,
                         delivered->more,
                         delivered->late,
                         delivered->abandoned,
                         std::move(delivered->payload)};
}

// --- getters

bool Association::open() const {
  return !closed_ && state() == AssociationState::established && readiness() == Readiness::confirmed;
}

AssociationState Association::state() const {
  if (handshaking())
    return parts_.initiator->echoed() ? AssociationState::cookie_echoed : AssociationState::cookie_wait;
  switch (parts_.teardown.state()) {
    case Teardown::State::none: return AssociationState::established;
    case Teardown::State::pending: return AssociationState::shutdown_pending;
    case Teardown::State::sent: return AssociationState::shutdown_sent;
    case Teardown::State::received: return AssociationState::shutdown_received;
    case Teardown::State::ack_sent: break;
  }
  return AssociationState::shutdown_ack_sent;
}

std::optional<crypto::PublicKey> Association::proven_key() const {
  if (parts_.keys == nullptr || !parts_.keys->channel().up()) return std::nullopt;
  return parts_.keys->channel().peer();
}

std::optional<crypto::PublicKey> Association::intended_peer() const {
  if (parts_.keys != nullptr) return parts_.keys->channel().intended_peer();
  return parts_.initiator ? parts_.initiator->expected_peer() : std::nullopt;
}

AssociationStatus Association::status() const {
  AssociationStatus status;
  status.id = id_;
  status.state = state();
  status.outbound_streams = establishment_.outbound_streams();
  status.inbound_streams = establishment_.inbound_streams();
  status.nr_sack = parts_.transmitter.uses_nr_sack();
  status.dynamic_addresses = parts_.asconf.enabled();
  status.peer_window = parts_.data.peer_window();
  status.queued_bytes = parts_.data.queued_bytes();
  status.outstanding_bytes = parts_.data.outstanding().flight_bytes();
  status.messages_sent = parts_.data.messages_accepted();
  status.messages_refused = parts_.data.messages_refused();
  status.partial_reliability = parts_.data.reliability().enabled();
  status.messages_abandoned = parts_.data.reliability().messages_abandoned();
  if (parts_.writer.seals()) status.protection = parts_.keys->channel().status();
  if (parts_.receiver) {
    status.receive_buffered = parts_.receiver->held_bytes();
    status.messages_received = parts_.receiver->messages_received();
    status.duplicate_tsns_received = parts_.receiver->duplicate_tsns();
    status.abandoned_tsns_received = parts_.receiver->abandoned_tsns();
    const rx::OrderHold& hold = parts_.receiver->hold();
    if (hold.bounded()) status.order_hold = hold.current();
    status.holes_skipped = hold.holes_skipped();
    status.late_messages_received = hold.late_messages();
  }
  const path::SendState send_state{parts_.data.has_data(), parts_.data.peer_has_room(),
                                   parts_.transmitter.pacing_deadline()};
  for (const auto& path : parts_.paths) {
    if (path->replaces == kNoPath) status.paths.push_back(path::describe(*path, parts_.paths, send_state));
  }
  return status;
}

}  // namespace hawser::sctp::association
