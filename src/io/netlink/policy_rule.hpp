#pragma once

#include <cstdint>
#include <system_error>
#include <vector>

/// Routing rules of single UDP sockets.
namespace hawser::io::netlink {

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

/// Adds the rule to this network namespace. EEXIST: it is there already. Needs CAP_NET_ADMIN and Linux 4.17.
[[nodiscard]] std::error_code add_rule(const PolicyRule& rule);

/// Removes the rule. ENOENT: it is not there.
[[nodiscard]] std::error_code remove_rule(const PolicyRule& rule);

/// Lists the rules with kRouteProtocol that a PolicyRule describes completely, in no particular order.
/// Throws SetupError when netlink fails.
[[nodiscard]] std::vector<PolicyRule> list_rules();

}  // namespace hawser::io::netlink
