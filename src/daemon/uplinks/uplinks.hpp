#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/uplinks/sockets.hpp"

namespace hawser::daemon::uplinks {

/// The uplinks of an edge: which interfaces they are, whether they can be used now, and a socket for each
/// address family that is is_family_wanted. Owns no socket (Sockets does) and knows no association. Uplinks
/// keep their numbers; that of one that was found by itself and is gone for good is vacant until another
/// takes it.
class Uplinks {
 public:
  /// One address family of an uplink.
  struct Family {
    std::string reason = "no interface";  ///< why it cannot be used now; empty: it can
    io::netlink::RouteInfo route;         ///< how datagrams leave, or left when it could be used last
    /// What its sockets are bound to: the wildcard, unless a routing rule asks for the interface's address.
    IpAddress bind;
    std::optional<SocketId> socket;
    std::string failure;  ///< of the last attempt to open one

    [[nodiscard]] bool usable() const { return reason.empty(); }
  };
  struct Uplink {
    config::UplinkConfig config;
    std::string interface;  ///< the one in use; empty: there is none
    int index = 0;          ///< of that interface, which its sockets are bound to; 0: there is none
    Family v4;
    Family v6;
    std::string reason = "no interface";  ///< in words, why it cannot be used now; empty: it can

    [[nodiscard]] bool vacant() const { return config.interface.empty(); }
  };
  /// Where datagrams of a route leave, in the words of the user.
  struct Exit {
    std::string label;      ///< of the uplink; empty for a listening socket
    std::string interface;  ///< empty for a listening socket
    IpAddress local;        ///< the wildcard: the kernel chooses, and does not say which
    std::string failing;    ///< why no datagram can leave now; empty: they can
  };
  /// What a look at the interfaces has shown.
  struct Changes {
    std::vector<SocketId> closed;  ///< sockets, as their interface went or was replaced
    /// Sockets whose datagrams leave from another address or by another next hop now, no longer, or again.
    std::vector<SocketId> moved;
    bool more_usable = false;  ///< something can be used that could not
  };

  /// Without any [[uplink]]: every interface over which the peers can be reached, but never the tunnel
  /// itself.
  Uplinks(Platform& host, Sockets& sockets, const config::Config& config);

  /// Where the peers are. An uplink is usable when a route leads to one of them; when no address is known,
  /// any address of its own will do. Whether they are others than before.
  bool set_remotes(std::vector<IpAddress> remotes);

  /// Looks at the interfaces again.
  Changes refresh();

  /// Vacant ones included.
  [[nodiscard]] std::size_t count() const { return uplinks_.size(); }
  [[nodiscard]] const Uplink& at(std::size_t index) const { return uplinks_[index]; }
  /// The socket of uplink `index` for that family, opened when need be; nothing: not usable now.
  std::optional<SocketId> socket(std::size_t index, bool v6);
  /// Which uplink the socket belongs to; nothing: none of ours, or closed.
  [[nodiscard]] std::optional<std::size_t> uplink_of(SocketId socket) const;
  [[nodiscard]] Exit exit_of(const Route& route) const;

 private:
  using Links = std::vector<io::netlink::LinkInfo>;

  void discover(const Links& links, Changes& changes);
  void vacate(Uplink& uplink, Changes& changes);
  [[nodiscard]] bool is_candidate(const io::netlink::LinkInfo& link) const;
  [[nodiscard]] const io::netlink::LinkInfo* choose(const Uplink& uplink, const Links& links);
  [[nodiscard]] bool may_take(const Uplink& uplink, const io::netlink::LinkInfo& link) const;
  void update(Uplink& uplink, const io::netlink::LinkInfo* link, Changes& changes);
  void update(Family& family, Family found, Changes& changes);
  [[nodiscard]] bool is_usable(const io::netlink::LinkInfo& link);
  [[nodiscard]] Family assess(const io::netlink::LinkInfo* link, bool v6);
  [[nodiscard]] bool find_way(const io::netlink::LinkInfo& link, const std::vector<IpAddress>& own,
                              Family& family);
  [[nodiscard]] bool is_family_wanted(bool v6) const;
  void explain(Uplink& uplink);
  void close(std::optional<SocketId>& socket, Changes& changes);

  Platform& platform_;
  Sockets& sockets_;
  bool automatic_;
  std::string own_;
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
  std::vector<IpAddress> remotes_;  // sorted
  std::vector<Uplink> uplinks_;
};

}  // namespace hawser::daemon::uplinks
