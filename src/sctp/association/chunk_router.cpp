#include "sctp/association/chunk_router.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sctp/wire/abort_error.hpp"
#include "sctp/wire/asconf.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/data.hpp"
#include "sctp/wire/forward_tsn.hpp"
#include "sctp/wire/heartbeat.hpp"
#include "sctp/wire/path_ack.hpp"
#include "sctp/wire/sack.hpp"
#include "sctp/wire/shutdown.hpp"

namespace hawser::sctp::association {

// --- which chunks may be processed

ChunkResult ChunkRouter::route(Packet& packet, const wire::ChunkView& chunk, std::size_t offset) {
  const bool must_be_sealed = parts_.endpoint.security != nullptr && packet.record == nullptr;
  // Before the INIT ACK there is no key exchange yet, and INIT ACK is the only chunk with an effect.
  if (must_be_sealed && !(parts_.keys ? parts_.keys->may_come_unsealed(chunk)
                                      : security::KeyExchange::belongs_to_handshake(chunk))) {
    drop(DropReason::unprotected_chunk);
    return NextChunk{};
  }
  if (chunk.is(wire::ChunkType::kAuth) || parts_.auth.we_want(chunk.type))
    return handle_authenticated(packet, chunk, offset);
  return dispatch(packet, chunk, offset);
}

ChunkResult ChunkRouter::dispatch(Packet& packet, const wire::ChunkView& chunk, std::size_t offset) {
  switch (chunk.chunk_type()) {
    case wire::ChunkType::kData: return handle_data(packet, chunk);
    case wire::ChunkType::kSack:
    case wire::ChunkType::kNrSack: handle_sack(packet, chunk); break;
    case wire::ChunkType::kForwardTsn: return handle_forward_tsn(packet, chunk);
    case wire::ChunkType::kPathAck: handle_path_ack(packet, chunk); break;
    case wire::ChunkType::kHeartbeat: handle_heartbeat(packet, chunk); break;
    case wire::ChunkType::kHeartbeatAck: handle_heartbeat_ack(packet, chunk); break;
    case wire::ChunkType::kAbort: return handle_abort(chunk);
    case wire::ChunkType::kError: return handle_error(chunk);
    case wire::ChunkType::kInitAck: return handle_init_ack(packet, chunk);
    case wire::ChunkType::kCookieAck:
      if (handshaking() && parts_.initiator->echoed()) return consequence(CookieAcked{});
      drop(DropReason::duplicate_handshake);
      break;
    case wire::ChunkType::kShutdown: handle_shutdown(packet, chunk); break;
    case wire::ChunkType::kShutdownAck: return handle_shutdown_ack(packet);
    case wire::ChunkType::kShutdownComplete: return handle_shutdown_complete();
    case wire::ChunkType::kCookieEcho: break;  // the endpoint has processed it; the next chunks follow here
    case wire::ChunkType::kPad: break;         // RFC 4820: ignored
    case wire::ChunkType::kAsconf:
    case wire::ChunkType::kAsconfAck:
      if (packet.record == nullptr) return handle_unknown(packet, chunk);
      return handle_authenticated(packet, chunk, offset);
    default: return handle_unknown(packet, chunk);
  }
  return NextChunk{};
}

ChunkResult ChunkRouter::handle_authenticated(Packet& packet, const wire::ChunkView& chunk,
                                              std::size_t offset) {
  if (chunk.is(wire::ChunkType::kAuth)) return handle_auth(packet, chunk, offset);
  if (!packet.authenticated) {
    drop(DropReason::unauthenticated_chunk);  // RFC 4895 §6.3: silently
  } else if (chunk.is(wire::ChunkType::kAsconf)) {
    handle_asconf(packet, chunk);
  } else if (chunk.is(wire::ChunkType::kAsconfAck)) {
    handle_asconf_ack(packet, chunk);
  }
  return NextChunk{};
}

// RFC 4895 §6.3: chunks after an invalid AUTH chunk are dropped; an HMAC algorithm that was never offered is
// reported.
ChunkResult ChunkRouter::handle_auth(Packet& packet, const wire::ChunkView& chunk, std::size_t offset) {
  const auto auth = wire::AuthChunk::parse(chunk);
  packet.authenticated = auth && parts_.auth.verify(packet.view.bytes(), offset, *auth);
  if (packet.authenticated) return NextChunk{};
  drop(DropReason::bad_auth);
  if (auth && parts_.auth.enabled() && wire::hmac_size(auth->hmac_id) == 0 && !handshaking()) {
    std::array<std::byte, 2> value{};
    store_be(value.data(), auth->hmac_id);
    report_error(packet, wire::CauseCode::kUnsupportedHmacIdentifier, value);
  }
  return SkipRest{};
}

// RFC 9260 §3.2: the two highest bits of the type decide what happens to a chunk that is unknown or was not
// negotiated.
ChunkResult ChunkRouter::handle_unknown(Packet& packet, const wire::ChunkView& chunk) {
  const bool known = wire::is_known_chunk(chunk.type);
  drop(known ? DropReason::unexpected_chunk : DropReason::unknown_chunk);
  if (known) return NextChunk{};
  const auto action = wire::unknown_chunk_action(chunk.type);
  if (wire::reports(action) && !handshaking()) {
    report_error(packet, wire::CauseCode::kUnrecognizedChunkType, control::error_echo(chunk.whole));
  }
  if (wire::stops(action)) return SkipRest{};
  return NextChunk{};
}

// The first error of a packet is reported, so that the answer to a packet of many small chunks is one chunk.
void ChunkRouter::report_error(Packet& packet, wire::CauseCode cause, Bytes value) {
  if (!std::exchange(packet.had_error, true)) parts_.control.push_error(cause, value);
}

// --- data transfer

ChunkResult ChunkRouter::handle_data(Packet& packet, const wire::ChunkView& chunk) {
  const auto data = wire::DataChunk::parse(chunk);
  if (!data) return skip_chunk(DropReason::malformed_chunk);
  if (handshaking() || !parts_.teardown.may_receive_data() || !parts_.receiver)
    return skip_chunk(DropReason::unexpected_chunk);
  rx::Receiver& receiver = *parts_.receiver;
  const bool in_the_clear = parts_.keys != nullptr && packet.record == nullptr;
  if (in_the_clear) {
    if (!security::KeyExchange::is_key_management(*data)) return skip_chunk(DropReason::unprotected_chunk);
    if (parts_.keys->only_for_tls(*data, receiver.cumulative_tsn())) {
      if (data->begin && data->end && !data->payload.empty())
        parts_.keys->channel().on_message(packet.now, data->payload);
      return NextChunk{};
    }
    if (!security::KeyExchange::fits_handshake(*data, receiver.cumulative_tsn(), receiver.held_bytes()))
      return skip_chunk(DropReason::receive_window_full);
  }
  packet.had_data = true;
  const auto refusal = receiver.on_data(packet.now, packet.path, *data);
  if (parts_.teardown.state() == Teardown::State::sent) {
    // RFC 9260 §9.2: DATA that still arrives is answered immediately by SHUTDOWN and SACK.
    receiver.force_sack();
    parts_.teardown.on_data(packet.now, receiver.cumulative_tsn());
  }
  if (refusal) return answer_refused_data(packet, *refusal, *data);
  packet.fresh = true;
  // A repair takes a round trip, and half of one to notice the loss.
  if (receiver.holds_messages())
    receiver.hold().expect_repair(packet.now, parts_.paths.longest_round_trip() * 3 / 2);
  // The chunks that follow a key management message in a packet depend on its keys.
  if (in_the_clear) {
    receiver.deliver_pieces();
    messages_.receive(packet.now);
  }
  return NextChunk{};
}

ChunkResult ChunkRouter::answer_refused_data(Packet& packet, DropReason refusal,
                                             const wire::DataChunk& data) {
  drop(refusal);
  if (refusal == DropReason::empty_data) {
    std::array<std::byte, 4> tsn{};
    store_be(tsn.data(), data.tsn.value());
    return consequence(abort_with(wire::CauseCode::kNoUserData, tsn));
  }
  if (refusal == DropReason::inconsistent_fragment)
    return consequence(abort_with(wire::CauseCode::kProtocolViolation, "inconsistent fragments"));
  if (refusal == DropReason::invalid_stream) {
    std::array<std::byte, 4> value{};
    store_be(value.data(), data.stream.value());
    report_error(packet, wire::CauseCode::kInvalidStreamIdentifier, value);
  }
  return NextChunk{};
}

// RFC 3758 §3.6. A peer with which PR-SCTP was not negotiated gets the answer to an unknown chunk (§3.3.1).
ChunkResult ChunkRouter::handle_forward_tsn(Packet& packet, const wire::ChunkView& chunk) {
  if (handshaking() || !parts_.receiver) return skip_chunk(DropReason::unexpected_chunk);
  if (!parts_.data.reliability().enabled()) {
    report_error(packet, wire::CauseCode::kUnrecognizedChunkType, control::error_echo(chunk.whole));
    return skip_chunk(DropReason::unexpected_chunk);
  }
  const auto forward = wire::ForwardTsnChunk::parse(chunk);
  if (!forward) return skip_chunk(DropReason::malformed_chunk);
  if (!parts_.teardown.may_receive_data()) return skip_chunk(DropReason::unexpected_chunk);
  if (std::exchange(packet.had_forward_tsn, true)) return skip_chunk(DropReason::excess_chunk);
  const Tsn before = parts_.receiver->cumulative_tsn();
  if (const auto refusal = parts_.receiver->on_forward_tsn(packet.now, *forward)) drop(*refusal);
  if (parts_.receiver->cumulative_tsn() != before) packet.fresh = true;
  return NextChunk{};
}

void ChunkRouter::handle_sack(Packet& packet, const wire::ChunkView& chunk) {
  if (handshaking()) return drop(DropReason::unexpected_chunk);
  if (std::exchange(packet.had_sack, true)) return drop(DropReason::excess_chunk);
  tx::DataSender::SackVerdict verdict{};
  if (chunk.is(wire::ChunkType::kNrSack)) {
    const auto sack = wire::NrSackChunk::parse(chunk);
    if (!sack) return drop(DropReason::malformed_chunk);
    if (!parts_.transmitter.uses_nr_sack()) return drop(DropReason::unexpected_chunk);
    verdict =
        parts_.data.on_sack({*sack, sack->gaps, sack->non_renegable_gaps, sack->duplicates, packet.overtaken},
                            parts_.paths, packet.now);
  } else {
    const auto sack = wire::SackChunk::parse(chunk);
    if (!sack) return drop(DropReason::malformed_chunk);
    verdict = parts_.data.on_sack({*sack, sack->gaps, {}, sack->duplicates, false}, parts_.paths, packet.now);
  }
  apply_sack(packet.now, verdict, &packet);
}

// A PATH ACK precedes the SACK of its packet, so that the times are known when the SACK is applied. Times and
// counts of a record that is not the newest of its path id are out of date only, which LossRecovery notices.
void ChunkRouter::handle_path_ack(Packet& packet, const wire::ChunkView& chunk) {
  if (packet.record == nullptr) return drop(DropReason::unprotected_chunk);
  if (handshaking()) return drop(DropReason::unexpected_chunk);
  if (std::exchange(packet.had_path_ack, true)) return drop(DropReason::excess_chunk);
  const auto ack = wire::PathAckChunk::parse(chunk);
  if (!ack) return drop(DropReason::malformed_chunk);
  packet.overtaken = !parts_.recovery.on_path_ack(packet.now, parts_.paths.find(packet.path), *ack);
}

// `packet` is null for the cumulative TSN of a SHUTDOWN.
void ChunkRouter::apply_sack(Timestamp now, tx::DataSender::SackVerdict verdict, Packet* packet) {
  using Verdict = tx::DataSender::SackVerdict;
  if (verdict == Verdict::stale || verdict == Verdict::invalid) {
    parts_.recovery.forget_arrivals();
    return drop(verdict == Verdict::stale ? DropReason::stale_sack : DropReason::invalid_sack);
  }
  const bool advanced = verdict == Verdict::advanced;
  if (advanced && packet != nullptr) packet->fresh = true;
  parts_.recovery.on_sack(now, packet == nullptr ? kNoPath : packet->path, advanced);
  if (advanced && parts_.data.take_writable()) parts_.events.emit(Event::Kind::writable);
}

// --- paths

void ChunkRouter::handle_heartbeat(Packet& packet, const wire::ChunkView& chunk) {
  const auto heartbeat = wire::HeartbeatChunk::parse(chunk);
  if (!heartbeat) return drop(DropReason::malformed_chunk);
  path::Path* path = parts_.paths.find(packet.path);
  // An answer to an unknown source could reach any address, and on a joining path it would break the silence
  // that RFC 5061 requires.
  if (path == nullptr && packet.home == kNoPath) {
    if (packet.record != nullptr) return;  // Migration::on_packet() follows an authentic record
    // If the known port no longer answers, the new one becomes a candidate, which is validated before it is
    // used.
    const path::Path* moved = parts_.paths.find_unique_by_ip(packet.route);
    if (moved == nullptr || moved->ours || moved->error_count == 0) return drop(DropReason::unknown_source);
    return parts_.migration.follow(packet.now, packet.source());
  }
  if (path != nullptr && path->state() == PathState::joining) return drop(DropReason::unexpected_chunk);
  // A HEARTBEAT from a candidate is not answered there; it makes this end probe the candidate, whose answer
  // moves the path.
  const bool candidate = path != nullptr && path->replaces != kNoPath;
  if (candidate) path::PathValidation::on_heartbeat_of_candidate(packet.now, *path);
  if (candidate && packet.home == kNoPath) return;
  if (packet.heartbeat) drop(DropReason::excess_chunk);
  packet.heartbeat = *heartbeat;
}

void ChunkRouter::answer_heartbeat(const Packet& packet) {
  // A later chunk may have removed it.
  path::Path* path = parts_.paths.find(packet.home == kNoPath ? packet.path : packet.home);
  if (path != nullptr) parts_.validation.on_heartbeat(packet.now, *packet.heartbeat, *path);
}

void ChunkRouter::handle_heartbeat_ack(Packet& packet, const wire::ChunkView& chunk) {
  const auto heartbeat = wire::HeartbeatChunk::parse(chunk);
  if (!heartbeat) return drop(DropReason::malformed_chunk);
  if (path::MtuProber::is_probe_ack(*heartbeat)) {
    if (!parts_.prober.on_probe_ack(packet.now, packet.route, packet.home, *heartbeat))
      drop(DropReason::bad_heartbeat_ack);
    return;
  }
  const PathId answered = path::PathValidation::path_in(*heartbeat);
  const PathId home = packet.home != kNoPath ? packet.home
                                             : parts_.migration.home_by_answer(parts_.paths.find(packet.path),
                                                                               packet.source(), answered);
  path::Path* path = parts_.validation.on_heartbeat_ack(packet.now, *heartbeat, packet.route, home);
  if (path == nullptr) return;
  if (path->id == home) parts_.migration.assign(*path, packet.source());
  if (path->pmtu.on_small_answered(path->heartbeat.answered_from, packet.now))
    parts_.recovery.on_black_hole(*path);
  if (path->replaces == kNoPath) return;
  const auto moved = parts_.migration.complete(*path, packet.now);
  if (!moved) return;
  packet.path = *moved;
  parts_.recovery.on_moved(*parts_.paths.find(*moved));
  // Chunks that were sent to the old address are sent again before their timers expire: SACKs, so that the
  // peer's new window does not wait for its T3-rtx, and those of a shutdown.
  if (!parts_.receiver) return;
  parts_.receiver->force_sack();
  parts_.teardown.on_path_moved(packet.now, parts_.receiver->cumulative_tsn());
}

void ChunkRouter::handle_asconf(Packet& packet, const wire::ChunkView& chunk) {
  const auto asconf = wire::AsconfChunk::parse(chunk);
  if (!asconf) return drop(DropReason::malformed_chunk);
  if (!parts_.asconf_responder || !parts_.asconf.enabled()) return drop(DropReason::unexpected_chunk);
  if (std::exchange(packet.had_asconf, true)) return drop(DropReason::excess_chunk);
  parts_.asconf_responder->on_asconf(packet.now, *asconf, packet.route, packet.size);
  // The packet itself counts towards the amplification limit of the path that it has just added.
  path::Path* path = parts_.paths.find(packet.route);
  if (path == nullptr || packet.path != kNoPath) return;
  packet.path = path->id;
  path->unproven_received += packet.size;
  ++path->counters.datagrams_received;
  path->counters.bytes_received += packet.size;
}

void ChunkRouter::handle_asconf_ack(Packet& packet, const wire::ChunkView& chunk) {
  const auto ack = wire::AsconfAckChunk::parse(chunk);
  if (!ack) return drop(DropReason::malformed_chunk);
  parts_.asconf.on_ack(packet.now, *ack);
}

// --- handshake

ChunkResult ChunkRouter::handle_init_ack(Packet& packet, const wire::ChunkView& chunk) {
  if (!handshaking()) return skip_packet(DropReason::duplicate_handshake);
  handshake::Initiator& initiator = *parts_.initiator;
  // In protected mode the INIT ACK must come from the address of the path: a copy from elsewhere could
  // redirect the next packets.
  const bool elsewhere = packet.path != parts_.paths.primary_id();
  if (parts_.endpoint.security != nullptr && elsewhere)
    return skip_packet(initiator.echoed() ? DropReason::duplicate_handshake : DropReason::malformed_init);
  auto result = initiator.on_init_ack(packet.now, chunk);
  if (const auto* reason = std::get_if<DropReason>(&result)) return skip_packet(*reason);
  if (auto* refusal = std::get_if<handshake::InitAckRefusal>(&result)) {
    drop(DropReason::malformed_init);
    parts_.writer.set_peer_tag(refusal->peer_tag);
    return consequence(abort_with(refusal->cause, refusal->value));
  }
  if (std::holds_alternative<CookieRenewed>(result)) return consequence(CookieRenewed{});
  return consequence(InitAcked{std::move(std::get<handshake::AcceptedInitAck>(result))});
}

ChunkResult ChunkRouter::handle_error(const wire::ChunkView& chunk) {
  const auto error = wire::ErrorChunk::parse(chunk);
  if (!error) return skip_chunk(DropReason::malformed_chunk);
  wire::CauseReader causes = error->cause_reader();
  while (const auto cause = causes.next()) {
    if (!cause->is(wire::CauseCode::kStaleCookie)) continue;
    const auto stale = wire::StaleCookieCause::parse(*cause);
    if (!stale) return skip_chunk(DropReason::malformed_chunk);
    if (!handshaking() || !parts_.initiator->echoed()) return skip_chunk(DropReason::unexpected_chunk);
    if (parts_.initiator->on_stale_cookie(std::chrono::microseconds(stale->staleness_us)))
      return consequence(InitAgain{});
    return consequence(Ended{Event::Kind::lost,
                             static_cast<std::uint16_t>(wire::CauseCode::kStaleCookie),
                             "the cookie was stale",
                             {}});
  }
  return NextChunk{};
}

// --- the end

ChunkResult ChunkRouter::handle_abort(const wire::ChunkView& chunk) {
  const auto abort = wire::AbortChunk::parse(chunk);
  if (!abort) return skip_packet(DropReason::malformed_chunk);
  // The packet carries our own tag; the T bit would mean that it carries the peer's (RFC 9260 §8.5.1 B).
  if (abort->tag_reflected) return skip_packet(DropReason::bad_verification_tag);
  wire::CauseReader causes = abort->cause_reader();
  const auto cause = causes.next();
  return consequence(
      Ended{Event::Kind::aborted, cause ? cause->type : std::uint16_t{0}, "aborted by the peer", {}});
}

void ChunkRouter::handle_shutdown(Packet& packet, const wire::ChunkView& chunk) {
  const auto shutdown = wire::ShutdownChunk::parse(chunk);
  if (!shutdown) return drop(DropReason::malformed_chunk);
  if (handshaking()) return drop(DropReason::unexpected_chunk);
  const auto verdict = parts_.data.on_cumulative(shutdown->cumulative_tsn, parts_.paths, packet.now);
  apply_sack(packet.now, verdict, nullptr);
  if (verdict != tx::DataSender::SackVerdict::invalid)
    parts_.teardown.on_shutdown(packet.now, packet.route, packet.size);
}

ChunkResult ChunkRouter::handle_shutdown_ack(Packet& packet) {
  const auto complete = [&](bool reflected, VerificationTag tag) {
    const auto chunk = control::ControlQueue::serialise(wire::ShutdownCompleteChunk{reflected});
    parts_.control_sender.send_final_packet(packet.now, packet.route, wire::ChunkType::kShutdownComplete,
                                            chunk, tag);
  };
  if (!handshaking() && parts_.teardown.expects_shutdown_ack()) {
    complete(false, parts_.writer.peer_tag());
    return consequence(shut_down());
  }
  if (!handshaking()) return skip_chunk(DropReason::unexpected_chunk);
  // RFC 9260 §8.5.1 E: while the handshake runs, the peer still has an older association to end. In protected
  // mode there are no keys yet, and the peer would drop an answer that is not sealed.
  if (parts_.endpoint.security == nullptr) complete(true, packet.view.header().verification_tag);
  return SkipRest{};  // one answer per packet
}

ChunkResult ChunkRouter::handle_shutdown_complete() {
  if (parts_.teardown.state() != Teardown::State::ack_sent) return skip_packet(DropReason::unexpected_chunk);
  return consequence(shut_down());
}

}  // namespace hawser::sctp::association
