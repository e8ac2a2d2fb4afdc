#include "daemon/routing/kill_switch.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string>

#include "daemon/routing/prefixes.hpp"

namespace hawser::daemon::routing {
namespace {

using io::netlink::MarkRule;
using io::netlink::RouteSpec;
using io::netlink::RouteType;

// Metrics within the table. Exceptions come first; those of IPv6 have the index of their interface, because
// two of them may have the same prefix.
constexpr std::uint32_t kExceptionMetric = 1;
constexpr std::uint32_t kTunnelMetric = 1'000'000;
constexpr std::uint32_t kUnreachableMetric = 2'000'000;

constexpr std::uint8_t kMinForeignLength = 2;  ///< half of a default route is no longer than a default route

constexpr std::uint32_t kTableBase = 0x4800'0000;
constexpr std::uint32_t kTableMask = 0x00ff'ffff;

bool is_switch_table(std::uint32_t table) {
  return (table & ~kTableMask) == kTableBase;
}

bool hold_all(const std::vector<IpPrefix>& prefixes, bool v6) {
  const auto [lower, upper] = halves({v6 ? IpAddress::any_v6() : IpAddress::any_v4(), 0});
  return longest_cover(prefixes, lower) && longest_cover(prefixes, upper);
}

// Whether the rule belongs to the kill switch of another full tunnel.
bool is_full_switch(const MarkRule& rule, std::uint32_t own_table, const Surroundings& around) {
  if (!is_switch_table(rule.table) || rule.table == own_table || rule.priority != kSwitchPriority)
    return false;
  std::vector<IpPrefix> held;
  for (const RouteSpec& route : around.routes) {
    if (route.table == rule.table && route.type == RouteType::unreachable) held.push_back(route.destination);
  }
  return hold_all(held, rule.v6);
}

/// Collects the routes of one table. Owns them until finish().
class Builder {
 public:
  Builder(const config::Config& config, const Surroundings& around)
      : around_(around),
        table_(switch_table(config.interface.name)),
        own_(own_networks(config)),
        inner_(allowed_networks(config)),
        automatic_(config.uplinks.empty() && config.interface.listen.empty()) {
    for (const IpPrefix& network : own_) {
      if (std::ranges::find(inner_, network) == inner_.end()) inner_.push_back(network);
    }
  }

  std::vector<Piece> finish() {
    for (const IpPrefix& prefix : inner_) add_inner(prefix);
    add_shared();
    for (const io::netlink::LinkInfo& link : around_.links) add_networks_of(link);
    for (const RouteSpec& route : around_.routes) add_other_tunnel(route);
    return std::move(pieces_);
  }

  [[nodiscard]] bool needs_backstop() const { return hold_all(inner_, true); }

 private:
  void add_inner(const IpPrefix& prefix) {
    RouteSpec route{.destination = prefix, .link = around_.own, .table = table_, .metric = kTunnelMetric};
    if (around_.own != 0) add(route);
    route.type = RouteType::unreachable;
    route.link = 0;
    route.metric = kUnreachableMetric;
    add(route);
  }

  // Multicast and broadcast of every link. In IPv6 the kernel's own table comes first for them.
  void add_shared() {
    for (const char* text : {"224.0.0.0/4", "255.255.255.255/32", "169.254.0.0/16"}) {
      const IpPrefix prefix = *IpPrefix::parse(text);
      if (longest_cover(inner_, prefix)) pass(prefix);
    }
  }

  void add_networks_of(const io::netlink::LinkInfo& link) {
    if (link.index == around_.own || link.loopback || !link.up) return;
    for (const IpPrefix& address : link.addresses) {
      const IpPrefix network = address.network();
      if (network.length < full_length(network.ip) && is_exempt(link, network)) except(network, link.index);
    }
  }

  // A network that only the interface of an uplink claims may be a trap of whoever runs that network: only
  // networks for local use are left to it, and of these none that allowed_ips names.
  [[nodiscard]] bool is_exempt(const io::netlink::LinkInfo& link, const IpPrefix& network) const {
    const auto inner = longest_cover(inner_, network);
    if (!inner || std::ranges::find(own_, network) != own_.end()) return false;
    if (!is_uplink(link.index)) return true;
    return is_local_use(network) && !is_local_use(*inner);
  }

  // Before the first uplink is discovered, any interface may become one.
  [[nodiscard]] bool is_uplink(int link) const {
    if (automatic_ && around_.uplinks.empty()) return true;
    return std::ranges::find(around_.uplinks, link) != around_.uplinks.end();
  }

  [[nodiscard]] bool is_tunnel(int link) const {
    return std::ranges::any_of(around_.links, [&](const io::netlink::LinkInfo& other) {
      return other.index == link && other.kind == "tun";
    });
  }

  // The longest prefix wins between tunnels, too.
  void add_other_tunnel(const RouteSpec& route) {
    if (route.protocol != io::netlink::kRouteProtocol || route.table == table_ ||
        route.type == RouteType::pass)
      return;
    const bool kept = route.type == RouteType::unreachable && is_switch_table(route.table);
    const bool foreign = kept || (route.link != around_.own && is_tunnel(route.link));
    const auto inner = longest_cover(inner_, route.destination);
    if (!foreign || !inner || inner->length >= route.destination.length) return;
    if (route.destination.length >= kMinForeignLength) except(route.destination, route.link);
  }

  // A lookup of a socket that is bound to an interface skips IPv6 routes of other types, so that the table
  // holds a copy of the network's route there.
  void except(const IpPrefix& network, int link) {
    if (network.ip.is_v4()) return pass(network);
    if (link == 0) return;
    add({.destination = network, .link = link, .table = table_, .metric = static_cast<std::uint32_t>(link)});
  }

  void pass(const IpPrefix& network) {
    add({.destination = network, .type = RouteType::pass, .table = table_, .metric = kExceptionMetric});
  }

  void add(const RouteSpec& route) {
    if (std::ranges::find(pieces_, Piece(route)) == pieces_.end()) pieces_.emplace_back(route);
  }

  const Surroundings& around_;
  std::uint32_t table_;
  std::vector<IpPrefix> own_;
  std::vector<IpPrefix> inner_;  ///< allowed IPs and own networks
  bool automatic_;               ///< an edge that discovers its uplinks
  std::vector<Piece> pieces_;
};

}  // namespace

std::uint32_t switch_table(std::string_view interface) {
  std::uint32_t hash = 0x811c'9dc5;  // FNV-1a
  for (const char c : interface) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0100'0193U;
  return kTableBase | (hash & kTableMask);
}

std::vector<Piece> switch_pieces(const config::Config& config, const Surroundings& around) {
  if (!config.interface.kill_switch) return {};
  Builder builder(config, around);
  const bool backstop = builder.needs_backstop();
  std::vector<Piece> pieces = builder.finish();
  const std::uint32_t table = switch_table(config.interface.name);
  for (const bool v6 : {false, true})
    pieces.emplace_back(MarkRule{v6, kSwitchPriority, config.interface.fwmark, table});
  if (backstop) pieces.emplace_back(MarkRule{true, kBackstopPriority, config.interface.fwmark, 0});
  return pieces;
}

// The backstop names no table: it belongs to each kill switch that needs it, and goes with the last of them.
bool is_switch_rule(const config::Config& config, const MarkRule& rule, const Surroundings& around) {
  const std::uint32_t table = switch_table(config.interface.name);
  if (rule.table == table) return true;
  if (rule.table != 0 || rule.priority != kBackstopPriority || !rule.v6) return false;
  const bool own = config.interface.kill_switch && rule.mark == config.interface.fwmark &&
                   Builder(config, around).needs_backstop();
  return own || std::ranges::none_of(around.rules, [&](const MarkRule& other) {
           return other.v6 && other.mark == rule.mark && is_full_switch(other, table, around);
         });
}

std::vector<std::string> foreign_switches(const config::Config& config, const Surroundings& around) {
  const std::uint32_t table = switch_table(config.interface.name);
  const auto allowed = allowed_networks(config);
  std::vector<std::string> out;
  std::array<bool, 2> own_passed{};  // the older rule comes first
  for (const MarkRule& rule : around.rules) {
    if (rule.table == table) own_passed.at(rule.v6 ? 1 : 0) = true;
    if (!is_full_switch(rule, table, around)) continue;
    const char* family = rule.v6 ? "IPv6" : "IPv4";
    if (rule.mark != config.interface.fwmark) {
      out.push_back(fmt::format(
          "the kill switch of another tunnel (table {}) stops this tunnel's {} datagrams, "
          "because they have {}: set fwmark = {} in [interface]",
          rule.table, family,
          config.interface.fwmark == 0 ? "no mark" : "the mark " + std::to_string(config.interface.fwmark),
          rule.mark));
    }
    if (!own_passed.at(rule.v6 ? 1 : 0) && hold_all(allowed, rule.v6)) {
      out.push_back(
          fmt::format("the kill switch of another tunnel (table {}) comes first in {}: that tunnel takes "
                      "the packets; if it no longer exists, run: ip {}rule del priority {} table {}",
                      rule.table, family, rule.v6 ? "-6 " : "", rule.priority, rule.table));
    }
  }
  return out;
}

}  // namespace hawser::daemon::routing
