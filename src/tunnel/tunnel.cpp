#include "hawser/tunnel/tunnel.hpp"

#include <algorithm>
#include <utility>

#include "hawser/tunnel/ppid.hpp"

namespace hawser::tunnel {

Tunnel::Tunnel(TunnelConfig config, io::PacketDevice& device, sctp::Endpoint& endpoint, BufferPool& pool)
    : config_(std::move(config)), device_(device), endpoint_(endpoint), pool_(pool) {
  for (const PeerConfig& peer : config_.peers) {
    const auto index = static_cast<PeerIndex>(peers_.size());
    for (const IpPrefix& prefix : peer.allowed_ips) allowed_.insert(prefix, index);
    peers_.push_back({.name = peer.name,
                      .dialled = peer.dialled,
                      .association = {},
                      .queue = PacketQueue(config_.queue_bytes),
                      .counters = {}});
  }
  busy_.reserve(peers_.size());
}

// --- from the host towards a peer
// ------------------------------------------------------------------------------

std::size_t Tunnel::read_device() {
  const std::size_t count = device_.read(pool_, outgoing_);
  for (std::size_t i = 0; i < count; ++i) enqueue(std::move(outgoing_[i]));
  return count;
}

void Tunnel::enqueue(Buffer packet) {
  const auto ip = IpPacket::parse(std::as_const(packet).bytes());
  if (!ip) return drops_.add(Drop::host_malformed);
  const auto index = allowed_.lookup(ip->destination);
  if (!index) return drops_.add(Drop::no_peer);
  Peer& peer = peers_[*index];
  if (!peer.association) return drop(peer, Drop::peer_down);
  packet.resize(ip->total_length);
  if (!peer.queue.push({std::move(packet), flow_hash(*ip, config_.hash_seed), ip->version})) {
    return drop(peer, Drop::queue_full);
  }
  if (!peer.busy) {
    peer.busy = true;
    busy_.push_back(*index);
  }
}

bool Tunnel::pump(Timestamp now) {
  bool moved = false;
  for (std::size_t i = 0; i < busy_.size();) {
    Peer& peer = peers_[busy_[i]];
    moved |= pump_peer(now, peer);
    if (peer.queue.empty()) {
      peer.busy = false;
      busy_[i] = busy_.back();
      busy_.pop_back();
    } else {
      ++i;
    }
  }
  return moved;
}

/// Keeps little waiting inside the association: what is not sent yet stays in the queue, where it can still
/// be managed.
bool Tunnel::pump_peer(Timestamp now, Peer& peer) {
  if (!peer.association || peer.queue.empty()) return false;
  std::size_t backlog = endpoint_.send_backlog(*peer.association);
  if (backlog >= config_.backlog_bytes) return false;
  std::size_t space = endpoint_.send_space(*peer.association);
  bool moved = false;
  while (!peer.queue.empty() && backlog < config_.backlog_bytes && space > device_.mtu()) {
    QueuedPacket packet = peer.queue.pop();
    const std::size_t size = packet.bytes.size();
    moved |= send_packet(now, peer, std::move(packet));
    backlog += size;
    space -= std::min(space, size);
  }
  return moved;
}

bool Tunnel::send_packet(Timestamp now, Peer& peer, QueuedPacket&& packet) {
  sctp::SendOptions options;
  options.ppid = packet.version == 4 ? kPpidIpv4 : kPpidIpv6;
  // With a single stream, flows have to share the control stream.
  const std::uint32_t stream = peer.flow_streams == 0 ? 0 : 1 + packet.flow % peer.flow_streams;
  options.stream = sctp::StreamId{static_cast<std::uint16_t>(stream)};
  const std::size_t size = packet.bytes.size();
  if (endpoint_.send(now, *peer.association, std::move(packet.bytes), options) != sctp::SendResult::ok) {
    drop(peer, Drop::send_refused);
    return false;
  }
  ++peer.counters.tx_packets;
  peer.counters.tx_bytes += size;
  return true;
}

// --- from a peer towards the host
// ------------------------------------------------------------------------------

void Tunnel::deliver(Timestamp now) {
  while (auto message = endpoint_.poll_message()) on_message(now, std::move(*message));
  flush_incoming();
}

void Tunnel::on_message(Timestamp now, sctp::ReceivedMessage&& message) {
  if (skip_partial(message)) return;
  if (message.ppid == kPpidIpv4 || message.ppid == kPpidIpv6) {
    on_ip_message(std::move(message));
  } else if (message.ppid == kPpidControl) {
    on_hello(now, message);
  } else {
    drops_.add(Drop::unknown_ppid);
  }
}

/// A message that arrives in parts (RFC 9260 §6.9) is larger than the receive window likes: no message of
/// ours is. Its parts are dropped up to the last.
bool Tunnel::skip_partial(const sctp::ReceivedMessage& message) {
  if (partial_.empty() && !message.more) return false;
  const std::pair key(message.association, message.stream);
  const auto at = std::find(partial_.begin(), partial_.end(), key);
  if (at == partial_.end()) {
    if (!message.more) return false;
    drops_.add(Drop::too_large);
    partial_.push_back(key);
  } else if (!message.more) {
    partial_.erase(at);
  }
  return true;
}

void Tunnel::on_ip_message(sctp::ReceivedMessage&& message) {
  const Binding* binding = find(message.association);
  if (binding == nullptr || !binding->hello) return drops_.add(Drop::before_hello);
  Peer& peer = peers_[*binding->peer];
  const auto ip = IpPacket::parse(std::as_const(message.payload).bytes());
  const std::uint8_t version = message.ppid == kPpidIpv4 ? 4 : 6;
  if (!ip || ip->version != version) return drop(peer, Drop::peer_malformed);
  if (ip->total_length > device_.mtu()) return drop(peer, Drop::too_large);
  if (allowed_.lookup(ip->source) != binding->peer) return drop(peer, Drop::source_refused);
  ++peer.counters.rx_packets;
  peer.counters.rx_bytes += ip->total_length;
  message.payload.resize(ip->total_length);
  incoming_[incoming_count_++] = std::move(message.payload);
  if (incoming_count_ == kBatch) flush_incoming();
}

void Tunnel::flush_incoming() {
  for (std::size_t i = 0; i < incoming_count_; ++i) incoming_bytes_[i] = std::as_const(incoming_[i]).bytes();
  if (incoming_count_ != 0) device_.write(std::span(incoming_bytes_).first(incoming_count_));
  for (std::size_t i = 0; i < incoming_count_; ++i) incoming_[i].reset();
  incoming_count_ = 0;
}

// --- associations and peers
// ------------------------------------------------------------------------------------

void Tunnel::expect(sctp::AssociationId id, PeerIndex peer) {
  const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), id,
                                   [](const Binding& b, sctp::AssociationId i) { return b.id < i; });
  bindings_.insert(at, Binding{.id = id, .peer = peer});
}

void Tunnel::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  switch (event.kind) {
    case Kind::restarted:
      if (Binding* binding = find(event.association)) unbind(*binding);
      return on_open(now, event.association);
    case Kind::connected:
    case Kind::accepted: return on_open(now, event.association);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return forget(event.association);
    default: return;
  }
}

void Tunnel::handle_timeout(Timestamp now) {
  std::vector<sctp::AssociationId> silent;
  for (const Binding& binding : bindings_) {
    if (binding.open && !binding.hello && now - binding.since >= config_.hello_timeout)
      silent.push_back(binding.id);
  }
  for (const sctp::AssociationId id : silent) refuse(now, id, Drop::bad_hello, "no hello in time");
}

PeerView Tunnel::peer(PeerIndex index) const {
  const Peer& peer = peers_[index];
  return {peer.name, peer.association, peer.queue.bytes(), peer.queue.packets(), peer.counters};
}

std::optional<PeerIndex> Tunnel::peer_of(sctp::AssociationId id) const {
  const auto at =
      std::find_if(bindings_.begin(), bindings_.end(), [&](const Binding& b) { return b.id == id; });
  return at == bindings_.end() ? std::nullopt : at->peer;
}

std::vector<sctp::AssociationId> Tunnel::associations() const {
  std::vector<sctp::AssociationId> ids;
  for (const Binding& binding : bindings_) ids.push_back(binding.id);
  return ids;
}

void Tunnel::drop(Peer& peer, Drop reason, std::uint64_t count) {
  drops_.add(reason, count);
  peer.counters.dropped += count;
}

Tunnel::Binding* Tunnel::find(sctp::AssociationId id) {
  if (last_binding_ < bindings_.size() && bindings_[last_binding_].id == id) return &bindings_[last_binding_];
  const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), id,
                                   [](const Binding& b, sctp::AssociationId i) { return b.id < i; });
  if (at == bindings_.end() || at->id != id) return nullptr;
  last_binding_ = static_cast<std::size_t>(at - bindings_.begin());
  return &*at;
}

/// The peer is down as far as this association carried it; what waits for it is stale by the time it returns.
void Tunnel::unbind(Binding& binding) {
  binding.hello = false;
  if (!binding.peer) return;
  Peer& peer = peers_[*binding.peer];
  if (peer.association == binding.id) {
    peer.association.reset();
    if (!peer.queue.empty()) drop(peer, Drop::peer_down, peer.queue.packets());
    peer.queue.clear();
  }
  if (!peer.dialled) binding.peer.reset();
}

void Tunnel::forget(sctp::AssociationId id) {
  Binding* binding = find(id);
  if (binding == nullptr) return;
  unbind(*binding);
  bindings_.erase(bindings_.begin() + (binding - bindings_.data()));
  std::erase_if(partial_, [&](const auto& key) { return key.first == id; });
}

}  // namespace hawser::tunnel
