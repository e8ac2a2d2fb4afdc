#include <algorithm>
#include <array>

#include "sctp/endpoint/endpoint_impl.hpp"
#include "sctp/tx/packet_builder.hpp"
#include "sctp/wire/abort_error.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/handshake.hpp"
#include "sctp/wire/pad.hpp"
#include "sctp/wire/shutdown.hpp"

// What the endpoint answers without an association: INIT statelessly, COOKIE ECHO, and packets out of the
// blue.

namespace hawser::sctp {
namespace {

constexpr std::size_t kMaxReplySize = 4096 + 1024;
constexpr std::size_t kRestartNoticeSize = 16;

/// RFC 9260 §3.2.1: what we do not know goes back as far as it was asked for, in little more room than it
/// came in.
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

}  // namespace

// RFC 9260 §5.1 B, §5.2.1, §5.2.2. Nothing is kept: all goes into the cookie.
void Endpoint::Impl::handle_init(const Route& route, const wire::PacketView& packet,
                                 const wire::ChunkView& chunk, Timestamp now) {
  if (guard_ != nullptr) return handle_protected_init(route, packet, chunk, now);
  wire::ChunkReader reader = packet.chunks();
  reader.next();
  if (reader.next()) return drops_.add(DropReason::illegal_bundling);
  const auto init = wire::InitChunk::parse(chunk);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  if (!init || !parameters) return drops_.add(DropReason::malformed_init);
  Entry* existing = find_by_route(route, packet.header().source_port);
  if (existing != nullptr && existing->refuse_init(route)) {
    drops_.add(DropReason::unexpected_chunk);
    return touch(*existing);
  }
  if (existing == nullptr && !config_.accept) {
    drops_.add(DropReason::not_listening);
    return reply_abort(route, packet.header(), init->initiate_tag, false, wire::CauseCode::kOutOfResource);
  }
  if (init->outbound_streams == 0 || init->inbound_streams == 0 || init->a_rwnd < 1500) {
    drops_.add(DropReason::malformed_init);
    return reply_abort(route, packet.header(), init->initiate_tag, false,
                       wire::CauseCode::kInvalidMandatoryParameter);
  }
  if (parameters->host_name) {
    drops_.add(DropReason::malformed_init);
    return reply_abort(route, packet.header(), init->initiate_tag, false,
                       wire::CauseCode::kUnresolvableAddress, parameters->host_name->whole);
  }
  const handshake::PeerInit peer = handshake::PeerInit::from(*init, *parameters);
  if (peer.asconf && !peer.auth()) {
    // RFC 5061 §4.2.7: who announces ASCONF has to announce AUTH.
    drops_.add(DropReason::malformed_init);
    return reply_abort(route, packet.header(), init->initiate_tag, false,
                       wire::CauseCode::kProtocolViolation);
  }
  if (existing == nullptr && live_count() >= config_.max_associations) {
    drops_.add(DropReason::too_many_associations);
    return reply_abort(route, packet.header(), init->initiate_tag, false, wire::CauseCode::kOutOfResource);
  }
  if (existing != nullptr && !existing->handshaking()) {
    // RFC 9260 §5.2.2: a restart must not bring addresses that the association does not have.
    std::vector<IpAddress> added;
    for (const IpAddress& address : parameters->addresses) {
      if (!existing->uses_remote(address)) added.push_back(address);
    }
    if (!added.empty()) {
      drops_.add(DropReason::restart_refused);
      std::vector<std::byte> value(kMaxReplySize);
      ByteWriter writer(value);
      for (const IpAddress& address : added) wire::write_address(writer, address);
      return reply_abort(route, packet.header(), init->initiate_tag, false,
                         wire::CauseCode::kRestartWithNewAddresses, writer.written());
    }
  }
  send_init_ack(now, route, packet, *init, *parameters, existing);
}

// Whoever cannot prove that it knows our public key hears nothing, whatever else is wrong or right with its
// INIT. Associations that exist are not looked at: a peer that restarted begins another one.
void Endpoint::Impl::handle_protected_init(const Route& route, const wire::PacketView& packet,
                                           const wire::ChunkView& chunk, Timestamp now) {
  // Of a busy machine: one HMAC takes about a microsecond.
  constexpr std::int64_t kChecksPerSecond = 200'000;
  constexpr TokenBucket::Limit kLimit{kChecksPerSecond, Duration(std::chrono::seconds(1)) / kChecksPerSecond};
  if (!config_.accept) return drops_.add(DropReason::not_listening);
  if (packet.bytes().size() != wire::kCommonHeaderSize + chunk.whole.size())
    return drops_.add(DropReason::illegal_bundling);
  const auto init = wire::InitChunk::parse(chunk);
  const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
  if (!init || !parameters || !parameters->protection || !parameters->access)
    return drops_.add(DropReason::no_access);
  const auto checks = static_cast<std::int64_t>(guard_->access.count());
  if (!guard_->checks.take(now, kLimit, checks)) return drops_.add(DropReason::handshake_rate_limited);
  const auto access_key = guard_->access.verify(chunk.whole, *parameters);
  if (!access_key) return drops_.add(DropReason::no_access);
  const handshake::PeerInit peer = handshake::PeerInit::from(*init, *parameters);
  if (!peer.cipher_costs || init->outbound_streams == 0 || init->inbound_streams == 0 || init->a_rwnd < 1500)
    return drops_.add(DropReason::malformed_init);
  if (!guard_->inits.admit(now, route.remote.ip)) return drops_.add(DropReason::handshake_rate_limited);
  send_init_ack(now, route, packet, *init, *parameters, nullptr, *access_key);
}

// RFC 9260 §5.1 B. Everything that the COOKIE ECHO needs goes into the cookie.
void Endpoint::Impl::send_init_ack(Timestamp now, const Route& route, const wire::PacketView& packet,
                                   const wire::InitChunk& init, const wire::InitParameters& parameters,
                                   Entry* existing, std::size_t access_key) {
  handshake::StateCookie cookie;
  cookie.created = now;
  cookie.lifetime = config_.cookie_lifetime;
  if (parameters.cookie_preservative && guard_ == nullptr) {
    cookie.lifetime += std::min<Duration>(std::chrono::milliseconds(*parameters.cookie_preservative),
                                          config_.cookie_lifetime);
  }
  cookie.route = route;
  cookie.peer_port = packet.header().source_port;
  cookie.peer = handshake::PeerInit::from(init, parameters);
  // In a collision the answer repeats what our own INIT said (§5.2.1); over a live association it names a new
  // tag, and the cookie ties it to the old ones (§5.2.2).
  cookie.own = existing != nullptr && existing->handshaking() ? existing->own_init()
                                                              : handshake::OwnInit::make(random_);
  if (existing != nullptr) {
    cookie.local_tie_tag = existing->local_tag();
    cookie.peer_tie_tag = existing->peer_tag();
  }
  std::vector<std::byte> raw(kMaxReplySize);
  ByteWriter writer(raw);
  handshake::write_own_parameters(writer, config_, cookie.own, context_.protection);
  if (guard_ != nullptr) {
    // The transcript that the keys depend on: the INIT, and of the INIT ACK what stands before the cookie.
    cookie.peer.addresses.clear();
    cookie.access_key = static_cast<std::uint16_t>(access_key);
    writer.pad4();
    const auto ack =
        control::ControlQueue::serialise(handshake::make_init(config_, cookie.own, true, writer.written()));
    const std::array<Bytes, 2> transcript = {packet.bytes().subspan(wire::kCommonHeaderSize),
                                             Bytes(ack).subspan(wire::kChunkHeaderSize)};
    cookie.transcript = crypto::sha256(transcript);
  }
  wire::write_parameter(writer, wire::ParameterType::kStateCookie, cookies_.seal(cookie, now));
  if (guard_ == nullptr) report_unknown(writer, init, parameters);
  const auto ack =
      control::ControlQueue::serialise(handshake::make_init(config_, cookie.own, true, writer.written()));
  const bool amplifies = wire::kCommonHeaderSize + padded4(ack.size()) > packet.bytes().size();
  if (guard_ != nullptr && amplifies) return drops_.add(DropReason::amplification_limit);
  reply(route, packet.header(), init.initiate_tag, wire::ChunkType::kInitAck, ack);
}

void Endpoint::Impl::handle_cookie_echo(Timestamp now, const Route& route, const wire::PacketView& packet,
                                        const wire::ChunkView& chunk) {
  const auto echo = wire::CookieEchoChunk::parse(chunk);
  if (!echo) return drops_.add(DropReason::malformed_chunk);
  const auto opened = open_cookie(echo->cookie, now);
  if (!opened.cookie) return drops_.add(*opened.refusal);
  const handshake::StateCookie& cookie = *opened.cookie;
  if (cookie.route != route || cookie.peer_port != packet.header().source_port ||
      cookie.own.tag != packet.header().verification_tag) {
    return drops_.add(DropReason::forged_cookie);
  }
  const Entry* known = tags_.find(cookie.own.tag);
  const bool duplicate = known != nullptr && !known->closed() && known->peer_tag() == cookie.peer.tag;
  if (opened.refusal && !duplicate) {
    drops_.add(*opened.refusal);
    if (guard_ != nullptr) return;
    std::array<std::byte, wire::kTlvHeaderSize + 4> raw{};
    ByteWriter writer(raw);
    wire::StaleCookieCause{staleness_us(opened.staleness)}.write(writer);
    const auto error = control::ControlQueue::serialise(wire::ErrorChunk{writer.written()});
    return reply(route, packet.header(), cookie.peer.tag, wire::ChunkType::kError, error);
  }
  Entry* association = accept_cookie(now, cookie);
  if (association == nullptr) return;
  association->handle_packet(now, route, packet);
  touch(*association);
}

// In a protected endpoint, the proof that whoever brings the cookie back knows the access key of its INIT
// stands behind it.
handshake::CookieJar::Opened Endpoint::Impl::open_cookie(Bytes echo, Timestamp now) const {
  if (guard_ == nullptr) return cookies_.open(echo, now);
  const handshake::CookieJar::Opened unproven{std::nullopt, DropReason::no_access, {}};
  if (echo.size() <= wire::kAccessMacSize) return unproven;
  const Bytes sealed = echo.first(echo.size() - wire::kAccessMacSize);
  const Bytes proof = echo.last(wire::kAccessMacSize);
  auto opened = cookies_.open(sealed, now);
  const bool proven = opened.cookie && guard_->access.verify_cookie(sealed, proof, opened.cookie->access_key);
  return proven ? opened : unproven;
}

// RFC 9260 §5.2.4, table 12.
Endpoint::Impl::Entry* Endpoint::Impl::accept_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  Entry* same = tags_.find(cookie.own.tag);
  if (same != nullptr && same->closed()) {  // a late copy of the one that set up what has just ended
    drops_.add(DropReason::duplicate_handshake);
    return nullptr;
  }
  if (same != nullptr) {  // B or D: our tag is the one in the cookie
    same->on_matching_cookie(now, cookie);
    return same;
  }
  if (guard_ != nullptr) return admit_cookie(now, cookie) ? create(now, cookie) : nullptr;
  Entry* tied = cookie.local_tie_tag == 0 ? nullptr : tags_.find(cookie.local_tie_tag);
  if (tied != nullptr && !tied->closed()) {
    const bool both_tags = cookie.peer_tie_tag == tied->peer_tag();
    if (!both_tags || tied->peer_tag() == cookie.peer.tag) {
      drops_.add(DropReason::duplicate_handshake);
      return nullptr;
    }
    const std::uint32_t old_tag = tied->local_tag();
    touch(*tied);
    if (!tied->on_restart(now, cookie)) return nullptr;
    tags_.erase(old_tag);
    tags_.insert(tied->local_tag(), tied);
    return tied;
  }
  // C: the cookie of an INIT that a later one overtook.
  const Entry* there = find_by_route(cookie.route, cookie.peer_port);
  if (there != nullptr) {
    drops_.add(DropReason::duplicate_handshake);
    return nullptr;
  }
  return create(now, cookie);
}

// The cookie is worth a TLS handshake: its source is real, and has not had too many.
bool Endpoint::Impl::admit_cookie(Timestamp now, const handshake::StateCookie& cookie) {
  const auto half_open = static_cast<std::size_t>(std::ranges::count_if(
      entries_, [](const auto& entry) { return !entry->closed() && entry->half_open(); }));
  const bool admitted = cookie.peer.cipher_costs && half_open < guard_->protection.max_half_open &&
                        guard_->cookies.admit(now, cookie.route.remote.ip);
  if (!admitted) drops_.add(DropReason::handshake_rate_limited);
  return admitted;
}

Endpoint::Impl::Entry* Endpoint::Impl::create(Timestamp now, const handshake::StateCookie& cookie) {
  if (!config_.accept || live_count() >= config_.max_associations) {
    drops_.add(config_.accept ? DropReason::too_many_associations : DropReason::not_listening);
    return nullptr;
  }
  Entry& created = adopt(std::make_unique<Entry>(context_, AssociationId(next_id_++), cookie, now));
  created.acknowledge_cookie();
  return &created;
}

// The tag is anything, as we know none of the peer's.
void Endpoint::Impl::send_restart_notice(const Route& route) {
  std::array<std::byte, wire::kTlvHeaderSize + kRestartNoticeSize> chunk{};
  ByteWriter writer(chunk);
  wire::PadChunk{kRestartNoticeSize}.write(writer);
  const std::uint32_t tag = std::max(random_.u32(), 1U);
  reply(route, {config_.port, config_.port, 0, 0}, tag, wire::ChunkType::kPad, chunk);
}

// Anybody can send one. It costs a look at the associations ten times a second at most, and a heartbeat a
// path every few seconds.
void Endpoint::Impl::handle_restart_notice(Timestamp now, const Route& route) {
  constexpr Duration kInterval = std::chrono::milliseconds(100);
  if (now < next_restart_notice_) return drops_.add(DropReason::out_of_the_blue);
  next_restart_notice_ = now + kInterval;
  bool known = false;
  for (const auto& entry : entries_) {
    if (entry->closed() || !entry->has_path(route)) continue;
    known = true;
    entry->on_restart_hint(now);
    touch(*entry);
  }
  if (!known) drops_.add(DropReason::out_of_the_blue);
}

// RFC 9260 §8.4. Answers are never answered, and never larger than what they answer by more than a header.
void Endpoint::Impl::handle_out_of_the_blue(const Route& route, const wire::PacketView& packet) {
  drops_.add(DropReason::out_of_the_blue);
  if (guard_ != nullptr) return;  // a protected endpoint is silent to strangers
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
        if (!error) return;
        wire::CauseReader causes = error->cause_reader();
        while (const auto cause = causes.next()) {
          if (cause->is(wire::CauseCode::kStaleCookie)) return;
        }
        break;
      }
      case wire::ChunkType::kShutdownAck: shutdown_ack = true; break;
      default: break;
    }
  }
  if (!reader.ok()) return;
  const std::uint32_t tag = packet.header().verification_tag;
  if (shutdown_ack) {
    const auto chunk = control::ControlQueue::serialise(wire::ShutdownCompleteChunk{true});
    return reply(route, packet.header(), tag, wire::ChunkType::kShutdownComplete, chunk);
  }
  const auto chunk = control::ControlQueue::serialise(wire::AbortChunk{true, {}});
  reply(route, packet.header(), tag, wire::ChunkType::kAbort, chunk);
}

void Endpoint::Impl::reply(const Route& route, const wire::CommonHeader& to, std::uint32_t tag,
                           wire::ChunkType type, Bytes chunk) {
  constexpr std::size_t kMaxPendingReplies = 256;
  if (replies_.size() >= kMaxPendingReplies) return drops_.add(DropReason::amplification_limit);
  Buffer packet = pool_.acquire(wire::kCommonHeaderSize + padded4(chunk.size()));
  tx::PacketBuilder builder(packet.bytes(), {config_.port, to.source_port, tag, 0}, nullptr);
  builder.add(type, chunk);
  packet.resize(builder.finish());
  replies_.push_back({route, std::move(packet)});
}

void Endpoint::Impl::reply_abort(const Route& route, const wire::CommonHeader& to, std::uint32_t tag,
                                 bool reflected, wire::CauseCode cause, Bytes value) {
  std::vector<std::byte> causes(wire::kTlvHeaderSize + padded4(value.size()));
  ByteWriter writer(causes);
  wire::write_cause(writer, cause, value);
  reply(route, to, tag, wire::ChunkType::kAbort,
        control::ControlQueue::serialise(wire::AbortChunk{reflected, writer.written()}));
}

}  // namespace hawser::sctp
