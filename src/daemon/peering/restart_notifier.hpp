#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/peering/restart_notice.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::peering {

/// The restart notices of a hub: chooses the routes that get one, and collects the locations of the peers for
/// the next run. Owns the RestartNotice; reads no clock, sends nothing.
class RestartNotifier {
 public:
  /// The parts of the daemon that it reads. They outlive it.
  struct Context {
    const sctp::Endpoint& endpoint;
    const tunnel::Tunnel& tunnel;
    const uplinks::Sockets& sockets;
  };

  /// `path`: the file of the RestartNotice.
  RestartNotifier(Context context, std::string path) : context_(context), notice_(std::move(path)) {}

  /// Reads what the previous run left. The listening sockets are open.
  void start() { notice_.load(); }
  /// The routes that get a restart notice now (Endpoint::send_restart_notice); about once a second.
  [[nodiscard]] std::vector<Route> poll_routes();
  /// Something has happened to an association or a path.
  void handle_event() { changed_ = true; }
  /// Keeps where the peers are now; about once a second.
  void note_locations(Timestamp now);
  /// Every association was shut down gracefully: the next run sends no notices.
  void clear() { notice_.clear(); }

 private:
  void collect(const sctp::AssociationStatus& status, std::vector<PeerLocation>& locations) const;

  Context context_;
  RestartNotice notice_;
  bool changed_ = false;  ///< since the locations were kept
};

}  // namespace hawser::daemon::peering
