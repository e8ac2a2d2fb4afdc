#pragma once

#include <cstddef>
#include <limits>
#include <memory>

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// What waits to be sent.
struct Demand {
  std::size_t size = 0;     ///< UDP payload of the next packet, which its path has to carry; 0: any path does
  std::size_t backlog = 0;  ///< bytes that wait
  bool none_behind = false;  ///< no message waits that may leave on a slow path
  bool urgent = false;       ///< the next chunk is worth less, or holds up more, the later it arrives
  /// Bytes that may be on their way or wait for order at the peer, on all paths together.
  std::size_t window = std::numeric_limits<std::size_t>::max();
};

/// Chooses the path for the next packets with data. Never sends.
class PathScheduler {
 public:
  virtual ~PathScheduler() = default;
  /// The path that data should take at `now`; null when it has to wait. Sets `limited` to the earliest time
  /// at which pacing or a cap lets a packet leave, or to kNever. Demand::size is ignored where there is no
  /// choice of paths.
  virtual Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, const Demand& demand) = 0;
};

/// Chooses the earliest predicted arrival among the active paths that their roles admit. Where a faster path
/// is busy, a slower one carries data only if the faster ones would deliver what waits later than the slower
/// one (earliest completion first), and then for as long as the faster ones cannot carry what is sent, and
/// only as much as leaves the faster ones their share of the peer's window (blocking estimation). When no
/// path is active, it uses the failed path with the fewest errors (RFC 7829 §5).
std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler();

/// Divides the data among the active paths that their roles admit in proportion to Path::weight, as long as
/// they have room: what a path cannot take now leaves on another one. When no path is active, it uses the
/// failed path with the fewest errors.
std::unique_ptr<PathScheduler> make_weighted_scheduler();

/// The scheduler that the configuration selects.
std::unique_ptr<PathScheduler> make_scheduler(const EndpointConfig& config);

/// Chooses the primary path only (RFC 9260 §6.4), or the best other path while the primary is not active.
std::unique_ptr<PathScheduler> make_primary_scheduler();

}  // namespace hawser::sctp::path
