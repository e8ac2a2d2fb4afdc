#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/platform.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::hooks {

/// Makes hook events from engine events: tunnels and paths that came up, went down or moved. Each "up" is
/// followed by exactly one "down", whatever the cause. Owns the descriptions of paths that may be gone when
/// their "down" is published; changes nothing.
class HookPublisher {
 public:
  /// The parts of the daemon that it reads, and the platform that receives the events. They outlive it.
  struct Context {
    const config::Config& config;
    const sctp::Endpoint& endpoint;
    const tunnel::Tunnel& tunnel;
    const uplinks::Uplinks& uplinks;
    Platform& platform;
  };

  /// No tunnel is up yet.
  explicit HookPublisher(Context context) : context_(context), up_(context.config.peers.size()) {}

  /// Every event of the endpoint, after the tunnel has handled it.
  void handle_event(const sctp::Event& event);

 private:
  /// Environment variables and their values.
  using Facts = std::vector<std::pair<std::string, std::string>>;
  /// A path as users know it.
  struct Path {
    std::string label;
    std::string interface;
    std::string local;
    std::string remote;
  };
  /// An association that carries the tunnel of a peer, or did before a newer one replaced it.
  struct Carrier {
    tunnel::PeerIndex peer;
    std::map<sctp::PathId, Path> paths;  ///< the paths that are up
  };

  void on_association_up(sctp::AssociationId id);
  void on_association_end(const sctp::Event& event);
  void on_path_up(const sctp::Event& event, Carrier& carrier);
  void on_path_end(const sctp::Event& event, Carrier& carrier);
  void on_path_moved(const sctp::Event& event, Carrier& carrier);
  [[nodiscard]] Path describe(sctp::AssociationId id, sctp::PathId path) const;
  void publish_tunnel(const char* name, sctp::AssociationId id, tunnel::PeerIndex peer,
                      std::string_view reason);
  void publish_path(const char* name, const sctp::Event& event, sctp::PathId id, const Carrier& carrier,
                    const Path& path);
  [[nodiscard]] Facts facts(sctp::AssociationId id, tunnel::PeerIndex peer, std::string_view reason) const;

  Context context_;
  std::vector<bool> up_;  ///< whether the tunnel is up, by peer
  std::map<sctp::AssociationId, Carrier> carriers_;
};

}  // namespace hawser::daemon::hooks
