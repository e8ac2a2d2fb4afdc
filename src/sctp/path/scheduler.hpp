#pragma once

#include <memory>

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// Chooses the path for the next packets with data. Stateless towards the association; never sends.
class PathScheduler {
 public:
  virtual ~PathScheduler() = default;
  /// The path that data should take at `now`, or null when none has room. `limited` tells the earliest time
  /// at which pacing or a cap lets one go, or kNever. `size`: UDP payload that has to pass, where more than
  /// one path is to choose from; 0: any.
  virtual Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, std::size_t size = 0) = 0;
};

/// Earliest predicted arrival over the active paths that their role admits: half a round trip, plus what
/// stands before the packet in the path's window. Potentially failed paths are used only when no path is
/// active (RFC 7829 §5), the least bad one of them.
std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler();

/// The primary path alone (RFC 9260 §6.4), or the best other one while the primary is not active.
std::unique_ptr<PathScheduler> make_primary_scheduler();

}  // namespace hawser::sctp::path
