#include "sctp/endpoint/handshake_limiter.hpp"

#include <algorithm>

namespace hawser::sctp::endpoint {

bool HandshakeLimiter::take(Timestamp now, std::span<const std::uint16_t> buckets) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets_[buckets[i]].take(now, limit_)) continue;
    give_back(buckets.first(i));
    return false;
  }
  return true;
}

void HandshakeLimiter::give_back(std::span<const std::uint16_t> buckets) {
  for (const std::uint16_t bucket : buckets) buckets_[bucket].give_back(limit_);
}

bool HandshakeLimiter::half_full(Timestamp now, std::span<const std::uint16_t> buckets) const {
  return std::ranges::all_of(buckets, [&](std::uint16_t bucket) {
    return buckets_[bucket].lacks_at_most(now, limit_, limit_.burst / 2);
  });
}

}  // namespace hawser::sctp::endpoint
