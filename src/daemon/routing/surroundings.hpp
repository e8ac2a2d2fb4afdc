#pragma once

#include <vector>

#include "daemon/routing/piece.hpp"
#include "io/netlink/link.hpp"

namespace hawser::daemon::routing {

/// What a tunnel's routes depend on, as it was at one moment.
struct Surroundings {
  int own = 0;  ///< index of the tunnel's interface; 0: it does not exist
  std::vector<io::netlink::LinkInfo> links;
  /// Of these interfaces, those that are uplinks: the networks behind them are not trusted.
  std::vector<int> uplinks;
  /// The routes of the tunnel's interface, and all routes with the protocol of Hawser.
  std::vector<io::netlink::RouteSpec> routes;
  std::vector<io::netlink::MarkRule> rules;
};

}  // namespace hawser::daemon::routing
