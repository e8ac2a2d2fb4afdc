#include "link_model.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::linkem {

void LinkModel::set(Timestamp now, const LinkParameters& parameters) {
  const std::uint64_t waiting = backlog(now);
  parameters_ = parameters;
  busy_until_ = now + serialisation_time(waiting);
}

Verdict LinkModel::offer(Timestamp arrival, std::size_t bytes) {
  if (parameters_.blackhole) return {Fate::kBlackholed, {}};
  if (parameters_.queue_bytes != 0 && backlog(arrival) + bytes > parameters_.queue_bytes) {
    return {Fate::kQueueFull, {}};
  }
  const bool mark = parameters_.mark_bytes != 0 && backlog(arrival) > parameters_.mark_bytes;
  busy_until_ = std::max(arrival, busy_until_) + serialisation_time(bytes);
  if (chance(parameters_.loss)) return {Fate::kLost, {}};

  Timestamp delivery = busy_until_ + jittered_delay();
  if (!parameters_.reorder) delivery = std::max(delivery, last_delivery_);
  last_delivery_ = std::max(delivery, last_delivery_);
  return {Fate::kDelivered, delivery, mark};
}

std::uint64_t LinkModel::backlog(Timestamp now) const {
  if (parameters_.rate_mbps <= 0 || busy_until_ <= now) return 0;
  const auto nanoseconds = static_cast<double>((busy_until_ - now).count());
  return static_cast<std::uint64_t>(std::llround(nanoseconds * parameters_.rate_mbps / 8000.0));
}

Duration LinkModel::serialisation_time(std::uint64_t bytes) const {
  if (parameters_.rate_mbps <= 0) return {};
  return Duration{std::llround(static_cast<double>(bytes) * 8000.0 / parameters_.rate_mbps)};
}

Duration LinkModel::jittered_delay() {
  if (parameters_.jitter <= Duration{}) return parameters_.delay;
  std::uniform_int_distribution<Duration::rep> spread(-parameters_.jitter.count(),
                                                      parameters_.jitter.count());
  return std::max(Duration{}, parameters_.delay + Duration{spread(dice_)});
}

bool LinkModel::chance(double probability) {
  if (probability <= 0) return false;
  return std::uniform_real_distribution<double>(0, 1)(dice_) < probability;
}

}  // namespace hawser::linkem
