#pragma once

#include <optional>
#include <string>

#include "daemon/config/config.hpp"
#include "daemon/log_limiter.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon {

/// Writes the log lines of engine events, as "association 3 path 1: up". A peer cannot fill the log: further
/// lines of the same kind are counted, and their number is logged. Changes nothing outside the log.
class EventLog {
 public:
  /// References outlive this object.
  EventLog(const config::Config& config, const sctp::Endpoint& endpoint, const tunnel::Tunnel& tunnel)
      : config_(config), endpoint_(endpoint), tunnel_(tunnel) {}

  /// Every event of the endpoint, before the tunnel handles it and forgets an association that ends.
  void handle_event(Timestamp now, const sctp::Event& event);
  /// Every event of the endpoint, after the tunnel has handled it: warns of an association that the tunnel
  /// rejected.
  void handle_rejection(Timestamp now, const sctp::Event& event);
  /// Logs how many lines were suppressed; to be called about once a second.
  void report_suppressed(Timestamp now);

 private:
  void log(const sctp::Event& event) const;
  void log_end(const sctp::Event& event) const;
  [[nodiscard]] LogLimiter::Kind kind_of(const sctp::Event& event) const;
  [[nodiscard]] std::optional<tunnel::PeerIndex> peer_of(sctp::AssociationId id) const;
  [[nodiscard]] std::string name_of(std::optional<tunnel::PeerIndex> peer) const;

  const config::Config& config_;
  const sctp::Endpoint& endpoint_;
  const tunnel::Tunnel& tunnel_;
  LogLimiter limiter_;
};

}  // namespace hawser::daemon
