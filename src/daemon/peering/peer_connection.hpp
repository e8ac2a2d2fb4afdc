#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/peering/connection_race.hpp"

namespace hawser::daemon::peering {

/// Keeps one peer connected: has it called until an association is up, then adds every other uplink as a
/// path. When no path answers any more, has it called again beside the association, which is kept until
/// the new one is up or, if a path answers first, for good: the peer may have restarted and know nothing of
/// it, or all uplinks may be dead for a moment. When one uplink's path stays down while others work, another
/// address of the peer is tried on it beside that path: the way to one address, or one address family, may
/// be broken where another is not. Owns the plan, not the association or the sockets; reads no clock.
class PeerConnection {
 public:
  static constexpr Duration kJoinRetryDelay =
      std::chrono::seconds(5);  ///< after a path was refused or given up
  /// How long one address of the peer may leave a join unanswered before another is asked.
  static constexpr Duration kJoinPatience = std::chrono::seconds(2);
  /// How long a path that was up may be down before a detour is tried, and each detour may take.
  static constexpr Duration kDetourPatience = std::chrono::seconds(5);
  static constexpr Duration kUplinkRetryDelay =
      std::chrono::seconds(1);                                   ///< for an uplink that cannot be used
  static constexpr Duration kSilence = std::chrono::seconds(1);  ///< without any active path: call again

  /// `resolve`: see ConnectionRace.
  PeerConnection(ConnectionRace::Context context, ConnectionRace::Peer peer, std::function<void()> resolve);

  void start(Timestamp now) { race_.start(now); }
  /// Addresses of the peer, best first; empty: none could be found.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
    race_.handle_addresses(now, std::move(addresses));
  }
  /// Events of any association, after the tunnel has seen them; others than ours are ignored.
  void handle_event(Timestamp now, const sctp::Event& event);
  void handle_socket_closed(Timestamp now, SocketId socket);
  /// What leaves from it comes from elsewhere now, or arrives again: the peer hears of it at once.
  void handle_socket_moved(Timestamp now, SocketId socket);
  /// More can be used than before: what waits for that is tried at once.
  void handle_uplinks_changed(Timestamp now);
  void handle_timeout(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;
  /// No more calls and no new paths; what is up stays.
  void stop(Timestamp now);

  /// An uplink over which the association has no path, and when it is tried next.
  struct Missing {
    std::size_t uplink;
    Timestamp next_try;
  };

  [[nodiscard]] tunnel::PeerIndex peer() const { return peer_; }
  /// The association that is up.
  [[nodiscard]] std::optional<sctp::AssociationId> association() const { return association_; }
  [[nodiscard]] std::vector<Missing> missing() const;
  /// "connected", "stopped", or what the ConnectionRace does.
  [[nodiscard]] std::string_view state() const;

 private:
  /// The path over one uplink.
  struct UplinkPath {
    std::optional<sctp::PathId> path;
    bool proven = false;  ///< the path was up
    /// When the next attempt is due: without a path, to add one; with one that is not proven, to put another
    /// in its place; with one that is down, to try another beside it. kNever: the path is up.
    Timestamp next_try{};
    std::size_t choice = 0;  ///< which of the peer's addresses
    /// To another address of the peer, while `path` is down: the first of both that is up stays.
    std::optional<sctp::PathId> detour = std::nullopt;

    [[nodiscard]] bool down() const { return proven && next_try != kNever; }
  };

  void on_call_event(Timestamp now, const sctp::Event& event);
  void on_connected(Timestamp now, sctp::AssociationId winner);
  void on_ended(Timestamp now, std::string_view reason);
  void on_path_up(Timestamp now, sctp::PathId path);
  void on_path_down(Timestamp now, sctp::PathId path);
  void on_path_gone(sctp::PathId path, Timestamp next_try);
  void on_path_state(Timestamp now);
  void retry_all_uplinks(Timestamp now);
  void join_uplinks(Timestamp now);
  void join(Timestamp now, std::size_t uplink);
  void restart_silence_timer(Timestamp now);
  void try_next_address(Timestamp now, std::size_t uplink);
  void try_detour(Timestamp now, std::size_t uplink);
  void remove(Timestamp now, std::optional<sctp::PathId>& path);
  /// To addresses other than that of `path`.
  [[nodiscard]] std::vector<Route> detours(std::size_t uplink, sctp::PathId path) const;
  [[nodiscard]] std::optional<UdpAddress> remote_of(sctp::PathId path) const;
  [[nodiscard]] std::vector<Route> routes_over(std::size_t uplink) const;
  [[nodiscard]] std::string_view label(std::size_t uplink) const {
    return context_.uplinks.at(uplink).config.label;
  }

  ConnectionRace::Context context_;
  tunnel::PeerIndex peer_;
  std::string name_;
  ConnectionRace race_;
  bool stopped_ = false;
  std::optional<sctp::AssociationId> association_;  ///< up
  UdpAddress remote_;                               ///< the address that answered
  std::vector<UplinkPath> uplink_paths_;            ///< by uplink
  /// The association's last path, whose interface is gone: it stays, as an association has one, until
  /// another works.
  std::optional<sctp::PathId> last_path_;
  Timestamp silent_since_ = kNever;  ///< no path is active since then
};

}  // namespace hawser::daemon::peering
