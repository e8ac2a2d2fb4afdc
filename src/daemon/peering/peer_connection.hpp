#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/peering/connection_race.hpp"

namespace hawser::daemon::peering {

/// What may be the cause when no port of an uplink gets an answer, for people.
inline constexpr std::string_view kNoPortAnswers =
    "the line or the peer may be down, or the carrier's NAT may have no port free";

/// Keeps one peer connected: a connection race sets up the association, then every other uplink joins as a
/// path.
///
/// When no path is active, another race runs while the association stays: the peer may have restarted and
/// lost it, or all uplinks may be dead for a moment. The association ends when a new one is up; the race ends
/// when a path becomes active first.
///
/// When the path of one uplink gets no answer, an alternative path is tried next to it: from another UDP
/// port, as something between the ends may drop the datagrams of one port (a NAT mapping, a limit per flow),
/// and, while other uplinks work, to another address of the peer, which may be reachable from there. The
/// first of both that is up stays.
///
/// Owns the race and the plan for the paths, but not the association or the sockets; reads no clock.
class PeerConnection {
 public:
  /// Pause after a path was refused or given up.
  static constexpr Duration kJoinRetryDelay = std::chrono::seconds(5);
  /// How long a join may stay unanswered before an alternative is tried.
  static constexpr Duration kJoinTimeout = std::chrono::seconds(1);
  /// How long a path may be down before an alternative is tried: less than kMaxSilence, so that it can save
  /// the association.
  static constexpr Duration kAlternativeDelay = std::chrono::milliseconds(300);
  /// How long the first alternative may take; each further one may take twice as long, up to the maximum.
  static constexpr Duration kMinAlternativeTime = std::chrono::milliseconds(1500);
  static constexpr Duration kMaxAlternativeTime = std::chrono::seconds(30);
  /// Pause after an uplink could not be used.
  static constexpr Duration kUplinkRetryDelay = std::chrono::seconds(1);
  /// How long the association may be without an active path before another race starts.
  static constexpr Duration kMaxSilence = std::chrono::milliseconds(700);

  /// The race starts with start().
  PeerConnection(ConnectionRace::Context context, ConnectionRace::Peer peer);

  /// Starts the first race.
  void start(Timestamp now) { race_.start(now); }
  /// See ConnectionRace::handle_addresses().
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
    race_.handle_addresses(now, std::move(addresses));
  }
  /// Every event of the endpoint, after the tunnel has handled it; events of other associations are ignored.
  void handle_event(Timestamp now, const sctp::Event& event);
  /// The socket is closed: removes its path, and adds another if the uplink has a new socket.
  void handle_socket_closed(Timestamp now, SocketId socket);
  /// Datagrams of the socket leave by another address or next hop: its paths continue there as new ones
  /// would.
  void handle_socket_moved(Timestamp now, SocketId socket);
  /// Datagrams of the socket can no longer leave, or leave again as before: probes its paths now.
  void handle_socket_disturbed(Timestamp now, SocketId socket);
  /// More uplinks are usable than before: retries now what waits for one.
  void handle_uplinks_changed(Timestamp now);
  /// Name servers may be reachable that were not.
  void handle_name_interfaces_changed(Timestamp now) { race_.handle_name_interfaces_changed(now); }
  /// Time has passed: does what is due.
  void handle_timeout(Timestamp now);
  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;
  /// Appends the sockets of the paths and of the attempts.
  void add_sockets(std::vector<SocketId>& out) const;
  /// Ends the race and adds no more paths; an association that is up stays.
  void stop(Timestamp now);

  /// See ConnectionRace::poll_resolve_request().
  [[nodiscard]] bool poll_resolve_request(Timestamp now) {
    return !stopped_ && race_.poll_resolve_request(now);
  }

  /// An uplink over which the association has no path, and when a path is added next.
  struct Missing {
    std::size_t uplink;
    Timestamp next_try;
  };

  /// The peer, by its index in the configuration.
  [[nodiscard]] tunnel::PeerIndex peer() const { return peer_; }
  /// The association that is up.
  [[nodiscard]] std::optional<sctp::AssociationId> association() const { return association_; }
  /// The uplinks without a path; empty without an association.
  [[nodiscard]] std::vector<Missing> missing() const;
  /// Whether neither the path nor the one that was tried instead of it, from another port, got an answer.
  [[nodiscard]] bool no_port_answers(sctp::PathId path) const;
  /// "connected", "stopped", or the state of the race.
  [[nodiscard]] std::string_view state() const;
  /// The address that the association was set up with.
  [[nodiscard]] const UdpAddress& remote() const { return remote_; }
  /// Why the last attempt of the race failed; empty: none has failed.
  [[nodiscard]] const std::string& last_failure() const { return race_.last_failure(); }

 private:
  /// The path of the association over one uplink.
  struct UplinkPath {
    enum class State : std::uint8_t {
      missing,  ///< no path; at `next_try` one is added
      joining,  ///< `path` was added and has not been up; at `next_try` an alternative is added
      up,       ///< `path` was up last time; `next_try` is kNever
      down,     ///< `path` was up and is down; at `next_try` an alternative is added
    };

    State state = State::missing;
    std::optional<sctp::PathId> path = std::nullopt;  ///< present unless missing
    Timestamp next_try{};
    unsigned tries = 0;            ///< alternatives since `path` was up or began to join
    bool no_port_answers = false;  ///< one of these, from another port, got no answer in its time
    /// While joining or down: a path by another route. The first of both that is up stays.
    std::optional<sctp::PathId> alternative = std::nullopt;
  };
  /// Where a path could lead, before its socket is opened.
  struct Candidate {
    UdpAddress remote;
    uplinks::PortChoice port;
  };

  [[nodiscard]] std::vector<sctp::PathId> paths_over(SocketId socket) const;
  void on_attempt_event(Timestamp now, const sctp::Event& event);
  void on_connected(Timestamp now, sctp::AssociationId winner);
  void on_ended(Timestamp now, std::string_view reason);
  void on_path_up(Timestamp now, sctp::PathId path);
  void on_path_down(Timestamp now, sctp::PathId path);
  void on_path_gone(sctp::PathId path, Timestamp next_try);
  void check_silence(Timestamp now);
  void restart_silence_timer(Timestamp now);
  void retry_all_uplinks(Timestamp now);
  void join_uplinks(Timestamp now);
  void advance(Timestamp now, std::size_t uplink);
  void join(Timestamp now, std::size_t uplink);
  void try_alternative(Timestamp now, std::size_t uplink);
  void note_silence(std::size_t uplink, const Route& alternative, const std::optional<Route>& path);
  void remove(Timestamp now, std::optional<sctp::PathId>& path);
  [[nodiscard]] std::vector<Candidate> alternatives(std::size_t uplink, const UplinkPath& of,
                                                    const Route& taken) const;
  [[nodiscard]] std::optional<Route> route_of(sctp::PathId path) const;
  [[nodiscard]] std::vector<UdpAddress> remotes_over(std::size_t uplink) const;
  [[nodiscard]] std::optional<Route> open(std::size_t uplink, const Candidate& candidate) const;
  [[nodiscard]] std::string_view label(std::size_t uplink) const {
    return context_.uplinks.at(uplink).config.label;
  }

  ConnectionRace::Context context_;
  tunnel::PeerIndex peer_;
  std::string name_;
  ConnectionRace race_;
  bool stopped_ = false;
  std::optional<sctp::AssociationId> association_;  ///< up
  UdpAddress remote_;                               ///< the address that won the race
  std::vector<UplinkPath> uplink_paths_;            ///< by uplink
  /// The last path of the association, although its interface is gone: an association has at least one path,
  /// so it stays until another is up.
  std::optional<sctp::PathId> last_path_;
  Timestamp silent_since_ = kNever;  ///< since when no path is active
};

}  // namespace hawser::daemon::peering
