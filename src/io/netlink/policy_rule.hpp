#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Routing rules of single UDP sockets.
namespace hawser::io::netlink {

/// The protocol number of every rule and route that Hawser adds (FRA_PROTOCOL, RTA_PROTOCOL), so that `ip
/// rule` and `ip route` can list and remove them: `ip route show table all proto 98`. No other program of
/// /etc/iproute2/rt_protos has it.
inline constexpr std::uint8_t kRoutingProtocol = 98;

/// A rule for the datagrams of one local UDP port: their route is looked up in `table` before any table of a
/// rule with a larger priority number. The kernel's reverse-path filter looks up the answers with exchanged
/// ports, so the rule applies to them as well (`ip rule add … ipproto udp sport PORT lookup TABLE`).
struct PolicyRule {
  bool v6 = false;
  std::uint32_t priority = 0;
  std::uint16_t source_port = 0;
  std::uint32_t table = 0;
  friend auto operator<=>(const PolicyRule&, const PolicyRule&) = default;
};

/// Adds the rule to this network namespace. Returns why that failed, for people; none: it is there, or was
/// already. Needs CAP_NET_ADMIN and Linux 4.17.
[[nodiscard]] std::optional<std::string> add_rule(const PolicyRule& rule);

/// Removes the rule. Returns why that failed, for people; none: it is gone, or was not there.
std::optional<std::string> remove_rule(const PolicyRule& rule);

/// Lists the rules with kRoutingProtocol that a PolicyRule describes completely, in no particular order.
/// Throws SetupError when netlink fails.
[[nodiscard]] std::vector<PolicyRule> list_rules();

}  // namespace hawser::io::netlink
