#include "daemon/peering/peer_connections.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hawser::daemon::peering {
namespace {

std::vector<std::string> names_of(const config::PeerConfig& peer) {
  std::vector<std::string> out;
  for (const config::HostPort& endpoint : peer.endpoint) {
    if (!endpoint.literal && std::ranges::find(out, endpoint.host) == out.end()) out.push_back(endpoint.host);
  }
  return out;
}

std::vector<std::string> all_names(const config::Config& config) {
  std::vector<std::string> out;
  for (const config::PeerConfig& peer : config.peers) {
    for (std::string& name : names_of(peer)) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace

PeerConnections::PeerConnections(ConnectionRace::Context context, const config::Config& config)
    : context_(context),
      config_(config),
      book_(config.interface.state_directory + "/" + config.interface.name + ".names.json") {
  book_.load(all_names(config_));
  for (std::size_t i = 0; i < config_.peers.size(); ++i) add(static_cast<tunnel::PeerIndex>(i));
  set_remotes();
}

// Null: the peer has no endpoint.
PeerConnection* PeerConnections::add(tunnel::PeerIndex index) {
  const config::PeerConfig& peer = config_.peers[index];
  if (peer.endpoint.empty()) return nullptr;
  connections_.push_back(std::make_unique<PeerConnection>(
      context_, ConnectionRace::Peer{index, *peer.public_key, peer.name, !names_of(peer).empty()}));
  return connections_.back().get();
}

void PeerConnections::begin(Timestamp now, tunnel::PeerIndex peer) {
  PeerConnection* connection = add(peer);
  if (connection == nullptr) return;
  set_remotes();
  start(now, *connection);
}

void PeerConnections::end(Timestamp now, tunnel::PeerIndex peer) {
  const auto at = std::ranges::find(connections_, peer, &PeerConnection::peer);
  if (at == connections_.end()) return;
  (*at)->stop(now);
  connections_.erase(at);
  set_remotes();
}

// The known addresses: those of the configuration and of the book are called before any name is resolved.
void PeerConnections::start(Timestamp now, PeerConnection& connection) {
  connection.handle_addresses(now, addresses_of(connection.peer()));
  connection.start(now);
}

void PeerConnections::start(Timestamp now) {
  for (const auto& connection : connections_) start(now, *connection);
}

void PeerConnections::stop(Timestamp now) {
  for (const auto& connection : connections_) connection->stop(now);
}

void PeerConnections::handle_event(Timestamp now, const sctp::Event& event) {
  for (const auto& connection : connections_) {
    connection->handle_event(now, event);
    const bool connected = event.kind == sctp::Event::Kind::connected;
    if (connected && connection->association() == event.association) confirm(*connection);
  }
}

void PeerConnections::confirm(const PeerConnection& connection) {
  for (const std::string& name : names_of(config_.peers[connection.peer()]))
    book_.confirm(name, connection.remote().ip);
}

void PeerConnections::handle_uplink_changes(Timestamp now, const uplinks::Uplinks::Changes& changes) {
  for (const auto& connection : connections_) {
    for (const SocketId closed : changes.closed) connection->handle_socket_closed(now, closed);
    for (const SocketId moved : changes.moved) connection->handle_socket_moved(now, moved);
    for (const SocketId disturbed : changes.disturbed) connection->handle_socket_disturbed(now, disturbed);
    if (changes.more_usable) connection->handle_uplinks_changed(now);
    if (changes.more_name_interfaces) connection->handle_name_interfaces_changed(now);
  }
}

// --- names

std::vector<NameQuestion> PeerConnections::poll_questions(Timestamp now) {
  std::vector<NameQuestion> out;
  for (const auto& connection : connections_) {
    if (!connection->poll_resolve_request(now)) continue;
    for (const std::string& host : names_of(config_.peers[connection->peer()])) {
      out.push_back({book_.begin_question(now, host), host, context_.uplinks.name_interfaces()});
    }
  }
  return out;
}

bool PeerConnections::handle_name_answer(Timestamp now, const NameAnswer& answer) {
  return book_.handle_answer(now, answer) && set_remotes();
}

void PeerConnections::handle_new_addresses(Timestamp now, const std::string& host) {
  for (const auto& connection : connections_) {
    const auto names = names_of(config_.peers[connection->peer()]);
    if (std::ranges::find(names, host) != names.end())
      connection->handle_addresses(now, addresses_of(connection->peer()));
  }
}

void PeerConnections::close_unused_sockets() {
  std::vector<SocketId> used;
  for (const auto& connection : connections_) connection->add_sockets(used);
  context_.uplinks.close_unused(used);
}

// In the order of the configuration.
std::vector<UdpAddress> PeerConnections::addresses_of(tunnel::PeerIndex peer) const {
  std::vector<UdpAddress> out;
  const auto add = [&out](const UdpAddress& address) {
    if (std::ranges::find(out, address) == out.end()) out.push_back(address);
  };
  for (const config::HostPort& endpoint : config_.peers[peer].endpoint) {
    if (endpoint.literal) {
      add(*endpoint.literal);
    } else {
      for (const IpAddress& ip : book_.addresses(endpoint.host)) add({ip, endpoint.port});
    }
  }
  return out;
}

// Returns whether they have changed.
bool PeerConnections::set_remotes() {
  std::vector<IpAddress> all;
  for (const auto& connection : connections_) {
    for (const UdpAddress& address : addresses_of(connection->peer())) all.push_back(address.ip);
  }
  return context_.uplinks.set_remotes(std::move(all));
}

std::string PeerConnections::unresolved(tunnel::PeerIndex peer) const {
  std::string out;
  for (const std::string& host : names_of(config_.peers[peer])) {
    const std::string failure = book_.failure(host);
    if (!failure.empty())
      out.append(out.empty() ? "" : "; ").append("cannot resolve ").append(host).append(": ").append(failure);
  }
  return out;
}

std::string PeerConnections::reason(tunnel::PeerIndex peer) const {
  const PeerConnection* connection = find(peer);
  if (connection == nullptr) return "";
  std::string out = connection->last_failure();
  const std::string names = unresolved(peer);
  if (!out.empty() && !names.empty()) out += "; ";
  return out + names;
}

// --- time

void PeerConnections::handle_timeout(Timestamp now) {
  for (const auto& connection : connections_) connection->handle_timeout(now);
}

Timestamp PeerConnections::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& connection : connections_) next = std::min(next, connection->next_timeout());
  return next;
}

const PeerConnection* PeerConnections::find(tunnel::PeerIndex peer) const {
  const auto at = std::ranges::find(connections_, peer, &PeerConnection::peer);
  return at == connections_.end() ? nullptr : at->get();
}

const PeerConnection* PeerConnections::find(sctp::AssociationId association) const {
  const auto at = std::ranges::find(connections_, association, &PeerConnection::association);
  return at == connections_.end() ? nullptr : at->get();
}

}  // namespace hawser::daemon::peering
