#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/routing/surroundings.hpp"

/// Which pieces a tunnel needs, which of them exist, and what is in their way. Functions of their arguments.
namespace hawser::daemon::routing {

/// The pieces that the configuration asks for in these surroundings, in the order in which they can be added.
[[nodiscard]] std::vector<Piece> wanted_pieces(const config::Config& config, const Surroundings& around);

/// The pieces of the tunnel that exist: all addresses of its interface, and the routes and rules that only
/// Hawser can have added. The network of an own address counts as the wanted route, whoever added it.
[[nodiscard]] std::vector<Piece> actual_pieces(const config::Config& config, const Surroundings& around);

/// Networks that the tunnel and another interface both claim, and who gets the packets; one sentence each.
[[nodiscard]] std::vector<std::string> overlaps(const config::Config& config,
                                                const std::vector<io::netlink::LinkInfo>& links);

/// The wanted routes of the main table whose packets another route of the same prefix takes; one sentence
/// each. `main` are the routes of the main table.
[[nodiscard]] std::vector<std::string> rivals(const config::Config& config, const Surroundings& around,
                                              const std::vector<io::netlink::RouteSpec>& main);

/// "eth0", or "interface 7" for an index that `links` lacks.
[[nodiscard]] std::string link_name(const std::vector<io::netlink::LinkInfo>& links, int index);

}  // namespace hawser::daemon::routing
