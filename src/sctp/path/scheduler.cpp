#include "sctp/path/scheduler.hpp"

#include <algorithm>

#include "sctp/path/selection.hpp"

namespace hawser::sctp::path {
namespace {

bool may_send(const Path& path, Timestamp now, Timestamp& limited) {
  if (path.flight.bytes >= path.congestion->cwnd()) return false;
  const Timestamp ready = path.ready_at();
  if (ready <= now) return true;
  limited = std::min(limited, ready);
  return false;
}

// A path that only its pacer holds back is not full: no other path has to take over its data.
bool full(const Path& path, Timestamp now) {
  return path.flight.bytes >= path.congestion->cwnd() || !path.cap.ready(now);
}

// Nanoseconds until a packet sent now arrives: half a round trip, and up to twice that as the window fills,
// so that equal paths fill evenly.
double predicted_arrival(const Path& path) {
  const auto srtt = static_cast<double>(path.rtt.srtt().count());
  const double filled = static_cast<double>(path.flight.bytes + path.pmtu.payload()) /
                        static_cast<double>(path.congestion->cwnd());
  return srtt / 2 * (1 + filled);
}

// When no path is active, the one with the fewest errors carries the data, so that data is never stuck.
Path* lowest_error_path(PathTable& paths) {
  Path* best = nullptr;
  for (const auto& path : paths) {
    if (data_class(*path) != DataClass::last_resort) continue;
    if (best == nullptr || path->error_count < best->error_count) best = path.get();
  }
  return best;
}

Path* fallback(PathTable& paths, Timestamp now, Timestamp& limited) {
  Path* path = lowest_error_path(paths);
  return path != nullptr && may_send(*path, now, limited) ? path : nullptr;
}

// The paths of one class.
struct Tier {
  Path* best = nullptr;  ///< the best path that may send now
  bool any = false;
  bool full = true;  ///< no path has room: each window is full, or its cap is reached
};

Tier examine(PathTable& paths, DataClass tier_class, Timestamp now, Timestamp& limited, std::size_t size) {
  Tier tier;
  for (const auto& path : paths) {
    if (data_class(*path) != tier_class || path->pmtu.payload() < size) continue;
    tier.any = true;
    tier.full &= full(*path, now);
    if (!may_send(*path, now, limited)) continue;
    if (tier.best == nullptr || predicted_arrival(*path) < predicted_arrival(*tier.best))
      tier.best = path.get();
  }
  return tier;
}

// See make_earliest_arrival_scheduler().
class EarliestArrival final : public PathScheduler {
 public:
  Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, std::size_t size) override {
    limited = kNever;
    const Tier always = examine(paths, DataClass::always, now, limited, size);
    if (always.best != nullptr || !always.full) return always.best;
    const Tier secondary = examine(paths, DataClass::secondary, now, limited, size);
    if (secondary.best != nullptr || always.any || secondary.any) return secondary.best;
    const Tier backup = examine(paths, DataClass::backup, now, limited, size);
    return backup.any ? backup.best : fallback(paths, now, limited);
  }
};

// See make_primary_scheduler().
class PrimaryOnly final : public PathScheduler {
 public:
  Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, std::size_t /*size*/) override {
    limited = kNever;
    if (!paths.any_active()) return fallback(paths, now, limited);
    Path* path = paths.for_control();
    return may_send(*path, now, limited) ? path : nullptr;
  }
};

}  // namespace

std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler() {
  return std::make_unique<EarliestArrival>();
}
std::unique_ptr<PathScheduler> make_primary_scheduler() {
  return std::make_unique<PrimaryOnly>();
}

}  // namespace hawser::sctp::path
