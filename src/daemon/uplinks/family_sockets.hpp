#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/uplinks/socket_routes.hpp"
#include "daemon/uplinks/sockets.hpp"

namespace hawser::daemon::uplinks {

/// Which of the two UDP ports of an uplink.
enum class PortChoice : std::uint8_t {
  preferred,  ///< the one that worked last
  other,      ///< the one to try when the peer does not answer to the preferred one
};

/// The UDP sockets of one address family of an uplink, with their routes: one at the preferred port, and one
/// at another port while the first does not seem to work. Something between the ends may drop the datagrams
/// of one port permanently: a NAT mapping, or a limit per flow. Ports are remembered when a socket is closed
/// and opened again, because some carriers give a subscriber few of them; only a port that stays silent is
/// replaced. Owns the SocketRoutes; Sockets owns the sockets.
class FamilySockets {
 public:
  /// Opens, closes and numbers the sockets; both outlive it.
  struct Context {
    Sockets& sockets;
    io::PolicyRouting& routing;
  };
  /// How a socket is opened.
  struct Options {
    std::string label;        ///< of the uplink
    std::string interface;    ///< that it is bound to
    IpAddress bind;           ///< the wildcard, or an address of the interface
    std::uint32_t mark = 0;   ///< of its datagrams
    std::uint32_t table = 0;  ///< of the administrator, for the rule; 0: none
    bool needs_rule = false;  ///< without the rule, datagrams would leave another way than configured
  };

  /// A port that never worked is replaced after this number of silences: its NAT mapping has expired by then.
  /// A port that no longer worked when the other one did is replaced now.
  static constexpr unsigned kMaxSilences = 6;

  /// The socket, opened if necessary. None: see failure().
  std::optional<SocketId> open(const Context& context, Timestamp now, PortChoice which,
                               const Options& options, const std::vector<NextHop>& hops);
  /// Closes both sockets and returns those that were open.
  std::vector<SocketId> close(const Context& context);
  /// Closes the sockets at other ports than the preferred one, unless they are in `used`.
  void close_unused(const Context& context, const std::vector<SocketId>& used);
  /// Updates the routes of the open sockets.
  void update_routes(Timestamp now, const std::vector<NextHop>& hops);

  /// The socket works: its port is the preferred one from now on.
  void prefer(SocketId socket);
  /// The peer did not answer to the socket. open() may give another one from now on.
  void note_silence(SocketId socket);

  /// The open sockets.
  [[nodiscard]] std::vector<SocketId> all() const;
  /// Whether the socket is one of these.
  [[nodiscard]] bool has(SocketId socket) const;
  /// The choice that leads to the other socket than this one.
  [[nodiscard]] PortChoice other_than(SocketId socket) const;
  /// Why the last attempt to open a socket failed; empty: it did not.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Why the rule or a route of an open socket is missing; empty: everything is there.
  [[nodiscard]] std::string routing_failure() const;

 private:
  /// One of the two ports.
  struct Port {
    std::uint16_t number = 0;        ///< 0: the kernel chooses one
    unsigned silences = 0;           ///< since an answer
    std::optional<SocketId> socket;  ///< open
    std::unique_ptr<SocketRoutes> routes;
  };

  [[nodiscard]] std::size_t index_of(PortChoice which) const {
    return which == PortChoice::preferred ? preferred_ : 1 - preferred_;
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Port& port : ports_) visit(port);
    for (const Port& port : retired_) visit(port);
  }
  [[nodiscard]] Port* find(SocketId socket);
  [[nodiscard]] static SocketId open_at_free_port(const Context& context, std::uint16_t wish,
                                                  const Options& options);
  static void close(const Context& context, Port& port);

  std::array<Port, 2> ports_;
  std::vector<Port> retired_;  ///< replaced, but perhaps still open
  std::size_t preferred_ = 0;
  std::string failure_;
};

}  // namespace hawser::daemon::uplinks
