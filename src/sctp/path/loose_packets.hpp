#pragma once

#include <cstddef>

#include "sctp/path/path.hpp"

namespace hawser::sctp::path {

/// Takes the loose packets out of the flight of `path` that the peer has reported, or has had time to report.
/// To be called for each SACK; without PATH ACKs the last loose packets stay in flight until the next one.
/// Returns how many have arrived; PathFlight::acked has what that means for the path. When none of those
/// arrives that were sent for a while, T3-rtx is due.
std::size_t settle_loose(Path& path, Timestamp now);

}  // namespace hawser::sctp::path
