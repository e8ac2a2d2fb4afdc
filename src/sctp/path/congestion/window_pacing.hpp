#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/time.hpp"
#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {

/// The pacing rate of a controller that has a window: the window is spread over a round trip, with a gain
/// that lets it fill. Owns the newest round trips of the path, never the window.
class WindowPacing {
 public:
  /// How the window changes now.
  enum class Phase : std::uint8_t {
    doubling,    ///< slow start
    steady,      ///< congestion avoidance
    recovering,  ///< losses are being repaired
  };

  /// Takes the round trips of an acknowledgement.
  void on_ack(const AckSample& ack) {
    if (ack.srtt > Duration::zero()) srtt_ = ack.srtt;
    if (ack.min_rtt > Duration::zero()) min_rtt_ = ack.min_rtt;
  }

  /// Bytes per second; 0 before the first round trip. Per round trip: twice the window while it doubles, 1.25
  /// times the window after that, and one window while losses are repaired, because the queue that overflowed
  /// is still full.
  ///
  /// In slow start the lowest round trip counts: after T3-rtx, retransmissions give no sample (Karn), and the
  /// smoothed round trip is still that of the full queue; paced by it, the window would never fill and never
  /// grow.
  [[nodiscard]] double rate(std::size_t window, Phase phase) const {
    // Keeps one acknowledgement that was delayed for long from delaying the next packets as long.
    constexpr Duration kMaxSpread = std::chrono::seconds(1);
    const Duration spread = std::min(phase == Phase::doubling ? min_rtt_ : srtt_, kMaxSpread);
    const double seconds = std::chrono::duration<double>(spread).count();
    if (seconds <= 0) return 0;
    const double gain = phase == Phase::doubling ? 2.0 : phase == Phase::steady ? 1.25 : 1.0;
    return gain * static_cast<double>(window) / seconds;
  }

  /// The smoothed round trip; zero: not measured yet.
  [[nodiscard]] Duration srtt() const { return srtt_; }

 private:
  Duration srtt_{};
  Duration min_rtt_{};
};

}  // namespace hawser::sctp::path
