#pragma once

#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::tunnel {

/// Limits how often something is done: a token each `interval`, of which at most `burst` are saved up. Full
/// at first. Reads no clock.
class TokenBucket {
 public:
  TokenBucket(std::int64_t burst, Duration interval) : burst_(burst), interval_(interval), tokens_(burst) {}

  /// Takes a token; false: there is none.
  bool take(Timestamp now) {
    const std::int64_t due = (now - filled_) / interval_;
    if (tokens_ + due >= burst_) {
      tokens_ = burst_;
      filled_ = now;
    } else {
      tokens_ += due;
      filled_ += due * interval_;
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  std::int64_t burst_;
  Duration interval_;
  std::int64_t tokens_;
  Timestamp filled_{};  ///< when the last token was added
};

}  // namespace hawser::tunnel
