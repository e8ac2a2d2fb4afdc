#include "daemon/routing/plan.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "daemon/routing/kill_switch.hpp"
#include "daemon/routing/prefixes.hpp"

namespace hawser::daemon::routing {
namespace {

using io::netlink::LinkInfo;
using io::netlink::RouteSpec;
using io::netlink::RouteType;

constexpr std::uint32_t kConnectedMetricV6 = 256;  ///< of the kernel's routes for own addresses

bool is_tunnel(const config::Config& config, const LinkInfo& link) {
  return link.name == config.interface.name;
}

// The network of an address, as the kernel adds it with the address.
RouteSpec connected(const IpPrefix& address, int link) {
  RouteSpec route{.destination = address.network(), .link = link};
  if (address.ip.is_v4()) route.source = address.ip;
  route.metric = address.ip.is_v4() ? 0 : kConnectedMetricV6;
  return route;
}

bool has_network(const LinkInfo& link, const IpPrefix& network) {
  return std::ranges::any_of(link.addresses, [&](const IpPrefix& a) { return a.network() == network; });
}

bool is_other_tunnel(const LinkInfo& link) {
  return link.kind == "tun";
}

// Whether an interface that is no tunnel has an address of the same network. Between tunnels, halves would be
// a race: the kernel prefers the network that was there first.
bool is_contested(const config::Config& config, const std::vector<LinkInfo>& links, const IpPrefix& network) {
  return std::ranges::any_of(links, [&](const LinkInfo& link) {
    return !is_tunnel(config, link) && !is_other_tunnel(link) && link.up && has_network(link, network);
  });
}

/// The routes of the main table, each once.
class MainRoutes {
 public:
  MainRoutes(const config::Config& config, const Surroundings& around) : config_(config), around_(around) {}

  void add_to(std::vector<Piece>& pieces) {
    for (const IpPrefix& address : config_.interface.addresses) add_own(pieces, address);
    const auto own = own_networks(config_);
    for (const IpPrefix& prefix : allowed_networks(config_)) {
      if (std::ranges::find(own, prefix) != own.end()) continue;
      if (prefix.length == 0) {
        add_halves(pieces, prefix);
      } else {
        add(pieces, prefix);
      }
    }
  }

 private:
  // The halves of a network take precedence over the same network of another interface.
  void add_own(std::vector<Piece>& pieces, const IpPrefix& address) {
    if (address.length == full_length(address.ip)) return;
    add(pieces, connected(address, around_.own));
    if (is_contested(config_, around_.links, address.network())) add_halves(pieces, address.network());
  }
  void add_halves(std::vector<Piece>& pieces, const IpPrefix& prefix) {
    const auto [lower, upper] = halves(prefix);
    add(pieces, lower);
    add(pieces, upper);
  }
  void add(std::vector<Piece>& pieces, const IpPrefix& prefix) {
    add(pieces, {.destination = prefix, .link = around_.own, .metric = config_.interface.metric});
  }
  void add(std::vector<Piece>& pieces, const RouteSpec& route) {
    if (known_.insert(route.destination).second) pieces.emplace_back(route);
  }

  const config::Config& config_;
  const Surroundings& around_;
  std::set<IpPrefix> known_;
};

const LinkInfo* find_link(const std::vector<LinkInfo>& links, int index) {
  const auto at = std::ranges::find(links, index, &LinkInfo::index);
  return at == links.end() ? nullptr : &*at;
}

// An own network and the network of another interface.
std::string describe_own(const IpPrefix& own, const IpPrefix& network, const LinkInfo& link) {
  if (own == network && is_other_tunnel(link)) {
    return fmt::format(
        "the inner network {} is the network of the tunnel {}, too: the one that was there first "
        "keeps it; use another inner network",
        own.to_string(), link.name);
  }
  if (own == network) {
    return fmt::format(
        "the inner network {} is the network of {}, too: the tunnel takes it; use another inner "
        "network",
        own.to_string(), link.name);
  }
  if (covers(own, network)) {
    return fmt::format(
        "the network {} of {} is part of the inner network {}: {} keeps it, and inner hosts in it "
        "are out of reach; use another inner network",
        network.to_string(), link.name, own.to_string(), link.name);
  }
  return fmt::format("the inner network {} is part of the network {} of {}: the tunnel takes it",
                     own.to_string(), network.to_string(), link.name);
}

}  // namespace

std::vector<Piece> wanted_pieces(const config::Config& config, const Surroundings& around) {
  std::vector<Piece> pieces{LinkUp{}};
  for (const IpPrefix& address : config.interface.addresses) pieces.emplace_back(address);
  if (config.interface.routes) MainRoutes(config, around).add_to(pieces);
  for (Piece& piece : switch_pieces(config, around)) pieces.push_back(std::move(piece));
  return pieces;
}

std::vector<Piece> actual_pieces(const config::Config& config, const Surroundings& around) {
  std::vector<Piece> pieces;
  if (const LinkInfo* link = find_link(around.links, around.own)) {
    if (link->up) pieces.emplace_back(LinkUp{});
    for (const IpPrefix& address : link->addresses) pieces.emplace_back(address);
  }
  const std::uint32_t table = switch_table(config.interface.name);
  for (const RouteSpec& route : around.routes) {
    const bool in_main =
        route.table == io::netlink::kMainTable && route.link == around.own && route.link != 0;
    const auto own = std::ranges::find_if(config.interface.addresses, [&](const IpPrefix& address) {
      return in_main && config.interface.routes && route.type == RouteType::unicast && !route.gateway &&
             address.network() == route.destination;
    });
    if (own != config.interface.addresses.end()) {
      pieces.emplace_back(connected(*own, around.own));
    } else if (route.protocol == io::netlink::kRouteProtocol && (in_main || route.table == table)) {
      pieces.emplace_back(route);
    }
  }
  for (const io::netlink::MarkRule& rule : around.rules) {
    if (is_switch_rule(config, rule, around)) pieces.emplace_back(rule);
  }
  return pieces;
}

std::vector<std::string> overlaps(const config::Config& config, const std::vector<LinkInfo>& links) {
  std::vector<std::string> out;
  const auto own = own_networks(config);
  const auto allowed = config.interface.routes ? allowed_networks(config) : std::vector<IpPrefix>{};
  for (const LinkInfo& link : links) {
    if (is_tunnel(config, link) || link.loopback || !link.up) continue;
    for (const IpPrefix& address : link.addresses) {
      const IpPrefix network = address.network();
      for (const IpPrefix& mine : config.interface.addresses) {
        if (mine.ip == address.ip)
          out.push_back(
              fmt::format("the inner address {} is an address of {}, too", mine.ip.to_string(), link.name));
      }
      if (network.length == full_length(network.ip)) continue;
      for (const IpPrefix& inner : own) {
        if (covers(inner, network) || covers(network, inner))
          out.push_back(describe_own(inner, network, link));
      }
      for (const IpPrefix& prefix : allowed) {
        if (std::ranges::find(own, prefix) != own.end() || !covers(network, prefix)) continue;
        out.push_back(
            prefix == network
                ? fmt::format("allowed_ips {} is the network of {}: {} keeps it, and the hosts behind the "
                              "peer are out of reach",
                              prefix.to_string(), link.name, link.name)
                : fmt::format("allowed_ips {} is part of the network {} of {}: the tunnel takes it",
                              prefix.to_string(), network.to_string(), link.name));
      }
    }
  }
  return out;
}

std::vector<std::string> rivals(const config::Config& config, const Surroundings& around,
                                const std::vector<RouteSpec>& main) {
  std::map<IpPrefix, std::uint32_t> mine;  // the metrics of the wanted routes
  const auto own = own_networks(config);
  for (const Piece& piece : wanted_pieces(config, around)) {
    const auto* route = std::get_if<RouteSpec>(&piece);
    if (route == nullptr || route->table != io::netlink::kMainTable) continue;
    if (std::ranges::find(own, route->destination) == own.end())
      mine.emplace(route->destination, route->metric);
  }
  std::vector<std::string> out;
  for (const RouteSpec& other : main) {
    const auto at = mine.find(other.destination);
    if (at == mine.end() || other.metric > at->second || (other.link != 0 && other.link == around.own))
      continue;
    const LinkInfo* link = find_link(around.links, other.link);
    if (link != nullptr && has_network(*link, other.destination)) continue;  // see overlaps()
    out.push_back(
        fmt::format("{} is a route of {} with metric {}, too: it comes before the tunnel's with metric {}",
                    other.destination.to_string(), link == nullptr ? "another program" : link->name,
                    other.metric, at->second));
  }
  return out;
}

std::string link_name(const std::vector<LinkInfo>& links, int index) {
  const LinkInfo* link = find_link(links, index);
  return link == nullptr ? "interface " + std::to_string(index) : link->name;
}

}  // namespace hawser::daemon::routing
