#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/uplinks.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "hawser/tunnel/tunnel.hpp"

namespace hawser::daemon {

/// Keeps one peer connected: begins the association from one uplink after the other until one answers, then
/// adds every other uplink as a path, and begins anew when all is lost. Owns the plan, not the association or
/// the sockets; reads no clock.
class Dialer {
 public:
  static constexpr Duration kFirstPause = std::chrono::seconds(1);  ///< between rounds through all uplinks
  static constexpr Duration kLongestPause = std::chrono::seconds(5);
  static constexpr Duration kJoinAgain = std::chrono::seconds(5);  ///< after a path was refused or lost
  static constexpr Duration kLookAgain = std::chrono::seconds(1);  ///< for an uplink that cannot be used
  static constexpr Duration kSilence = std::chrono::seconds(10);   ///< without any active path: begin anew

  struct Context {
    sctp::Endpoint& endpoint;
    tunnel::Tunnel& tunnel;
    Uplinks& uplinks;
  };

  /// `resolve` asks for the peer's addresses, which arrive by handle_addresses(), perhaps from within.
  Dialer(Context context, tunnel::PeerIndex peer, std::string name, std::function<void()> resolve);

  void start(Timestamp now);
  /// Addresses of the peer, best first; empty: none could be found.
  void handle_addresses(Timestamp now, std::vector<UdpAddress> addresses);
  /// Events of any association; others than ours are ignored.
  void handle_event(Timestamp now, const sctp::Event& event);
  void handle_socket_closed(Timestamp now, UplinkId socket);
  void handle_timeout(Timestamp now);
  [[nodiscard]] Timestamp next_timeout() const;
  /// No more calls and no new paths; what is open stays.
  void stop() { state_ = State::stopped; }

  [[nodiscard]] tunnel::PeerIndex peer() const { return peer_; }
  /// "resolving", "connecting", "connected", "waiting" or "stopped".
  [[nodiscard]] std::string_view state() const;

 private:
  enum class State : std::uint8_t { waiting, resolving, connecting, connected, stopped };
  /// The path over one uplink.
  struct Join {
    std::optional<sctp::PathId> path;
    Timestamp next_try{};
  };

  void dial(Timestamp now);
  void pause(Timestamp now);
  void begin_anew(Timestamp now);
  void on_connected(Timestamp now);
  void on_ended(Timestamp now, const sctp::Event& event);
  void on_path_gone(Timestamp now, sctp::PathId path);
  void on_path_state(Timestamp now);
  void join_uplinks(Timestamp now);
  void join(Timestamp now, std::size_t uplink);
  [[nodiscard]] std::optional<Route> route_over(std::size_t uplink) const;
  [[nodiscard]] std::string_view label(std::size_t uplink) const {
    return context_.uplinks.at(uplink).config.label;
  }

  Context context_;
  tunnel::PeerIndex peer_;
  std::string name_;
  std::function<void()> resolve_;
  State state_ = State::waiting;
  Timestamp wake_ = kNever;  ///< end of the pause
  Duration pause_ = kFirstPause;
  std::vector<UdpAddress> addresses_;
  std::size_t attempt_ = 0;       ///< next combination of address and uplink of this round
  std::size_t first_uplink_ = 0;  ///< where the next round begins, so that a bad uplink is not always first
  UdpAddress remote_;             ///< the address that answered
  std::optional<sctp::AssociationId> association_;
  std::vector<Join> joins_;          ///< by uplink
  Timestamp silent_since_ = kNever;  ///< no path is active since then
};

}  // namespace hawser::daemon
