#pragma once

#include "hawser/base/time.hpp"

namespace hawser::sim::inner {

/// Round-trip time and RTO as Linux computes them: RFC 6298, but the variance counts as at least 200 ms,
/// falls slowly and once a round trip only.
class RoundTrip {
 public:
  void sample(Duration rtt, bool new_round);
  void back_off() { back_off_ = back_off_ < 10 ? back_off_ + 1 : back_off_; }
  void restore() { back_off_ = 0; }

  [[nodiscard]] bool measured() const { return smoothed_ != Duration::zero(); }
  [[nodiscard]] Duration smoothed() const { return smoothed_; }
  [[nodiscard]] Duration least() const { return least_; }
  [[nodiscard]] Duration rto() const;

 private:
  Duration smoothed_{};
  Duration deviation_{};
  Duration round_deviation_{};
  Duration variance_{};
  Duration least_ = Duration::max();
  unsigned back_off_ = 0;
};

}  // namespace hawser::sim::inner
