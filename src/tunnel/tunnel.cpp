#include "tunnel/tunnel.hpp"

#include <algorithm>
#include <utility>

#include "tunnel/icmp_error.hpp"
#include "tunnel/mss_clamp.hpp"
#include "tunnel/ppid.hpp"
#include "tunnel/tcp_segment.hpp"

namespace hawser::tunnel {

Tunnel::Tunnel(TunnelConfig config, io::PacketDevice& device, sctp::Endpoint& endpoint, BufferPool& pool)
    : config_(std::move(config)), device_(device), endpoint_(endpoint), pool_(pool) {
  set_peers({config_.peers.begin(), config_.peers.end()});
}

void Tunnel::set_peers(const std::vector<std::optional<PeerConfig>>& peers) {
  allowed_ = {};
  by_key_.clear();
  for (std::size_t i = 0; i < peers.size(); ++i) {
    if (i == peers_.size()) {
      const PeerQueue::Config queue{
          .limit = config_.queue_bytes, .hash_seed = config_.hash_seed, .copy_dscp = config_.copy_dscp};
      peers_.push_back({.key = {},
                        .association = {},
                        .queue = std::make_unique<PeerQueue>(queue, store_, drops_),
                        .counters = {}});
    }
    const auto index = static_cast<PeerIndex>(i);
    const auto key = peers[i] ? std::optional(peers[i]->key) : std::nullopt;
    if (std::exchange(peers_[i].key, key) != key) {
      peers_[i].counters = {};
      peers_[i].queue->reset_counters();
    }
    if (!peers[i]) continue;
    peers_[i].dialled = peers[i]->dialled;
    for (const IpPrefix& prefix : peers[i]->allowed_ips) allowed_.insert(prefix, index);
    by_key_.emplace_back(peers[i]->key, index);
  }
  std::sort(by_key_.begin(), by_key_.end());
  refilled_.reserve(peers_.size());
}

// --- from the host to a peer

std::size_t Tunnel::read_device(Timestamp now) {
  ++batch_;
  const std::size_t count = device_.read(pool_, outgoing_);
  for (std::size_t i = 0; i < count; ++i) enqueue(now, std::move(outgoing_[i]));
  shed();
  notify_refilled();
  return count;
}

void Tunnel::enqueue(Timestamp now, Buffer packet) {
  const auto ip = IpPacket::parse(std::as_const(packet).bytes());
  if (!ip) return drops_.add(Drop::host_malformed);
  const auto index = allowed_.lookup(ip->destination);
  if (!index) return drops_.add(Drop::no_peer);
  Peer& peer = peers_[*index];
  if (!peer.association) return drop(peer, Drop::peer_down);
  packet.resize(ip->total_length);
  clamp(peer, *ip, packet.bytes());
  if (ip->total_length > batch_mtu(peer) && answer_too_big(now, peer, *ip, packet.bytes())) {
    return drop(peer, Drop::packet_too_big);
  }
  peer.queue->push(now, std::move(packet), *ip);
  if (!std::exchange(peer.refilled, true)) refilled_.push_back(*index);
}

// The largest IP packet that the paths carry in one datagram, as far as it is known, within the device's MTU.
std::size_t Tunnel::path_mtu_towards(const Peer& peer) const {
  return std::min(device_.mtu(), std::max(kMinMtu, endpoint_.unfragmented_size(*peer.association)));
}

// The paths of an association that has just begun carry more than they are known to carry. Hosts believe an
// ICMP error for ten minutes, so the last result counts until there is another one, and the device's MTU
// before the first. Until then larger packets travel in several chunks.
std::size_t Tunnel::mtu_towards(const Peer& peer) const {
  if (!config_.follow_paths || !peer.association) return device_.mtu();
  const std::size_t paths = path_mtu_towards(peer);
  if (endpoint_.size_is_settled(*peer.association)) return paths;
  return std::max(paths, peer.settled_mtu != 0 ? peer.settled_mtu : device_.mtu());
}

// mtu_towards() with a cache, so that the endpoint computes it once per batch of packets. The round trip is
// read as often.
std::size_t Tunnel::batch_mtu(Peer& peer) {
  if (std::exchange(peer.mtu_batch, batch_) == batch_) return peer.mtu;
  peer.mtu = mtu_towards(peer);
  if (peer.association) peer.queue->set_round_trip(endpoint_.round_trip(*peer.association));
  if (config_.follow_paths && peer.association && endpoint_.size_is_settled(*peer.association))
    peer.settled_mtu = peer.mtu;
  return peer.mtu;
}

// Answers a packet that is too big with an ICMP error that reports the MTU. False: no answer is permitted, or
// the rate limit is reached; the packet then travels in several chunks, because a drop without an answer
// would be a black hole.
bool Tunnel::answer_too_big(Timestamp now, Peer& peer, const IpPacket& ip, Bytes packet) {
  if (!may_answer_too_big(ip, packet) || !peer.answers.take(now, {kAnswerBurst, kAnswerInterval}))
    return false;
  std::array<std::byte, kMaxIcmpError> room{};
  const Bytes answer = write_too_big(ip, packet, batch_mtu(peer), room);
  device_.write(std::span(&answer, 1));
  return true;
}

// Clamps the MSS of a SYN. In both directions, because the announced segments pass the same paths.
void Tunnel::clamp(Peer& peer, const IpPacket& ip, MutableBytes packet) {
  if (!config_.mss_clamp || !TcpSegment(ip, packet).is_syn()) return;
  if (clamp_mss(ip, packet, batch_mtu(peer))) ++peer.counters.mss_clamped;
}

// The endpoint polls only associations with news.
void Tunnel::notify_refilled() {
  for (const PeerIndex index : refilled_) {
    Peer& peer = peers_[index];
    peer.refilled = false;
    if (peer.association) endpoint_.notify_waiting(*peer.association);
  }
  refilled_.clear();
}

// The queues of all peers together have reached their limit: the largest one loses packets.
void Tunnel::shed() {
  while (store_.cost() > kQueues * config_.queue_bytes) {
    std::ranges::max_element(peers_, {}, [](const Peer& peer) { return peer.queue->cost(); })->queue->shed();
  }
}

// --- from a peer to the host

void Tunnel::deliver() {
  ++batch_;
  while (auto message = endpoint_.poll_message()) on_message(std::move(*message));
  flush_incoming();
}

void Tunnel::on_message(sctp::ReceivedMessage&& message) {
  if (skip_partial(message)) return;
  if (message.ppid == kPpidIpv4 || message.ppid == kPpidIpv6) {
    on_ip_message(std::move(message));
  } else {
    drops_.add(Drop::unknown_ppid);
  }
}

// Drops all parts of a message that arrives in parts (RFC 9260 §6.9): it is larger than any inner packet.
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
  if (binding == nullptr || !binding->up) return drops_.add(Drop::no_association);
  Peer& peer = peers_[binding->peer];
  const auto ip = IpPacket::parse(std::as_const(message.payload).bytes());
  const std::uint8_t version = message.ppid == kPpidIpv4 ? 4 : 6;
  if (!ip || ip->version != version) return drop(peer, Drop::peer_malformed);
  if (ip->total_length > device_.mtu()) return drop(peer, Drop::too_large);
  if (allowed_.lookup(ip->source) != binding->peer) return drop(peer, Drop::source_refused);
  ++peer.counters.rx_packets;
  peer.counters.rx_bytes += ip->total_length;
  message.payload.resize(ip->total_length);
  clamp(peer, *ip, message.payload.bytes());
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

void Tunnel::expect(sctp::AssociationId id, PeerIndex peer) {
  bind(id, peer);
}

void Tunnel::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  switch (event.kind) {
    case Kind::connected: return on_connected(now, event.association);
    case Kind::accepted: return on_accepted(now, event.association);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return forget(event.association);
    default: return;
  }
}

void Tunnel::on_connected(Timestamp now, sctp::AssociationId id) {
  Binding* binding = find(id);
  if (binding == nullptr) return;  // no longer expected
  if (proven_peer(id) != binding->peer) return refuse(now, id, Drop::unknown_peer, "unexpected peer key");
  bring_up(now, *binding);
}

void Tunnel::on_accepted(Timestamp now, sctp::AssociationId id) {
  const auto peer = proven_peer(id);
  if (!peer) return refuse(now, id, Drop::unknown_peer, "unknown peer key");
  if (peers_[*peer].dialled) return refuse(now, id, Drop::wrong_caller, "peer must not initiate");
  bring_up(now, bind(id, *peer));
}

std::optional<PeerIndex> Tunnel::proven_peer(sctp::AssociationId id) const {
  const auto key = endpoint_.peer_key(id);
  return key ? peer_with(*key) : std::nullopt;
}

// The newest association of a peer replaces an older one: one of the two ends has lost the older one.
void Tunnel::bring_up(Timestamp now, Binding& binding) {
  Peer& peer = peers_[binding.peer];
  const sctp::AssociationId id = binding.id;
  binding.up = true;
  ++peer.counters.associations;
  const auto older = peer.association;
  const auto status = endpoint_.status(id);
  peer.association = id;
  peer.queue->set_streams(status && status->outbound_streams > 1 ? status->outbound_streams - 1U : 0U);
  if (older && *older != id) {
    ++peer.counters.replaced;
    forget(*older);
    endpoint_.abort(now, *older, "replaced by a newer association of the same peer");
  }
  endpoint_.set_message_source(id, peer.queue.get());
}

void Tunnel::refuse(Timestamp now, sctp::AssociationId id, Drop reason, std::string_view text) {
  drops_.add(reason);
  forget(id);
  endpoint_.abort(now, id, text);
}

PeerView Tunnel::peer(PeerIndex index) const {
  const Peer& peer = peers_[index];
  const std::size_t mtu = peer.association ? mtu_towards(peer) : 0;
  const PeerQueue& queue = *peer.queue;
  PeerView view{.association = peer.association,
                .mtu = mtu,
                .queue_bytes = queue.bytes(),
                .queue_packets = queue.packets(),
                .queue_wait = queue.queue_of(sctp::TrafficClass::bulk).sojourn(),
                .realtime_wait = queue.queue_of(sctp::TrafficClass::realtime).sojourn(),
                .counters = peer.counters};
  const PeerQueue::Counters of_queue = queue.counters();
  PeerCounters& out = view.counters;
  out.tx_packets = of_queue.packets;
  out.tx_bytes = of_queue.bytes;
  out.tx_realtime = of_queue.realtime_packets;
  out.ecn_marked = of_queue.marked;
  out.queue_delay = of_queue.codel;
  out.queue_overflow = of_queue.overflow;
  out.queue_age = of_queue.aged;
  out.dropped += of_queue.codel + of_queue.overflow + of_queue.aged;
  return view;
}

std::optional<PeerIndex> Tunnel::peer_with(const crypto::PublicKey& key) const {
  const auto at =
      std::lower_bound(by_key_.begin(), by_key_.end(), key,
                       [](const auto& entry, const crypto::PublicKey& k) { return entry.first < k; });
  if (at == by_key_.end() || at->first != key) return std::nullopt;
  return at->second;
}

std::optional<PeerIndex> Tunnel::peer_of(sctp::AssociationId id) const {
  const auto at =
      std::find_if(bindings_.begin(), bindings_.end(), [&](const Binding& b) { return b.id == id; });
  return at == bindings_.end() ? std::nullopt : std::optional(at->peer);
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

Tunnel::Binding& Tunnel::bind(sctp::AssociationId id, PeerIndex peer) {
  const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), id,
                                   [](const Binding& b, sctp::AssociationId i) { return b.id < i; });
  return *bindings_.insert(at, Binding{.id = id, .peer = peer});
}

Tunnel::Binding* Tunnel::find(sctp::AssociationId id) {
  if (last_binding_ < bindings_.size() && bindings_[last_binding_].id == id) return &bindings_[last_binding_];
  const auto at = std::lower_bound(bindings_.begin(), bindings_.end(), id,
                                   [](const Binding& b, sctp::AssociationId i) { return b.id < i; });
  if (at == bindings_.end() || at->id != id) return nullptr;
  last_binding_ = static_cast<std::size_t>(at - bindings_.begin());
  return &*at;
}

// Ends the assignment of an association. If it carried the peer, the peer is down, and its queue is dropped:
// the packets would be stale by the time it is up again.
void Tunnel::forget(sctp::AssociationId id) {
  Binding* binding = find(id);
  if (binding == nullptr) return;
  Peer& peer = peers_[binding->peer];
  endpoint_.set_message_source(id, nullptr);
  if (peer.association == id) {
    peer.association.reset();
    if (const std::size_t packets = peer.queue->clear(); packets != 0) drop(peer, Drop::peer_down, packets);
  }
  bindings_.erase(bindings_.begin() + (binding - bindings_.data()));
  std::erase_if(partial_, [&](const auto& key) { return key.first == id; });
}

}  // namespace hawser::tunnel
