#pragma once

#include <algorithm>

#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"

namespace hawser::sctp::path {

/// Round-trip time and retransmission time-out of one path (RFC 9260 §6.3.1). Owns the estimates; never runs
/// a timer. Samples obey Karn's rule: the caller never measures a chunk that was sent twice.
class RttEstimator {
 public:
  /// Takes the initial RTO and its bounds from `config`.
  explicit RttEstimator(const EndpointConfig& config)
      : rto_(config.rto_initial), min_(config.rto_min), max_(config.rto_max) {}

  /// A measured round trip; removes the back-off of the RTO.
  void add_sample(Duration rtt) {
    latest_ = rtt;
    min_rtt_ = std::min(min_rtt_, rtt);
    if (srtt_ == Duration::zero()) {
      srtt_ = rtt;
      rttvar_ = rtt / 2;
    } else {
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      rttvar_ = (3 * rttvar_ + error) / 4;
      srtt_ = (7 * srtt_ + rtt) / 8;
    }
    rto_ = measured_rto();
  }
  /// A whole handshake exchange took `round_trip`, which may include retransmissions (Karn's rule): raises
  /// the RTO before the first sample, so that data on a long path is not sent again before its answer can
  /// arrive. A time beyond any round trip is ignored: the path did not work in the meantime.
  void on_handshake(Duration round_trip) {
    if (!measured() && round_trip <= kLongest) rto_ = std::max(rto_, round_trip + round_trip / 2);
  }
  /// Doubles the RTO after a time-out, up to its maximum (RFC 9260 §6.3.3 rule E2); before the first sample
  /// also beyond it, because the round trip may be longer.
  void back_off() {
    const Duration longest = measured() ? max_ : std::max(max_, kLongest + kLongest / 2);
    rto_ = std::max(rto_, std::min(2 * rto_, longest));
  }
  /// Returns to the RTO that the samples give, because the path answers again.
  void undo_back_off() {
    if (measured()) rto_ = measured_rto();
  }
  /// The RTO without back-off; the current RTO before the first sample.
  [[nodiscard]] Duration rto_before_back_off() const { return measured() ? measured_rto() : rto_; }

  /// Whether there is a sample.
  [[nodiscard]] bool measured() const { return srtt_ != Duration::zero(); }
  /// The smoothed round-trip time; zero before the first sample.
  [[nodiscard]] Duration srtt() const { return srtt_; }
  /// The shortest sample so far; zero before the first sample.
  [[nodiscard]] Duration min_rtt() const { return measured() ? min_rtt_ : Duration::zero(); }
  /// The variation of the round-trip time.
  [[nodiscard]] Duration rttvar() const { return rttvar_; }
  /// The last sample; zero before the first.
  [[nodiscard]] Duration latest() const { return latest_; }
  /// The retransmission time-out with its back-off.
  [[nodiscard]] Duration rto() const { return rto_; }

 private:
  [[nodiscard]] Duration measured_rto() const {
    // Even the shortest round trip may be longer than the maximum, which bounds the back-off and must not
    // cause time-outs.
    return std::clamp(srtt_ + 4 * std::max(rttvar_, kGranularity), min_,
                      std::max(max_, min_rtt_ + min_rtt_ / 2));
  }

  static constexpr Duration kLongest = std::chrono::seconds(8);
  static constexpr Duration kGranularity = std::chrono::milliseconds(1);
  Duration srtt_{};
  Duration rttvar_{};
  Duration latest_{};
  Duration min_rtt_ = Duration::max();
  Duration rto_;
  Duration min_;
  Duration max_;
};

}  // namespace hawser::sctp::path
