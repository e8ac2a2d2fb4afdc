#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"
#include "io/netlink/link.hpp"
#include "io/policy_routing.hpp"

namespace hawser::daemon::uplinks {

/// How datagrams to one address leave.
struct NextHop {
  IpAddress destination;
  int link = 0;                      ///< index of the interface
  std::optional<IpAddress> gateway;  ///< none: the destination is on the link
  std::optional<IpAddress> source;   ///< none: the kernel chooses
};

/// The kernel's answer for `destination` as a next hop. None: the gateway has the other family (RTA_VIA), and
/// cannot be copied to a table.
[[nodiscard]] std::optional<NextHop> next_hop(const IpAddress& destination, int link,
                                              const io::netlink::RouteInfo& route);

/// The routing rule of one UDP socket, and the table that the rule leads to:
///
///     ip rule add pref 98 ipproto udp sport PORT lookup TABLE protocol 98
///     ip route add DESTINATION via GATEWAY dev INTERFACE table TABLE protocol 98
///
/// The datagrams of the socket follow that table, whatever the other tables prefer. So does the look-up of
/// the kernel's reverse-path filter (RFC 3704 §2.2) for the answers, as it exchanges the ports: answers pass
/// a strict filter on every uplink. Owns the rule and, unless the table is that of the administrator, its
/// routes, and removes them in the end. Owns no socket.
class SocketRoutes {
 public:
  /// Priority number of the rules: before those of other programs, after the table `local`.
  static constexpr std::uint32_t kPriority = 98;
  /// The table of a socket has this number (the letters "HW") plus the port.
  static constexpr std::uint32_t kTables = 0x4857'0000;
  /// When more has to be restored within kRestoreInterval, another program removes it again and again.
  static constexpr unsigned kMaxRestores = 20;
  static constexpr Duration kRestoreInterval = std::chrono::seconds(10);

  /// For the socket of this family that is bound to `port`. `table`: the rule leads to this table of the
  /// administrator; 0: to a table of its own. Changes nothing before update(). `routing` outlives this
  /// object.
  SocketRoutes(io::PolicyRouting& routing, bool v6, std::uint16_t port, std::uint32_t table = 0);
  ~SocketRoutes();
  SocketRoutes(const SocketRoutes&) = delete;
  SocketRoutes& operator=(const SocketRoutes&) = delete;

  /// Whether a rule for the port exists, so that another socket of the host has it on another interface.
  [[nodiscard]] static bool is_taken(io::PolicyRouting& routing, bool v6, std::uint16_t port);
  /// Removes the rules and routes that a killed daemon left: those of ports that no socket has.
  static void remove_stale(io::PolicyRouting& routing);

  /// Adds what is missing in the kernel and removes other routes from the own table. Restores what another
  /// program has removed.
  void update(Timestamp now, const std::vector<NextHop>& hops);
  /// Why the rule or a route is missing, for people; empty: everything is there.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  using Routes = std::vector<io::netlink::RouteSpec>;

  [[nodiscard]] bool may_restore(Timestamp now);
  void update_routes(const std::vector<NextHop>& hops);
  void update_rule();
  [[nodiscard]] io::netlink::RouteSpec route_for(const NextHop& hop) const;
  [[nodiscard]] Routes present() const;
  void note(const std::error_code& error, const std::string& what);

  io::PolicyRouting& routing_;
  io::netlink::PolicyRule rule_;
  bool own_table_;
  Routes added_;  ///< in the last update
  bool rule_added_ = false;
  bool restored_ = false;  ///< something, in this update
  unsigned restores_ = 0;  ///< updates since interval_began_ that had to restore something
  Timestamp interval_began_{};
  std::string failure_;
};

}  // namespace hawser::daemon::uplinks
