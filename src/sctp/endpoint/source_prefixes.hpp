#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hawser/base/address.hpp"
#include "hawser/base/random.hpp"

namespace hawser::sctp::endpoint {

/// Hashes bytes to one of `kBuckets` numbers. The hash has a key, so that no attacker can choose which other
/// sources share a bucket with him. Owns the key.
class BucketHash {
 public:
  static constexpr std::size_t kBuckets = 4096;

  /// Draws the key.
  explicit BucketHash(RandomSource& random) : seed_(random.u64()) {}

  /// The bucket of `bytes`. Equal bytes with different `domain` are different things.
  [[nodiscard]] std::uint16_t operator()(Bytes bytes, std::uint64_t domain) const {
    std::uint64_t hash = mix(seed_ ^ domain * kFactor);
    for (const std::byte byte : bytes) hash = mix(hash ^ std::to_integer<std::uint64_t>(byte));
    return static_cast<std::uint16_t>(hash % kBuckets);
  }

 private:
  static constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15U;
  [[nodiscard]] static std::uint64_t mix(std::uint64_t hash) {
    hash *= kFactor;
    return hash ^ (hash >> 29U);
  }
  std::uint64_t seed_;
};

/// The prefixes of a source that handshakes are counted by, widest first: IPv4 /24; IPv6 /48, /56 and /64,
/// the usual sizes of what one customer gets. Each is a bucket number. Senders that have proven different
/// access keys are counted apart: those who know a pre-shared key do not share the limits of those who know
/// only our public key.
class SourcePrefixes {
 public:
  /// The prefixes of `source`, whose sender has proven the access key of this index.
  SourcePrefixes(const BucketHash& hash, const IpAddress& source, std::uint16_t access_key)
      : count_(source.is_v4() ? 1 : 3) {
    static constexpr std::array<std::size_t, 3> kV6Bytes = {6, 7, 8};
    for (std::size_t level = 0; level < count_; ++level) {
      const std::size_t bytes = source.is_v4() ? 3 : kV6Bytes[level];
      buckets_[level] = hash(source.bytes().first(bytes), access_key * std::uint64_t{32} + bytes);
    }
  }

  /// The bucket numbers, widest prefix first.
  [[nodiscard]] std::span<const std::uint16_t> buckets() const { return std::span(buckets_).first(count_); }

 private:
  std::array<std::uint16_t, 3> buckets_{};
  std::size_t count_;
};

}  // namespace hawser::sctp::endpoint
