#pragma once

#include <algorithm>
#include <cstdint>

#include "base/serial.hpp"
#include "hawser/base/time.hpp"

namespace hawser::sctp::tx {

/// The clock of the peer, of which a PATH ACK carries the low 32 bits in microseconds. Owns the rest of the
/// number. Its epoch has no meaning.
class PeerClock {
 public:
  /// A PATH ACK left at `wire_us`. Returns whether none before it left later.
  bool advance_to(std::uint32_t wire_us) {
    const std::uint64_t time = hawser::unwrap(wire_us, newest_us_);
    if (time < newest_us_ && newest_us_ != kStart) return false;
    newest_us_ = time;
    return true;
  }
  /// The time that is nearest to the newest one.
  [[nodiscard]] Timestamp unwrap(std::uint32_t wire_us) const {
    return Timestamp{} + std::chrono::microseconds(hawser::unwrap(wire_us, newest_us_));
  }

 private:
  static constexpr std::uint64_t kStart = std::uint64_t{1} << 32;
  std::uint64_t newest_us_ = kStart;
};

}  // namespace hawser::sctp::tx
