#include "sctp/path/scheduler.hpp"

#include <algorithm>

#include "sctp/path/scheduler_support.hpp"
#include "sctp/path/selection.hpp"

namespace hawser::sctp::path {
namespace {

// The delay of the way to the peer, as far as it differs between paths, and more as the window fills, so that
// equal paths fill evenly. Nanoseconds.
class ArrivalModel {
 public:
  ArrivalModel(const PathTable& paths, Timestamp now) : now_(now) {
    for (const auto& path : paths) {
      if (!carries_data(data_class(*path))) continue;
      const auto delay = path->delay.with_offset(now);
      measured_ &= delay.has_value();
      if (path->rtt.measured()) fastest_ = std::min(fastest_, path->rtt.srtt());
      if (!delay) continue;
      shortest_ = std::min(shortest_, *delay);
      least_srtt_ = std::min(least_srtt_, path->rtt.srtt());
    }
  }
  // Until a packet that leaves now arrives.
  [[nodiscard]] Duration delay(const Path& path) const {
    if (!measured_ || !path.delay.with_offset(now_)) return path.rtt.srtt() / 2;
    return *path.delay.with_offset(now_) - shortest_ + least_srtt_ / 2;
  }
  // Until its acknowledgement, which may come back on any path, is here.
  [[nodiscard]] Duration until_acked(const Path& path) const {
    return delay(path) + std::min(fastest_, path.rtt.srtt()) / 2;
  }
  // The same, for the choice between paths.
  [[nodiscard]] double score(const Path& path) const {
    const double filled = static_cast<double>(path.flight.bytes + path.pmtu.payload()) /
                          static_cast<double>(path.congestion->cwnd());
    return static_cast<double>(delay(path).count()) * (1 + filled);
  }

 private:
  Timestamp now_;
  Duration shortest_ = Duration::max();
  Duration least_srtt_ = Duration::max();  ///< of the paths with a measured delay
  Duration fastest_ = Duration::max();     ///< the shortest round trip of all
  bool measured_ = true;
};

// When no path is active, the one with the fewest errors carries the data, so that data is never stuck.
Path* lowest_error_path(PathTable& paths) {
  Path* best = nullptr;
  for (const auto& path : paths) {
    if (data_class(*path) != DataClass::last_resort) continue;
    if (best == nullptr || path->error_count < best->error_count) best = path.get();
  }
  return best;
}

// The rate at which all paths together deliver, over the last moments.
class Throughput {
 public:
  void update(const PathTable& paths, Timestamp now) {
    std::uint64_t delivered = 0;
    for (const auto& path : paths) delivered += path->flight.rate.delivered();
    const Duration elapsed = now - since_;
    if (elapsed < kInterval && delivered >= delivered_) return;
    if (elapsed < 4 * kInterval && delivered >= delivered_)
      rate_ = static_cast<double>(delivered - delivered_) * 1e9 / static_cast<double>(elapsed.count());
    since_ = now;
    delivered_ = delivered;
  }
  // Bytes per second.
  [[nodiscard]] double rate() const { return rate_; }

 private:
  static constexpr Duration kInterval = std::chrono::milliseconds(50);
  Timestamp since_{};
  std::uint64_t delivered_ = 0;
  double rate_ = 0;
};

// The paths of one class.
struct Tier {
  Path* ready = nullptr;  ///< of those that may send now, the one with the earliest arrival
  bool any = false;
};

// See make_earliest_arrival_scheduler().
class EarliestArrival final : public PathScheduler {
 public:
  Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, const Demand& demand) override {
    limited = kNever;
    throughput_.update(paths, now);
    const Situation situation{paths, ArrivalModel(paths, now), demand, now};
    bool any = false;
    for (const DataClass data_class : {DataClass::always, DataClass::secondary, DataClass::backup}) {
      // A backup path does not help the others.
      if (any && data_class == DataClass::backup) return nullptr;
      const Tier tier = examine(situation, data_class, limited);
      if (tier.ready != nullptr) return tier.ready;
      any |= tier.any;
    }
    return any ? nullptr : fallback(paths, now, limited);
  }

 private:
  struct Situation {
    PathTable& paths;
    ArrivalModel model;
    const Demand& demand;
    Timestamp now;
  };

  [[nodiscard]] Tier examine(const Situation& situation, DataClass tier_class, Timestamp& limited) const {
    Tier tier;
    for (const auto& path : situation.paths) {
      if (data_class(*path) != tier_class || path->pmtu.payload() < situation.demand.size) continue;
      tier.any = true;
      if (path->flight.bytes >= path->congestion->cwnd() || !worth_using(*path, situation)) continue;
      if (path->ready_at() > situation.now) {
        limited = std::min(limited, path->ready_at());
      } else if (tier.ready == nullptr || situation.model.score(*path) < situation.model.score(*tier.ready)) {
        tier.ready = path.get();
      }
    }
    return tier;
  }
  // Whether data should take `path` although faster or preferred paths exist, which are busy. The answer
  // holds for a while: it would change with every acknowledgement where it is close, and each change wakes
  // the user in vain.
  [[nodiscard]] bool worth_using(Path& path, const Situation& situation) const {
    const Faster faster = faster_than(path, situation);
    path.lead = static_cast<std::size_t>(faster.delivered);
    if (faster.rate <= 0) return true;
    if (situation.demand.urgent) return !sooner_elsewhere(path, situation);
    if (situation.demand.none_behind || blocks(path, situation)) return false;
    if (situation.now >= path.helps_until && situation.now >= path.waits_until)
      (helps(path, faster, situation) ? path.helps_until : path.waits_until) = situation.now + kDecision;
    return situation.now < path.helps_until;
  }
  // The faster and the preferred paths.
  struct Faster {
    double rate = 0;       ///< of all together, bytes per second
    double delivered = 0;  ///< bytes that they deliver before the slower path does
    Duration gap{};        ///< how much later the slower path delivers
  };
  [[nodiscard]] static Faster faster_than(const Path& path, const Situation& situation) {
    Faster faster;
    for (const auto& other : situation.paths) {
      if (!competes(*other, path, situation)) continue;
      const bool preferred = data_class(*other) < data_class(path);
      const Duration ahead = situation.model.delay(path) - situation.model.delay(*other);
      if (!preferred && ahead <= kUnnoticed) continue;
      faster.rate += capacity(*other);
      faster.delivered += capacity(*other) * std::max(static_cast<double>(ahead.count()) / 1e9, 0.0);
      faster.gap = std::max(faster.gap, preferred ? std::max(ahead, kPatience) : ahead);
    }
    return faster;
  }
  // Whether the faster paths would deliver what waits later than `path`, or cannot carry what is sent.
  [[nodiscard]] bool helps(const Path& path, const Faster& faster, const Situation& situation) const {
    constexpr double kNearly = 0.95;
    const double wait = static_cast<double>(situation.demand.backlog) / faster.rate;
    return wait * 1e9 >= static_cast<double>(faster.gap.count()) ||
           (path.flight.bytes != 0 && throughput_.rate() > kNearly * faster.rate);
  }
  // Whether the peer's window would be full before a packet on `path` is acknowledged. It begins at the
  // oldest packet that is not, so all that the faster paths send meanwhile counts; what is left of the window
  // is the share of the slower ones.
  [[nodiscard]] static bool blocks(const Path& path, const Situation& situation) {
    const Duration until_acked = situation.model.until_acked(path);
    const auto window = static_cast<double>(situation.demand.window);
    double taken = static_cast<double>(path.pmtu.payload());
    for (const auto& other : situation.paths) {
      const bool faster = competes(*other, path, situation) &&
                          situation.model.delay(path) - situation.model.delay(*other) > kUnnoticed;
      if (!faster) {
        taken += static_cast<double>(other->flight.bytes);
        continue;
      }
      const double most =
          window * 1e9 / static_cast<double>(std::max(other->rtt.srtt(), Duration{1}).count());
      taken += std::min(capacity(*other), most) * static_cast<double>(until_acked.count()) / 1e9;
    }
    return taken > window;
  }
  // Whether `other` may carry the next packet instead of `path`.
  [[nodiscard]] static bool competes(const Path& other, const Path& path, const Situation& situation) {
    return &other != &path && data_class(other) <= data_class(path) &&
           other.pmtu.payload() >= situation.demand.size;
  }
  // Whether another path whose pacer holds it back for a moment would still deliver sooner.
  [[nodiscard]] static bool sooner_elsewhere(const Path& path, const Situation& situation) {
    constexpr Duration kNoticeable = std::chrono::milliseconds(1);
    const Timestamp here =
        std::max(path.ready_at(), situation.now) + situation.model.delay(path) - kNoticeable;
    return std::ranges::any_of(situation.paths, [&](const auto& other) {
      return competes(*other, path, situation) && other->flight.bytes < other->congestion->cwnd() &&
             std::max(other->ready_at(), situation.now) + situation.model.delay(*other) < here;
    });
  }
  [[nodiscard]] static double capacity(const Path& path) {
    const double paced = path.pacing_rate();
    const std::uint64_t cap = path.cap.bits_per_second();
    return cap == 0 ? paced : std::min(paced, static_cast<double>(cap) / 8);
  }

  // How much later than on the fastest path data may arrive without anyone noticing.
  static constexpr Duration kUnnoticed = std::chrono::milliseconds(2);
  // What waits for preferred paths waits for this long before others help.
  static constexpr Duration kPatience = std::chrono::milliseconds(20);
  // How long a decision about a path holds.
  static constexpr Duration kDecision = std::chrono::milliseconds(20);
  Throughput throughput_;
};

// See make_primary_scheduler().
class PrimaryOnly final : public PathScheduler {
 public:
  Path* pick(PathTable& paths, Timestamp now, Timestamp& limited, const Demand& /*demand*/) override {
    limited = kNever;
    if (!paths.any_active()) return fallback(paths, now, limited);
    Path* path = paths.for_control();
    return may_send(*path, now, limited) ? path : nullptr;
  }
};

}  // namespace

bool may_send(const Path& path, Timestamp now, Timestamp& limited) {
  if (path.flight.bytes >= path.congestion->cwnd()) return false;
  const Timestamp ready = path.ready_at();
  if (ready <= now) return true;
  limited = std::min(limited, ready);
  return false;
}

Path* fallback(PathTable& paths, Timestamp now, Timestamp& limited) {
  Path* path = lowest_error_path(paths);
  if (path != nullptr) path->lead = 0;
  return path != nullptr && may_send(*path, now, limited) ? path : nullptr;
}

std::unique_ptr<PathScheduler> make_scheduler(const EndpointConfig& config) {
  if (!config.multipath) return make_primary_scheduler();
  return config.scheduling == Scheduling::weighted ? make_weighted_scheduler()
                                                   : make_earliest_arrival_scheduler();
}
std::unique_ptr<PathScheduler> make_earliest_arrival_scheduler() {
  return std::make_unique<EarliestArrival>();
}
std::unique_ptr<PathScheduler> make_primary_scheduler() {
  return std::make_unique<PrimaryOnly>();
}

}  // namespace hawser::sctp::path
