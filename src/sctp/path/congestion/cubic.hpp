#pragma once

#include <cstddef>
#include <memory>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// CUBIC (RFC 9438) with HyStart++ (RFC 9406) and proportional rate reduction, paced. `packet_size` is the
/// largest IP packet of the path in bytes, `peer_window` the first ssthresh.
[[nodiscard]] std::unique_ptr<CongestionController> make_cubic(std::size_t packet_size,
                                                               std::size_t peer_window);

}  // namespace hawser::sctp::path
