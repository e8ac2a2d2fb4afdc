#include "daemon/name_routes.hpp"

#include <net/if.h>

#include <optional>

#include "io/netlink/link.hpp"

namespace hawser::daemon {
namespace {

std::optional<IpAddress> unless_wildcard(const IpAddress& address) {
  return address.is_wildcard() ? std::nullopt : std::optional(address);
}

}  // namespace

void NameRoutes::set(const names::DnsChannel::Port& port, bool in_use) {
  const bool v6 = port.server.is_v6();
  const Key key{v6, port.number};
  if (!in_use) {
    routes_.erase(key);
    return;
  }
  const int link = static_cast<int>(::if_nametoindex(port.device.c_str()));
  const auto route = io::netlink::find_route(
      {.link = link, .from = unless_wildcard(port.local), .mark = mark_}, port.server);
  // A rule with this port belongs to a socket of an uplink on another interface.
  if (link == 0 || !route || uplinks::SocketRoutes::is_taken(routing_, v6, port.number)) return;
  const auto gateway = unless_wildcard(route->gateway);
  if (gateway && gateway->is_v6() != v6) return;
  auto& own = routes_[key] = std::make_unique<uplinks::SocketRoutes>(routing_, v6, port.number);
  own->update({}, {{port.server, link, gateway, unless_wildcard(route->source)}});
}

}  // namespace hawser::daemon
