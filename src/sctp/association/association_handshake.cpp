#include <algorithm>

#include "crypto/record_keys.hpp"
#include "sctp/association/association.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/handshake.hpp"

// Set-up of an association: INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260 §5).

namespace hawser::sctp::association {
namespace {

constexpr unsigned kMaxCookieLifeRequests = 2;
// Parameters of our INIT are padded (RFC 4820) to more than an INIT ACK's: the answer to it never amplifies.
constexpr std::size_t kInitParameters = 320;

void pad_to(ByteWriter& writer, std::size_t size) {
  static constexpr std::array<std::byte, kInitParameters> kZeros{};
  const std::size_t used = padded4(writer.size()) + wire::kTlvHeaderSize;
  if (used < size)
    wire::write_parameter(writer, wire::ParameterType::kPadding, Bytes(kZeros).first(size - used));
}

}  // namespace

void Association::send_init(Timestamp now) {
  auto& wait = std::get<CookieWait>(state_);
  const path::Path& path = *core_.paths.primary();
  wait.timeout = wait.transmissions == 0 ? core_.config().rto_initial
                                         : std::min(2 * wait.timeout, core_.config().rto_max);
  wait.t1 = now + wait.timeout;
  ++wait.transmissions;

  if (wait.init.empty()) wait.init = make_init_chunk(wait.cookie_preservative);
  core_.control.push_bytes(wire::ChunkType::kInit, wait.init, path.id);
}

std::vector<std::byte> Association::make_init_chunk(std::optional<std::uint32_t> cookie_preservative) {
  const SecurityConfig* protection = core_.endpoint.protection;
  std::vector<std::byte> parameters(1024);
  ByteWriter writer(parameters);
  handshake::write_own_parameters(writer, core_.config(), own_, protection);
  if (cookie_preservative) {
    std::array<std::byte, 4> value{};
    store_be(value.data(), *cookie_preservative);
    wire::write_parameter(writer, wire::ParameterType::kCookiePreservative, value);
  }
  pad_to(writer, kInitParameters - (protection == nullptr ? 0 : wire::kAccessParameterSize));
  if (protection != nullptr) security::write_access_nonce(writer, core_.endpoint.random);
  auto chunk =
      control::ControlQueue::serialise(handshake::make_init(core_.config(), own_, false, writer.written()));
  if (protection != nullptr) security::sign_access(chunk, access_key().view());
  return chunk;
}

crypto::SecretBytes Association::access_key() const {
  const auto& peers = core_.endpoint.protection->peers;
  const auto peer = std::ranges::find(peers, *expected_peer_, &ProtectedPeer::key);
  return crypto::derive_access_key(peer->key, peer->preshared_key ? &*peer->preshared_key : nullptr);
}

// RFC 9260 §5.1 C. In any other state than COOKIE-WAIT an INIT ACK is dropped (§5.2.3).
void Association::handle_init_ack(Packet& packet, const wire::ChunkView& chunk) {
  if (!in<CookieWait>()) return core_.drop(DropReason::duplicate_handshake);
  const auto init = wire::InitChunk::parse(chunk);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  if (!init || !parameters) return core_.drop(DropReason::malformed_init);
  const handshake::PeerInit peer = handshake::PeerInit::from(*init, *parameters);
  if (core_.endpoint.protection != nullptr) {
    if (!handle_protected_init_ack(packet, chunk, *parameters, peer)) core_.drop(DropReason::malformed_init);
    return;
  }
  core_.peer_tag = init->initiate_tag;
  if (!acceptable(*init, *parameters)) return core_.drop(DropReason::malformed_init);
  path::Path* path = core_.paths.primary();
  // The answer may come from another address than we asked (a multihomed peer): that is where the peer is.
  if (path->route != packet.route) path->route = packet.route;
  adopt(peer);
  if (core_.auth.enabled() == false && peer.asconf && core_.config().dynamic_addresses) {
    // RFC 5061 §4.2.7: who announces ASCONF has to announce AUTH.
    return abort(wire::CauseCode::kProtocolViolation, "ASCONF announced without AUTH");
  }
  const auto& wait = std::get<CookieWait>(state_);
  CookieEchoed echoed;
  echoed.cookie.assign(parameters->cookie->value.begin(), parameters->cookie->value.end());
  echoed.stale_cookies = wait.stale_cookies;
  state_ = std::move(echoed);
  core_.control.drop(wire::ChunkType::kInit);
  send_cookie_echo(packet.now);
  for (const wire::ParameterView& unknown : parameters->unrecognized) {
    send_error(wire::CauseCode::kUnrecognizedParameters,
               unknown.whole.first(std::min<std::size_t>(unknown.whole.size(), 512)));
  }
}

// Nothing of an INIT ACK is authentic yet: what does not fit is as if it had never come, and ends nothing.
bool Association::handle_protected_init_ack(Packet& packet, const wire::ChunkView& chunk,
                                            const wire::InitParameters& parameters,
                                            const handshake::PeerInit& peer) {
  // Nor does it lead elsewhere: who forges it from an address that is not his would have what follows sent
  // there.
  if (packet.path != core_.paths.primary_id()) return false;
  const auto& cookie = parameters.cookie;
  // All but the cookie goes into the transcript, so nothing may stand behind it.
  if (!cookie || !peer.cipher_costs || peer.outbound_streams == 0 || peer.inbound_streams == 0 ||
      peer.a_rwnd < 1500 ||
      cookie->whole.data() + cookie->whole.size() != chunk.whole.data() + chunk.whole.size()) {
    return false;
  }
  const Bytes before_cookie(chunk.value.data(), cookie->whole.data());
  const std::array<Bytes, 2> transcript = {std::get<CookieWait>(state_).init, before_cookie};
  CookieEchoed echoed;
  echoed.cookie.assign(cookie->value.begin(), cookie->value.end());
  const auto proof = security::prove_cookie(cookie->value, access_key().view());
  echoed.cookie.insert(echoed.cookie.end(), proof.begin(), proof.end());
  core_.paths.primary()->route = packet.route;
  open_channel(crypto::TlsRole::client, peer, crypto::sha256(transcript), packet.now);
  adopt(peer);
  state_ = std::move(echoed);
  core_.control.drop(wire::ChunkType::kInit);
  send_key_messages();
  send_cookie_echo(packet.now);
  return true;
}

// What makes an association impossible is answered by ABORT (RFC 9260 §5.1, §3.3.3).
bool Association::acceptable(const wire::InitChunk& init, const wire::InitParameters& parameters) {
  if (init.outbound_streams == 0 || init.inbound_streams == 0 || init.a_rwnd < 1500) {
    abort_with(wire::CauseCode::kInvalidMandatoryParameter, {});
    return false;
  }
  if (!parameters.cookie) {
    std::array<std::byte, 6> missing{};  // how many, and which
    store_be(missing.data(), std::uint32_t{1});
    store_be(missing.data() + 4, static_cast<std::uint16_t>(wire::ParameterType::kStateCookie));
    abort_with(wire::CauseCode::kMissingMandatoryParameter, missing);
    return false;
  }
  if (parameters.host_name) {
    abort_with(wire::CauseCode::kUnresolvableAddress, parameters.host_name->whole);
    return false;
  }
  return true;
}

void Association::send_cookie_echo(Timestamp now) {
  auto& echoed = std::get<CookieEchoed>(state_);
  echoed.timeout = echoed.transmissions == 0 ? core_.config().rto_initial
                                             : std::min(2 * echoed.timeout, core_.config().rto_max);
  echoed.t1 = now + echoed.timeout;
  ++echoed.transmissions;
  // What was bundled with the one before goes along again.
  sender_.outstanding().lose_all(*core_.paths.primary());
  core_.control.push(wire::ChunkType::kCookieEcho, wire::CookieEchoChunk{echoed.cookie},
                     core_.paths.primary_id());
}

void Association::handle_cookie_ack(Timestamp now) {
  if (!in<CookieEchoed>()) return core_.drop(DropReason::duplicate_handshake);
  establish(now, Event::Kind::connected);
}

// RFC 9260 §5.2.6: ask for a cookie that lives longer, by as much as it was too old and some more.
void Association::handle_stale_cookie(Timestamp now, Duration staleness) {
  auto* echoed = std::get_if<CookieEchoed>(&state_);
  if (echoed == nullptr) return core_.drop(DropReason::unexpected_chunk);
  if (echoed->stale_cookies >= kMaxCookieLifeRequests) {
    return close(Event::Kind::lost, static_cast<std::uint16_t>(wire::CauseCode::kStaleCookie),
                 "the cookie was stale");
  }
  const auto more =
      std::chrono::duration_cast<std::chrono::milliseconds>(staleness) + std::chrono::seconds(2);
  CookieWait wait;
  wait.transmissions = echoed->transmissions;
  wait.stale_cookies = echoed->stale_cookies + 1;
  wait.timeout = core_.config().rto_initial;
  wait.cookie_preservative = static_cast<std::uint32_t>(std::min<std::int64_t>(more.count(), 60'000));
  state_ = wait;
  core_.control.clear();
  core_.peer_tag = 0;
  receiver_.reset();
  send_init(now);
}

void Association::on_handshake_timeout(Timestamp now) {
  const auto expired = [&](Timestamp t1, unsigned transmissions) {
    if (t1 > now) return false;
    if (transmissions <= core_.config().max_init_retrans) return true;
    close(Event::Kind::lost, 0, "no answer");
    return false;
  };
  if (const auto* wait = std::get_if<CookieWait>(&state_)) {
    if (expired(wait->t1, wait->transmissions)) send_init(now);
  } else if (const auto* echoed = std::get_if<CookieEchoed>(&state_)) {
    if (handshake_deadline_ <= now) {
      give_up_handshake();
    } else if (expired(echoed->t1, echoed->transmissions)) {
      send_cookie_echo(now);
    }
  }
}

// Takes over what the peer announced and builds what depends on it.
void Association::adopt(const handshake::PeerInit& peer) {
  const EndpointConfig& config = core_.config();
  core_.peer_tag = peer.tag;
  core_.peer_window_hint = peer.a_rwnd;
  core_.nr_sack = config.nr_sack && peer.nr_sack;
  listed_addresses_ = peer.addresses;
  core_.auth = handshake::negotiate_auth(config, own_, peer);
  core_.dynamic_addresses =
      config.dynamic_addresses && peer.asconf && (core_.auth.enabled() || channel_ != nullptr);
  inbound_streams_ = std::min(config.inbound_streams, peer.outbound_streams);
  outbound_streams_ = std::min(config.outbound_streams, peer.inbound_streams);
  const bool delay_gaps = config.multipath && core_.nr_sack;
  receiver_.emplace(peer.initial_tsn, inbound_streams_, config, core_.endpoint.pool,
                    delay_gaps ? rx::GapPolicy::delayed : rx::GapPolicy::at_once, channel_ != nullptr);
  asconf_responder_.emplace(core_, peer.initial_tsn);
  sender_.on_established(outbound_streams_, peer.a_rwnd);
  const std::size_t auth_size = core_.auth.peer_wants(wire::ChunkType::kData) ? core_.auth.chunk_size() : 0;
  const std::size_t seal_size = channel_ == nullptr ? 0 : wire::kSealedOverhead;
  chunk_overhead_ = wire::kCommonHeaderSize + wire::kDataHeaderSize + auth_size + seal_size;
  sender_.set_max_chunk_payload(unfragmented_size());
}

void Association::establish(Timestamp now, Event::Kind kind) {
  state_ = Established{};
  core_.error_count = 0;
  core_.control.drop(wire::ChunkType::kCookieEcho);
  opened_as_ = kind;
  core_.open = false;
  // The handshake went both ways over the first path: its address is proven (RFC 9260 §5.4 rule 1 and 2).
  path::Path* first = core_.paths.primary();
  heartbeats_.on_path_alive(*first, now);
  // What went out with the COOKIE ECHO had no timer of its own.
  if (first->flight.oldest != path::kNoTsn) first->flight.t3 = now + first->rtt.rto();
  if (!opening()) go_public();
}

// The association is up: from now on it is the user's.
void Association::go_public() {
  core_.open = true;
  core_.error_count = 0;
  core_.emit(opened_as_);
  for (const auto& path : core_.paths) core_.announce(*path);
  // The handshake says nothing of the round trip; a HEARTBEAT measures it before the first data has to.
  path::Path* first = core_.paths.primary();
  path::PathValidation::probe(*first);
  if (core_.config().listed_addresses) add_listed_addresses();
  if (core_.dynamic_addresses) return;
  std::vector<PathId> joining;
  for (const auto& path : core_.paths) {
    if (path->state == PathState::joining) joining.push_back(path->id);
  }
  for (const PathId id : joining) {
    core_.emit(Event::Kind::path_refused, id, 0, "the peer does not take dynamic addresses");
    retire_path(id);
  }
}

// RFC 9260 §5.1.2, RFC 6951 §5.2: the peer's other addresses, at the UDP port of the first, carry data once
// they answer a HEARTBEAT. Nothing has come from there, so a few HEARTBEATs are all they may get.
void Association::add_listed_addresses() {
  const Route first = core_.paths.primary()->route;
  for (const IpAddress& address : listed_addresses_) {
    Route route = first;
    route.remote.ip = address;
    const bool same_scope = address.is_v4() == first.remote.ip.is_v4() &&
                            (!address.is_loopback() || first.remote.ip.is_loopback());
    if (!same_scope || core_.paths.find(route) != nullptr) continue;
    path::Path* path = core_.paths.add(route, PathState::unconfirmed, core_.peer_window_hint);
    if (path == nullptr) return;
    path->unproven_received = path::kNamedAddressCredit;
    path::PathValidation::probe(*path);
    core_.emit(Event::Kind::path_added, path->id);
  }
  listed_addresses_.clear();
}

void Association::acknowledge_cookie() {
  core_.control.push(wire::ChunkType::kCookieAck, wire::CookieAckChunk{}, core_.paths.primary_id());
}

// RFC 9260 §5.2.4: B, both sides sent an INIT; D, our COOKIE ACK was lost.
void Association::on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  if (core_.endpoint.protection != nullptr && !opening()) return core_.drop(DropReason::duplicate_handshake);
  if (in<CookieWait>() || (in<CookieEchoed>() && core_.peer_tag != cookie.peer.tag)) {
    core_.control.clear();
    adopt(cookie.peer);
    establish(now, Event::Kind::connected);
  } else if (in<CookieEchoed>()) {
    core_.control.clear();
    establish(now, Event::Kind::connected);
  } else if (core_.peer_tag != cookie.peer.tag) {
    return core_.drop(DropReason::duplicate_handshake);
  }
  const path::Path* path = core_.paths.find(cookie.route);
  core_.control.push(wire::ChunkType::kCookieAck, wire::CookieAckChunk{},
                     path == nullptr ? kNoPath : path->id, cookie.route);
}

// RFC 9260 §5.2.4 A: the peer lost everything it knew. What was unacknowledged is gone; the streams start
// again.
bool Association::on_restart(Timestamp now, const handshake::StateCookie& cookie) {
  if (in<ShutdownAckSent>()) {
    send_shutdown_ack(now, &cookie.route);
    send_error(wire::CauseCode::kCookieReceivedWhileShuttingDown, {});
    return false;
  }
  core_.control.clear();
  // The cookie came from where its INIT did, which need not be the address that the path has by now.
  path::Path* way = core_.paths.find(cookie.route);
  if (way == nullptr) {
    way = core_.paths.primary();
    way->route = cookie.route;
  }
  std::vector<PathId> others;
  for (const auto& each : core_.paths) {
    if (each.get() != way) others.push_back(each->id);
  }
  for (const PathId id : others) retire_path(id);
  path::Path& path = *way;
  sender_.outstanding().lose_all(path);
  path.heartbeat = {};
  path.flight = {};
  path.congestion = path::make_new_reno(path.pmtu.payload(), cookie.peer.a_rwnd);
  own_ = cookie.own;
  core_.local_tag = own_.tag;
  core_.initiator = false;
  sender_ = tx::DataSender(core_.config(), core_.endpoint.pool, own_.initial_tsn);
  asconf_.restart(own_.initial_tsn);
  adopt(cookie.peer);
  establish(now, Event::Kind::restarted);
  acknowledge_cookie();
  return true;
}

}  // namespace hawser::sctp::association
