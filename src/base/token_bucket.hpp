#pragma once

#include <algorithm>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser {

/// Limits how often something happens: one token per `interval`, at most `burst` of them saved up. Starts
/// full. Owns one time stamp, so that many buckets can share one Limit; never reads a clock. Counts whole
/// nanoseconds, so that no rounding error adds up.
class TokenBucket {
 public:
  /// How fast a bucket fills and how much it holds. All calls for one bucket pass the same limit.
  struct Limit {
    std::int64_t burst;  ///< tokens
    Duration interval;   ///< from one token to the next
  };

  /// Takes `tokens` tokens, all or none of them. False: there are fewer, and none is taken.
  [[nodiscard]] bool take(Timestamp now, const Limit& limit, std::int64_t tokens = 1) {
    const Timestamp full = std::max(full_, now) + tokens * limit.interval;
    if (full - now > limit.burst * limit.interval) return false;
    full_ = full;
    return true;
  }
  /// Returns one token that was taken before.
  void give_back(const Limit& limit) {
    if (full_ != kNeverUsed) full_ -= limit.interval;
  }
  /// Whether at most `tokens` tokens are missing.
  [[nodiscard]] bool lacks_at_most(Timestamp now, const Limit& limit, std::int64_t tokens) const {
    return full_ <= now + tokens * limit.interval;
  }
  /// When take() succeeds for one token, if nothing is taken until then.
  [[nodiscard]] Timestamp ready_at(const Limit& limit) const {
    return full_ == kNeverUsed ? full_ : full_ - (limit.burst - 1) * limit.interval;
  }

 private:
  static constexpr Timestamp kNeverUsed = Timestamp::min();
  Timestamp full_ = kNeverUsed;  ///< when the bucket is full again
};

}  // namespace hawser
