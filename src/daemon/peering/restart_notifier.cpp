#include "daemon/peering/restart_notifier.hpp"

#include <algorithm>
#include <cstdint>

#include "daemon/peering/association_state.hpp"

namespace hawser::daemon::peering {

std::vector<Route> RestartNotifier::poll_routes() {
  const auto& sockets = context_.sockets.entries();
  std::vector<Route> out;
  for (const PeerLocation& location : notice_.poll_locations()) {
    const auto same = std::ranges::find_if(sockets, [&](const uplinks::Sockets::Entry& entry) {
      return entry.socket && entry.label.empty() && entry.socket->local_address() == location.listening;
    });
    if (same == sockets.end()) continue;
    const SocketId socket(static_cast<std::uint32_t>(same - sockets.begin()));
    out.push_back({socket, location.local, location.remote});
  }
  return out;
}

void RestartNotifier::note_locations(Timestamp now) {
  if (!changed_ || !notice_.may_save(now)) return;
  std::vector<PeerLocation> locations;
  for (const sctp::AssociationId id : context_.tunnel.associations()) {
    if (!is_up(context_.tunnel, id)) continue;
    if (const auto status = context_.endpoint.status(id)) collect(*status, locations);
  }
  changed_ = !notice_.note(now, std::move(locations));
}

void RestartNotifier::collect(const sctp::AssociationStatus& status,
                              std::vector<PeerLocation>& locations) const {
  for (const sctp::PathStatus& path : status.paths) {
    const io::DatagramSocket* socket = context_.sockets.find(path.route.socket);
    const bool listening =
        socket != nullptr && context_.sockets.entries()[path.route.socket.value()].label.empty();
    if (listening && path.state == sctp::PathState::active)
      locations.push_back({socket->local_address(), path.route.local, path.route.remote});
  }
}

}  // namespace hawser::daemon::peering
