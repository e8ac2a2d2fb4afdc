#include "daemon/name_routes.hpp"

#include <net/if.h>

#include <optional>

#include "io/netlink/link.hpp"

namespace hawser::daemon {
void NameRoutes::set(const names::DnsChannel::Port& port, bool in_use) {
  const bool v6 = port.server.is_v6();
  const Key key{v6, port.number};
  if (!in_use) {
    routes_.erase(key);
    return;
  }
  const int link = static_cast<int>(::if_nametoindex(port.device.c_str()));
  const auto from = port.local.is_wildcard() ? std::nullopt : std::optional(port.local);
  const auto route = io::netlink::find_route({.link = link, .from = from, .mark = mark_}, port.server);
  const auto hop = link == 0 || !route ? std::nullopt : uplinks::next_hop(port.server, link, *route);
  // A rule with this port belongs to a socket of an uplink on another interface.
  if (!hop || uplinks::SocketRoutes::is_taken(routing_, v6, port.number)) return;
  auto& own = routes_[key] = std::make_unique<uplinks::SocketRoutes>(routing_, v6, port.number);
  own->update({}, {*hop});
}

}  // namespace hawser::daemon
