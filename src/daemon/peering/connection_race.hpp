#pragma once

#include <cstddef>
#include <functional>
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

/// Calls one peer until an association with it is up: a race of all uplinks to all of its addresses, each
/// call begun a little after the one before unless that one was answered meanwhile, with a pause after each
/// round in which nobody won. Owns this plan and the associations that are being set up; one that is up
/// belongs to whoever takes it. Reads no clock, opens no socket.
class ConnectionRace {
 public:
  /// Between two calls of a round: a hub that is near answers sooner, and is called once.
  static constexpr Duration kStagger = std::chrono::milliseconds(100);
  /// How long an answered call keeps the others from being made.
  static constexpr Duration kTrust = std::chrono::seconds(1);
  static constexpr Duration kMinPause = std::chrono::milliseconds(250);  ///< between rounds
  /// Together with the time a call takes, how late the return of a peer is noticed.
  static constexpr Duration kMaxPause = std::chrono::seconds(1);

  struct Context {
    sctp::Endpoint& endpoint;
    tunnel::Tunnel& tunnel;
    uplinks::Uplinks& uplinks;
  };
  struct Peer {
    tunnel::PeerIndex index;
    crypto::PublicKey key;
    std::string name;
  };

  /// `resolve` asks for the peer's addresses, which arrive by handle_addresses(), perhaps from within.
  ConnectionRace(Context context, Peer peer, std::function<void()> resolve);

  /// Begins to call, unless it does already.
  void start(Timestamp now);
  /// The same after a pause.
  void start_later(Timestamp now);
  /// Calls no more.
  void stop(Timestamp now);

  /// Addresses of the peer, best first; empty: none could be found, those found before stay.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses);
  /// An association being set up ended.
  void handle_failure(Timestamp now, sctp::AssociationId call, std::string_view reason);
  void handle_socket_closed(Timestamp now, SocketId socket);
  /// An uplink may be usable that was not.
  void handle_uplinks_changed(Timestamp now);
  void handle_timeout(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;

  [[nodiscard]] bool idle() const { return state_ == State::idle; }
  /// Whether it is one of the associations being set up.
  [[nodiscard]] bool owns(sctp::AssociationId association) const;
  /// This one is up: it is the race's no more, which gives up the others and is idle now. Returns the
  /// address that answered.
  UdpAddress take(Timestamp now, sctp::AssociationId winner);
  /// The last that were found.
  [[nodiscard]] const std::vector<UdpAddress>& addresses() const { return addresses_; }
  /// "idle", "waiting", "resolving" or "connecting".
  [[nodiscard]] std::string_view state() const;

 private:
  enum class State : std::uint8_t { idle, waiting, calling };
  struct Call {
    sctp::AssociationId association;
    SocketId socket;
    UdpAddress remote;
    Timestamp begun;
  };
  /// A way that was not tried in this round.
  struct Candidate {
    Route route;
    std::size_t uplink;
  };

  void start_next_attempt(Timestamp now);
  [[nodiscard]] std::optional<Candidate> next_candidate();
  [[nodiscard]] bool answered(Timestamp now) const;
  void call(Timestamp now, const Candidate& candidate);
  void end_round(Timestamp now);
  void reset();

  Context context_;
  Peer peer_;
  std::function<void()> resolve_;
  State state_ = State::idle;
  bool resolving_ = false;
  Timestamp wake_ = kNever;  ///< end of the pause, or time for the next call
  Duration pause_ = kMinPause;
  std::vector<UdpAddress> addresses_;
  std::vector<Route> tried_;      ///< in this round
  std::size_t first_uplink_ = 0;  ///< where the round begins, so that a bad uplink is not always first
  std::vector<Call> calls_;
  std::string_view last_reason_;  ///< of failures since start(); only a new one is worth a warning
};

}  // namespace hawser::daemon::peering
