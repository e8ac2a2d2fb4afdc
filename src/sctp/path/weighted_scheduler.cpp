#include "sctp/path/scheduler.hpp"

#include <algorithm>
#include <array>

#include "sctp/path/scheduler_support.hpp"
#include "sctp/path/selection.hpp"

namespace hawser::sctp::path {
namespace {

// See make_weighted_scheduler(). Each path has a credit: what was sent on all paths together is added in
// proportion to the weights, and what was sent on the path itself is taken off.
class Weighted final : public PathScheduler {
 public:
  Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, const Demand& demand) override {
    limited = kNever;
    bool any = false;
    for (const DataClass tier : {DataClass::always, DataClass::secondary, DataClass::backup}) {
      if (any && tier == DataClass::backup) return nullptr;
      share_out(paths, tier);
      Path* best = nullptr;
      for (const auto& path : paths) {
        if (data_class(*path) != tier || path->pmtu.payload() < demand.size) continue;
        any = true;
        if (!may_send(*path, now, limited)) continue;
        if (best == nullptr || path->share.credit > best->share.credit) best = path.get();
      }
      if (best != nullptr) return best;
    }
    return any ? nullptr : fallback(paths, now, limited);
  }

 private:
  // A path that has had no room, or nothing to do, does not make up for all of that later.
  static constexpr double kMostCredit = 256.0 * 1024;

  static void share_out(PathTable& paths, DataClass tier) {
    double sent = 0;
    double weights = 0;
    for (const auto& path : paths) {
      if (data_class(*path) != tier) continue;
      const std::uint64_t bytes = path->counters.bytes_sent - path->share.seen;
      path->share.seen = path->counters.bytes_sent;
      path->share.credit -= static_cast<double>(bytes);
      sent += static_cast<double>(bytes);
      weights += path->weight;
    }
    if (sent <= 0) return;
    for (const auto& path : paths) {
      if (data_class(*path) != tier) continue;
      const double credit = path->share.credit + sent * path->weight / weights;
      path->share.credit = std::clamp(credit, -kMostCredit, kMostCredit);
    }
  }
};

}  // namespace

std::unique_ptr<PathScheduler> make_weighted_scheduler() {
  return std::make_unique<Weighted>();
}

}  // namespace hawser::sctp::path
