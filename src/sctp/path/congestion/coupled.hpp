#pragma once

#include <cstddef>
#include <memory>

#include "sctp/path/congestion/controller.hpp"
#include "sctp/path/congestion/coupling_group.hpp"

namespace hawser::sctp::path {

/// Linked increases (RFC 6356): where the paths of `group` share a bottleneck, they take about as much as one
/// TCP; where they do not, each path uses what it has. Slow start and recovery are those of make_cubic().
/// `packet_size` is the largest IP packet of the path in bytes, `peer_window` the first ssthresh. `group`
/// outlives the controller.
[[nodiscard]] std::unique_ptr<CongestionController> make_coupled(std::size_t packet_size,
                                                                 std::size_t peer_window,
                                                                 CouplingGroup& group);

}  // namespace hawser::sctp::path
