#pragma once

#include <cstddef>
#include <memory>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// The congestion control of RFC 9260 §7.2, paced. `packet_size` is the largest IP packet of the path in
/// bytes, `peer_window` the first ssthresh.
[[nodiscard]] std::unique_ptr<CongestionController> make_new_reno(std::size_t packet_size,
                                                                  std::size_t peer_window);

}  // namespace hawser::sctp::path
