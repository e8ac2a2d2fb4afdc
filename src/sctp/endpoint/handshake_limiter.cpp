#include "sctp/endpoint/handshake_limiter.hpp"

namespace hawser::sctp::endpoint {

bool HandshakeLimiter::admit(Timestamp now, const IpAddress& source) {
  return buckets_[bucket_of(source)].take(now, limit_);
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
