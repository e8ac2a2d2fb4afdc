#pragma once

#include <cstddef>
#include <memory>

#include "hawser/sctp/types.hpp"
#include "sctp/path/congestion/controller.hpp"
#include "sctp/path/congestion/coupling_group.hpp"

namespace hawser::sctp::path {

/// The controller of one path. `packet_size` is the largest IP packet of the path in bytes, `peer_window` the
/// first ssthresh. `group` has the coupled controllers of the association, and outlives the controller.
[[nodiscard]] std::unique_ptr<CongestionController> make_controller(CongestionControl kind,
                                                                    std::size_t packet_size,
                                                                    std::size_t peer_window,
                                                                    CouplingGroup& group);

}  // namespace hawser::sctp::path
