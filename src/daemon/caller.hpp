#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/uplinks.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "hawser/tunnel/tunnel.hpp"

namespace hawser::daemon {

/// Calls one peer until an association with it is up: over one uplink after the other, at one address after
/// the other, with a pause after each round. Owns this plan and the association that is being set up; one
/// that is up belongs to whoever takes it. Reads no clock, opens no socket.
class Caller {
 public:
  static constexpr Duration kFirstPause = std::chrono::seconds(1);  ///< between rounds through all uplinks
  /// Together with the time a call takes, how late the return of a peer is noticed.
  static constexpr Duration kLongestPause = std::chrono::seconds(2);

  struct Context {
    sctp::Endpoint& endpoint;
    tunnel::Tunnel& tunnel;
    Uplinks& uplinks;
  };
  struct Peer {
    tunnel::PeerIndex index;
    crypto::PublicKey key;
    std::string name;
  };
  /// An association that is up, and the address that answered.
  struct Answer {
    sctp::AssociationId association;
    UdpAddress remote;
  };

  /// `resolve` asks for the peer's addresses, which arrive by handle_addresses(), perhaps from within.
  Caller(Context context, Peer peer, std::function<void()> resolve);

  /// Begins to call, unless it does already.
  void start(Timestamp now);
  /// The same after a pause.
  void start_later(Timestamp now);
  /// Calls no more.
  void stop(Timestamp now);

  /// Addresses of the peer, best first; empty: none could be found.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses);
  /// The association being set up ended.
  void handle_failure(Timestamp now, std::string_view reason);
  void handle_socket_closed(Timestamp now, UplinkId socket);
  /// More uplinks can be used: the pause is over.
  void handle_uplinks_changed(Timestamp now) {
    if (state_ == State::waiting) wake_ = now;
  }
  void handle_timeout(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const { return state_ == State::waiting ? wake_ : kNever; }

  [[nodiscard]] bool idle() const { return state_ == State::idle; }
  /// The association being set up.
  [[nodiscard]] std::optional<sctp::AssociationId> association() const { return association_; }
  /// The association is up: it is the caller's no more, which is idle now.
  Answer take();
  /// Those of the last round.
  [[nodiscard]] const std::vector<UdpAddress>& addresses() const { return addresses_; }
  /// "idle", "waiting", "resolving" or "connecting".
  [[nodiscard]] std::string_view state() const;

 private:
  enum class State : std::uint8_t { idle, waiting, resolving, connecting };

  void call_next(Timestamp now);
  void call(Timestamp now, const Route& route, std::size_t uplink);
  void rest();

  Context context_;
  Peer peer_;
  std::function<void()> resolve_;
  State state_ = State::idle;
  Timestamp wake_ = kNever;  ///< end of the pause
  Duration pause_ = kFirstPause;
  std::vector<UdpAddress> addresses_;
  std::size_t attempt_ = 0;       ///< next combination of address and uplink of this round
  std::size_t first_uplink_ = 0;  ///< where the next round begins, so that a bad uplink is not always first
  std::optional<sctp::AssociationId> association_;
  UplinkId socket_;               ///< it is set up over this one
  UdpAddress remote_;             ///< and with this address
  std::string_view last_reason_;  ///< of failures since start(); only a new one is worth a warning
};

}  // namespace hawser::daemon
