#pragma once

#include <memory>

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// Chooses the path for the next packets with data. Owns nothing, keeps no state; never sends.
class PathScheduler {
 public:
  virtual ~PathScheduler() = default;
  /// The path that data should take at `now`; null when no path has room. Sets `limited` to the earliest time
  /// at which pacing or a cap lets a packet leave, or to kNever. `size` is the UDP payload in bytes that the
  /// path has to carry, 0 for any; it is ignored where there is no choice of paths.
  virtual Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, std::size_t size = 0) = 0;
};

/// Chooses the earliest predicted arrival among the active paths that their roles admit: half a round trip,
/// more when more of the path's window is in use. When no path is active, it uses the failed path with the
/// fewest errors (RFC 7829 §5).
std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler();

/// Chooses the primary path only (RFC 9260 §6.4), or the best other path while the primary is not active.
std::unique_ptr<PathScheduler> make_primary_scheduler();

}  // namespace hawser::sctp::path
