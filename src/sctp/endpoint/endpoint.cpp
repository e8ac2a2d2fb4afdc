#include "hawser/sctp/endpoint.hpp"

#include <algorithm>
#include <stdexcept>

#include "sctp/endpoint/endpoint_impl.hpp"
#include "sctp/tx/packet_protection.hpp"

namespace hawser::sctp {
namespace {

void validate(const EndpointConfig& config) {
  const auto require = [](bool ok, const char* what) {
    if (!ok) throw std::invalid_argument(what);
  };
  require(config.port != 0, "port must not be 0");
  require(config.outbound_streams != 0 && config.inbound_streams != 0,
          "there must be streams in both directions");
  require(config.receive_window >= 1500, "receive_window must be at least 1500 bytes");
  require(config.path_mtu >= 576 && config.path_mtu <= 9000, "path_mtu must be within 576..9000");
  require(config.max_paths != 0, "max_paths must not be 0");
  require(config.sack_delay <= std::chrono::milliseconds(500), "sack_delay must be at most 500 ms");
  const bool known_key =
      config.auth_key_id == 0 || std::ranges::any_of(config.auth_keys, [&config](const AuthKey& key) {
        return key.id == config.auth_key_id;
      });
  require(known_key, "auth_key_id names none of auth_keys");
}

}  // namespace

Endpoint::Impl::Impl(EndpointConfig config, RandomSource& random, BufferPool& pool,
                     std::optional<SecurityConfig> protection)
    : config_(std::move(config)),
      guard_(protection ? std::make_unique<Guard>(std::move(*protection), random) : nullptr),
      random_(random),
      pool_(pool),
      context_{config_, random_, pool_, drops_, events_, replies_, guard_ ? &guard_->protection : nullptr},
      cookies_(random_, config_.cookie_lifetime) {
  validate(config_);
}

// --- input
// ---------------------------------------------------------------------------------------------------------

void Endpoint::Impl::handle_datagram(Timestamp now, ReceivedDatagram& datagram) {
  if (guard_ != nullptr && wire::is_sealed(datagram.bytes)) return handle_sealed(now, datagram);
  if (const auto refusal = tx::open(datagram.bytes)) return drops_.add(*refusal);
  const auto packet = wire::PacketView::parse(datagram.bytes);
  if (!packet) return drops_.add(DropReason::truncated_packet);
  if (!legal_header(packet->header(), datagram.route)) return;
  wire::ChunkReader reader = packet->chunks();
  const auto first = reader.next();
  if (!first) return drops_.add(DropReason::malformed_chunk);
  dispatch(now, datagram.route, *packet, *first);
}

// Whose it is says the verification tag; that it is authentic, the record. Nothing is answered before that.
void Endpoint::Impl::handle_sealed(Timestamp now, ReceivedDatagram& datagram) {
  const auto outer = wire::PacketView::parse(datagram.bytes);
  if (!outer || !legal_header(outer->header(), datagram.route)) return;
  Entry* association = tags_.find(outer->header().verification_tag);
  if (association == nullptr || association->closed()) return drops_.add(DropReason::out_of_the_blue);
  if (association->peer_port() != outer->header().source_port) return drops_.add(DropReason::bad_port);
  const auto record = association->open_record(now, datagram.bytes);
  if (!record) return drops_.add(record.error());
  const auto packet = wire::PacketView::parse(record->packet);
  association->handle_packet(now, datagram.route, *packet, &*record);
  touch(*association);
}

bool Endpoint::Impl::legal_header(const wire::CommonHeader& header, const Route& route) {
  if (header.source_port == 0 || header.destination_port != config_.port) {
    drops_.add(DropReason::bad_port);
    return false;
  }
  if (!route.remote.ip.is_unicast() || route.remote.port == 0) {
    drops_.add(DropReason::bad_source_address);
    return false;
  }
  return true;
}

// RFC 9260 §8.5: which verification tag is legal depends on the first chunk.
void Endpoint::Impl::dispatch(Timestamp now, const Route& route, const wire::PacketView& packet,
                              const wire::ChunkView& first) {
  const std::uint32_t tag = packet.header().verification_tag;
  if (first.is(wire::ChunkType::kInit)) {
    if (tag != 0) return drops_.add(DropReason::bad_verification_tag);
    return handle_init(route, packet, first, now);
  }
  // RFC 9260 §8.5.1 A: nothing but an INIT travels under tag 0, and nothing else under it is answered.
  if (tag == 0) return drops_.add(DropReason::bad_verification_tag);
  if (first.is(wire::ChunkType::kCookieEcho)) return handle_cookie_echo(now, route, packet, first);
  Entry* association = tags_.find(tag);
  if (association != nullptr && !association->closed()) {
    if (association->peer_port() != packet.header().source_port) return drops_.add(DropReason::bad_port);
    const bool may_be_reflected = first.is(wire::ChunkType::kShutdownComplete) && (first.flags & 1) != 0;
    if (may_be_reflected) return drops_.add(DropReason::bad_verification_tag);
    association->handle_packet(now, route, packet);
    return touch(*association);
  }
  const bool reflectable = first.is(wire::ChunkType::kAbort) || first.is(wire::ChunkType::kShutdownComplete);
  if (guard_ == nullptr && reflectable && (first.flags & 1) != 0) {
    association = find_by_peer_tag(route, tag);
    if (association == nullptr) return drops_.add(DropReason::out_of_the_blue);
    association->on_reflected(first);
    return touch(*association);
  }
  if (guard_ != nullptr && first.is(wire::ChunkType::kPad)) return handle_restart_notice(now, route);
  handle_out_of_the_blue(route, packet);
}

void Endpoint::Impl::handle_timeout(Timestamp now) {
  for (const auto& entry : entries_) {
    if (entry->touched) entry->deadline = entry->next_timeout();
    if (entry->deadline > now) continue;
    entry->handle_timeout(now);
    touch(*entry);
  }
}

// --- associations
// --------------------------------------------------------------------------------------------------

AssociationId Endpoint::Impl::connect(Timestamp now, const Route& first, std::uint16_t peer_port,
                                      std::optional<crypto::PublicKey> peer) {
  const AssociationId id(next_id_++);
  adopt(std::make_unique<Entry>(context_, id, first, peer_port, peer, now));
  return id;
}

Endpoint::Impl::Entry& Endpoint::Impl::adopt(std::unique_ptr<Entry> entry) {
  Entry& adopted = *entry;
  entries_.push_back(std::move(entry));
  tags_.insert(adopted.local_tag(), &adopted);
  touch(adopted);
  return adopted;
}

Endpoint::Impl::Entry* Endpoint::Impl::find(AssociationId id) {
  auto* entry = const_cast<Entry*>(std::as_const(*this).find(id));
  if (entry != nullptr) touch(*entry);
  return entry;
}

// Ids grow, and entries stand in the order of their creation.
const Endpoint::Impl::Entry* Endpoint::Impl::find(AssociationId id) const {
  const auto at = std::ranges::lower_bound(entries_, id, {}, [](const auto& entry) { return entry->id(); });
  return at == entries_.end() || (*at)->id() != id || (*at)->closed() ? nullptr : at->get();
}

std::size_t Endpoint::Impl::live_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& entry) { return !entry->closed(); }));
}

Endpoint::Impl::Entry* Endpoint::Impl::find_by_route(const Route& route, std::uint16_t peer_port) {
  for (const auto& entry : entries_) {
    if (!entry->closed() && entry->peer_port() == peer_port && entry->has_path(route)) return entry.get();
  }
  return nullptr;
}

Endpoint::Impl::Entry* Endpoint::Impl::find_by_peer_tag(const Route& route, std::uint32_t tag) {
  for (const auto& entry : entries_) {
    if (!entry->closed() && tag != 0 && entry->peer_tag() == tag && entry->has_path(route))
      return entry.get();
  }
  return nullptr;
}

void Endpoint::Impl::touch(Entry& entry) {
  if (!entry.touched) touched_.push_back(&entry);
  if (!entry.readable) readable_.push_back(&entry);
  entry.touched = true;
  entry.readable = true;
}

// --- output
// --------------------------------------------------------------------------------------------------------

bool Endpoint::Impl::poll_transmit(Timestamp now, TransmitBatch& batch) {
  if (poll_reply(batch)) return true;
  while (!touched_.empty()) {
    Entry& entry = *touched_.back();
    if (entry.poll_transmit(now, batch)) return true;
    entry.deadline = entry.next_timeout();
    entry.touched = false;
    touched_.pop_back();
  }
  reap_closed();
  return false;
}

bool Endpoint::Impl::poll_reply(TransmitBatch& batch) {
  if (replies_.empty()) return false;
  const association::Reply reply = replies_.pop_front();
  batch.clear();
  batch.route = reply.route;
  const Bytes packet = reply.packet.bytes();
  std::ranges::copy(packet, batch.next(packet.size()).begin());
  batch.commit(packet.size());
  if (!reply.sealed) tx::seal(batch);
  return true;
}

std::optional<ReceivedMessage> Endpoint::Impl::poll_message() {
  while (!readable_.empty()) {
    Entry& entry = *readable_.back();
    if (auto message = entry.poll_message()) {
      // Reading may have opened the window, which the peer is advertised.
      if (!entry.touched) touch(entry);
      return message;
    }
    entry.readable = false;
    readable_.pop_back();
  }
  reap_closed();
  return std::nullopt;
}

// A closed association stays until what it received is read.
void Endpoint::Impl::reap_closed() {
  std::erase_if(entries_, [this](const auto& entry) {
    if (!entry->closed() || entry->readable || entry->touched) return false;
    tags_.erase(entry->local_tag());
    return true;
  });
}

Timestamp Endpoint::Impl::next_timeout() {
  Timestamp next = kNever;
  for (const auto& entry : entries_) {
    if (entry->touched) entry->deadline = entry->next_timeout();
    next = std::min(next, entry->deadline);
  }
  return next;
}

// --- the façade
// ----------------------------------------------------------------------------------------------------

Endpoint::Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool)
    : impl_(std::make_unique<Impl>(std::move(config), random, pool, std::nullopt)) {}
Endpoint::Endpoint(EndpointConfig config, RandomSource& random, BufferPool& pool, SecurityConfig protection)
    : impl_(std::make_unique<Impl>(std::move(config), random, pool, std::move(protection))) {}
Endpoint::~Endpoint() = default;

void Endpoint::handle_datagrams(Timestamp now, std::span<ReceivedDatagram> datagrams) {
  for (ReceivedDatagram& datagram : datagrams) impl_->handle_datagram(now, datagram);
}

void Endpoint::handle_timeout(Timestamp now) {
  impl_->handle_timeout(now);
}

AssociationId Endpoint::connect(Timestamp now, const Route& first, std::uint16_t peer_port) {
  return impl_->connect(now, first, peer_port, std::nullopt);
}

AssociationId Endpoint::connect(Timestamp now, const Route& first, const crypto::PublicKey& peer,
                                std::uint16_t peer_port) {
  return impl_->connect(now, first, peer_port, peer);
}

SendResult Endpoint::send(Timestamp, AssociationId id, Buffer&& message, const SendOptions& options) {
  Impl::Entry* association = impl_->find(id);
  return association == nullptr ? SendResult::not_open : association->send(std::move(message), options);
}

std::optional<PathId> Endpoint::add_path(Timestamp, AssociationId id, const Route& route) {
  Impl::Entry* association = impl_->find(id);
  return association == nullptr ? std::nullopt : association->add_path(route);
}

bool Endpoint::remove_path(Timestamp, AssociationId id, PathId path) {
  Impl::Entry* association = impl_->find(id);
  return association != nullptr && association->remove_path(path);
}

bool Endpoint::set_primary(AssociationId id, PathId path) {
  Impl::Entry* association = impl_->find(id);
  return association != nullptr && association->set_primary(path);
}

bool Endpoint::set_path_role(AssociationId id, PathId path, PathRole role) {
  Impl::Entry* association = impl_->find(id);
  return association != nullptr && association->set_path_role(path, role);
}

bool Endpoint::set_path_caps(AssociationId id, PathId path, const PathCaps& caps) {
  Impl::Entry* association = impl_->find(id);
  return association != nullptr && association->set_path_caps(path, caps);
}

bool Endpoint::request_primary(Timestamp, AssociationId id, const IpAddress& local) {
  Impl::Entry* association = impl_->find(id);
  return association != nullptr &&
         association->request_address(wire::ParameterType::kSetPrimaryAddress, local);
}

bool Endpoint::request_address(Timestamp, AssociationId id, const IpAddress& local, bool add) {
  Impl::Entry* association = impl_->find(id);
  const auto type = add ? wire::ParameterType::kAddIpAddress : wire::ParameterType::kDeleteIpAddress;
  return association != nullptr && association->request_address(type, local);
}

void Endpoint::probe_path(Timestamp, AssociationId id, PathId path) {
  if (Impl::Entry* association = impl_->find(id)) association->probe_path(path);
}

void Endpoint::send_restart_notice(const Route& route) {
  impl_->send_restart_notice(route);
}

void Endpoint::shutdown(Timestamp now, AssociationId id) {
  if (Impl::Entry* association = impl_->find(id)) association->shutdown(now);
}

void Endpoint::abort(Timestamp, AssociationId id, std::string_view reason) {
  if (Impl::Entry* association = impl_->find(id))
    association->abort(wire::CauseCode::kUserInitiatedAbort, reason);
}

bool Endpoint::poll_transmit(Timestamp now, TransmitBatch& batch) {
  return impl_->poll_transmit(now, batch);
}
std::optional<ReceivedMessage> Endpoint::poll_message() {
  return impl_->poll_message();
}

std::optional<Event> Endpoint::poll_event() {
  if (impl_->events_.empty()) return std::nullopt;
  return impl_->events_.pop_front();
}

Timestamp Endpoint::next_timeout() const {
  return impl_->next_timeout();
}

std::optional<AssociationStatus> Endpoint::status(AssociationId id) const {
  const Impl::Entry* association = std::as_const(*impl_).find(id);
  if (association == nullptr) return std::nullopt;
  return association->status();
}

std::optional<crypto::PublicKey> Endpoint::peer_key(AssociationId id) const {
  const Impl::Entry* association = std::as_const(*impl_).find(id);
  return association == nullptr ? std::nullopt : association->peer_key();
}

std::size_t Endpoint::association_count() const {
  return impl_->live_count();
}
const DropCounters& Endpoint::drops() const {
  return impl_->drops_;
}

std::size_t Endpoint::send_space(AssociationId id) const {
  const Impl::Entry* association = std::as_const(*impl_).find(id);
  return association == nullptr ? 0 : association->send_space();
}

std::size_t Endpoint::send_backlog(AssociationId id) const {
  const Impl::Entry* association = std::as_const(*impl_).find(id);
  return association == nullptr ? 0 : association->send_backlog();
}

std::size_t Endpoint::unfragmented_size(AssociationId id) const {
  const Impl::Entry* association = std::as_const(*impl_).find(id);
  return association == nullptr ? 0 : association->unfragmented_size();
}

}  // namespace hawser::sctp
