#include "link_model.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::linkem {

Timestamp RateChange::moved(Timestamp departure) const {
  if (departure <= time) return departure;
  return time + Duration{std::llround(static_cast<double>((departure - time).count()) * stretch)};
}

RateChange LinkModel::set(Timestamp now, const LinkParameters& parameters) {
  const double old_rate = parameters_.rate_mbps;
  const std::uint64_t waiting = backlog(now);
  parameters_ = parameters;
  busy_until_ = now + serialisation_time(waiting);
  return {now, parameters.rate_mbps > 0 ? old_rate / parameters.rate_mbps : 0};
}

// The queue is a FIFO, so a packet's time in it is known on arrival: what CoDel decides when the packet would
// leave can be decided now.
Verdict LinkModel::offer(Timestamp arrival, std::size_t bytes, bool markable) {
  if (parameters_.blackhole) return {Fate::kBlackholed, {}, {}};
  if (!police(arrival, bytes)) return {Fate::kPoliced, {}, {}};
  if (parameters_.queue_bytes != 0 && backlog(arrival) + bytes > parameters_.queue_bytes) {
    return {Fate::kQueueFull, {}, {}};
  }
  const Timestamp start = std::max(arrival, busy_until_);
  const bool signalled = parameters_.codel && codel_.signals(start, start - arrival);
  if (signalled && !markable) return {Fate::kManaged, {}, {}};
  busy_until_ = start + serialisation_time(bytes);
  if (chance(parameters_.loss)) return {Fate::kLost, {}, {}};
  Verdict verdict = deliver();
  verdict.marked = signalled;
  return verdict;
}

Verdict LinkModel::deliver() {
  const Timestamp delivery = busy_until_ + jittered_delay();
  if (chance(parameters_.late)) return {Fate::kDelivered, busy_until_, delivery + parameters_.late_by};
  const Timestamp in_order = parameters_.reorder ? delivery : std::max(delivery, last_delivery_);
  last_delivery_ = std::max(in_order, last_delivery_);
  return {Fate::kDelivered, busy_until_, in_order};
}

// The bucket is full at full_at_ if nothing else arrives; what is missing until then has been spent.
bool LinkModel::police(Timestamp arrival, std::size_t bytes) {
  if (parameters_.police_mbps <= 0) return true;
  const auto time_for = [&](std::uint64_t size) {
    return Duration{std::llround(static_cast<double>(size) * 8000.0 / parameters_.police_mbps)};
  };
  const Timestamp full_at = std::max(full_at_, arrival) + time_for(bytes);
  if (full_at - arrival > time_for(parameters_.police_burst)) return false;
  full_at_ = full_at;
  return true;
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
  const auto width = static_cast<double>(parameters_.jitter.count());
  const double offset = parameters_.normal_jitter
                            ? std::normal_distribution<double>(0, width)(dice_)
                            : std::uniform_real_distribution<double>(-width, width)(dice_);
  return std::max(Duration{}, parameters_.delay + Duration{std::llround(offset)});
}

bool LinkModel::chance(double probability) {
  if (probability <= 0) return false;
  return std::uniform_real_distribution<double>(0, 1)(dice_) < probability;
}

}  // namespace hawser::linkem
