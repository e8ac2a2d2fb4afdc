#include "sctp/endpoint/handshake_limiter.hpp"

#include <algorithm>

namespace hawser::sctp::endpoint {

bool TokenBucket::take(Timestamp now, double amount, double rate, double burst) {
  if (filled_ == Timestamp::min()) {
    tokens_ = burst;
  } else {
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ = std::min(burst, tokens_ + seconds * rate);
  }
  filled_ = now;
  if (tokens_ < amount) return false;
  tokens_ -= amount;
  return true;
}

bool HandshakeLimiter::admit(Timestamp now, const IpAddress& source) {
  return buckets_[bucket_of(source)].take(now, 1, rate_, 2 * rate_);
}

std::size_t HandshakeLimiter::bucket_of(const IpAddress& source) const {
  const Bytes raw = source.bytes();
  const Bytes prefix = raw.first(source.is_v4() ? 3 : 8);
  std::uint64_t hash = seed_;
  for (const std::byte byte : prefix) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29U;
  }
  return hash % kBuckets;
}

}  // namespace hawser::sctp::endpoint
