#pragma once

#include <algorithm>
#include <cstddef>

namespace hawser::sctp::path {

/// The first window of a controller that paces and measures its slow start: ten packets (RFC 6928 §2).
[[nodiscard]] inline std::size_t ten_packets(std::size_t packet) {
  return std::min(10 * packet, std::max<std::size_t>(2 * packet, 14'600));
}

}  // namespace hawser::sctp::path
