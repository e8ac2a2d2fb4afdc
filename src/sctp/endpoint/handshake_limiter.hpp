#pragma once

#include <array>
#include <cstdint>

#include "hawser/base/address.hpp"
#include "hawser/base/random.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::endpoint {

/// So many a second, and saved up to a burst.
class TokenBucket {
 public:
  [[nodiscard]] bool take(Timestamp now, double amount, double rate, double burst);

 private:
  double tokens_ = 0;
  Timestamp filled_ = Timestamp::min();
};

/// Limits handshakes by where they come from: IPv4 /24, IPv6 /64. Bounded memory: prefixes share buckets by a
/// keyed hash, so that nobody can choose whom to share with.
class HandshakeLimiter {
 public:
  HandshakeLimiter(RandomSource& random, unsigned rate) : seed_(random.u64()), rate_(rate) {}

  [[nodiscard]] bool admit(Timestamp now, const IpAddress& source);

 private:
  static constexpr std::size_t kBuckets = 1024;
  [[nodiscard]] std::size_t bucket_of(const IpAddress& source) const;

  std::uint64_t seed_;
  double rate_;
  std::array<TokenBucket, kBuckets> buckets_;
};

}  // namespace hawser::sctp::endpoint
