#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::sctp::path {

/// The most a path may send, counted in whole IP packets: a token bucket of a few milliseconds, so that the
/// queue of a modem that is slower than its line never stands for longer. Data waits for it; what has to
/// leave (acknowledgements, HEARTBEATs) does not, but is paid for by the data after it.
class RateCap {
 public:
  /// 0: no cap. Holds from the next packet on.
  void set(std::uint64_t bits_per_second) {
    if (bits_per_second == bits_per_second_) return;
    bits_per_second_ = bits_per_second;
    finish_ = next_ = Timestamp::min();
  }
  [[nodiscard]] std::uint64_t bits_per_second() const { return bits_per_second_; }
  [[nodiscard]] bool ready(Timestamp now) const { return now >= next_; }
  [[nodiscard]] Timestamp next() const { return next_; }

  void on_sent(Timestamp now, std::size_t ip_bytes) {
    if (bits_per_second_ == 0) return;
    const Duration credit = std::max(kDepth, time_of(kMinDepth));
    // `finish_` is when the bucket is full again. Acknowledgements alone may be more than a small cap allows:
    // what they owe is forgotten after a while, or the path would stay silent long after them.
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
