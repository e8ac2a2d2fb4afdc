#include "sctp/endpoint/listener.hpp"

#include <algorithm>
#include <array>

#include "sctp/tx/packet_writer.hpp"
#include "sctp/wire/abort_error.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/handshake.hpp"
#include "sctp/wire/pad.hpp"
#include "sctp/wire/shutdown.hpp"

namespace hawser::sctp::endpoint {
namespace {

constexpr std::size_t kMaxReplySize = 4096 + 1024;
constexpr std::size_t kRestartNoticeSize = 16;

// The HMACs that unauthenticated senders can cause. They bound the CPU load: one takes about a microsecond.
// INIT and COOKIE ECHO have separate budgets, so that a flood of one of them does not stop handshakes that
// have reached the other.
constexpr TokenBucket::Limit macs_per_second(std::int64_t macs) {
  return {macs, Duration(std::chrono::seconds(1)) / macs};
}
constexpr TokenBucket::Limit kInitMacLimit = macs_per_second(200'000);
constexpr TokenBucket::Limit kEchoMacLimit = macs_per_second(100'000);
constexpr std::int64_t kAnswerCost =
    4;  // of an INIT ACK: a hash over the transcript, the cookie and two MACs

// RFC 9260 §3.2.1: unknown parameters are reported if their types require it, up to about the size of the
// INIT.
void report_unknown(ByteWriter& writer, const wire::InitChunk& init, const wire::InitParameters& parameters) {
  for (const wire::ParameterView& unknown : parameters.unrecognized) {
    if (writer.size() + unknown.whole.size() + 8 > init.parameters.size() + 512) break;
    wire::write_parameter(writer, wire::ParameterType::kUnrecognizedParameter, unknown.whole);
  }
}

std::uint32_t staleness_us(Duration staleness) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(staleness).count();
  return static_cast<std::uint32_t>(std::min<std::int64_t>(us, 0xffff'ffff));
}

bool names_stale_cookie(const wire::ErrorChunk& error) {
  wire::CauseReader causes = error.cause_reader();
  while (const auto cause = causes.next()) {
    if (cause->is(wire::CauseCode::kStaleCookie)) return true;
  }
  return false;
}

}  // namespace

Listener::Listener(association::EndpointContext& context, AssociationTable& associations)
    : context_(context),
      associations_(associations),
      admission_(context.security == nullptr ? nullptr
                                             : std::make_unique<HandshakeAdmission>(context, associations)),
      cookies_(context.random, context.config.cookie_lifetime) {}

// --- INIT

// RFC 9260 §5.1 B, §5.2.1, §5.2.2. No state is kept: all of it goes into the cookie.
void Listener::handle_init(Timestamp now, const Route& route, const wire::PacketView& packet,
                           const wire::ChunkView& chunk) {
  if (is_protected() && !context_.config.accept) return drop(DropReason::not_listening);
  if (!is_alone(packet, chunk)) return drop(DropReason::illegal_bundling);
  const auto chunk_fields = wire::InitChunk::parse(chunk);
  const auto parameters =
      chunk_fields ? wire::InitParameters::parse(chunk_fields->parameters) : chunk_fields.error();
  if (!chunk_fields || !parameters)
    return drop(is_protected() ? DropReason::no_access : DropReason::malformed_init);
  Init init{route, packet, *chunk_fields, *parameters};
  if (is_protected()) {
    if (const auto refusal = admit_init(now, chunk, init)) return drop(*refusal);
    return send_init_ack(now, init);
  }
  init.existing = associations_.find_by_route(route, packet.header().source_port);
  if (init.existing != nullptr && init.existing->reject_init(route)) {
    drop(DropReason::unexpected_chunk);
    return associations_.touch(*init.existing);
  }
  if (const auto rejection = judge(init)) return reject(init, *rejection);
  send_init_ack(now, init);
}

// An INIT must be the only chunk of its packet. In protected mode the packet must also end with it: no
// padding follows.
bool Listener::is_alone(const wire::PacketView& packet, const wire::ChunkView& chunk) const {
  if (is_protected()) return packet.bytes().size() == wire::kCommonHeaderSize + chunk.whole.size();
  wire::ChunkReader reader = packet.chunks();
  reader.next();
  return !reader.next();
}

std::optional<Listener::Rejection> Listener::judge(const Init& init) const {
  const EndpointConfig& config = context_.config;
  if (init.existing == nullptr && !config.accept)
    return Rejection{DropReason::not_listening, wire::CauseCode::kOutOfResource, {}};
  if (!init.chunk.has_streams_and_window())
    return Rejection{DropReason::malformed_init, wire::CauseCode::kInvalidMandatoryParameter, {}};
  if (const auto& name = init.parameters.host_name) {
    return Rejection{DropReason::malformed_init,
                     wire::CauseCode::kUnresolvableAddress,
                     {name->whole.begin(), name->whole.end()}};
  }
  const auto peer = handshake::PeerInit::from(init.chunk, init.parameters);
  // RFC 5061 §4.2.7: a peer that announces ASCONF has to announce AUTH.
  if (peer.asconf && !peer.auth())
    return Rejection{DropReason::malformed_init, wire::CauseCode::kProtocolViolation, {}};
  if (init.existing == nullptr && associations_.live_count() >= config.max_associations)
    return Rejection{DropReason::too_many_associations, wire::CauseCode::kOutOfResource, {}};
  return init.existing != nullptr && !init.existing->handshaking() ? judge_restart(init) : std::nullopt;
}

// RFC 9260 §5.2.2: a restart must not bring addresses that the association does not have.
std::optional<Listener::Rejection> Listener::judge_restart(const Init& init) const {
  std::vector<IpAddress> added;
  for (const IpAddress& address : init.parameters.addresses) {
    const bool known = std::ranges::any_of(
        init.existing->paths(), [&address](const auto& path) { return path->route.remote.ip == address; });
    if (!known) added.push_back(address);
  }
  if (added.empty()) return std::nullopt;
  std::vector<std::byte> value(kMaxReplySize);
  ByteWriter writer(value);
  for (const IpAddress& address : added) wire::write_address(writer, address);
  value.resize(writer.size());
  return Rejection{DropReason::restart_refused, wire::CauseCode::kRestartWithNewAddresses, std::move(value)};
}

// A sender that cannot prove knowledge of our public key gets no answer, whatever else its INIT contains.
// Existing associations are ignored: a peer that restarted begins a new one.
std::optional<DropReason> Listener::admit_init(Timestamp now, const wire::ChunkView& chunk, Init& init) {
  if (!init.parameters.protection || !init.parameters.access) return DropReason::no_access;
  TokenBucket& macs = admission_->init_macs;
  if (!macs.take(now, kInitMacLimit)) return DropReason::handshake_rate_limited;
  const auto candidates = context_.access->candidates(chunk.whole, init.parameters);
  if (!candidates) return DropReason::no_access;
  if (!macs.take(now, kInitMacLimit, static_cast<std::int64_t>(candidates->size())))
    return DropReason::handshake_rate_limited;
  const auto access_key = context_.access->verify(chunk.whole, *candidates);
  if (!access_key) return DropReason::no_access;
  init.access_key = *access_key;
  const auto peer = handshake::PeerInit::from(init.chunk, init.parameters);
  if (!peer.cipher_costs || !init.chunk.has_streams_and_window()) return DropReason::malformed_init;
  // No limit by source: it could be forged, and the answer keeps no state and does not amplify.
  const bool affordable = macs.take(now, kInitMacLimit, kAnswerCost);
  return affordable ? std::nullopt : std::optional(DropReason::handshake_rate_limited);
}

// RFC 9260 §5.1 B. Everything that the COOKIE ECHO needs goes into the cookie.
handshake::StateCookie Listener::make_cookie(Timestamp now, const Init& init) const {
  const EndpointConfig& config = context_.config;
  handshake::StateCookie cookie;
  cookie.created = now;
  cookie.lifetime = config.cookie_lifetime;
  if (init.parameters.cookie_preservative && !is_protected()) {
    cookie.lifetime += std::min<Duration>(std::chrono::milliseconds(*init.parameters.cookie_preservative),
                                          config.cookie_lifetime);
  }
  cookie.route = init.route;
  cookie.peer_port = init.packet.header().source_port;
  cookie.peer = handshake::PeerInit::from(init.chunk, init.parameters);
  // In a collision the answer repeats the values of our own INIT (§5.2.1). For a live association it has a
  // new tag, and the cookie refers to the old tags (§5.2.2).
  const bool collision = init.existing != nullptr && init.existing->handshaking();
  cookie.own = collision ? init.existing->own_init() : handshake::OwnInit::make(context_.random);
  if (init.existing != nullptr) {
    cookie.local_tie_tag = init.existing->own_init().tag;
    cookie.peer_tie_tag = init.existing->peer_tag();
  }
  return cookie;
}

void Listener::send_init_ack(Timestamp now, const Init& init) {
  handshake::StateCookie cookie = make_cookie(now, init);
  if (!is_protected()) {
    const auto ack = make_init_ack(cookie.own, cookies_.seal(cookie, now), &init);
    return reply(init.route, init.packet.header(), init.chunk.initiate_tag, wire::ChunkType::kInitAck, ack);
  }
  // The keys depend on this transcript: the INIT, and the part of the INIT ACK before the cookie.
  cookie.peer.addresses.clear();
  cookie.access_key = init.access_key;
  const Bytes init_chunk = init.packet.bytes().subspan(wire::kCommonHeaderSize);
  const auto before_cookie = make_init_ack(cookie.own, {}, nullptr);
  const std::array<Bytes, 2> transcript = {init_chunk, Bytes(before_cookie).subspan(wire::kChunkHeaderSize)};
  cookie.transcript = crypto::sha256(transcript);
  send_protected_ack(now, init.route, init.packet, cookie, crypto::sha256(std::array{init_chunk}));
}

// An INIT ACK with this State Cookie; without one, it ends where the cookie would begin. Reports the unknown
// parameters of `init`, if given.
std::vector<std::byte> Listener::make_init_ack(const handshake::OwnInit& own, Bytes cookie,
                                               const Init* init) const {
  std::vector<std::byte> raw(kMaxReplySize);
  ByteWriter writer(raw);
  handshake::write_own_parameters(writer, context_.config, own, context_.security);
  if (cookie.empty()) {
    writer.pad4();
  } else {
    wire::write_parameter(writer, wire::ParameterType::kStateCookie, cookie);
  }
  if (init != nullptr) report_unknown(writer, init->chunk, init->parameters);
  return control::ControlQueue::serialise(handshake::make_init(context_.config, own, true, writer.written()));
}

// Answers an INIT, or a COOKIE ECHO whose cookie is renewed, by an INIT ACK that is not larger. `context` is
// that of its handshake MAC.
void Listener::send_protected_ack(Timestamp now, const Route& route, const wire::PacketView& request,
                                  const handshake::StateCookie& cookie, const crypto::Sha256Digest& context) {
  const auto ack = make_init_ack(cookie.own, cookies_.seal(cookie, now), nullptr);
  const std::size_t size = wire::kCommonHeaderSize + padded4(ack.size()) + wire::kHandshakeMacSize;
  if (size > request.bytes().size()) return drop(DropReason::amplification_limit);
  const security::HandshakeMac mac(crypto::TlsRole::server, context_.access->key(cookie.access_key), context);
  reply(route, request.header(), cookie.peer.tag, wire::ChunkType::kInitAck, ack, &mac);
}

// --- COOKIE ECHO

void Listener::handle_cookie_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                                  const wire::ChunkView& chunk) {
  const auto echo = wire::CookieEchoChunk::parse(chunk);
  if (!echo) return drop(DropReason::malformed_chunk);
  if (is_protected()) return handle_protected_echo(now, route, packet, echo->cookie);
  auto opened = cookies_.open(echo->cookie, now);
  if (!opened.cookie) return drop(*opened.refusal);
  if (!fits(*opened.cookie, packet) || opened.cookie->route != route) return drop(DropReason::forged_cookie);
  if (opened.refusal && !is_duplicate(*opened.cookie)) return report_stale_cookie(route, packet, opened);
  give_to(accept_cookie(now, *opened.cookie), now, route, packet);
}

// The cheapest checks come first: what costs an HMAC is within a budget for all sources together. The
// handshake MAC proves that the sender has the access key and knows the transcript; the MAC of the cookie,
// that this hub has made it.
void Listener::handle_protected_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                                     Bytes sealed) {
  auto cookie = handshake::CookieJar::read(sealed);
  if (!cookie || !fits(*cookie, packet)) return drop(DropReason::forged_cookie);
  if (!admission_->echo_macs.take(now, kEchoMacLimit, 1 + handshake::CookieJar::kMaxMacs))
    return drop(DropReason::handshake_rate_limited);
  const Bytes access_key = context_.access->key(cookie->access_key);
  if (access_key.empty()) return drop(DropReason::no_access);  // of a peer that is no longer configured
  const security::HandshakeMac mac(crypto::TlsRole::server, access_key, cookie->transcript);
  const auto authentic = mac.verify(packet.bytes());
  if (!authentic) return drop(DropReason::bad_handshake_mac);
  if (!cookies_.authentic(sealed)) return drop(DropReason::forged_cookie);
  const auto judged = handshake::CookieJar::judge(std::move(*cookie), now);
  if (judged.refusal && !is_duplicate(*judged.cookie)) return drop(*judged.refusal);
  if (judged.cookie->route != route) return renew_cookie(now, route, packet, *judged.cookie);
  give_to(accept_cookie(now, *judged.cookie), now, route, *wire::PacketView::parse(*authentic));
}

// Whether the packet may carry this cookie: its tag and source port are those of the INIT.
bool Listener::fits(const handshake::StateCookie& cookie, const wire::PacketView& packet) {
  return cookie.peer_port == packet.header().source_port &&
         cookie.own.tag == packet.header().verification_tag;
}

// Whether the cookie is that of a live association with the same peer.
bool Listener::is_duplicate(const handshake::StateCookie& cookie) const {
  const Entry* known = associations_.find_by_tag(cookie.own.tag);
  return known != nullptr && !known->closed() && known->peer_tag() == cookie.peer.tag;
}

void Listener::give_to(Entry* association, Timestamp now, const Route& route,
                       const wire::PacketView& packet) {
  if (association == nullptr) return;
  association->handle_packet(now, route, packet);
  associations_.touch(*association);
}

// The COOKIE ECHO is authentic, but came from another address than the INIT: the NAT mapping of the edge has
// changed, or an attacker has relayed the INIT and the INIT ACK. The hub answers with the same INIT ACK, in
// which only the cookie is new: it is bound to the new address.
void Listener::renew_cookie(Timestamp now, const Route& route, const wire::PacketView& packet,
                            handshake::StateCookie cookie) {
  const Entry* known = associations_.find_by_tag(cookie.own.tag);
  if (known != nullptr && (known->closed() || known->readiness() != association::Readiness::handshake))
    return drop(DropReason::duplicate_handshake);
  if (!admission_->init_macs.take(now, kInitMacLimit, kAnswerCost))
    return drop(DropReason::handshake_rate_limited);
  cookie.created = now;
  cookie.route = route;
  send_protected_ack(now, route, packet, cookie, cookie.transcript);
}

void Listener::report_stale_cookie(const Route& route, const wire::PacketView& packet,
                                   const handshake::CookieJar::Opened& opened) {
  drop(*opened.refusal);
  std::array<std::byte, wire::kTlvHeaderSize + 4> raw{};
  ByteWriter writer(raw);
  wire::StaleCookieCause{staleness_us(opened.staleness)}.write(writer);
  const auto error = control::ControlQueue::serialise(wire::ErrorChunk{writer.written()});
  reply(route, packet.header(), opened.cookie->peer.tag, wire::ChunkType::kError, error);
}

// RFC 9260 §5.2.4, table 12.
Listener::Entry* Listener::accept_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  Entry* same = associations_.find_by_tag(cookie.own.tag);
  if (same != nullptr && same->closed()) {  // a late copy of the cookie of an association that has ended
    drop(DropReason::duplicate_handshake);
    return nullptr;
  }
  if (same != nullptr) {  // B or D: our tag is the one in the cookie
    same->on_matching_cookie(now, cookie);
    return same;
  }
  if (is_protected()) return begin_handshake(now, cookie);
  Entry* tied = cookie.local_tie_tag == kNoTag ? nullptr : associations_.find_by_tag(cookie.local_tie_tag);
  if (tied != nullptr && !tied->closed()) return restart(now, cookie, *tied);
  // C: the cookie belongs to an INIT that a later INIT has overtaken.
  if (associations_.find_by_route(cookie.route, cookie.peer_port) != nullptr) {
    drop(DropReason::duplicate_handshake);
    return nullptr;
  }
  return create(now, cookie);
}

// A: both tie tags match, and the peer has a new tag.
Listener::Entry* Listener::restart(Timestamp now, const handshake::StateCookie& cookie, Entry& tied) {
  if (cookie.peer_tie_tag != tied.peer_tag() || tied.peer_tag() == cookie.peer.tag) {
    drop(DropReason::duplicate_handshake);
    return nullptr;
  }
  const VerificationTag old_tag = tied.own_init().tag;
  associations_.touch(tied);
  if (!tied.on_restart(now, cookie)) return nullptr;
  associations_.retag(old_tag, tied);
  return &tied;
}

// The source of a cookie is real. Whether its handshake begins depends on what others from there have proven.
Listener::Entry* Listener::begin_handshake(Timestamp now, const handshake::StateCookie& cookie) {
  const IpAddress& source = cookie.route.remote.ip;
  const auto refusal = cookie.peer.cipher_costs ? admission_->half_open.admit(now, source, cookie.access_key)
                                                : DropReason::forged_cookie;
  if (refusal) drop(*refusal);
  Entry* begun = refusal ? nullptr : create(now, cookie);
  if (begun != nullptr) admission_->half_open.add(now, *begun, source, cookie.access_key);
  return begun;
}

Listener::Entry* Listener::create(Timestamp now, const handshake::StateCookie& cookie) {
  const EndpointConfig& config = context_.config;
  if (!config.accept || associations_.live_count() >= config.max_associations) {
    drop(config.accept ? DropReason::too_many_associations : DropReason::not_listening);
    return nullptr;
  }
  return &associations_.add(std::make_unique<Entry>(context_, associations_.next_id(), cookie, now));
}

// --- restart notices

// The verification tag is random, because no tag of the peer is known.
void Listener::send_restart_notice(const Route& route) {
  std::array<std::byte, wire::kTlvHeaderSize + kRestartNoticeSize> chunk{};
  ByteWriter writer(chunk);
  wire::PadChunk{kRestartNoticeSize}.write(writer);
  const VerificationTag tag{std::max(context_.random.u32(), 1U)};
  const std::uint16_t port = context_.config.port;
  reply(route, {port, port, kNoTag, 0}, tag, wire::ChunkType::kPad, chunk);
}

void Listener::handle_restart_notice(Timestamp now, const Route& route) {
  constexpr Duration kInterval = std::chrono::milliseconds(100);
  if (now < next_restart_notice_) return drop(DropReason::out_of_the_blue);
  next_restart_notice_ = now + kInterval;
  bool known = false;
  for (const auto& entry : associations_) {
    if (entry->closed() || entry->paths().find(route) == nullptr) continue;
    known = true;
    entry->on_restart_hint(now);
    associations_.touch(*entry);
  }
  if (!known) drop(DropReason::out_of_the_blue);
}

// --- out-of-the-blue packets

// RFC 9260 §8.4. Packets that are answers themselves get no answer, and an answer is at most a header larger
// than the packet. A protected endpoint does not answer.
void Listener::handle_out_of_the_blue(const Route& route, const wire::PacketView& packet) {
  drop(DropReason::out_of_the_blue);
  if (is_protected()) return;
  wire::ChunkReader reader = packet.chunks();
  bool shutdown_ack = false;
  while (const auto chunk = reader.next()) {
    switch (chunk->chunk_type()) {
      case wire::ChunkType::kAbort:
      case wire::ChunkType::kShutdownComplete:
      case wire::ChunkType::kCookieAck:
      case wire::ChunkType::kInit:
      case wire::ChunkType::kInitAck:
      case wire::ChunkType::kHeartbeatAck: return;
      case wire::ChunkType::kError: {
        const auto error = wire::ErrorChunk::parse(*chunk);
        if (!error || names_stale_cookie(*error)) return;
        break;
      }
      case wire::ChunkType::kShutdownAck: shutdown_ack = true; break;
      default: break;
    }
  }
  if (!reader.ok()) return;
  const VerificationTag tag = packet.header().verification_tag;
  if (shutdown_ack) {
    const auto chunk = control::ControlQueue::serialise(wire::ShutdownCompleteChunk{true});
    return reply(route, packet.header(), tag, wire::ChunkType::kShutdownComplete, chunk);
  }
  const auto chunk = control::ControlQueue::serialise(wire::AbortChunk{true, {}});
  reply(route, packet.header(), tag, wire::ChunkType::kAbort, chunk);
}

// --- replies

void Listener::reply(const Route& route, const wire::CommonHeader& to, VerificationTag tag,
                     wire::ChunkType type, Bytes chunk, const security::HandshakeMac* mac) {
  constexpr std::size_t kMaxPendingReplies = 256;
  if (context_.replies.size() >= kMaxPendingReplies) return drop(DropReason::amplification_limit);
  tx::PacketWriter writer(context_.config.port, to.source_port);
  writer.set_handshake_mac(mac);
  Buffer packet = context_.pool.acquire(wire::kCommonHeaderSize + padded4(chunk.size()) +
                                        (mac == nullptr ? 0 : wire::kHandshakeMacSize));
  tx::PacketBuilder builder = writer.begin(packet.bytes(), tag);
  builder.add(type, chunk);
  packet.resize(builder.finish());
  writer.finish_unsealed(packet.bytes());
  context_.replies.push_back({route, std::move(packet)});
}

void Listener::reject(const Init& init, const Rejection& rejection) {
  drop(rejection.reason);
  std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(rejection.value.size()));
  ByteWriter writer(causes);
  wire::write_cause(writer, rejection.cause, rejection.value);
  reply(init.route, init.packet.header(), init.chunk.initiate_tag, wire::ChunkType::kAbort,
        control::ControlQueue::serialise(wire::AbortChunk{false, writer.written()}));
}

}  // namespace hawser::sctp::endpoint
