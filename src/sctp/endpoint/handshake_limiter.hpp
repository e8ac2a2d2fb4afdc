#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/token_bucket.hpp"
#include "hawser/base/address.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::endpoint {

/// Limits the rate of handshakes by source prefix: IPv4 /24, IPv6 /64. Owns a fixed number of token buckets;
/// never allocates. Prefixes share buckets by a keyed hash, so that an attacker cannot choose to share a
/// bucket with a victim.
class HandshakeLimiter {
 public:
  /// `rate` is in handshakes per second and bucket; a burst of twice as many is admitted.
  HandshakeLimiter(RandomSource& random, unsigned rate)
      : seed_(random.u64()),
        limit_{2 * std::int64_t{rate}, Duration(std::chrono::seconds(1)) / std::max(rate, 1U)} {}

  /// Whether a handshake from `source` is admitted, which then counts.
  [[nodiscard]] bool admit(Timestamp now, const IpAddress& source);

 private:
  static constexpr std::size_t kBuckets = 1024;
  [[nodiscard]] std::size_t bucket_of(const IpAddress& source) const;

  std::uint64_t seed_;
  TokenBucket::Limit limit_;
  std::array<TokenBucket, kBuckets> buckets_;
};

}  // namespace hawser::sctp::endpoint
