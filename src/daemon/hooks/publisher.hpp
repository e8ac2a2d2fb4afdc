#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/platform.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::hooks {

/// Tells hooks what the engine's events mean: tunnels and paths that came up, went down or moved. Every "up"
/// is followed by one "down", whatever ended it. Owns what is needed to describe what is gone already;
/// changes nothing.
class HookPublisher {
 public:
  /// References outlive this object.
  struct Context {
    const config::Config& config;
    const sctp::Endpoint& endpoint;
    const tunnel::Tunnel& tunnel;
    const uplinks::Uplinks& uplinks;
    Platform& host;
  };

  explicit HookPublisher(Context context) : context_(context), up_(context.config.peers.size()) {}

  /// Every event of the endpoint, after the tunnel has seen it.
  void handle_event(const sctp::Event& event);

 private:
  using Facts = std::vector<std::pair<std::string, std::string>>;
  struct Path {
    std::string label;
    std::string interface;
    std::string local;
    std::string remote;
  };
  /// An association that carries, or carried, a tunnel.
  struct Carrier {
    tunnel::PeerIndex peer;
    std::map<sctp::PathId, Path> paths;  ///< that are up
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
  std::vector<bool> up_;  ///< by peer
  std::map<sctp::AssociationId, Carrier> carriers_;
};

}  // namespace hawser::daemon::hooks
