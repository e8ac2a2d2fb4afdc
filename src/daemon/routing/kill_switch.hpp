#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/routing/surroundings.hpp"

/// The kill switch: a rule sends every packet without the mark of the tunnel's own datagrams to a table that
/// outlives the daemon. For each inner prefix the table has the route into the tunnel and, behind it, an
/// unreachable route. docs/configuration.md describes it.
namespace hawser::daemon::routing {

/// The rules of all tunnels: before main (32766), after rules of the administrator with lower numbers.
inline constexpr std::uint32_t kSwitchPriority = 9899;
/// The IPv6 rule that drops what the tables leave undecided: for a socket that is bound to another interface,
/// IPv6 skips unreachable routes.
inline constexpr std::uint32_t kBackstopPriority = 9900;
/// The number of the table of the tunnel with this interface: 0x48000000 and 24 bits of a hash of its name.
[[nodiscard]] std::uint32_t switch_table(std::string_view interface);

/// The pieces of the kill switch: routes first, then the rules. Empty when it is off.
[[nodiscard]] std::vector<Piece> switch_pieces(const config::Config& config, const Surroundings& around);

/// Whether the rule belongs to the kill switch of the tunnel, also when it is off now.
[[nodiscard]] bool is_switch_rule(const config::Config& config, const io::netlink::MarkRule& rule,
                                  const Surroundings& around);

/// The kill switches of other full tunnels that stop this tunnel's own datagrams, or take the packets of a
/// full tunnel; one sentence each.
[[nodiscard]] std::vector<std::string> foreign_switches(const config::Config& config,
                                                        const Surroundings& around);

}  // namespace hawser::daemon::routing
