#pragma once

#include <map>
#include <memory>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/peering/peer_connection.hpp"
#include "daemon/platform.hpp"

namespace hawser::daemon::peering {

/// The connections to all peers that have an endpoint. Owns them and the known addresses of the peers, from
/// which the uplinks learn what they have to reach. Reads no clock.
class PeerConnections {
 public:
  /// References outlive this object.
  PeerConnections(ConnectionRace::Context context, const config::Config& config);

  /// Whether no peer has an endpoint.
  [[nodiscard]] bool empty() const { return connections_.empty(); }

  /// Starts to connect to every peer.
  void start(Timestamp now);
  /// Ends every race; associations that are up stay.
  void stop(Timestamp now);
  /// Every event of the endpoint, after the tunnel has handled it.
  void handle_event(Timestamp now, const sctp::Event& event);
  /// The result of Uplinks::refresh().
  void handle_uplink_changes(Timestamp now, const uplinks::Uplinks::Changes& changes);
  /// The addresses of a peer's names; empty: they were not resolved.
  void handle_addresses(Timestamp now, tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses);
  /// Closes the sockets of the uplinks that no path and no attempt needs any longer.
  void close_unused_sockets();
  /// Time has passed.
  void handle_timeout(Timestamp now);
  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;

  /// Answers the resolve requests of all connections: with the addresses of the configuration if all of a
  /// peer's endpoints are literal, otherwise later, by Platform::resolve() and handle_addresses().
  void answer_resolve_requests(Timestamp now, Platform& platform);
  /// Remembers the addresses of a peer for the uplinks. Returns whether the addresses of all peers together
  /// have changed, so that the uplinks are to be refreshed. Without any address, the earlier ones stay.
  [[nodiscard]] bool learn_remotes(tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses);

  /// Null: the peer has no endpoint.
  [[nodiscard]] const PeerConnection* find(tunnel::PeerIndex peer) const;
  /// The connection that has this association; null: none.
  [[nodiscard]] const PeerConnection* find(sctp::AssociationId association) const;

 private:
  ConnectionRace::Context context_;
  const config::Config& config_;
  std::vector<std::unique_ptr<PeerConnection>> connections_;
  std::map<tunnel::PeerIndex, std::vector<IpAddress>> remotes_;  ///< known addresses
};

}  // namespace hawser::daemon::peering
