#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::io::netlink {

/// Snapshot of a network interface.
struct LinkInfo {
  std::string name;      ///< e.g. "eth0"
  int index = 0;         ///< the kernel's number, at least 1
  std::string kind;      ///< the kernel's name for its virtual kind: "tun", "veth", …; empty: a real device
  bool up = false;       ///< administratively up (IFF_UP)
  bool carrier = false;  ///< the medium is connected (IFF_LOWER_UP)
  bool loopback = false;  ///< IFF_LOOPBACK
  bool enslaved = false;  ///< a port of a bridge, a bond or the like
  std::size_t mtu = 0;    ///< bytes
  /// Global and link-local addresses with the prefix length of their subnet. Without IPv6 addresses that
  /// duplicate address detection has not accepted.
  std::vector<IpPrefix> addresses;
};

/// A route as the kernel chose it.
struct RouteInfo {
  IpAddress source;   ///< source address of the packets; the wildcard: the kernel does not name one
  IpAddress gateway;  ///< next hop; the wildcard: none, because the destination is on the link
  friend bool operator==(const RouteInfo&, const RouteInfo&) = default;
};

/// Lists all interfaces of this network namespace in the order of their index. Throws SetupError when netlink
/// fails.
[[nodiscard]] std::vector<LinkInfo> list_links();

/// Returns the interface with this name, if it exists. Throws SetupError when netlink fails.
[[nodiscard]] std::optional<LinkInfo> find_link(std::string_view name);

/// Whether this network namespace has an interface with this name.
[[nodiscard]] bool interface_exists(std::string_view name);

/// A UDP socket, as far as routes depend on it.
struct RouteQuery {
  int link = 0;                     ///< index of the interface that it is bound to
  std::optional<IpAddress> from{};  ///< address that it is bound to; none: the kernel chooses
  std::uint32_t mark = 0;           ///< of its datagrams; 0: none
  std::uint16_t source_port = 0;    ///< 0: not known, so that rules for a port do not match
};

/// Returns the route that datagrams to `to` take from such a socket. The kernel decides with all of its
/// tables, rules and metrics; routes over other interfaces do not count. Nothing: there is no route. Throws
/// SetupError when the netlink request cannot be sent.
[[nodiscard]] std::optional<RouteInfo> find_route(const RouteQuery& query, const IpAddress& to);

}  // namespace hawser::io::netlink
