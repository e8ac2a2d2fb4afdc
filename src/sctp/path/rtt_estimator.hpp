#pragma once

#include <algorithm>

#include "base/windowed_filter.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/config.hpp"

namespace hawser::sctp::path {

/// Round-trip time and retransmission time-out of one path (RFC 9260 §6.3.1). Owns the estimates; never runs
/// a timer. Samples obey Karn's rule: the caller never measures a chunk that was sent twice.
class RttEstimator {
 public:
  /// How long the lowest round trip counts.
  static constexpr Duration kMinRttWindow = std::chrono::seconds(10);

  /// Takes the initial RTO and its bounds from `config`.
  explicit RttEstimator(const EndpointConfig& config)
      : rto_(config.rto_initial), min_(config.rto_min), max_(config.rto_max) {}

  /// A round trip that was measured at `now`; removes the back-off of the RTO. Many samples per round trip
  /// are welcome.
  void add_sample(Timestamp now, Duration rtt) {
    latest_ = rtt;
    min_rtt_.add(rtt, now);
    lowest_ = measured() ? std::min(lowest_, rtt) : rtt;
    if (measured()) {
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      srtt_ = (7 * srtt_ + rtt) / 8;
      add_error(now, error);
    } else {
      srtt_ = rtt;
      rttvar_ = mean_error_ = rtt / 2;
      round_end_ = now + rtt;
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
  /// The shortest sample of kMinRttWindow; zero before the first sample.
  [[nodiscard]] Duration min_rtt() const { return measured() ? min_rtt_.best() : Duration::zero(); }
  /// The shortest sample ever; zero before the first.
  [[nodiscard]] Duration lowest() const { return lowest_; }
  /// The variation of the round-trip time.
  [[nodiscard]] Duration rttvar() const { return rttvar_; }
  /// The last sample; zero before the first.
  [[nodiscard]] Duration latest() const { return latest_; }
  /// The retransmission time-out with its back-off.
  [[nodiscard]] Duration rto() const { return rto_; }

 private:
  // RFC 9260 §6.3.1 C4: with several samples per round trip, the gains have to be smaller, or the variation
  // is forgotten within a few packets, and the next stall of a radio is a time-out again. So the variation
  // rises with the largest error of a round trip at once, and declines once per round trip.
  void add_error(Timestamp now, Duration error) {
    mean_error_ = (3 * mean_error_ + error) / 4;
    largest_error_ = std::max(largest_error_, mean_error_);
    rttvar_ = std::max(rttvar_, largest_error_);
    if (now < round_end_) return;
    rttvar_ -= (rttvar_ - largest_error_) / 4;
    largest_error_ = Duration::zero();
    round_end_ = now + srtt_;
  }

  [[nodiscard]] Duration measured_rto() const {
    // Even the shortest round trip may be longer than the maximum, which bounds the back-off and must not
    // cause time-outs.
    return std::clamp(srtt_ + 4 * std::max(rttvar_, kGranularity), min_,
                      std::max(max_, min_rtt() + min_rtt() / 2));
  }

  static constexpr Duration kLongest = std::chrono::seconds(8);
  static constexpr Duration kGranularity = std::chrono::milliseconds(1);
  Duration srtt_{};
  Duration rttvar_{};
  Duration latest_{};
  Duration lowest_{};
  Duration mean_error_{};
  Duration largest_error_{};  ///< of mean_error_ in the current round trip
  Timestamp round_end_{};
  WindowedMin<Duration, Timestamp, Duration> min_rtt_{kMinRttWindow};
  Duration rto_;
  Duration min_;
  Duration max_;
};

}  // namespace hawser::sctp::path
