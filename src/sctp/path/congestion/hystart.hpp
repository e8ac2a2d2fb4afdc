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
    if (ack.rtt > Duration::zero()) add(ack.rtt);
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

  // The RFC compares the lowest round trip of this round with that of the last one. In a round in which the
  // queue begins to grow, the first samples show nothing yet, and the window would double once more: here the
  // lowest of each quarter of the last round's samples counts, if these are at least as many as the RFC
  // requires.
  void add(Duration rtt) {
    lowest_ = std::min(lowest_, rtt);
    part_ = std::min(part_, rtt);
    ++samples_;
    if (++part_samples_ >= std::max(kSamples, last_samples_ / 4)) end_part();
  }
  void end_part() {
    if (phase_ == Phase::slow_start) {
      if (last_ != Duration::max() && part_ >= last_ + threshold(last_)) {
        phase_ = Phase::conservative;
        baseline_ = part_;
        conservative_rounds_ = 0;
      }
    } else if (phase_ == Phase::conservative && part_ < baseline_) {
      phase_ = Phase::slow_start;
    }
    part_ = Duration::max();
    part_samples_ = 0;
  }
  void begin_round() {
    // Our receivers acknowledge many packets at a time, so a round may have fewer samples than the RFC
    // requires. Its lowest round trip is meaningful anyway once the round is over.
    if (samples_ >= kFewSamples && samples_ < kSamples) end_part();
    if (phase_ == Phase::conservative) end_conservative_round();
    last_ = lowest_;
    last_samples_ = samples_;
    lowest_ = part_ = Duration::max();
    samples_ = part_samples_ = 0;
  }
  // Beyond RFC 9406: a whole round with a round trip that has grown on is no jitter. Five rounds would triple
  // the window, which is more than most queues hold.
  void end_conservative_round() {
    const bool grown = samples_ >= kFewSamples && lowest_ >= baseline_ + threshold(baseline_);
    if (grown || ++conservative_rounds_ > kConservativeRounds) stop();
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

  Phase phase_ = Phase::slow_start;
  Duration last_ = Duration::max();      ///< lowest round trip of the last round
  Duration lowest_ = Duration::max();    ///< lowest round trip of this round
  Duration part_ = Duration::max();      ///< lowest round trip of this part of the round
  Duration baseline_ = Duration::max();  ///< lowest round trip when conservative slow start began
  unsigned last_samples_ = 0;            ///< of the last round
  unsigned samples_ = 0;                 ///< of this round
  unsigned part_samples_ = 0;            ///< of this part
  unsigned conservative_rounds_ = 0;
};

}  // namespace hawser::sctp::path
