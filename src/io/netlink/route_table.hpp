#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::io::netlink {

class Netlink;

/// The originator (rtm_protocol, FRA_PROTOCOL) of all routes and rules that Hawser adds, so that they can be
/// found again: `ip route show proto 98`. The number is our own; no other program is known to use it.
inline constexpr std::uint8_t kRouteProtocol = 98;
/// The table that ip-route(8) shows without `table`.
inline constexpr std::uint32_t kMainTable = 254;

/// What the kernel does with packets that a route matches.
enum class RouteType : std::uint8_t {
  unicast,      ///< sends them over the link, to the gateway if there is one
  unreachable,  ///< drops them with ICMP "host unreachable"; needs no link, and outlives all of them
  pass,         ///< `throw`: the look-up in this table ends, and the next rule is tried
  other,        ///< only in results of list(): local, broadcast, blackhole, …
};

/// A route. Two routes of a table with the same destination and metric exclude each other in IPv4; in IPv6
/// they also need the same link.
struct RouteSpec {
  IpPrefix destination;  ///< without host bits
  RouteType type = RouteType::unicast;
  int link = 0;                        ///< index of the interface; 0: none, or several next hops
  std::optional<IpAddress> gateway{};  ///< none: the destination is on the link
  /// `onlink`: the gateway is a neighbour on the link, even if no route says so.
  bool on_link_gateway = false;
  std::optional<IpAddress> source{};  ///< the preferred source address; none: the kernel chooses
  std::uint32_t table = kMainTable;
  std::uint32_t metric = 0;  ///< the lowest wins; in IPv6 the kernel takes 0 for 1024, and list() shows that
  std::uint8_t protocol = kRouteProtocol;
  friend bool operator==(const RouteSpec&, const RouteSpec&) = default;

  /// The form of ip-route(8): "unreachable 10.0.0.0/8 table 7 metric 9". The link is not part of it.
  [[nodiscard]] std::string to_string() const;
};

/// Which routes RouteTable::list() returns: those that have all values that are given.
struct RouteFilter {
  std::optional<std::uint8_t> protocol{};
  std::optional<std::uint32_t> table{};
  std::optional<int> link{};
};

/// The routes of this network namespace. Owns a netlink connection; the routes outlive it. Changes return the
/// kernel's error, because another program may change the same routes at any time.
class RouteTable {
 public:
  /// Opens the connection. Throws SetupError.
  RouteTable();
  ~RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  /// Adds a route. EEXIST: a route with the same destination, metric and table exists, whatever its owner.
  [[nodiscard]] std::error_code add(const RouteSpec& route);
  /// Adds a route in place of the one with the same destination, metric and table, whatever its owner.
  [[nodiscard]] std::error_code replace(const RouteSpec& route);
  /// Deletes the route with this destination, type, metric, table, protocol and, if given, link and gateway.
  /// ESRCH: there is none.
  [[nodiscard]] std::error_code remove(const RouteSpec& route);
  /// Lists the routes of both families, selected by the kernel. Throws SetupError.
  [[nodiscard]] std::vector<RouteSpec> list(const RouteFilter& filter);

 private:
  [[nodiscard]] std::error_code change(int type, int flags, const RouteSpec& route);

  std::unique_ptr<Netlink> netlink_;
};

}  // namespace hawser::io::netlink
