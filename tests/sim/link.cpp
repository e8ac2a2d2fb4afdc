#include "sim/link.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace hawser::sim {

void Link::send(SimDatagram&& datagram) {
  ++counters_.offered;
  const bool refused = config_.drops_ect && datagram.ecn != Ecn::not_ect;
  if (config_.blackhole || refused || random_.chance(config_.loss)) {
    ++counters_.lost;
    return;
  }
  if (!fits(datagram)) {
    ++counters_.too_big;
    return;
  }
  if (!conforms(datagram)) {
    ++counters_.policed;
    return;
  }
  if (config_.clears_ecn) datagram.ecn = Ecn::not_ect;
  if (config_.marks_all && datagram.ecn != Ecn::not_ect) datagram.ecn = Ecn::ce;
  if (random_.chance(config_.duplication)) {
    ++counters_.duplicated;
    enqueue(SimDatagram(datagram));
  }
  if (random_.chance(config_.corruption)) corrupt(datagram);
  enqueue(std::move(datagram));
}

// Fragments are not modelled: all of a datagram's fragments pass or none, and their headers are not counted.
bool Link::fits(const SimDatagram& datagram) {
  constexpr std::size_t kIpv6Minimum = 1280;
  if (datagram.wire_size() <= config_.mtu) return true;
  const bool by_source = !datagram.source.ip.is_v4() && config_.mtu >= kIpv6Minimum;
  const bool by_router = datagram.source.ip.is_v4() && config_.fragments;
  if (!datagram.may_fragment || !(by_source || by_router)) return false;
  ++counters_.fragmented;
  return true;
}

// A token bucket without a queue.
bool Link::conforms(const SimDatagram& datagram) {
  if (config_.policer_rate == 0) return true;
  const auto burst = static_cast<double>(config_.policer_burst);
  const std::chrono::duration<double> passed = events_.now() - policer_filled_;
  const double added = passed.count() * static_cast<double>(config_.policer_rate) / 8;
  policer_tokens_ = policer_filled_ == Timestamp{} ? burst : std::min(burst, policer_tokens_ + added);
  policer_filled_ = events_.now();
  const auto size = static_cast<double>(datagram.wire_size());
  if (policer_tokens_ < size) return false;
  policer_tokens_ -= size;
  return true;
}

void Link::set_rate(std::uint64_t rate, std::size_t queue_bytes) {
  const Duration backlog = std::max(busy_until_ - events_.now(), Duration::zero());
  if (rate != 0 && config_.rate != 0) {
    const double scale = static_cast<double>(config_.rate) / static_cast<double>(rate);
    busy_until_ =
        events_.now() + Duration(static_cast<Duration::rep>(static_cast<double>(backlog.count()) * scale));
  }
  config_.rate = rate;
  config_.queue_bytes = queue_bytes;
}

void Link::enqueue(SimDatagram&& datagram) {
  Timestamp sent = events_.now();
  if (config_.rate != 0) {
    const auto bits = static_cast<double>(datagram.wire_size()) * 8;
    const Duration backlog = std::max(busy_until_ - sent, Duration::zero());
    const double queued_bits =
        std::chrono::duration<double>(backlog).count() * static_cast<double>(config_.rate);
    if (queued_bits + bits > static_cast<double>(config_.queue_bytes) * 8) {
      ++counters_.overflowed;
      return;
    }
    mark(datagram, queued_bits / 8);
    const std::chrono::duration<double> serialisation(bits / static_cast<double>(config_.rate));
    sent += backlog + std::chrono::duration_cast<Duration>(serialisation);
    busy_until_ = sent;
  }
  events_.at(arrival(sent), [this, moved = std::move(datagram)]() mutable {
    ++counters_.delivered;
    counters_.bytes_delivered += moved.wire_size();
    deliver_(std::move(moved));
  });
}

void Link::mark(SimDatagram& datagram, double queued_bytes) {
  const bool full = config_.mark_above != 0 && queued_bytes > static_cast<double>(config_.mark_above);
  if (!full || datagram.ecn == Ecn::not_ect) return;
  datagram.ecn = Ecn::ce;
  ++counters_.marked;
}

Timestamp Link::arrival(Timestamp sent) {
  Timestamp when = sent + config_.delay;
  if (config_.jitter > Duration::zero()) {
    when += Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(config_.jitter.count()) + 1)));
  }
  if (config_.deviation > Duration::zero()) {
    when = std::max(sent, when + normal_deviation());
    if (config_.deviation_reorders) return when;
  }
  if (random_.chance(config_.reordering)) {
    ++counters_.reordered;
    return when + config_.reordering_delay;
  }
  // Jitter changes the gaps between datagrams; only `reordering` lets one overtake another.
  last_arrival_ = std::max(when, last_arrival_);
  return last_arrival_;
}

// Box and Muller's transform of two uniform numbers.
Duration Link::normal_deviation() {
  const double radius = std::sqrt(-2 * std::log(1 - random_.unit()));
  const double normal = radius * std::cos(2 * std::numbers::pi * random_.unit());
  return Duration(static_cast<Duration::rep>(normal * static_cast<double>(config_.deviation.count())));
}

void Link::corrupt(SimDatagram& datagram) {
  if (datagram.payload.empty()) return;
  ++counters_.damaged;
  datagram.damaged = true;
  // Distinct bits: flipping one bit twice would restore it.
  const std::uint64_t bits = datagram.payload.size() * 8;
  const std::uint64_t first = random_.below(bits);
  const std::uint64_t flips = random_.between(1, 3);
  for (std::uint64_t i = 0; i < flips; ++i) {
    const std::uint64_t bit = (first + i * 37) % bits;
    datagram.payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

}  // namespace hawser::sim
