#pragma once

#include <string>

#include "daemon/config/config.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon {

/// Writes the log lines of engine events, as "association 3 path 1: up". Owns nothing, changes nothing.
class EventLog {
 public:
  /// References outlive this object.
  EventLog(const config::Config& config, const sctp::Endpoint& endpoint, const tunnel::Tunnel& tunnel)
      : config_(config), endpoint_(endpoint), tunnel_(tunnel) {}

  /// Every event of the endpoint, before the tunnel handles it and forgets an association that ends.
  void handle_event(const sctp::Event& event) const;
  /// Every event of the endpoint, after the tunnel has handled it: warns of an association that the tunnel
  /// rejected.
  void handle_rejection(const sctp::Event& event) const;

 private:
  void log_end(const sctp::Event& event) const;
  [[nodiscard]] std::string peer_name_of(sctp::AssociationId id) const;

  const config::Config& config_;
  const sctp::Endpoint& endpoint_;
  const tunnel::Tunnel& tunnel_;
};

}  // namespace hawser::daemon
