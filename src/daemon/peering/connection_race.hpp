#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::peering {

/// Connects to one peer (RFC 8305): makes attempts over all uplinks to all addresses of the peer until one
/// association is up. An attempt starts kStagger after the one before, or later if that one was answered. A
/// pause follows each round in which every attempt failed. When no attempt is answered for kOtherPortDelay,
/// the round goes on from the other UDP port of each uplink, as something between the ends may drop the
/// datagrams of one port. Owns the plan and the associations that are being set up, but not the one that is
/// up. Reads no clock.
class ConnectionRace {
 public:
  /// RFC 8305 §5, "Connection Attempt Delay". A hub that is near answers sooner and sees one attempt.
  static constexpr Duration kStagger = std::chrono::milliseconds(100);
  /// How long an attempt that was answered may delay the next one.
  static constexpr Duration kAnsweredDelay = std::chrono::seconds(1);
  /// How long the attempts from the preferred ports may stay unanswered before other ports are tried.
  static constexpr Duration kOtherPortDelay = std::chrono::seconds(1);
  static constexpr Duration kMinPause = std::chrono::milliseconds(250);  ///< between rounds
  /// The return of a peer is noticed after this pause and the duration of one attempt at the latest.
  static constexpr Duration kMaxPause = std::chrono::seconds(1);

  /// The parts of the daemon that a race uses. They outlive it.
  struct Context {
    sctp::Endpoint& endpoint;
    tunnel::Tunnel& tunnel;
    uplinks::Uplinks& uplinks;
  };
  /// The peer to connect to.
  struct Peer {
    tunnel::PeerIndex index;
    crypto::PublicKey key;
    std::string name;  ///< for the log
  };

  /// Starts idle.
  ConnectionRace(Context context, Peer peer);

  /// Starts a round now, unless a round or a pause is in progress. Attempts to addresses of an earlier round
  /// do not wait for the names, which may be resolvable only through the tunnel.
  void start(Timestamp now);
  /// Starts a round after a pause, unless a round or a pause is in progress.
  void start_later(Timestamp now);
  /// Ends the race and aborts every attempt.
  void stop(Timestamp now);
  /// Ends the race with an attempt that is up: the race gives up its ownership and aborts all others.
  void finish(Timestamp now, sctp::AssociationId winner);

  /// The answer to a resolve request: addresses of the peer, best first. Empty: the names were not resolved,
  /// and earlier addresses stay.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses);
  /// An attempt failed: its association ended.
  void handle_failure(Timestamp now, sctp::AssociationId attempt, std::string_view reason);
  /// The socket is closed: aborts the attempts over it.
  void handle_socket_closed(Timestamp now, SocketId socket);
  /// An uplink has become usable: tries it now.
  void handle_uplinks_changed(Timestamp now);
  /// Time has passed: starts what is due.
  void handle_timeout(Timestamp now);
  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;

  /// Whether the peer's names are to be resolved: true once for each request. handle_addresses() answers it.
  [[nodiscard]] bool poll_resolve_request();

  /// Whether neither a round nor a pause is in progress.
  [[nodiscard]] bool idle() const { return state_ == State::idle; }
  /// Whether the association is one of the attempts.
  [[nodiscard]] bool owns(sctp::AssociationId association) const;
  /// The address that an attempt goes to.
  [[nodiscard]] UdpAddress remote_of(sctp::AssociationId attempt) const;
  /// Appends the sockets of the attempts.
  void add_sockets(std::vector<SocketId>& out) const;
  /// The addresses that were resolved last.
  [[nodiscard]] const std::vector<UdpAddress>& addresses() const { return addresses_; }
  /// "idle", "waiting", "resolving" or "connecting".
  [[nodiscard]] std::string_view state() const;

 private:
  enum class State : std::uint8_t { idle, waiting, connecting };
  enum class Resolution : std::uint8_t {
    none,       ///< no answer is outstanding
    requested,  ///< for poll_resolve_request()
    pending,    ///< polled; handle_addresses() is to come
  };
  /// An association that is being set up.
  struct Attempt {
    sctp::AssociationId association;
    SocketId socket;
    UdpAddress remote;
    Timestamp begun;
  };
  /// A route without an attempt in this round.
  struct UntriedRoute {
    Route route;
    std::size_t uplink;
  };

  void start_next_attempt(Timestamp now);
  [[nodiscard]] std::optional<UntriedRoute> next_untried_route();
  [[nodiscard]] Timestamp other_ports_at() const;
  [[nodiscard]] bool is_answered(Timestamp now) const;
  void attempt(Timestamp now, const UntriedRoute& untried);
  void end_round(Timestamp now);

  Context context_;
  Peer peer_;
  State state_ = State::idle;
  Resolution resolution_ = Resolution::none;
  Timestamp wake_ = kNever;  ///< end of the pause, or time of the next attempt
  Duration pause_ = kMinPause;
  std::vector<UdpAddress> addresses_;
  std::vector<Route> tried_;                                   ///< in this round
  uplinks::PortChoice port_ = uplinks::PortChoice::preferred;  ///< of the next attempt
  std::size_t first_uplink_ =
      0;  ///< where a round begins; it changes, so that a dead uplink is not always first
  std::vector<Attempt> attempts_;
  std::string_view last_reason_;  ///< of failures since start(); only a new reason is worth a warning
};

}  // namespace hawser::daemon::peering
