#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/uplinks/assessment.hpp"
#include "daemon/uplinks/family_sockets.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::uplinks {

/// The uplinks of an edge: which interfaces they are, whether they are usable, and their sockets. An uplink
/// keeps its index. When a discovered uplink's interface is removed, its entry becomes vacant, and another
/// discovered uplink may take it. Owns the list of uplinks, but no socket (Sockets does) and no association.
class Uplinks {
 public:
  /// IPv4 or IPv6 on an uplink.
  struct Family : Assessment {
    FamilySockets sockets;
  };
  /// One uplink, or a vacant entry.
  struct Uplink {
    config::UplinkConfig config;
    std::string interface;  ///< in use now; empty: none
    int index = 0;          ///< of that interface, to which the sockets are bound; 0: none
    Family v4;
    Family v6;
    std::string reason = "no interface";  ///< why it is not usable, for people; empty: it is
    std::string warning;  ///< why datagrams may be lost although it is usable; empty: nothing known

    [[nodiscard]] bool vacant() const { return config.interface.empty(); }
  };
  /// Where datagrams of a route leave, as the user knows it.
  struct Exit {
    std::string label;      ///< of the uplink; empty for a listening socket
    std::string interface;  ///< empty for a listening socket
    IpAddress local;        ///< the wildcard: the kernel's choice is unknown
    std::string failing;    ///< why no datagram can leave now; empty: one can
  };
  /// The result of refresh().
  struct Changes {
    std::vector<SocketId> closed;  ///< sockets whose interface was removed or replaced
    /// Sockets whose datagrams leave by another address or next hop than before.
    std::vector<SocketId> moved;
    /// Sockets whose datagrams can no longer leave, or leave again as before.
    std::vector<SocketId> disturbed;
    bool more_usable = false;           ///< a family of an uplink has become usable
    bool more_name_interfaces = false;  ///< name_interfaces() has an entry that it had not
  };

  /// Without any [[uplink]] in `config`, uplinks are discovered: every interface with a route to a peer, but
  /// never the tunnel itself. References outlive this object.
  Uplinks(Platform& platform, Sockets& sockets, const config::Config& config);

  /// Sets the addresses of the peers. An uplink is usable if it has a route to one of them, or, while none is
  /// known, any address. Returns whether they have changed.
  bool set_remotes(std::vector<IpAddress> remotes);

  /// Lists the interfaces again and updates every uplink, with the routes of its sockets.
  Changes refresh(Timestamp now);

  /// Vacant entries included.
  [[nodiscard]] std::size_t count() const { return uplinks_.size(); }
  /// Uplink `index`, less than count().
  [[nodiscard]] const Uplink& at(std::size_t index) const { return uplinks_[index]; }
  /// A socket of uplink `index` for that family, opened if necessary. None: the family is not usable.
  std::optional<SocketId> socket(std::size_t index, bool v6, PortChoice which = PortChoice::preferred);
  /// The choice that leads to the other socket of the same uplink and family.
  [[nodiscard]] PortChoice other_than(SocketId socket) const;
  /// The peer answers to the socket: its port becomes the preferred one.
  void prefer(SocketId socket);
  /// The peer did not answer to the socket, although it was tried: socket() may give another one from now on.
  void note_silence(SocketId socket);
  /// Closes the sockets at other than preferred ports that are not in `used`.
  void close_unused(const std::vector<SocketId>& used);
  /// The uplink that the socket belongs to. None: it is closed, or not the socket of an uplink.
  [[nodiscard]] std::optional<std::size_t> uplink_of(SocketId socket) const;
  /// The interfaces over which the names of peers are asked: those of the uplinks, or, while uplinks are
  /// discovered, that may become some. Each is up, and has a carrier and an address.
  [[nodiscard]] const std::vector<NameInterface>& name_interfaces() const { return name_interfaces_; }
  /// Where datagrams of the route leave.
  [[nodiscard]] Exit exit_of(const Route& route) const;

 private:
  using Links = std::vector<io::netlink::LinkInfo>;

  void discover(const Links& links, Changes& changes);
  void vacate(Uplink& uplink, Changes& changes);
  [[nodiscard]] bool is_discoverable(const io::netlink::LinkInfo& link) const;
  [[nodiscard]] const io::netlink::LinkInfo* choose(const Uplink& uplink, const Links& links);
  [[nodiscard]] bool may_take(const Uplink& uplink, const io::netlink::LinkInfo& link) const;
  void update(Uplink& uplink, const io::netlink::LinkInfo* link, Changes& changes);
  void update(Family& family, Assessment found, Changes& changes);
  [[nodiscard]] bool is_usable(const config::UplinkConfig& config, const io::netlink::LinkInfo& link) const;
  [[nodiscard]] Assessment assess(const config::UplinkConfig& config, const io::netlink::LinkInfo* link,
                                  bool v6) const;
  [[nodiscard]] bool is_family_wanted(bool v6) const;
  [[nodiscard]] std::string reason_of(const Uplink& uplink) const;
  [[nodiscard]] std::string warning_of(const Uplink& uplink) const;
  void explain(Uplink& uplink);
  [[nodiscard]] std::vector<NameInterface> find_name_interfaces(const Links& links) const;
  void close(Family& family, Changes& changes);
  [[nodiscard]] FamilySockets::Context context() { return {sockets_, platform_.routing()}; }
  [[nodiscard]] Family* family_of(SocketId socket);

  Platform& platform_;
  Sockets& sockets_;
  bool automatic_;      ///< uplinks are discovered
  std::string own_;     ///< name of the tunnel's interface
  std::uint32_t mark_;  ///< of the datagrams; 0: none
  Assessor assessor_;
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
  std::vector<IpAddress> remotes_;  ///< of the peers, sorted
  std::vector<Uplink> uplinks_;
  std::vector<NameInterface> name_interfaces_;
  Timestamp refreshed_{};  ///< time of the last refresh
};

}  // namespace hawser::daemon::uplinks
