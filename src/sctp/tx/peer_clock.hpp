#pragma once

#include <algorithm>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::sctp::tx {

/// The clock of the peer, of which a PATH ACK carries the low 32 bits in microseconds. Owns the rest of the
/// number, which it takes from the local clock: whatever the peer sends, a result is at most kFarthest away
/// from the local time, apart from the drift of the two clocks. The epoch has no meaning.
class PeerClock {
 public:
  /// The two clocks drift apart by less than one part in so many.
  static constexpr std::int64_t kDriftDivisor = 1024;
  /// Bound of the difference to the local time: three times half of the range of 32 bits.
  static constexpr Duration kFarthest = std::chrono::microseconds(3 * (std::int64_t{1} << 31));

  /// A PATH ACK that left at `wire_us` arrived at `now`. Returns whether none before it left later.
  bool advance_to(Timestamp now, std::uint32_t wire_us) {
    follow(microseconds(now), wire_us);
    const std::int64_t time = nearest(wire_us, microseconds(now) + offset_us_);
    if (any_ && time < newest_us_) return false;
    any_ = true;
    newest_us_ = time;
    return true;
  }
  /// The time that is nearest to the newest one.
  [[nodiscard]] Timestamp unwrap(std::uint32_t wire_us) const {
    return Timestamp{} + std::chrono::microseconds(nearest(wire_us, newest_us_));
  }

 private:
  static std::int64_t microseconds(Timestamp time) {
    return std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  }
  // How much later than `reference` the time is that is nearest to it and has these low bits.
  static std::int64_t difference(std::uint32_t wire_us, std::int64_t reference) {
    return static_cast<std::int32_t>(wire_us - static_cast<std::uint32_t>(reference));
  }
  static std::int64_t nearest(std::uint32_t wire_us, std::int64_t reference) {
    return reference + difference(wire_us, reference);
  }
  // The offset follows the peer's clock only as fast as clocks drift.
  void follow(std::int64_t now_us, std::uint32_t wire_us) {
    const std::int64_t apart = difference(wire_us, now_us + offset_us_);
    const std::int64_t most = (now_us - followed_us_) / kDriftDivisor;
    offset_us_ += any_ ? std::clamp(apart, -most, most) : apart;
    followed_us_ = any_ ? followed_us_ + most * kDriftDivisor : now_us;
  }

  bool any_ = false;
  std::int64_t offset_us_ = 0;    ///< of the peer's clock
  std::int64_t followed_us_ = 0;  ///< local time when the offset was set last
  std::int64_t newest_us_ = 0;    ///< when the newest PATH ACK left
};

}  // namespace hawser::sctp::tx
