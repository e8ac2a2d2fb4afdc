#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log_fold.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::peering {

/// Connects to one peer (RFC 8305): makes attempts over all uplinks to all addresses of the peer until one
/// association is up. An attempt starts kStagger after the one before, or later if that one was answered. A
/// round ends kTurn after its last attempt began, and a pause follows; attempts without an answer go on
/// waiting in the meantime, as a round trip may be long, and their routes are not tried a second time. When
/// no attempt is answered for kOtherPortDelay, the round goes on from the other UDP port of each uplink, as
/// something between the ends may drop the datagrams of one port. The first attempt that is answered ends the
/// others. Owns the plan and the associations that are being set up, but not the one that is up. Reads no
/// clock.
class ConnectionRace {
 public:
  /// RFC 8305 §5, "Connection Attempt Delay". A hub that is near answers sooner and sees one attempt.
  static constexpr Duration kStagger = std::chrono::milliseconds(100);
  /// How long an attempt that was answered may delay the next one, in addition to twice the time of that
  /// answer.
  static constexpr Duration kAnsweredDelay = std::chrono::seconds(1);
  /// How long the attempts from the preferred ports may stay unanswered before other ports are tried.
  static constexpr Duration kOtherPortDelay = std::chrono::milliseconds(700);
  /// How long a round waits for its last attempt.
  static constexpr Duration kTurn = std::chrono::milliseconds(1500);
  /// The pause after the first round. Each pause is cut by up to a half at random, so that edges that failed
  /// at the same time do not try again at the same time.
  static constexpr Duration kMinPause = std::chrono::milliseconds(250);
  /// The longest pause between rounds. The return of a peer is noticed when the next INIT of an attempt
  /// arrives, or after this pause at the latest.
  static constexpr Duration kMaxPause = std::chrono::seconds(1);
  /// While the race runs, the names of the peer are asked for again after pauses from kMinNamePause, doubled
  /// each time, to kMaxNamePause: a peer may move with its names.
  static constexpr Duration kMinNamePause = std::chrono::seconds(1);
  static constexpr Duration kMaxNamePause = std::chrono::seconds(4);

  /// The parts of the daemon that a race uses. They outlive it.
  struct Context {
    sctp::Endpoint& endpoint;
    tunnel::Tunnel& tunnel;
    uplinks::Uplinks& uplinks;
    RandomSource& random;
  };
  /// The peer to connect to.
  struct Peer {
    tunnel::PeerIndex index;
    crypto::PublicKey key;
    std::string name;        ///< for the log
    bool has_names = false;  ///< some of its endpoints are names
  };

  /// Starts idle.
  ConnectionRace(Context context, Peer peer);

  /// Starts a round now, unless a round or a pause is in progress. Attempts to known addresses do not wait
  /// for the names.
  void start(Timestamp now);
  /// Starts a round after a pause, unless a round or a pause is in progress.
  void start_later(Timestamp now);
  /// Ends the race and aborts every attempt.
  void stop(Timestamp now);
  /// Ends the race with an attempt that is up: the race gives up its ownership and aborts all others.
  void finish(Timestamp now, sctp::AssociationId winner);

  /// The addresses of the peer have changed; best first. Empty: the earlier ones stay. A new address is tried
  /// now.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses);
  /// An attempt failed: its association ended.
  void handle_failure(Timestamp now, sctp::AssociationId attempt, std::string_view reason);
  /// The socket is closed: aborts the attempts over it.
  void handle_socket_closed(Timestamp now, SocketId socket);
  /// An uplink has become usable: tries it now.
  void handle_uplinks_changed(Timestamp now);
  /// Name servers may be reachable that were not: the names are asked for again now.
  void handle_name_interfaces_changed(Timestamp now);
  /// Time has passed: starts what is due.
  void handle_timeout(Timestamp now);
  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;

  /// When the next attempt or round begins; kNever: idle.
  [[nodiscard]] Timestamp next_attempt() const { return state_ == State::idle ? kNever : wake_; }

  /// Whether the peer's names are to be asked for now: true once each time it is due.
  [[nodiscard]] bool poll_resolve_request(Timestamp now);
  /// When poll_resolve_request() is due again, or kNever.
  [[nodiscard]] Timestamp next_resolve_request() const;

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
  /// "idle", "waiting", "resolving" (no address is known yet) or "connecting".
  [[nodiscard]] std::string_view state() const;
  /// Why the last attempt failed: "192.0.2.1:9899: no answer"; empty: none has failed since start().
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

 private:
  enum class State : std::uint8_t { idle, waiting, connecting };
  /// An association that is being set up.
  struct Attempt {
    sctp::AssociationId association;
    Route route;
    Timestamp begun;
    std::optional<Timestamp> answered = std::nullopt;  ///< when its INIT ACK was noticed
  };
  /// A route without an attempt in this round.
  struct UntriedRoute {
    Route route;
    std::size_t uplink;
  };

  void start_next_attempt(Timestamp now);
  [[nodiscard]] std::optional<UntriedRoute> next_untried_route();
  [[nodiscard]] Timestamp other_ports_at() const;
  [[nodiscard]] bool settles_for_an_answered_one(Timestamp now);
  [[nodiscard]] Timestamp end_of_turn() const;
  void watch_answers(Timestamp now);
  void wake_now(Timestamp now);
  void attempt(Timestamp now, const UntriedRoute& untried);
  void end_round(Timestamp now);

  Context context_;
  Peer peer_;
  State state_ = State::idle;
  Timestamp wake_ = kNever;   ///< end of the pause, or time of the next attempt
  Timestamp watch_ = kNever;  ///< when the attempts are next checked for answers
  Timestamp round_begun_ = kNever;
  Duration pause_ = kMinPause;
  Timestamp ask_ = Timestamp::min();  ///< when the names are due
  Duration name_pause_ = kMinNamePause;
  std::vector<UdpAddress> addresses_;
  std::vector<Route> tried_;                                   ///< in this round
  uplinks::PortChoice port_ = uplinks::PortChoice::preferred;  ///< of the next attempt
  std::size_t first_uplink_ =
      0;  ///< where a round begins; it changes, so that a dead uplink is not always first
  std::vector<Attempt> attempts_;
  std::string last_failure_;
  LogFold failures_;  ///< since the last association
};

}  // namespace hawser::daemon::peering
