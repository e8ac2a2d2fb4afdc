#include "daemon/uplinks/socket_routes.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "io/setup_error.hpp"

namespace hawser::daemon::uplinks {
namespace {

using io::netlink::PolicyRule;
using io::netlink::RouteSpec;

constexpr std::uint32_t kPortBits = 0xffff;
constexpr std::uint32_t kDefaultMetricV6 = 1024;  // what the kernel takes for 0

bool is_own_table(std::uint32_t table) {
  return (table & ~kPortBits) == SocketRoutes::kTables;
}

std::optional<IpAddress> unless_wildcard(const IpAddress& address) {
  return address.is_wildcard() ? std::nullopt : std::optional(address);
}

bool contains(const std::vector<RouteSpec>& routes, const RouteSpec& route) {
  return std::ranges::find(routes, route) != routes.end();
}

}  // namespace

std::optional<NextHop> next_hop(const IpAddress& destination, int link, const io::netlink::RouteInfo& route) {
  const auto gateway = unless_wildcard(route.gateway);
  if (gateway && gateway->is_v6() != destination.is_v6()) return std::nullopt;
  return NextHop{destination, link, gateway, unless_wildcard(route.source)};
}

SocketRoutes::SocketRoutes(io::PolicyRouting& routing, bool v6, std::uint16_t port, std::uint32_t table)
    : routing_(routing),
      rule_{v6, kPriority, port, table == 0 ? kTables | port : table},
      own_table_(table == 0) {}

SocketRoutes::~SocketRoutes() {
  if (rule_added_) routing_.remove(rule_);
  for (const RouteSpec& route : added_) routing_.remove(route);
}

bool SocketRoutes::is_taken(io::PolicyRouting& routing, bool v6, std::uint16_t port) {
  try {
    return std::ranges::any_of(
        routing.rules(), [&](const PolicyRule& rule) { return rule.v6 == v6 && rule.source_port == port; });
  } catch (const io::SetupError&) {
    return false;
  }
}

void SocketRoutes::remove_stale(io::PolicyRouting& routing) {
  try {
    for (const PolicyRule& rule : routing.rules()) {
      if (rule.priority != kPriority || routing.is_port_in_use(rule.v6, rule.source_port)) continue;
      spdlog::info("removing the routing rule of udp port {}, which an earlier run left", rule.source_port);
      routing.remove(rule);
    }
    for (const RouteSpec& route : routing.routes({.protocol = io::netlink::kRouteProtocol})) {
      const auto port = static_cast<std::uint16_t>(route.table & kPortBits);
      if (is_own_table(route.table) && !routing.is_port_in_use(route.destination.ip.is_v6(), port))
        routing.remove(route);
    }
  } catch (const io::SetupError& error) {
    spdlog::warn("failed to remove the routing rules of an earlier run: {}", error.what());
  }
}

void SocketRoutes::update(Timestamp now, const std::vector<NextHop>& hops) {
  if (!may_restore(now)) return;
  failure_.clear();
  restored_ = false;
  if (own_table_) update_routes(hops);
  update_rule();
  if (restored_ && ++restores_ == 1)
    spdlog::warn("udp port {}: another program removed its routing rule or routes, restored",
                 rule_.source_port);
}

// Whether this update may restore what is missing, or leaves the field to the other program for a while.
bool SocketRoutes::may_restore(Timestamp now) {
  if (now - interval_began_ >= kRestoreInterval) {
    interval_began_ = now;
    restores_ = 0;
  }
  if (restores_ < kMaxRestores) return true;
  if (failure_.empty())
    spdlog::warn("udp port {}: another program keeps removing its routing rule or routes", rule_.source_port);
  failure_ = "another program keeps removing the routing rule or its routes";
  return false;
}

// Routes come before the rule, and new routes before the old ones go, so that no datagram misses them.
void SocketRoutes::update_routes(const std::vector<NextHop>& hops) {
  Routes wanted;
  for (const NextHop& hop : hops) wanted.push_back(route_for(hop));
  const Routes there = present();
  for (const RouteSpec& route : wanted) {
    if (contains(there, route)) continue;
    restored_ |= contains(added_, route);
    note(routing_.replace(route), "cannot add a route for udp port " + std::to_string(rule_.source_port));
  }
  for (const RouteSpec& route : there) {
    if (!contains(wanted, route)) routing_.remove(route);
  }
  added_ = std::move(wanted);
}

void SocketRoutes::update_rule() {
  const std::error_code error = routing_.add(rule_);
  if (error == std::errc::file_exists) return;
  note(error, "cannot add a routing rule for udp port " + std::to_string(rule_.source_port));
  restored_ |= rule_added_ && !error;
  rule_added_ |= !error;
}

RouteSpec SocketRoutes::route_for(const NextHop& hop) const {
  RouteSpec route;
  route.destination = {hop.destination, static_cast<std::uint8_t>(rule_.v6 ? 128 : 32)};
  route.link = hop.link;
  route.gateway = hop.gateway;
  route.on_link_gateway = hop.gateway.has_value();
  route.source = hop.source;
  route.table = rule_.table;
  route.metric = rule_.v6 ? kDefaultMetricV6 : 0;
  return route;
}

// The routes of the own table in the kernel.
SocketRoutes::Routes SocketRoutes::present() const {
  try {
    Routes routes = routing_.routes({.protocol = io::netlink::kRouteProtocol, .table = rule_.table});
    std::erase_if(routes, [&](const RouteSpec& route) { return route.destination.ip.is_v6() != rule_.v6; });
    return routes;
  } catch (const io::SetupError&) {
    return {};
  }
}

// Keeps the first failure of an update; the status shows it, and the log each new one once.
void SocketRoutes::note(const std::error_code& error, const std::string& what) {
  if (!error || !failure_.empty()) return;
  failure_ = what + ": " + error.message();
}

}  // namespace hawser::daemon::uplinks
