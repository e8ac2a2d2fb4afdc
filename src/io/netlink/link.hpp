#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::io::netlink {

/// A network interface as it was when asked.
struct LinkInfo {
  std::string name;
  int index = 0;
  std::string kind;      ///< of a virtual one, as the kernel calls it: "tun", "veth", …; empty: a device
  bool up = false;       ///< administratively up
  bool carrier = false;  ///< the medium is connected
  bool loopback = false;
  bool enslaved = false;  ///< a port of a bridge, a bond or the like
  std::size_t mtu = 0;
  /// Global and link-local, with the prefix length of the subnet; none that duplicate address detection
  /// (IPv6) has still to allow, or has refused.
  std::vector<IpPrefix> addresses;
};

/// How packets leave.
struct RouteInfo {
  IpAddress source;   ///< the address they carry; the wildcard: the kernel does not say
  IpAddress gateway;  ///< the next hop; the wildcard: there is none, the destination is on the link
  friend bool operator==(const RouteInfo&, const RouteInfo&) = default;
};

/// Every interface of this network namespace, by index. Throws SetupError when netlink does not answer.
[[nodiscard]] std::vector<LinkInfo> list_links();

/// The interface of that name, if there is one. Throws SetupError when netlink does not answer.
[[nodiscard]] std::optional<LinkInfo> find_link(std::string_view name);

[[nodiscard]] bool interface_exists(std::string_view name);

/// The route that packets to `to` take from a socket that is bound to the interface `link`, and to the
/// address `from` if there is one, by the kernel's own decision: whatever table, rule or metric leads there,
/// and routes over other interfaces do not count. Nothing: no route. Throws SetupError when netlink cannot be
/// asked.
[[nodiscard]] std::optional<RouteInfo> find_route(int link, const IpAddress& to,
                                                  const std::optional<IpAddress>& from = std::nullopt);

}  // namespace hawser::io::netlink
