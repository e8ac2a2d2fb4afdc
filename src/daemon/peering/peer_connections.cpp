#include "daemon/peering/peer_connections.hpp"

#include <algorithm>
#include <utility>

namespace hawser::daemon::peering {
namespace {

std::vector<UdpAddress> literals_of(const config::PeerConfig& peer) {
  std::vector<UdpAddress> out;
  for (const config::HostPort& endpoint : peer.endpoint) {
    if (endpoint.literal) out.push_back(*endpoint.literal);
  }
  return out;
}

}  // namespace

PeerConnections::PeerConnections(ConnectionRace::Context context, const config::Config& config)
    : context_(context), config_(config) {
  for (std::size_t i = 0; i < config_.peers.size(); ++i) {
    const config::PeerConfig& peer = config_.peers[i];
    if (peer.endpoint.empty()) continue;
    const auto index = static_cast<tunnel::PeerIndex>(i);
    connections_.push_back(
        std::make_unique<PeerConnection>(context_, ConnectionRace::Peer{index, *peer.public_key, peer.name}));
    static_cast<void>(learn_remotes(index, literals_of(peer)));
  }
}

void PeerConnections::start(Timestamp now) {
  for (const auto& connection : connections_) connection->start(now);
}

void PeerConnections::stop(Timestamp now) {
  for (const auto& connection : connections_) connection->stop(now);
}

void PeerConnections::handle_event(Timestamp now, const sctp::Event& event) {
  for (const auto& connection : connections_) connection->handle_event(now, event);
}

void PeerConnections::handle_uplink_changes(Timestamp now, const uplinks::Uplinks::Changes& changes) {
  for (const auto& connection : connections_) {
    for (const SocketId closed : changes.closed) connection->handle_socket_closed(now, closed);
    for (const SocketId moved : changes.moved) connection->handle_socket_moved(now, moved);
    if (changes.more_usable) connection->handle_uplinks_changed(now);
  }
}

void PeerConnections::handle_addresses(Timestamp now, tunnel::PeerIndex peer,
                                       const std::vector<UdpAddress>& addresses) {
  for (const auto& connection : connections_) {
    if (connection->peer() == peer) connection->handle_addresses(now, addresses);
  }
}

void PeerConnections::close_unused_sockets() {
  std::vector<SocketId> used;
  for (const auto& connection : connections_) connection->add_sockets(used);
  context_.uplinks.close_unused(used);
}

void PeerConnections::handle_timeout(Timestamp now) {
  for (const auto& connection : connections_) connection->handle_timeout(now);
}

Timestamp PeerConnections::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& connection : connections_) next = std::min(next, connection->next_timeout());
  return next;
}

void PeerConnections::answer_resolve_requests(Timestamp now, Platform& platform) {
  for (const auto& connection : connections_) {
    if (!connection->poll_resolve_request()) continue;
    const config::PeerConfig& peer = config_.peers[connection->peer()];
    std::vector<UdpAddress> literals = literals_of(peer);
    if (literals.size() == peer.endpoint.size()) {
      connection->handle_addresses(now, std::move(literals));
    } else {
      platform.resolve(connection->peer(), peer.endpoint);
    }
  }
}

bool PeerConnections::learn_remotes(tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses) {
  if (addresses.empty()) return false;
  std::vector<IpAddress>& mine = remotes_[peer];
  mine.clear();
  for (const UdpAddress& address : addresses) mine.push_back(address.ip);
  std::vector<IpAddress> all;
  for (const auto& [index, known] : remotes_) all.insert(all.end(), known.begin(), known.end());
  return context_.uplinks.set_remotes(std::move(all));
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
