#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// HyStart++ (RFC 9406): ends the first slow start when the round trip grows, before the queue overflows.
/// Conservative slow start comes first, and returns to slow start when the growth was jitter. Owns the round
/// trips of the last two rounds, never the window.
class HyStart {
 public:
  /// An acknowledgement in slow start. `round_began`: it is the first of a round. Returns whether slow start
  /// is over with it: the caller sets ssthresh to its window.
  bool on_ack(const AckSample& ack, bool round_began) {
    if (phase_ == Phase::finished) return false;
    if (round_began) begin_round();
    if (ack.rtt > Duration::zero()) {
      current_ = std::min(current_, ack.rtt);
      if (++samples_ >= kSamples) decide();
    }
    return phase_ == Phase::finished;
  }
  /// By how many bytes the window grows for `acked` bytes (RFC 9406 §4.2). The limit L is infinite, because
  /// the sender paces.
  [[nodiscard]] std::size_t growth(std::size_t acked) const {
    return conservative() ? acked / kGrowthDivisor : acked;
  }
  /// Whether the window grows slowly, to find out whether the queue really grows.
  [[nodiscard]] bool conservative() const { return phase_ == Phase::conservative; }
  /// A loss, a time-out or a mark ended slow start. Later slow starts have a threshold.
  void stop() { phase_ = Phase::finished; }

 private:
  enum class Phase : std::uint8_t { slow_start, conservative, finished };

  void begin_round() {
    // Our receivers acknowledge many packets at a time, so a round may have fewer samples than the RFC
    // requires. Its lowest round trip is meaningful anyway once the round is over.
    if (samples_ >= kFewSamples && samples_ < kSamples) decide();
    if (phase_ == Phase::conservative) end_conservative_round();
    last_ = current_;
    current_ = Duration::max();
    samples_ = 0;
  }
  // Beyond RFC 9406: growth in two more rounds is no jitter. Five rounds would triple the window, which is
  // more than most queues hold.
  void end_conservative_round() {
    if (samples_ >= kFewSamples && current_ >= baseline_ + threshold(baseline_)) ++grown_rounds_;
    if (++conservative_rounds_ > kConservativeRounds || grown_rounds_ >= kGrownRounds) stop();
  }
  void decide() {
    if (phase_ == Phase::slow_start) {
      if (last_ == Duration::max() || current_ < last_ + threshold(last_)) return;
      baseline_ = current_;
      conservative_rounds_ = grown_rounds_ = 0;
      phase_ = Phase::conservative;
    } else if (phase_ == Phase::conservative && current_ < baseline_) {
      phase_ = Phase::slow_start;
    }
  }
  // Growth of the round trip that counts as a queue.
  [[nodiscard]] static Duration threshold(Duration round_trip) {
    constexpr Duration kMin = std::chrono::milliseconds(4);
    constexpr Duration kMax = std::chrono::milliseconds(16);
    return std::clamp<Duration>(round_trip / 8, kMin, kMax);
  }

  // RFC 9406 §4.3.
  static constexpr unsigned kSamples = 8;
  static constexpr std::size_t kGrowthDivisor = 4;
  static constexpr unsigned kConservativeRounds = 5;
  static constexpr unsigned kFewSamples = 3;
  static constexpr unsigned kGrownRounds = 2;

  Phase phase_ = Phase::slow_start;
  Duration last_ = Duration::max();      ///< lowest round trip of the last round
  Duration current_ = Duration::max();   ///< lowest round trip of this round
  Duration baseline_ = Duration::max();  ///< lowest round trip when conservative slow start began
  unsigned samples_ = 0;                 ///< of this round
  unsigned conservative_rounds_ = 0;
  unsigned grown_rounds_ = 0;  ///< of these, with a round trip well above the baseline
};

}  // namespace hawser::sctp::path
