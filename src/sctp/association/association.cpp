#include "sctp/association/association.hpp"

#include <algorithm>
#include <cassert>

#include "sctp/path/idle_reason.hpp"
#include "sctp/wire/abort_error.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/shutdown.hpp"

namespace hawser::sctp::association {
namespace {

constexpr std::size_t kMaxErrorEcho = 512;

}  // namespace

Association::Association(EndpointContext& context, AssociationId id, const Route& first,
                         std::uint16_t peer_port, std::optional<crypto::PublicKey> peer, Timestamp now)
    : core_(context, id, peer_port),
      expected_peer_(peer),
      own_(handshake::OwnInit::make(context.random)),
      state_(CookieWait{}),
      heartbeats_(core_),
      sender_(context.config, context.pool, own_.initial_tsn),
      asconf_(core_, own_.initial_tsn) {
  init_core();
  core_.initiator = true;
  core_.paths.add(first, PathState::unconfirmed, context.config.receive_window)->ours = true;
  send_init(now);
}

Association::Association(EndpointContext& context, AssociationId id, const handshake::StateCookie& cookie,
                         Timestamp now)
    : core_(context, id, cookie.peer_port),
      own_(cookie.own),
      state_(Established{}),
      heartbeats_(core_),
      sender_(context.config, context.pool, own_.initial_tsn),
      asconf_(core_, own_.initial_tsn) {
  init_core();
  core_.paths.add(cookie.route, PathState::unconfirmed, cookie.peer.a_rwnd);
  if (context.protection != nullptr)
    open_channel(crypto::TlsRole::server, cookie.peer, cookie.transcript, now);
  adopt(cookie.peer);
  establish(now, Event::Kind::accepted);
}

void Association::init_core() {
  core_.local_tag = own_.tag;
  core_.retire = [this](PathId path) { retire_path(path); };
  scheduler_ =
      core_.config().multipath ? path::make_earliest_arrival_scheduler() : path::make_primary_scheduler();
}

// --- input
// ---------------------------------------------------------------------------------------------------------

void Association::handle_packet(Timestamp now, const Route& route, const wire::PacketView& view,
                                const security::OpenedRecord* record) {
  if (record == nullptr && channel_ != nullptr && channel_->up())
    return core_.drop(DropReason::unprotected_chunk);
  if (record != nullptr) last_record_ = now;
  path::Path* path = core_.paths.find(route);
  const std::size_t size = record == nullptr ? view.bytes().size() : record->datagram_size;
  if (path != nullptr) {
    ++path->counters.datagrams_received;
    path->counters.bytes_received += size;
    path->last_received = now;
    if (!path->proven()) path->unproven_received += size;
  }
  Packet packet{now, route, view, path == nullptr ? kNoPath : path->id, record, size, record != nullptr};
  wire::ChunkReader reader = view.chunks();
  for (;;) {
    const std::size_t offset = reader.offset();
    const auto chunk = reader.next();
    if (!chunk || handle_chunk(packet, *chunk, offset) == Next::stop || closed()) break;
  }
  if (!reader.ok()) core_.drop(DropReason::malformed_chunk);
  if (closed()) return;
  if (packet.had_data) receiver_->on_packet_end(now);
  if (packet.fresh) core_.last_transfer = now;
  note_source(packet);
  if (channel_ != nullptr) advance_channel(now);
  if (!closed()) advance_shutdown(now);
}

// Returns stop when the rest of the packet must not be looked at.
Association::Next Association::handle_chunk(Packet& packet, const wire::ChunkView& chunk,
                                            std::size_t offset) {
  if (core_.endpoint.protection != nullptr && packet.record == nullptr && !may_come_unsealed(chunk)) {
    core_.drop(DropReason::unprotected_chunk);
    return Next::go_on;
  }
  if (chunk.is(wire::ChunkType::kAuth) || core_.auth.we_want(chunk.type))
    return handle_authenticated(packet, chunk, offset);
  switch (chunk.chunk_type()) {
    case wire::ChunkType::kData: handle_data(packet, chunk); break;
    case wire::ChunkType::kSack:
    case wire::ChunkType::kNrSack: handle_sack(packet, chunk); break;
    case wire::ChunkType::kHeartbeat: handle_heartbeat(packet, chunk); break;
    case wire::ChunkType::kHeartbeatAck: handle_heartbeat_ack(packet, chunk); break;
    case wire::ChunkType::kAbort: handle_abort(chunk); return Next::stop;
    case wire::ChunkType::kError: handle_error(packet, chunk); break;
    case wire::ChunkType::kInitAck: handle_init_ack(packet, chunk); return Next::stop;
    case wire::ChunkType::kCookieAck: handle_cookie_ack(packet.now); break;
    case wire::ChunkType::kShutdown: handle_shutdown(packet, chunk); break;
    case wire::ChunkType::kShutdownAck: handle_shutdown_ack(packet); break;
    case wire::ChunkType::kShutdownComplete: handle_shutdown_complete(); return Next::stop;
    case wire::ChunkType::kCookieEcho:
      break;                            // the endpoint has dealt with it; what is bundled behind it is ours
    case wire::ChunkType::kPad: break;  // RFC 4820: there to be ignored
    case wire::ChunkType::kAsconf:
    case wire::ChunkType::kAsconfAck:
      if (packet.record == nullptr) return handle_unknown(chunk);
      return handle_authenticated(packet, chunk, offset);
    default: return handle_unknown(chunk);
  }
  return Next::go_on;
}

Association::Next Association::handle_authenticated(Packet& packet, const wire::ChunkView& chunk,
                                                    std::size_t offset) {
  if (chunk.is(wire::ChunkType::kAuth)) {
    return handle_auth(packet, chunk, offset);
  } else if (!packet.authenticated) {
    core_.drop(DropReason::unauthenticated_chunk);  // RFC 4895 §6.3: silently
  } else if (chunk.is(wire::ChunkType::kAsconf)) {
    handle_asconf(packet, chunk);
  } else if (chunk.is(wire::ChunkType::kAsconfAck)) {
    handle_asconf_ack(packet, chunk);
  }
  return Next::go_on;
}

// RFC 4895 §6.3: nothing behind an AUTH that does not hold is taken; an algorithm that nobody offered is
// advertised.
Association::Next Association::handle_auth(Packet& packet, const wire::ChunkView& chunk, std::size_t offset) {
  const auto auth = wire::AuthChunk::parse(chunk);
  packet.authenticated = auth && core_.auth.verify(packet.view.bytes(), offset, *auth);
  if (packet.authenticated) return Next::go_on;
  core_.drop(DropReason::bad_auth);
  if (auth && core_.auth.enabled() && wire::hmac_size(auth->hmac_id) == 0 && !handshaking()) {
    std::array<std::byte, 2> value{};
    store_be(value.data(), auth->hmac_id);
    send_error(wire::CauseCode::kUnsupportedHmacIdentifier, value);
  }
  return Next::stop;
}

void Association::handle_asconf(Packet& packet, const wire::ChunkView& chunk) {
  const auto asconf = wire::AsconfChunk::parse(chunk);
  if (!asconf) return core_.drop(DropReason::malformed_chunk);
  if (!asconf_responder_ || !core_.dynamic_addresses) return core_.drop(DropReason::unexpected_chunk);
  asconf_responder_->on_asconf(*asconf, packet.route);
  // The packet itself counts towards what may be sent to an address that it has just made a path.
  if (path::Path* path = core_.paths.find(packet.route); path != nullptr && packet.path == kNoPath) {
    packet.path = path->id;
    path->unproven_received += packet.size;
    ++path->counters.datagrams_received;
    path->counters.bytes_received += packet.size;
  }
}

void Association::handle_asconf_ack(Packet& packet, const wire::ChunkView& chunk) {
  const auto ack = wire::AsconfAckChunk::parse(chunk);
  if (!ack) return core_.drop(DropReason::malformed_chunk);
  asconf_.on_ack(packet.now, *ack);
}

void Association::handle_heartbeat(Packet& packet, const wire::ChunkView& chunk) {
  const auto heartbeat = wire::HeartbeatChunk::parse(chunk);
  if (!heartbeat) return core_.drop(DropReason::malformed_chunk);
  path::Path* path = core_.paths.find(packet.path);
  // An answer would go to an address that may be anybody's (trap: answers to answers), or break our silence
  // on a joining path.
  if (path == nullptr) {
    if (packet.record != nullptr) return;  // an authentic one moves its path, if it is the newest
    // Where the known port no longer answers, the new one may be tried: it has to prove itself before
    // anything depends on it.
    const path::Path* moved = core_.paths.find_unique_by_ip(packet.route);
    if (moved == nullptr || moved->ours || moved->error_count == 0)
      return core_.drop(DropReason::unknown_source);
    return follow_source(packet);
  }
  if (path->state == PathState::joining) return core_.drop(DropReason::unexpected_chunk);
  // A port that is only asked yet is not advertised that it works: the peer goes on asking until its answer
  // has moved the path.
  if (path->replaces != kNoPath) return path::PathValidation::probe(*core_.paths.find(packet.path));
  heartbeats_.on_heartbeat(packet.now, *heartbeat, *path);
}

void Association::handle_heartbeat_ack(Packet& packet, const wire::ChunkView& chunk) {
  const auto heartbeat = wire::HeartbeatChunk::parse(chunk);
  if (!heartbeat) return core_.drop(DropReason::malformed_chunk);
  if (is_probe_ack(*heartbeat)) return handle_probe_ack(packet, *heartbeat);
  if (!heartbeats_.on_heartbeat_ack(packet.now, *heartbeat, packet.route)) return;
  path::Path* path = core_.paths.find(packet.route);
  if (path == nullptr) return;
  if (path->pmtu.on_small_answered(path->heartbeat.sent_at, packet.now)) on_black_hole(*path);
  if (path->replaces != kNoPath) settle_candidate(*path, packet.now);
}

// RFC 9260 §3.2: the two highest bits of the type say what to do with what we do not know, or did not
// negotiate.
Association::Next Association::handle_unknown(const wire::ChunkView& chunk) {
  core_.drop(wire::is_known_chunk(chunk.type) ? DropReason::unexpected_chunk : DropReason::unknown_chunk);
  if (wire::is_known_chunk(chunk.type)) return Next::go_on;
  const auto action = wire::unknown_chunk_action(chunk.type);
  if (wire::reports(action) && !handshaking()) {
    send_error(wire::CauseCode::kUnrecognizedChunkType,
               chunk.whole.first(std::min(chunk.whole.size(), kMaxErrorEcho)));
  }
  return wire::stops(action) ? Next::stop : Next::go_on;
}

void Association::handle_abort(const wire::ChunkView& chunk) {
  const auto abort_chunk = wire::AbortChunk::parse(chunk);
  if (!abort_chunk) return core_.drop(DropReason::malformed_chunk);
  // The packet carries our own tag: the T bit would say that it carries the peer's (RFC 9260 §8.5.1 B).
  if (abort_chunk->tag_reflected) return core_.drop(DropReason::bad_verification_tag);
  wire::CauseReader causes = abort_chunk->cause_reader();
  const auto cause = causes.next();
  close(Event::Kind::aborted, cause ? cause->type : std::uint16_t{0}, "aborted by the peer");
}

void Association::handle_error(Packet& packet, const wire::ChunkView& chunk) {
  const auto error = wire::ErrorChunk::parse(chunk);
  if (!error) return core_.drop(DropReason::malformed_chunk);
  wire::CauseReader causes = error->cause_reader();
  while (const auto cause = causes.next()) {
    if (!cause->is(wire::CauseCode::kStaleCookie)) continue;
    const auto stale = wire::StaleCookieCause::parse(*cause);
    if (!stale) return core_.drop(DropReason::malformed_chunk);
    return handle_stale_cookie(packet.now, std::chrono::microseconds(stale->staleness_us));
  }
}

void Association::on_reflected(const wire::ChunkView& chunk) {
  if (in<ShutdownAckSent>()) {
    // All was delivered both ways, and the peer has gone: only its last word was lost.
    close(Event::Kind::closed, 0, "shut down");
  } else if (chunk.is(wire::ChunkType::kAbort)) {
    close(Event::Kind::aborted, 0, "the peer does not know the association");
  } else {
    core_.drop(DropReason::unexpected_chunk);
  }
}

// A record says by its path id which path it came by, wherever it came from; anything else only by its
// source.
void Association::note_source(const Packet& packet) {
  path::Path* path = core_.paths.find(packet.route);
  const bool newest = packet.record == nullptr ? packet.fresh : packet.record->newest;
  if (!newest) return;
  if (path == nullptr) return follow_source(packet);
  if (packet.record == nullptr || path->replaces != kNoPath) return;
  packet.record->peer_path->path = path->id;
  path->peer_record = {packet.record->epoch, packet.record->path_id};
}

// Whoever sent a record of one path on from the address of another has let us believe that they are the same:
// two paths of the peer would pull one of ours back and forth for ever. A path is moved only by its own
// records; the other joins again.
bool Association::moves_with(const path::Path& path, const security::OpenedRecord& record) {
  return !path.peer_record || path.peer_record->first != record.epoch ||
         path.peer_record->second == record.path_id;
}

// RFC 6951 §5.4, tightened: the peer's UDP port follows a packet that passed tag and checksum AND brought
// news, which a replayed one hardly can (a record: that is the newest of its path id); and only where it is
// clear which path moved. Even then the new port is asked first, and the path moves when it answers: whoever
// sends our peer's packets from elsewhere, and faster, changes nothing. Otherwise the peer joins again by
// ASCONF.
void Association::follow_source(const Packet& packet) {
  const path::Path* path =
      packet.record == nullptr ? nullptr : core_.paths.find(packet.record->peer_path->path);
  if (path != nullptr && path->route.socket != packet.route.socket) path = nullptr;
  if (path == nullptr) path = core_.paths.find_unique_by_ip(packet.route);
  if (path == nullptr || path->ours || !path->proven()) return core_.drop(DropReason::unknown_source);
  if (packet.record != nullptr && !moves_with(*path, *packet.record))
    return core_.drop(DropReason::unknown_source);
  const PathId moved = path->id;
  if (core_.paths.find_candidate_for(moved) != nullptr) return core_.drop(DropReason::unknown_source);
  if (asconf_responder_ && !asconf_responder_->make_room()) return core_.drop(DropReason::too_many_paths);
  path::Path* candidate = core_.paths.add(packet.route, PathState::unconfirmed, core_.peer_window_hint);
  if (candidate == nullptr) return core_.drop(DropReason::too_many_paths);
  candidate->replaces = moved;
  candidate->unproven_received = packet.size;
  path::PathValidation::probe(*candidate);
}

// The new port has answered: the path goes on there, with all it knew.
void Association::settle_candidate(path::Path& candidate, Timestamp now) {
  path::Path* path = core_.paths.find(candidate.replaces);
  const Route route = candidate.route;
  candidate.replaces = kNoPath;
  if (path == nullptr) {
    // What it was to replace is gone meanwhile: it is a way of its own, and nothing else would ask it again.
    core_.emit(Event::Kind::path_added, candidate.id);
    return heartbeats_.on_path_alive(candidate, now);
  }
  const PathId spent = candidate.id;
  core_.endpoint.events.push_back({.kind = Event::Kind::path_moved,
                                   .association = core_.id,
                                   .path = path->id,
                                   .reason = "the peer's address changed",
                                   .previous = path->route.remote});
  path->route = route;
  path->pmtu.on_moved();
  path->heartbeat.outstanding = false;
  path->heartbeat.deadline = kNever;
  sender_.outstanding().lose_all(*path);
  core_.paths.remove(spent);
  heartbeats_.on_path_alive(*path, now);
  // What went to the old port in vain need not wait for its timer.
  if (in<ShutdownSent>()) send_shutdown(now);
  if (in<ShutdownAckSent>()) send_shutdown_ack(now, nullptr);
}

// A path of ours that stays silent may have lost its NAT mapping: the peer learns the new one by another
// join. PathValidation alone tell: data that arrives from an address the peer does not know is acknowledged
// all the same, over other paths.
void Association::rejoin_failed_paths() {
  constexpr unsigned kErrorsBeforeRejoin = 2;
  if (!core_.initiator || !core_.dynamic_addresses) return;
  for (const auto& path : core_.paths) {
    const bool silent = path->heartbeat.unresponsive() ||
                        (path->state != PathState::active && path->error_count >= kErrorsBeforeRejoin);
    if (path->ours && path->state != PathState::joining && silent) asconf_.join(path->id);
  }
}

// What the peer added and what never (or no longer) answers is forgotten, as long as something else is left.
// One that worked is given time: an uplink may come back.
void Association::retire_forsaken_paths(Timestamp now) {
  const Duration grace = 3 * core_.config().heartbeat_interval;
  std::vector<PathId> given_up;
  for (const auto& path : core_.paths) {
    if (path->replaces != kNoPath && path->error_count != 0) given_up.push_back(path->id);  // one try
    if (path->ours || path->error_count <= core_.config().path_max_retrans || !core_.paths.any_active())
      continue;
    const bool long_silent = path->state == PathState::inactive && now - path->last_received > grace;
    if (path->state == PathState::unconfirmed || long_silent) given_up.push_back(path->id);
  }
  for (const PathId id : given_up) retire_path(id);
}

bool Association::silent_too_long(Timestamp now) const {
  const Duration limit = core_.config().silence_limit;
  if (limit == Duration::zero() || core_.paths.any_active()) return false;
  // A record is the peer's word, even from where no path is: who forges sources must not end what lives.
  if (last_record_ != Timestamp::min() && now - last_record_ <= limit) return false;
  return std::ranges::all_of(core_.paths, [&](const auto& path) {
    return path->last_received == Timestamp::min() || now - path->last_received > limit;
  });
}

void Association::handle_timeout(Timestamp now) {
  if (closed()) return;
  on_handshake_timeout(now);
  on_shutdown_timeout(now);
  if (closed() || handshaking()) return;
  receiver_->on_timeout(now);
  on_data_timeouts(now);
  if (channel_ != nullptr) advance_channel(now);
  if (closed() || opening()) return;
  heartbeats_.on_timeout(now);
  on_probe_timeouts(now);
  asconf_.on_timeout(now);
  rejoin_failed_paths();
  retire_forsaken_paths(now);
  if (core_.error_count > core_.config().association_max_retrans || silent_too_long(now)) {
    if (lacks_only_last_word()) return close(Event::Kind::closed, 0, "shut down");
    send_abort(wire::CauseCode::kUserInitiatedAbort,
               std::as_bytes(std::span(std::string_view("retransmission limit"))));
    return close(Event::Kind::lost, 0, "no path answers");
  }
  advance_shutdown(now);
}

// --- commands
// ------------------------------------------------------------------------------------------------------

SendResult Association::send(Buffer&& message, const SendOptions& options) {
  if (!in<Established>() || half_open()) return SendResult::not_open;
  return sender_.enqueue(std::move(message), options);
}

std::optional<PathId> Association::add_path(const Route& route) {
  if (core_.paths.find(route) != nullptr) return std::nullopt;
  path::Path* path = core_.paths.add(route, PathState::joining, core_.peer_window_hint);
  if (path == nullptr) return std::nullopt;
  path->ours = true;
  core_.emit(Event::Kind::path_added, path->id);
  asconf_.join(path->id);
  return path->id;
}

bool Association::remove_path(PathId id) {
  if (core_.paths.size() < 2 || core_.paths.find(id) == nullptr) return false;
  retire_path(id);
  return true;
}

void Association::retire_path(PathId id) {
  path::Path* path = core_.paths.find(id);
  if (path == nullptr || core_.paths.size() < 2) return;
  sender_.outstanding().forget(*path);
  asconf_.on_path_removed(id);
  std::erase_if(core_.control.chunks(),
                [id](const control::ControlChunk& chunk) { return chunk.path == id; });
  const bool known = path->replaces == kNoPath;
  core_.paths.remove(id);
  if (known) core_.emit(Event::Kind::path_removed, id);
}

bool Association::set_primary(PathId id) {
  if (core_.paths.find(id) == nullptr) return false;
  core_.paths.set_primary(id);
  return true;
}

bool Association::request_address(wire::ParameterType type, const IpAddress& local) {
  if (opening() || !core_.dynamic_addresses) return false;
  asconf_.request(type, local);
  return true;
}

void Association::probe_path(PathId id) {
  if (path::Path* path = core_.paths.find(id)) path::PathValidation::force_probe(*path);
}

void Association::on_restart_hint(Timestamp now) {
  constexpr Duration kLately = std::chrono::seconds(5);
  if (!in<Established>() || half_open()) return;
  for (const auto& path : core_.paths) {
    if (path->ours && path->state == PathState::active && now - path->heartbeat.sent_at >= kLately)
      path::PathValidation::probe(*path);
  }
}

void Association::abort(wire::CauseCode cause, std::string_view reason) {
  abort_with(cause, std::as_bytes(std::span(reason)));
}

void Association::abort_with(wire::CauseCode cause, Bytes value) {
  if (closed()) return;
  send_abort(cause, value);
  close(Event::Kind::aborted, static_cast<std::uint16_t>(cause), "aborted by us");
}

void Association::send_abort(wire::CauseCode cause, Bytes value) {
  constexpr std::size_t kMaxValueSize = 256;
  const path::Path* path = core_.paths.for_control();
  if (path == nullptr || core_.peer_tag == 0) return;
  std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(kMaxValueSize));
  ByteWriter writer(causes);
  wire::write_cause(writer, cause, value.first(std::min(value.size(), kMaxValueSize)));
  const auto chunk = control::ControlQueue::serialise(wire::AbortChunk{false, writer.written()});
  send_last_word(path->route, wire::ChunkType::kAbort, chunk, core_.peer_tag);
}

void Association::close(Event::Kind kind, std::uint16_t cause, std::string_view reason) {
  for (const auto& path : core_.paths) sender_.outstanding().lose_all(*path);
  core_.control.clear();
  state_ = Closed{};
  // Of a caller that did not prove itself, the user never heard.
  const bool refused = !core_.open && !core_.initiator;
  core_.emit(refused ? Event::Kind::refused : kind, kNoPath, cause, reason);
}

void Association::send_last_word(const Route& route, wire::ChunkType type, Bytes chunk, std::uint32_t tag) {
  const bool sealed = core_.endpoint.protection != nullptr;
  if (sealed && opening()) return;  // without keys there is no last word that the peer would believe
  Buffer packet = core_.endpoint.pool.acquire(safe_payload(route));
  wire::CommonHeader header = core_.header();
  header.verification_tag = tag;
  tx::PacketBuilder builder(packet.bytes(), header, &core_.auth,
                            sealed ? tx::PacketBuilder::Layout::sealed : tx::PacketBuilder::Layout::plain);
  builder.add(type, chunk);
  packet.resize(builder.finish());
  if (sealed && !channel_->seal(packet.bytes(), record_numbers(route))) return;
  core_.endpoint.replies.push_back({route, std::move(packet), sealed});
}

void Association::send_error(wire::CauseCode cause, Bytes value) {
  std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(value.size()));
  ByteWriter writer(causes);
  wire::write_cause(writer, cause, value);
  core_.control.push(wire::ChunkType::kError, wire::ErrorChunk{writer.written()});
}

// --- output
// --------------------------------------------------------------------------------------------------------

bool Association::poll_transmit(Timestamp now, TransmitBatch& batch) {
  while (build_batch(now, batch)) {
    // Of a path that nothing is known of, a handshake cannot wait to find out what it carries.
    batch.may_fragment |= opening();
    if (seal_batch(batch)) return true;
  }
  return false;
}

bool Association::build_batch(Timestamp now, TransmitBatch& batch) {
  pacing_deadline_ = kNever;
  if (closed()) return false;
  if (!opening()) {
    // Before the HEARTBEATs, which tell whether a probe was lost alone.
    if (poll_probe(now, batch)) return true;
    asconf_.queue_due(now);
    heartbeats_.queue_due(now);
    if (channel_ != nullptr) send_path_preferences();
  }
  if (poll_control(now, batch)) return true;
  if (handshaking()) return false;
  return poll_data(now, batch);
}

std::optional<ReceivedMessage> Association::poll_message() {
  if (!receiver_) return std::nullopt;
  auto delivered = receiver_->poll_message();
  if (!delivered) return std::nullopt;
  return ReceivedMessage{core_.id,        delivered->stream,
                         delivered->ppid, delivered->unordered,
                         delivered->more, std::move(delivered->payload)};
}

Timestamp Association::next_timeout() {
  if (closed()) return kNever;
  Timestamp next = shutdown_deadline();
  if (const auto* wait = std::get_if<CookieWait>(&state_)) return wait->t1;
  if (const auto* echoed = std::get_if<CookieEchoed>(&state_))
    return std::min(echoed->t1, handshake_deadline_);
  next = std::min({next, receiver_->sack_deadline(), pacing_deadline_});
  if (half_open()) next = std::min(next, handshake_deadline_);
  if (!opening()) {
    next = std::min({next, heartbeats_.next_timeout(), asconf_.next_timeout(), next_probe_timeout()});
    if (channel_ != nullptr) next = std::min(next, channel_->next_timeout());
  }
  for (const auto& path : core_.paths) next = std::min({next, path->flight.t3, path->flight.loss_deadline});
  return next;
}

// --- getters
// -------------------------------------------------------------------------------------------------------

AssociationState Association::state() const {
  // Same order as State; a closed association answers as it would in its last moment.
  return static_cast<AssociationState>(
      std::min<std::size_t>(state_.index(), static_cast<std::size_t>(AssociationState::shutdown_ack_sent)));
}

bool Association::handshaking() const {
  return in<CookieWait>() || in<CookieEchoed>();
}

bool Association::uses_remote(const IpAddress& ip) const {
  return std::ranges::any_of(core_.paths, [&ip](const auto& path) { return path->route.remote.ip == ip; });
}

AssociationStatus Association::status() const {
  AssociationStatus status;
  status.id = core_.id;
  status.state = state();
  status.outbound_streams = outbound_streams_;
  status.inbound_streams = inbound_streams_;
  status.nr_sack = core_.nr_sack;
  status.dynamic_addresses = core_.dynamic_addresses;
  status.peer_window = sender_.peer_window();
  status.queued_bytes = sender_.queued_bytes();
  status.outstanding_bytes = sender_.outstanding().flight_bytes();
  status.messages_sent = sender_.messages_accepted();
  if (channel_ != nullptr && channel_->up()) status.protection = channel_->status();
  if (receiver_) {
    status.receive_buffered = receiver_->held_bytes();
    status.messages_received = receiver_->messages_received();
    status.duplicate_tsns_received = receiver_->duplicate_tsns();
  }
  const path::SendState situation{sender_.has_data(), sender_.peer_has_room(), pacing_deadline_};
  for (const auto& path : core_.paths) {
    if (path->replaces != kNoPath) continue;
    status.paths.push_back({path->id, path->route, path->state, path->id == core_.paths.primary_id(),
                            path->role(), path->rtt.srtt(), path->rtt.rttvar(), path->rtt.rto(),
                            path->congestion->cwnd(), path->congestion->ssthresh(), path->flight.bytes,
                            path->pmtu.payload(), path->error_count, path->counters,
                            path::idle_reason(*path, core_.paths, situation), path->failed_since,
                            path->cap.bits_per_second()});
  }
  return status;
}

}  // namespace hawser::sctp::association
