#include "daemon/uplinks/assessment.hpp"

#include <algorithm>
#include <optional>

namespace hawser::daemon::uplinks {
namespace {

using io::netlink::LinkInfo;
using io::netlink::RouteSpec;

bool is_link_local(const IpAddress& address) {
  const auto first = load_be<std::uint16_t>(address.bytes().data());
  return address.is_v4() ? first == 0xa9feU : first >> 6U == 0xfe80U >> 6U;
}

// The address of the interface in whose subnet the gateway is, or else the first one.
IpAddress source_towards(const IpAddress& gateway, const LinkInfo& link, const std::vector<IpAddress>& own) {
  for (const IpPrefix& address : link.addresses) {
    if (!is_link_local(address.ip) && address.contains(gateway)) return address.ip;
  }
  return own.front();
}

// Datagrams to an address without a next hop follow the other tables.
void add_hop(const IpAddress& remote, int link, const io::netlink::RouteInfo& route, Assessment& out) {
  if (const auto hop = next_hop(remote, link, route)) out.hops.push_back(*hop);
}

bool is_excluded(const std::optional<IpAddress>& configured, bool v6) {
  return configured && configured->is_v6() != v6;
}

// The route of a table to this address, as the kernel chooses: the longest prefix, then the lowest metric.
const RouteSpec* choose(const std::vector<RouteSpec>& routes, const IpAddress& to) {
  const RouteSpec* best = nullptr;
  for (const RouteSpec& route : routes) {
    if (route.destination.ip.is_v6() != to.is_v6() || !route.destination.contains(to)) continue;
    const bool better = best == nullptr || route.destination.length > best->destination.length ||
                        (route.destination.length == best->destination.length && route.metric < best->metric);
    if (better) best = &route;
  }
  return best;
}

}  // namespace

std::vector<IpAddress> addresses_of(const LinkInfo& link, bool v6) {
  std::vector<IpAddress> out;
  for (const IpPrefix& address : link.addresses) {
    if (address.ip.is_v6() == v6 && !is_link_local(address.ip)) out.push_back(address.ip);
  }
  return out;
}

Assessment Assessor::assess(const config::UplinkConfig& uplink, const LinkInfo* link, bool v6,
                            const Remotes& remotes) const {
  Assessment out;
  out.bind = v6 ? IpAddress::any_v6() : IpAddress::any_v4();
  if (link == nullptr) return out;
  if (is_excluded(uplink.address, v6) || is_excluded(uplink.gateway, v6)) {
    out.reason = v6 ? "configured for IPv4" : "configured for IPv6";
    return out;
  }
  auto own = addresses_of(*link, v6);
  out.reason = !link->up ? "down" : !link->carrier ? "no carrier" : own.empty() ? "no address" : "no route";
  if (!link->up || !link->carrier || own.empty()) return out;
  if (uplink.address) {
    if (std::ranges::find(own, *uplink.address) == own.end()) {
      out.reason = "no address " + uplink.address->to_string();
      return out;
    }
    own = {*uplink.address};
    out.bind = own.front();
  }
  Remotes reachable = remotes;
  std::erase_if(reachable, [v6](const IpAddress& remote) { return remote.is_v6() != v6; });
  if (uplink.gateway) {
    use_gateway(uplink, *link, v6, reachable, out);
  } else if (remotes.empty()) {
    out.route.source = own.front();
    out.reason.clear();
  } else if (uplink.table != 0 ? find_in_table(uplink, *link, reachable, out)
                               : find_route(uplink, *link, own, reachable, out)) {
    out.reason.clear();
  }
  return out;
}

// Datagrams leave by the configured gateway, whatever routes the kernel has.
void Assessor::use_gateway(const config::UplinkConfig& uplink, const LinkInfo& link, bool v6,
                           const Remotes& remotes, Assessment& out) const {
  const auto own = uplink.address ? std::vector{*uplink.address} : addresses_of(link, v6);
  out.route = {source_towards(*uplink.gateway, link, own), *uplink.gateway};
  if (uplink.address) out.route.source = *uplink.address;
  for (const IpAddress& remote : remotes) add_hop(remote, link.index, out.route, out);
  out.reason.clear();
}

// The kernel looks a table up only for a rule, and the rule comes with the socket: this reads the table.
bool Assessor::find_in_table(const config::UplinkConfig& uplink, const LinkInfo& link, const Remotes& remotes,
                             Assessment& out) const {
  const auto routes = platform_.routing().routes({.table = uplink.table});
  for (const IpAddress& remote : remotes) {
    const RouteSpec* route = choose(routes, remote);
    if (route == nullptr || route->type != io::netlink::RouteType::unicast || route->link != link.index)
      continue;
    const IpAddress any = remote.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4();
    const auto own = addresses_of(link, remote.is_v6());
    const IpAddress source = uplink.address.value_or(
        route->source.value_or(route->gateway ? source_towards(*route->gateway, link, own) : own.front()));
    out.route = {source, route->gateway.value_or(any)};
    return true;
  }
  return false;
}

// Asks the kernel for the route of a socket that is bound to the device only, then of one that is also bound
// to an address of the device, as routing rules may select by source address.
bool Assessor::find_route(const config::UplinkConfig& uplink, const LinkInfo& link,
                          const std::vector<IpAddress>& own, const Remotes& remotes, Assessment& out) const {
  std::vector<std::optional<IpAddress>> sources;
  if (!uplink.address) sources.emplace_back(std::nullopt);
  sources.insert(sources.end(), own.begin(), own.end());
  for (const auto& source : sources) {
    bool found = false;
    for (const IpAddress& remote : remotes) {
      const auto route = platform_.route({.link = link.index, .from = source, .mark = mark_}, remote);
      if (!route) continue;
      if (!found) out.route = *route;
      found = true;
      add_hop(remote, link.index, *route, out);
    }
    if (!found) continue;
    if (source) out.bind = *source;
    return true;
  }
  return false;
}

}  // namespace hawser::daemon::uplinks
