#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// Limits the rate of a path, counted in whole IP packets: a token bucket of 5 ms, so that the queue of a
/// modem that is slower than its interface stays as short. Data waits for the cap; control chunks and
/// acknowledgements do not, but count, so the data after them waits longer. Owns only the bucket; never
/// sends.
class RateCap {
 public:
  /// Sets the cap; 0: none. Takes effect with the next packet.
  void set(std::uint64_t bits_per_second) {
    if (bits_per_second == bits_per_second_) return;
    bits_per_second_ = bits_per_second;
    finish_ = next_ = Timestamp::min();
  }
  /// The cap; 0: none.
  [[nodiscard]] std::uint64_t bits_per_second() const { return bits_per_second_; }
  /// Whether data may leave at `now`.
  [[nodiscard]] bool ready(Timestamp now) const { return now >= next_; }
  /// When the next data may leave.
  [[nodiscard]] Timestamp next() const { return next_; }

  /// An IP packet of `ip_bytes` left at `now`.
  void on_sent(Timestamp now, std::size_t ip_bytes) {
    if (bits_per_second_ == 0) return;
    const Duration credit = std::max(kDepth, time_of(kMinDepth));
    // The bucket is full again at `finish_`. Acknowledgements alone may exceed a small cap, so the debt is
    // limited: otherwise data would wait long after they end.
    finish_ = std::min(std::max(finish_, now) + time_of(ip_bytes), now + credit + kMaxDebt);
    next_ = finish_ - credit;
  }

 private:
  static constexpr Duration kDepth = std::chrono::milliseconds(5);
  static constexpr std::size_t kMinDepth = 3000;  ///< two packets
  static constexpr Duration kMaxDebt = std::chrono::seconds(1);

  [[nodiscard]] Duration time_of(std::size_t bytes) const {
    const double seconds = static_cast<double>(bytes) * 8 / static_cast<double>(bits_per_second_);
    return Duration(static_cast<Duration::rep>(seconds * 1e9));
  }

  std::uint64_t bits_per_second_ = 0;
  Timestamp finish_ = Timestamp::min();
  Timestamp next_ = Timestamp::min();
};

}  // namespace hawser::sctp::path
