#include "sctp/association/establishment.hpp"

#include <algorithm>

#include "sctp/wire/causes.hpp"
#include "sctp/wire/handshake.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::association {

// --- our INIT

void Establishment::start(Timestamp now, const Route& first, std::optional<crypto::PublicKey> peer) {
  const EndpointContext& endpoint = parts_.endpoint;
  started_by_us_ = true;
  path::Path* path = parts_.paths.add(first, PathState::unconfirmed, endpoint.config.receive_window);
  path->ours = true;
  parts_.initiator.emplace(
      handshake::Initiator::Context{endpoint.config, endpoint.random, parts_.control, endpoint.security},
      parts_.own, peer);
  parts_.initiator->send_init(now, path->id);
  // The INIT itself has its ACCESS proof; the INIT ACK must be authentic.
  if (endpoint.security != nullptr)
    parts_.handshake_mac = parts_.initiator->handshake_mac(parts_.initiator->init_hash());
}

// RFC 9260 §5.1 C.
std::optional<Ended> Establishment::on_init_acked(const Packet& packet,
                                                  const handshake::AcceptedInitAck& ack) {
  const bool is_protected = parts_.endpoint.security != nullptr;
  // In plain SCTP the INIT ACK may come from another address of a multihomed peer: the path continues there.
  parts_.paths.primary()->follow(packet.route);
  parts_.paths.primary()->rtt.on_handshake(parts_.initiator->init_took());
  if (is_protected) {
    sign_packets(parts_.initiator->handshake_mac(ack.transcript));
    agree_on_keys(crypto::TlsRole::client, ack.peer, ack.transcript, packet.now);
  }
  adopt(ack.peer);
  if (!is_protected && !parts_.auth.enabled() && ack.peer.asconf &&
      parts_.endpoint.config.dynamic_addresses) {
    // RFC 5061 §4.2.7: a peer that announces ASCONF has to announce AUTH.
    return abort_with(wire::CauseCode::kProtocolViolation, "ASCONF announced without AUTH");
  }
  if (is_protected) messages_.send_key_messages();
  send_cookie_echo(packet.now);
  for (const wire::ParameterView& unknown : ack.unrecognized) {
    parts_.control.push_error(wire::CauseCode::kUnrecognizedParameters, control::error_echo(unknown.whole));
  }
  return std::nullopt;
}

void Establishment::init_again(Timestamp now) {
  parts_.writer.set_peer_tag(kNoTag);
  parts_.receiver.reset();
  parts_.initiator->send_init(now, parts_.paths.primary_id());
}

void Establishment::send_cookie_echo(Timestamp now) {
  // DATA that was bundled with the previous COOKIE ECHO is sent again with this one.
  parts_.recovery.on_moved(*parts_.paths.primary());
  parts_.initiator->send_cookie_echo(now, parts_.paths.primary_id());
}

std::optional<Ended> Establishment::on_timeout(Timestamp now) {
  using Timeout = handshake::Initiator::Timeout;
  if (!handshaking()) return std::nullopt;
  if (parts_.keys != nullptr && parts_.keys->deadline() <= now) {
    parts_.endpoint.drops.add(DropReason::handshake_failed);
    return Ended{Event::Kind::lost, 0, security::KeyExchange::kTimedOut, {}};
  }
  switch (parts_.initiator->on_timeout(now)) {
    case Timeout::none: break;
    case Timeout::init: parts_.initiator->send_init(now, parts_.paths.primary_id()); break;
    case Timeout::cookie_echo: send_cookie_echo(now); break;
    case Timeout::failed: return Ended{Event::Kind::lost, 0, "no answer", {}};
  }
  return std::nullopt;
}

Timestamp Establishment::next_timeout() const {
  const Timestamp deadline = parts_.keys == nullptr ? kNever : parts_.keys->deadline();
  return handshaking() ? std::min(parts_.initiator->next_timeout(), deadline) : deadline;
}

// --- unsealed packets

// The peer's packets of this handshake, and no others: neither those of an attacker without the access key
// nor copies of another handshake. An INIT ACK of an INIT that was repeated is a duplicate and no attack.
Result<wire::PacketView, DropReason> Establishment::authenticate(const wire::PacketView& packet) const {
  if (parts_.endpoint.security == nullptr) return packet;
  if (parts_.writer.seals() || !parts_.handshake_mac) return DropReason::unprotected_chunk;
  const auto authentic = parts_.handshake_mac->verify(packet.bytes());
  if (authentic) return *wire::PacketView::parse(*authentic);
  const auto first = packet.chunks().next();
  const bool late = parts_.keys != nullptr && first && first->is(wire::ChunkType::kInitAck);
  return late ? DropReason::duplicate_handshake : DropReason::bad_handshake_mac;
}

// From now on the packets of this end are signed until they are sealed.
void Establishment::sign_packets(security::HandshakeMac&& mac) {
  parts_.handshake_mac = std::move(mac);
  parts_.writer.set_handshake_mac(&*parts_.handshake_mac);
}

// --- the peer's State Cookie

void Establishment::accept(Timestamp now, const handshake::StateCookie& cookie) {
  path::Path* first = parts_.paths.add(cookie.route, PathState::unconfirmed, cookie.peer.a_rwnd);
  first->rtt.on_handshake(now - cookie.created);
  if (parts_.endpoint.security != nullptr) {
    sign_packets(
        {crypto::TlsRole::server, parts_.endpoint.access->key(cookie.access_key), cookie.transcript});
    agree_on_keys(crypto::TlsRole::server, cookie.peer, cookie.transcript, now);
  }
  adopt(cookie.peer);
  establish(now, Event::Kind::accepted);
  acknowledge_cookie(cookie.route);
}

// B: both ends sent an INIT. D: our COOKIE ACK was lost.
void Establishment::on_matching_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  const auto drop_duplicate = [this] { parts_.endpoint.drops.add(DropReason::duplicate_handshake); };
  if (parts_.endpoint.security != nullptr && readiness() != Readiness::handshake) return drop_duplicate();
  const bool same_peer = parts_.writer.peer_tag() == cookie.peer.tag;
  if (!handshaking() && !same_peer) return drop_duplicate();
  if (handshaking()) {
    const bool adopted = parts_.initiator->echoed() && same_peer;
    parts_.control.clear();
    if (!adopted) adopt(cookie.peer);
    establish(now, Event::Kind::connected);
  }
  if (parts_.endpoint.security != nullptr) follow_cookie(cookie.route);
  acknowledge_cookie(cookie.route);
}

// A cookie that was renewed validates another address of the peer, from which its handshake continues. The
// address of the first cookie was that of an attacker who relayed packets, or a NAT mapping that is gone.
void Establishment::follow_cookie(const Route& route) {
  path::Path& path = *parts_.paths.primary();
  if (path.route == route) return;
  earlier_route_ = path.route;
  path.follow(route);
  parts_.recovery.on_moved(path);
}

// A cookie may have been renewed for the address of an attacker who relays packets: the handshake goes on
// where the peer's last packet came from, if a cookie has validated that address.
void Establishment::follow_source(const Route& route) {
  if (earlier_route_ == route && readiness() == Readiness::handshake) follow_cookie(route);
}

void Establishment::acknowledge_cookie(const Route& route) {
  const path::Path* path = parts_.paths.find(route);
  parts_.control.push(wire::ChunkType::kCookieAck, wire::CookieAckChunk{},
                      path == nullptr ? kNoPath : path->id, route);
}

void Establishment::restart(Timestamp now, const handshake::StateCookie& cookie) {
  parts_.control.clear();
  path::Path& path = keep_only_path_to(cookie.route);
  parts_.recovery.on_moved(path);
  path.heartbeat = {};
  path.flight = {};
  path.restart_congestion(cookie.peer.a_rwnd);
  parts_.own = cookie.own;
  started_by_us_ = false;
  MessageSource* const source = parts_.data.queue().source();
  parts_.data = tx::DataSender(parts_.endpoint.config, parts_.endpoint.pool, parts_.own.initial_tsn);
  parts_.data.queue().set_source(source);
  parts_.asconf.restart(parts_.own.initial_tsn);
  adopt(cookie.peer);
  establish(now, Event::Kind::restarted);
  acknowledge_cookie(path.route);
}

// The cookie came from the address of its INIT. The path may have another address by now.
path::Path& Establishment::keep_only_path_to(const Route& route) {
  path::Path* kept = parts_.paths.find(route);
  if (kept == nullptr) {
    kept = parts_.paths.primary();
    kept->follow(route);
  }
  std::vector<PathId> others;
  for (const auto& each : parts_.paths) {
    if (each.get() != kept) others.push_back(each->id);
  }
  for (const PathId id : others) parts_.paths.retire(id, parts_.events);
  drop_retired_paths(parts_);
  return *kept;
}

// --- the result of the handshake

void Establishment::agree_on_keys(crypto::TlsRole role, const handshake::PeerInit& peer,
                                  const crypto::Sha256Digest& transcript, Timestamp now) {
  const SecurityConfig& security = *parts_.endpoint.security;
  const auto expected = handshaking() ? parts_.initiator->expected_peer() : std::nullopt;
  const crypto::Cipher cipher = crypto::choose_cipher(security.cipher_costs, *peer.cipher_costs);
  // Two more round trips follow, each as long as that of the INIT.
  const Duration extra = handshaking() ? 2 * parts_.initiator->init_took() : Duration{};
  parts_.keys = std::make_unique<security::KeyExchange>(
      security::SecureChannel::Setup{security, *parts_.endpoint.identity, role, expected, transcript, cipher,
                                     peer.zero_checksum},
      now, extra);
  parts_.writer.set_channel(&parts_.keys->channel());
  parts_.control_sender.bundle_data_with_cookie();
  parts_.teardown.set_protected();
}

// Stores the values that the peer announced, and creates the parts that depend on them.
void Establishment::adopt(const handshake::PeerInit& peer) {
  const EndpointConfig& config = parts_.endpoint.config;
  const bool is_protected = parts_.keys != nullptr;
  parts_.writer.set_peer_tag(peer.tag);
  peer_window_ = peer.a_rwnd;
  parts_.migration.set_peer_window(peer.a_rwnd);
  listed_addresses_ = peer.addresses;
  // Records authenticate whole packets: AUTH is not used in them, even if the peer offers it.
  parts_.auth = is_protected ? auth::Auth() : handshake::negotiate_auth(config, parts_.own, peer);
  parts_.asconf.set_enabled(config.dynamic_addresses && peer.asconf &&
                            (parts_.auth.enabled() || is_protected));
  inbound_streams_ = std::min(config.inbound_streams, peer.outbound_streams);
  outbound_streams_ = std::min(config.outbound_streams, peer.inbound_streams);
  const bool nr_sack = config.nr_sack && peer.nr_sack;
  const bool delay_gaps = config.multipath && nr_sack;
  parts_.receiver.emplace(peer.initial_tsn, inbound_streams_, config, parts_.endpoint.pool,
                          delay_gaps ? rx::GapPolicy::delayed : rx::GapPolicy::at_once, is_protected);
  parts_.asconf_responder.emplace(
      asconf::AsconfResponder::Context{parts_.endpoint.drops, parts_.paths, parts_.control, parts_.events,
                                       is_protected},
      peer.initial_tsn, peer.a_rwnd);
  parts_.data.on_established(outbound_streams_, peer.a_rwnd, config.partial_reliability && peer.forward_tsn);
  const std::size_t auth_size = parts_.auth.peer_wants(wire::ChunkType::kData) ? parts_.auth.chunk_size() : 0;
  const std::size_t seal_size = is_protected ? wire::kSealedOverhead : 0;
  parts_.transmitter.on_established(nr_sack,
                                    wire::kCommonHeaderSize + wire::kDataHeaderSize + auth_size + seal_size);
}

void Establishment::establish(Timestamp now, Event::Kind kind) {
  parts_.initiator.reset();
  parts_.validation.clear_association_errors();
  parts_.control.drop(wire::ChunkType::kCookieEcho);
  opened_as_ = kind;
  confirmed_ = false;
  parts_.validation.stop_announcing();
  // The handshake used the first path in both directions: its address is validated (RFC 9260 §5.4 rules 1 and
  // 2).
  path::Path* first = parts_.paths.primary();
  parts_.validation.on_path_alive(*first, now);
  // DATA that left with the COOKIE ECHO had no timer of its own.
  parts_.recovery.start_t3(*first, now);
  if (parts_.keys == nullptr || parts_.keys->channel().up()) confirm();
}

// Expects a key exchange.
std::optional<Ended> Establishment::advance_key_exchange(Timestamp now) {
  using Kind = security::KeyExchange::Outcome::Kind;
  messages_.receive(now);
  parts_.keys->on_progress(now);
  messages_.send_key_messages();
  const auto outcome = parts_.keys->conclude(now);
  switch (outcome.kind) {
    case Kind::pending: break;
    case Kind::confirmed: confirm(); break;
    case Kind::handshake_failed:
      parts_.endpoint.drops.add(DropReason::handshake_failed);
      return Ended{Event::Kind::lost, 0, outcome.reason, {}};
    case Kind::keys_failed:
      return Ended{Event::Kind::lost, 0, outcome.reason,
                   AbortCause{wire::CauseCode::kUserInitiatedAbort, {}}};
  }
  return std::nullopt;
}

// --- the association is up

// From now on the user may use the association.
void Establishment::confirm() {
  confirmed_ = true;
  parts_.writer.set_handshake_mac(nullptr);
  parts_.handshake_mac.reset();
  parts_.validation.clear_association_errors();
  parts_.events.emit(opened_as_);
  parts_.validation.start_announcing();
  // The handshake measures no round trip; a HEARTBEAT does so before the first data is sent.
  path::PathValidation::probe(*parts_.paths.primary());
  if (parts_.endpoint.config.listed_addresses) add_listed_addresses();
  if (!parts_.asconf.enabled()) reject_joining_paths();
}

// RFC 9260 §5.1.2, RFC 6951 §5.2: the peer's other addresses, at the UDP port of the first, carry data once
// they answer a HEARTBEAT. No packet has arrived from there yet, so only a few HEARTBEATs are sent until
// then.
void Establishment::add_listed_addresses() {
  const Route first = parts_.paths.primary()->route;
  for (const IpAddress& address : listed_addresses_) {
    Route route = first;
    route.remote.ip = address;
    const bool same_scope = address.is_v4() == first.remote.ip.is_v4() &&
                            (!address.is_loopback() || first.remote.ip.is_loopback());
    if (!same_scope || parts_.paths.find(route) != nullptr) continue;
    path::Path* path = parts_.paths.add(route, PathState::unconfirmed, peer_window_);
    if (path == nullptr) return;
    path->unproven_received = path::kNamedAddressCredit;
    path::PathValidation::probe(*path);
    parts_.events.emit(Event::Kind::path_added, path->id);
  }
  listed_addresses_.clear();
}

void Establishment::reject_joining_paths() {
  std::vector<PathId> joining;
  for (const auto& path : parts_.paths) {
    if (path->state() == PathState::joining) joining.push_back(path->id);
  }
  for (const PathId id : joining) {
    parts_.events.emit(Event::Kind::path_refused, id, 0, "the peer does not support dynamic addresses");
    parts_.paths.retire(id, parts_.events);
  }
}

}  // namespace hawser::sctp::association
