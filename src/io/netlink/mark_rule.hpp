#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace hawser::io::netlink {

/// A routing rule for all packets that do not carry a mark: their route is looked up in a table, or they are
/// dropped with an ICMP error.
struct MarkRule {
  bool v6 = false;             ///< the family; a rule belongs to one
  std::uint32_t priority = 0;  ///< position among the rules; the lowest number comes first
  std::uint32_t mark = 0;      ///< packets with this firewall mark are exempt; not 0
  std::uint32_t table = 0;     ///< 0: drop them ("unreachable")
  friend bool operator==(const MarkRule&, const MarkRule&) = default;

  /// The form of ip-rule(8): "not fwmark 9899 lookup 7 priority 9899", with " (IPv6)" behind it.
  [[nodiscard]] std::string to_string() const;
};

/// Adds the rule, with kRouteProtocol as its owner. EEXIST: it exists.
[[nodiscard]] std::error_code add_mark_rule(const MarkRule& rule);

/// Deletes the rule. ENOENT: there is none.
[[nodiscard]] std::error_code remove_mark_rule(const MarkRule& rule);

/// Lists the rules of kRouteProtocol that a MarkRule describes completely. Throws SetupError.
[[nodiscard]] std::vector<MarkRule> list_mark_rules();

}  // namespace hawser::io::netlink
