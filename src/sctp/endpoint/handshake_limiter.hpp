#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/token_bucket.hpp"
#include "hawser/base/time.hpp"
#include "sctp/endpoint/source_prefixes.hpp"

namespace hawser::sctp::endpoint {

/// Limits how often something happens per bucket number (SourcePrefixes, BucketHash). Owns a fixed number of
/// token buckets; never allocates.
class HandshakeLimiter {
 public:
  /// The limit of each bucket.
  explicit HandshakeLimiter(TokenBucket::Limit limit) : limit_(limit) {}

  /// Takes a token of each of `buckets`, or none if one of them is empty: false.
  [[nodiscard]] bool take(Timestamp now, std::span<const std::uint16_t> buckets);
  /// Returns what take() has taken.
  void give_back(std::span<const std::uint16_t> buckets);
  /// Whether each of `buckets` has at least half of its tokens.
  [[nodiscard]] bool half_full(Timestamp now, std::span<const std::uint16_t> buckets) const;

 private:
  TokenBucket::Limit limit_;
  std::array<TokenBucket, BucketHash::kBuckets> buckets_;
};

}  // namespace hawser::sctp::endpoint
