#include "daemon/tunnel_service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon {
namespace {

tunnel::TunnelConfig tunnel_config(const config::Config& config, RandomSource& random) {
  tunnel::TunnelConfig out;
  out.queue_bytes = config.interface.queue_bytes;
  out.hash_seed = random.u64();
  out.follow_paths = !config.interface.mtu;
  out.mss_clamp = config.interface.mss_clamp;
  for (const config::PeerConfig& peer : config.peers)
    out.peers.push_back({*peer.public_key, peer.allowed_ips, !peer.endpoint.empty()});
  return out;
}

std::vector<UdpAddress> literals_of(const config::PeerConfig& peer) {
  std::vector<UdpAddress> out;
  for (const config::HostPort& endpoint : peer.endpoint) {
    if (endpoint.literal) out.push_back(*endpoint.literal);
  }
  return out;
}

bool brings_a_path(const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  return event.kind == Kind::connected || event.kind == Kind::path_added || event.kind == Kind::path_up;
}

}  // namespace

sctp::EndpointConfig endpoint_config(const config::Config& config) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  sctp::EndpointConfig out;
  out.port = 9899;
  out.accept = !config.interface.listen.empty();
  out.outbound_streams = 64;
  out.inbound_streams = 64;
  out.receive_window = 16U << 20;
  out.send_buffer = 8U << 20;
  out.max_message_size = 64U << 10;
  out.path_mtu = 1500;
  out.rto_initial = milliseconds(500);  // a hub that comes back is found soon
  out.rto_min = milliseconds(150);
  out.rto_max = seconds(5);
  out.sack_delay = milliseconds(20);
  out.heartbeat_interval = seconds(20);
  out.keepalive_min = seconds(10);
  out.keepalive_max = seconds(60);
  out.failed_path_probe_max = milliseconds(400);
  out.max_init_retrans = 1;  // 1.5 s; then the next uplink is tried
  out.association_max_retrans =
      1'000'000;  // time decides, not the count of probes: a tunnel outlives long outages
  out.silence_limit = std::chrono::minutes(15);
  out.max_associations = 4096;
  out.listed_addresses = false;  // behind NATs they mean nothing
  return out;
}

Node::Node(const config::Config& config, sctp::Protection protection, Host& host, io::PacketDevice& device,
           RandomSource& random)
    : config_(config),
      host_(host),
      device_(device),
      public_key_(protection.private_key.public_key()),
      endpoint_(endpoint_config(config), random, pool_, std::move(protection)),
      tunnel_(tunnel_config(config, random), device, endpoint_, pool_),
      sockets_(host),
      uplinks_(host, sockets_, config),
      policies_(endpoint_, tunnel_, uplinks_),
      quotas_(config),
      hook_events_({config_, endpoint_, tunnel_, uplinks_, host}),
      last_seen_(config.interface.state_directory + "/" + config.interface.name + ".peers.json") {
  for (std::size_t i = 0; i < config_.peers.size(); ++i) {
    const config::PeerConfig& peer = config_.peers[i];
    if (peer.endpoint.empty()) continue;
    const auto index = static_cast<tunnel::PeerIndex>(i);
    dialers_.push_back(
        std::make_unique<peering::Dialer>(peering::Caller::Context{endpoint_, tunnel_, uplinks_},
                                          peering::Caller::Peer{index, *peer.public_key, peer.name},
                                          [this, index] { request_addresses(now_, index); }));
    static_cast<void>(learn_remotes(index, literals_of(peer)));
  }
}

void Node::start(Timestamp now) {
  now_ = started_ = now;
  next_tick_ = now + kTick;
  for (const UdpAddress& address : config_.interface.listen) {
    io::udp::UdpSocketOptions options;
    options.bind = address;
    sockets_.open(options, "");
    spdlog::info("listening on {}", address.to_string());
  }
  if (is_edge()) look_at_links(now);
  if (is_hub()) {
    last_seen_.load();
    greet_peers(now);
  }
  count_quotas(now);
  for (auto& dialer : dialers_) dialer->start(now);
  settle(now);
}

// --- what is ready
// ---------------------------------------------------------------------------------------------

void Node::handle_socket(Timestamp now, UplinkId id) {
  io::DatagramSocket* socket = sockets_.find(id);
  for (int round = 0; socket != nullptr && round < kRounds; ++round) {
    const std::span<ReceivedDatagram> datagrams = socket->receive();
    if (datagrams.empty()) break;
    endpoint_.handle_datagrams(now, datagrams);
  }
  settle(now);
}

void Node::handle_device(Timestamp now) {
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t packets = tunnel_.read_device(now);
    if (packets != 0) settle(now);
    if (packets < tunnel::Tunnel::kBatch) break;
  }
}

void Node::handle_timeout(Timestamp now) {
  now_ = now;
  if (now >= endpoint_.next_timeout()) endpoint_.handle_timeout(now);
  if (now >= next_tick_) tick(now);
  if (now >= next_look_) look_at_links(now);
  for (auto& dialer : dialers_) dialer->handle_timeout(now);
  settle(now);
  if (stop_state_ == StopState::stopping && now >= stop_by_) abort_all(now);
}

void Node::handle_addresses(Timestamp now, tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses) {
  now_ = now;
  if (learn_remotes(peer, addresses)) look_at_links(now);  // before they are called
  for (auto& dialer : dialers_) {
    if (dialer->peer() == peer) dialer->handle_addresses(now, addresses);
  }
  settle(now);
}

void Node::handle_links_changed(Timestamp now) {
  if (next_look_ == kNever) return;
  now_ = now;
  next_look_ = std::min(next_look_, last_look_ + kShortestLook);
  if (now < next_look_) return;
  look_at_links(now);
  settle(now);
}

Result<control::PathChange, control::ParseError> Node::set_path(Timestamp now,
                                                                const control::PathSetting& setting) {
  auto change = policies_.set(setting);
  settle(now);
  return change;
}

Timestamp Node::next_timeout() const {
  Timestamp next = std::min({endpoint_.next_timeout(), next_tick_, next_look_, stop_by_});
  for (const auto& dialer : dialers_) next = std::min(next, dialer->next_timeout());
  return next;
}

// --- what follows
// ----------------------------------------------------------------------------------------------

/// Polls the engine until it has nothing more to say: events, messages, then datagrams, which in turn make
/// room for queued packets.
void Node::settle(Timestamp now) {
  now_ = now;
  handle_events(now);  // before messages: they may come from an association that an event announces
  do {
    tunnel_.deliver();
    bool moved = true;
    while (moved) {
      moved = tunnel_.pump(now);
      transmit(now);
    }
  } while (handle_events(now));
  // Strangers whose handshake is not complete have nothing to wait for.
  if (stop_state_ != StopState::stopping || !tunnel_.associations().empty()) return;
  if (is_hub()) last_seen_.clear();
  finish(now);
}

bool Node::handle_events(Timestamp now) {
  bool any = false;
  while (const auto event = endpoint_.poll_event()) {
    any = true;
    log_event(*event);
    tunnel_.handle_event(now, *event);
    hook_events_.handle_event(*event);
    if (event->kind == sctp::Event::Kind::accepted && !is_up(event->association)) {
      spdlog::warn("association {}: refused, as this peer is ours to call", event->association.value());
    }
    for (auto& dialer : dialers_) dialer->handle_event(now, *event);
    if (brings_a_path(*event)) policies_.apply(event->association);
  }
  return any;
}

void Node::log_event(const sctp::Event& event) const {
  using Kind = sctp::Event::Kind;
  const std::uint32_t id = event.association.value();
  switch (event.kind) {
    case Kind::accepted:
      return spdlog::info("association {}: accepted, peer {}", id, name_of(event.association));
    case Kind::connected:
      return spdlog::info("association {}: connected, peer {}", id, name_of(event.association));
    case Kind::refused: return spdlog::info("caller refused: {}", event.reason);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return log_end(event);
    case Kind::path_added: return spdlog::info("association {} path {}: added", id, event.path.value());
    case Kind::path_up: return spdlog::info("association {} path {}: up", id, event.path.value());
    case Kind::path_down:
      return spdlog::warn("association {} path {}: down: {}", id, event.path.value(), event.reason);
    case Kind::path_moved:
      return spdlog::info("association {} path {}: moved from {}", id, event.path.value(),
                          event.previous.to_string());
    case Kind::path_removed: return spdlog::info("association {} path {}: removed", id, event.path.value());
    case Kind::path_refused:
      return spdlog::warn("association {} path {}: refused, cause {}", id, event.path.value(), event.cause);
    case Kind::restarted:  // a protected association ends instead, and another one begins
    case Kind::writable: return;
  }
}

/// Calls that nobody answered are the Caller's to report, which knows what is new about them.
void Node::log_end(const sctp::Event& event) const {
  using Kind = sctp::Event::Kind;
  const std::uint32_t id = event.association.value();
  const auto level = !is_up(event.association)    ? spdlog::level::debug
                     : event.kind == Kind::closed ? spdlog::level::info
                                                  : spdlog::level::warn;
  const std::string_view what = event.kind == Kind::closed    ? "shut down"
                                : event.kind == Kind::aborted ? "aborted"
                                                              : "lost";
  spdlog::log(level, "association {}: {}, cause {}: {}", id, what, event.cause, event.reason);
}

std::string Node::name_of(sctp::AssociationId id) const {
  const auto key = endpoint_.peer_key(id);
  const auto peer = key ? tunnel_.peer_with(*key) : std::nullopt;
  return peer ? config_.peers[*peer].name : "unknown";
}

bool Node::is_up(sctp::AssociationId id) const {
  const auto peer = tunnel_.peer_of(id);
  return peer && tunnel_.peer(*peer).association == id;
}

void Node::transmit(Timestamp now) {
  batch_.clear();
  while (endpoint_.poll_transmit(now, batch_)) {
    // A socket that was closed a moment ago: its datagrams are lost like any that the network loses.
    if (io::DatagramSocket* socket = sockets_.find(batch_.route.uplink)) socket->send(batch_);
    batch_.clear();
  }
}

void Node::tick(Timestamp now) {
  next_tick_ = now + kTick;
  std::vector<peering::Place> places;
  for (const sctp::AssociationId id : tunnel_.associations()) {
    const auto status = endpoint_.status(id);
    if (!status) continue;
    rates_.sample(now, *status);
    if (is_hub() && is_up(id)) note_places(*status, places);
  }
  rates_.prune(now);
  if (is_hub()) {
    greet_peers(now);
    last_seen_.note(now, std::move(places));
  }
  count_quotas(now);
}

void Node::look_at_links(Timestamp now) {
  count_quotas(now);  // before a socket is closed
  last_look_ = now;
  next_look_ = now + kLongestLook;
  const uplinks::Uplinks::Changes changes = uplinks_.refresh();
  for (auto& dialer : dialers_) {
    for (const UplinkId closed : changes.closed) dialer->handle_socket_closed(now, closed);
    for (const UplinkId moved : changes.moved) dialer->handle_socket_moved(now, moved);
    if (changes.more_usable) dialer->handle_uplinks_changed(now);
  }
}

/// Whether there are others than before. When no name can be resolved, those of the last time are kept.
bool Node::learn_remotes(tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses) {
  if (addresses.empty()) return false;
  std::vector<IpAddress>& mine = remotes_[peer];
  mine.clear();
  for (const UdpAddress& address : addresses) mine.push_back(address.ip);
  std::vector<IpAddress> all;
  for (const auto& [index, known] : remotes_) all.insert(all.end(), known.begin(), known.end());
  return uplinks_.set_remotes(std::move(all));
}

void Node::count_quotas(Timestamp now) {
  for (const std::string& label : quotas_.count(now, host_.wall_clock(), sockets_))
    policies_.set_over_quota(label, quotas_.role_of(label));
}

/// The peers of the last life, if it ended without telling them.
void Node::greet_peers(Timestamp now) {
  const auto& sockets = sockets_.entries();
  for (const peering::Place& place : last_seen_.take_greetings()) {
    const auto same = std::ranges::find_if(sockets, [&](const uplinks::Sockets::Entry& entry) {
      return entry.socket && entry.label.empty() && entry.socket->local_address() == place.listening;
    });
    if (same == sockets.end()) continue;
    endpoint_.greet(
        {UplinkId(static_cast<std::uint32_t>(same - sockets.begin())), place.local, place.remote});
    transmit(now);
  }
}

void Node::note_places(const sctp::AssociationStatus& status, std::vector<peering::Place>& places) const {
  for (const sctp::PathStatus& path : status.paths) {
    const io::DatagramSocket* socket = sockets_.find(path.route.uplink);
    const bool listening = socket != nullptr && sockets_.entries()[path.route.uplink.value()].label.empty();
    if (listening && path.state == sctp::PathState::active)
      places.push_back({socket->local_address(), path.route.local, path.route.remote});
  }
}

void Node::request_addresses(Timestamp now, tunnel::PeerIndex peer) {
  const std::vector<config::HostPort>& endpoints = config_.peers[peer].endpoint;
  const std::vector<UdpAddress> literals = literals_of(config_.peers[peer]);
  if (literals.size() != endpoints.size()) return host_.resolve(peer, endpoints);
  for (auto& dialer : dialers_) {
    if (dialer->peer() == peer) dialer->handle_addresses(now, literals);
  }
}

// --- the end
// ---------------------------------------------------------------------------------------------------

void Node::stop(Timestamp now) {
  now_ = now;
  if (stop_state_ != StopState::running) return abort_all(now);
  stop_state_ = StopState::stopping;
  stop_by_ = now + kStopTime;
  next_look_ = kNever;
  for (auto& dialer : dialers_) dialer->stop(now);  // which ends what is not set up yet
  for (const sctp::AssociationId id : tunnel_.associations()) {
    if (is_up(id)) endpoint_.shutdown(now, id);
  }
  settle(now);
}

void Node::abort_all(Timestamp now) {
  for (const sctp::AssociationId id : tunnel_.associations()) endpoint_.abort(now, id, "stopped");
  if (stop_state_ != StopState::stopped) finish(now);
  settle(now);
  stop_by_ = kNever;
}

void Node::finish(Timestamp now) {
  stop_state_ = StopState::stopped;
  count_quotas(now);
  quotas_.save(now);
}

}  // namespace hawser::daemon
