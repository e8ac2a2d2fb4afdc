#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/name_lookup.hpp"
#include "daemon/peering/address_book.hpp"
#include "daemon/peering/peer_connection.hpp"
#include "daemon/platform.hpp"

namespace hawser::daemon::peering {

/// The connections to all peers that have an endpoint. Owns them and the book with the addresses of their
/// names, from which the uplinks learn what they have to reach. Reads no clock.
class PeerConnections {
 public:
  /// Reads the addresses that the previous run has kept. References outlive this object.
  PeerConnections(ConnectionRace::Context context, const config::Config& config);

  /// Whether no peer has an endpoint.
  [[nodiscard]] bool empty() const { return connections_.empty(); }

  /// Starts to connect to every peer.
  void start(Timestamp now);
  /// Ends every race; associations that are up stay.
  void stop(Timestamp now);
  /// Connects to a peer of the configuration that was not there at the start, if it has an endpoint.
  void begin(Timestamp now, tunnel::PeerIndex peer);
  /// Forgets the connection to a peer and aborts its attempts; an association that is up stays.
  void end(Timestamp now, tunnel::PeerIndex peer);
  /// Every event of the endpoint, after the tunnel has handled it.
  void handle_event(Timestamp now, const sctp::Event& event);
  /// The result of Uplinks::refresh().
  void handle_uplink_changes(Timestamp now, const uplinks::Uplinks::Changes& changes);
  /// An answer to a question of poll_questions(). Returns whether the addresses of all peers together have
  /// changed, so that the uplinks are to be refreshed before handle_new_addresses().
  [[nodiscard]] bool handle_name_answer(Timestamp now, const NameAnswer& answer);
  /// Passes the addresses of the peers that have this name to their connections.
  void handle_new_addresses(Timestamp now, const std::string& host);
  /// Closes the sockets of the uplinks that no path and no attempt needs any longer.
  void close_unused_sockets();
  /// Time has passed.
  void handle_timeout(Timestamp now);
  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;

  /// The names that are to be asked for now.
  [[nodiscard]] std::vector<NameQuestion> poll_questions(Timestamp now);
  /// Keeps the addresses of the names for the next start, when it is due or this is the `last` call.
  void save_addresses(Timestamp now, bool last) { book_.save(now, last); }

  /// Null: the peer has no endpoint.
  [[nodiscard]] const PeerConnection* find(tunnel::PeerIndex peer) const;
  /// The connection that has this association; null: none.
  [[nodiscard]] const PeerConnection* find(sctp::AssociationId association) const;
  /// Why the peer is not connected: "cannot resolve hub.test: server failure (198.51.100.53)". Empty: nothing
  /// has failed yet.
  [[nodiscard]] std::string reason(tunnel::PeerIndex peer) const;

 private:
  PeerConnection* add(tunnel::PeerIndex peer);
  void start(Timestamp now, PeerConnection& connection);
  [[nodiscard]] std::vector<UdpAddress> addresses_of(tunnel::PeerIndex peer) const;
  [[nodiscard]] std::string unresolved(tunnel::PeerIndex peer) const;
  void confirm(const PeerConnection& connection);
  bool set_remotes();

  ConnectionRace::Context context_;
  const config::Config& config_;
  AddressBook book_;
  std::vector<std::unique_ptr<PeerConnection>> connections_;
};

}  // namespace hawser::daemon::peering
