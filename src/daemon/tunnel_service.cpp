#include "daemon/tunnel_service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/config/engine_config.hpp"

namespace hawser::daemon {
namespace {

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

TunnelService::TunnelService(const config::Config& config, sctp::SecurityConfig protection, Platform& host,
                             io::PacketDevice& device, RandomSource& random)
    : config_(config),
      platform_(host),
      device_(device),
      public_key_(protection.private_key.public_key()),
      endpoint_(config::endpoint_config(config), random, pool_, std::move(protection)),
      tunnel_(config::tunnel_config(config, random.u64()), device, endpoint_, pool_),
      sockets_(host),
      uplinks_(host, sockets_, config),
      policies_(endpoint_, tunnel_, uplinks_),
      quotas_(config),
      hook_publisher_({config_, endpoint_, tunnel_, uplinks_, host}),
      restart_notice_(config.interface.state_directory + "/" + config.interface.name + ".peers.json") {
  for (std::size_t i = 0; i < config_.peers.size(); ++i) {
    const config::PeerConfig& peer = config_.peers[i];
    if (peer.endpoint.empty()) continue;
    const auto index = static_cast<tunnel::PeerIndex>(i);
    connections_.push_back(std::make_unique<peering::PeerConnection>(
        peering::ConnectionRace::Context{endpoint_, tunnel_, uplinks_},
        peering::ConnectionRace::Peer{index, *peer.public_key, peer.name},
        [this, index] { request_addresses(now_, index); }));
    static_cast<void>(learn_remotes(index, literals_of(peer)));
  }
}

void TunnelService::start(Timestamp now) {
  now_ = started_ = now;
  next_tick_ = now + kTick;
  for (const UdpAddress& address : config_.interface.listen) {
    io::udp::UdpSocketOptions options;
    options.bind = address;
    sockets_.open(options, "");
    spdlog::info("listening on {}", address.to_string());
  }
  if (is_edge()) refresh_uplinks(now);
  if (is_hub()) {
    restart_notice_.load();
    send_restart_notices(now);
  }
  count_quotas(now);
  for (auto& connection : connections_) connection->start(now);
  drain(now);
}

// --- what is ready
// ---------------------------------------------------------------------------------------------

void TunnelService::handle_socket(Timestamp now, SocketId id) {
  io::DatagramSocket* socket = sockets_.find(id);
  for (int round = 0; socket != nullptr && round < kRounds; ++round) {
    const std::span<ReceivedDatagram> datagrams = socket->receive();
    if (datagrams.empty()) break;
    endpoint_.handle_datagrams(now, datagrams);
  }
  drain(now);
}

void TunnelService::handle_device(Timestamp now) {
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t packets = tunnel_.read_device(now);
    if (packets != 0) drain(now);
    if (packets < tunnel::Tunnel::kBatch) break;
  }
}

void TunnelService::handle_timeout(Timestamp now) {
  now_ = now;
  if (now >= endpoint_.next_timeout()) endpoint_.handle_timeout(now);
  if (now >= next_tick_) tick(now);
  if (now >= next_refresh_) refresh_uplinks(now);
  for (auto& connection : connections_) connection->handle_timeout(now);
  drain(now);
  if (stop_state_ == StopState::stopping && now >= stop_by_) abort_all(now);
}

void TunnelService::handle_addresses(Timestamp now, tunnel::PeerIndex peer,
                                     const std::vector<UdpAddress>& addresses) {
  now_ = now;
  if (learn_remotes(peer, addresses)) refresh_uplinks(now);  // before they are called
  for (auto& connection : connections_) {
    if (connection->peer() == peer) connection->handle_addresses(now, addresses);
  }
  drain(now);
}

void TunnelService::handle_links_changed(Timestamp now) {
  if (next_refresh_ == kNever) return;
  now_ = now;
  next_refresh_ = std::min(next_refresh_, last_refresh_ + kMinRefreshInterval);
  if (now < next_refresh_) return;
  refresh_uplinks(now);
  drain(now);
}

Result<control::PathChange, control::ParseError> TunnelService::set_path(
    Timestamp now, const control::PathSetting& setting) {
  auto change = policies_.set(setting);
  drain(now);
  return change;
}

Timestamp TunnelService::next_timeout() const {
  Timestamp next = std::min({endpoint_.next_timeout(), next_tick_, next_refresh_, stop_by_});
  for (const auto& connection : connections_) next = std::min(next, connection->next_timeout());
  return next;
}

// --- what follows
// ----------------------------------------------------------------------------------------------

/// Polls the engine until it has nothing more to say: events, messages, then datagrams, which in turn make
/// room for queued packets.
void TunnelService::drain(Timestamp now) {
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
  if (is_hub()) restart_notice_.clear();
  finish(now);
}

bool TunnelService::handle_events(Timestamp now) {
  bool any = false;
  while (const auto event = endpoint_.poll_event()) {
    any = true;
    log_event(*event);
    tunnel_.handle_event(now, *event);
    hook_publisher_.handle_event(*event);
    if (event->kind == sctp::Event::Kind::accepted && !is_up(event->association)) {
      spdlog::warn("association {}: refused, as this peer is ours to call", event->association.value());
    }
    for (auto& connection : connections_) connection->handle_event(now, *event);
    if (brings_a_path(*event)) policies_.apply(event->association);
  }
  return any;
}

void TunnelService::log_event(const sctp::Event& event) const {
  using Kind = sctp::Event::Kind;
  const std::uint32_t id = event.association.value();
  switch (event.kind) {
    case Kind::accepted:
      return spdlog::info("association {}: accepted, peer {}", id, peer_name_of(event.association));
    case Kind::connected:
      return spdlog::info("association {}: connected, peer {}", id, peer_name_of(event.association));
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

/// Calls that nobody answered are the ConnectionRace's to report, which knows what is new about them.
void TunnelService::log_end(const sctp::Event& event) const {
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

std::string TunnelService::peer_name_of(sctp::AssociationId id) const {
  const auto key = endpoint_.peer_key(id);
  const auto peer = key ? tunnel_.peer_with(*key) : std::nullopt;
  return peer ? config_.peers[*peer].name : "unknown";
}

bool TunnelService::is_up(sctp::AssociationId id) const {
  const auto peer = tunnel_.peer_of(id);
  return peer && tunnel_.peer(*peer).association == id;
}

void TunnelService::transmit(Timestamp now) {
  batch_.clear();
  while (endpoint_.poll_transmit(now, batch_)) {
    // A socket that was closed a moment ago: its datagrams are lost like any that the network loses.
    if (io::DatagramSocket* socket = sockets_.find(batch_.route.socket)) socket->send(batch_);
    batch_.clear();
  }
}

void TunnelService::tick(Timestamp now) {
  next_tick_ = now + kTick;
  std::vector<peering::PeerLocation> locations;
  for (const sctp::AssociationId id : tunnel_.associations()) {
    const auto status = endpoint_.status(id);
    if (!status) continue;
    rates_.sample(now, *status);
    if (is_hub() && is_up(id)) collect_locations(*status, locations);
  }
  rates_.prune(now);
  if (is_hub()) {
    send_restart_notices(now);
    restart_notice_.note(now, std::move(locations));
  }
  count_quotas(now);
}

void TunnelService::refresh_uplinks(Timestamp now) {
  count_quotas(now);  // before a socket is closed
  last_refresh_ = now;
  next_refresh_ = now + kMaxRefreshInterval;
  const uplinks::Uplinks::Changes changes = uplinks_.refresh();
  for (auto& connection : connections_) {
    for (const SocketId closed : changes.closed) connection->handle_socket_closed(now, closed);
    for (const SocketId moved : changes.moved) connection->handle_socket_moved(now, moved);
    if (changes.more_usable) connection->handle_uplinks_changed(now);
  }
}

/// Whether there are others than before. When no name can be resolved, those of the last time are kept.
bool TunnelService::learn_remotes(tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses) {
  if (addresses.empty()) return false;
  std::vector<IpAddress>& mine = remotes_[peer];
  mine.clear();
  for (const UdpAddress& address : addresses) mine.push_back(address.ip);
  std::vector<IpAddress> all;
  for (const auto& [index, known] : remotes_) all.insert(all.end(), known.begin(), known.end());
  return uplinks_.set_remotes(std::move(all));
}

void TunnelService::count_quotas(Timestamp now) {
  for (const std::string& label : quotas_.count(now, platform_.wall_clock(), sockets_))
    policies_.set_over_quota(label, quotas_.role_of(label));
}

/// The peers of the last life, if it ended without telling them.
void TunnelService::send_restart_notices(Timestamp now) {
  const auto& sockets = sockets_.entries();
  for (const peering::PeerLocation& location : restart_notice_.take_pending()) {
    const auto same = std::ranges::find_if(sockets, [&](const uplinks::Sockets::Entry& entry) {
      return entry.socket && entry.label.empty() && entry.socket->local_address() == location.listening;
    });
    if (same == sockets.end()) continue;
    endpoint_.send_restart_notice(
        {SocketId(static_cast<std::uint32_t>(same - sockets.begin())), location.local, location.remote});
    transmit(now);
  }
}

void TunnelService::collect_locations(const sctp::AssociationStatus& status,
                                      std::vector<peering::PeerLocation>& locations) const {
  for (const sctp::PathStatus& path : status.paths) {
    const io::DatagramSocket* socket = sockets_.find(path.route.socket);
    const bool listening = socket != nullptr && sockets_.entries()[path.route.socket.value()].label.empty();
    if (listening && path.state == sctp::PathState::active)
      locations.push_back({socket->local_address(), path.route.local, path.route.remote});
  }
}

void TunnelService::request_addresses(Timestamp now, tunnel::PeerIndex peer) {
  const std::vector<config::HostPort>& endpoints = config_.peers[peer].endpoint;
  const std::vector<UdpAddress> literals = literals_of(config_.peers[peer]);
  if (literals.size() != endpoints.size()) return platform_.resolve(peer, endpoints);
  for (auto& connection : connections_) {
    if (connection->peer() == peer) connection->handle_addresses(now, literals);
  }
}

// --- the end
// ---------------------------------------------------------------------------------------------------

void TunnelService::stop(Timestamp now) {
  now_ = now;
  if (stop_state_ != StopState::running) return abort_all(now);
  stop_state_ = StopState::stopping;
  stop_by_ = now + kStopTime;
  next_refresh_ = kNever;
  for (auto& connection : connections_) connection->stop(now);  // which ends what is not set up yet
  for (const sctp::AssociationId id : tunnel_.associations()) {
    if (is_up(id)) endpoint_.shutdown(now, id);
  }
  drain(now);
}

void TunnelService::abort_all(Timestamp now) {
  for (const sctp::AssociationId id : tunnel_.associations()) endpoint_.abort(now, id, "stopped");
  if (stop_state_ != StopState::stopped) finish(now);
  drain(now);
  stop_by_ = kNever;
}

void TunnelService::finish(Timestamp now) {
  stop_state_ = StopState::stopped;
  count_quotas(now);
  quotas_.save(now);
}

}  // namespace hawser::daemon
