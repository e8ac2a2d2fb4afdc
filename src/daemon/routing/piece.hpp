#pragma once

#include <string>
#include <variant>

#include "hawser/base/address.hpp"
#include "io/netlink/mark_rule.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::daemon::routing {

/// The tunnel's interface is administratively up.
struct LinkUp {
  friend bool operator==(const LinkUp&, const LinkUp&) = default;
};

/// One part of the host's network that belongs to the tunnel: the state of its interface, an address of it, a
/// route, or a routing rule.
using Piece = std::variant<LinkUp, IpPrefix, io::netlink::RouteSpec, io::netlink::MarkRule>;

/// For people, and unique among the pieces of one tunnel: "route 10.0.0.0/8 metric 9899".
[[nodiscard]] std::string to_string(const Piece& piece);

}  // namespace hawser::daemon::routing
