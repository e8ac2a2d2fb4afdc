#pragma once

#include <cstdint>

#include "hawser/base/time.hpp"

namespace hawser::sim::inner {

/// CUBIC (RFC 9438) with HyStart as Linux has it: both of its exits, by a train of acknowledgements and by an
/// increase of the delay. Counts in segments. The owner detects losses and reduces the window by PRR or at
/// once; it calls
///
///    on_rtt      for each acknowledgement with a round-trip sample
///    on_ack      for acknowledged segments outside of a recovery
///    reduce      at the start of a recovery: the new ssthresh
///    on_timeout  after a retransmission time-out
///    undo        when a reduction was a mistake
class Cubic {
 public:
  static constexpr std::uint32_t kInitialWindow = 10;  ///< segments (RFC 6928)
  static constexpr std::uint32_t kNoThreshold = 0x7fff'ffff;

  /// The state of the sender at an acknowledgement; `acked_to` and `sent_to` are its sequence numbers.
  struct Sample {
    Timestamp now{};
    Duration rtt{};
    std::uint64_t acked_to = 0;
    std::uint64_t sent_to = 0;
    bool paced = false;            ///< the sender spreads its packets
    double pacing_rate_bytes = 0;  ///< per second, as Linux computes it even without pacing
  };
  void on_rtt(const Sample& sample);
  /// `limited`: the window, not the application or the peer, limits the sender.
  void on_ack(Timestamp now, std::uint32_t acked, bool limited);
  /// Returns the new ssthresh; the window stays.
  std::uint32_t reduce();
  void on_timeout(std::uint32_t window);
  void undo(std::uint32_t window, std::uint32_t threshold);

  [[nodiscard]] std::uint32_t window() const { return window_; }
  void set_window(std::uint32_t window) { window_ = window == 0 ? 1 : window; }
  [[nodiscard]] std::uint32_t threshold() const { return threshold_; }
  [[nodiscard]] bool in_slow_start() const { return window_ < threshold_; }

 private:
  std::uint32_t slow_start(std::uint32_t acked);
  void update(Timestamp now, std::uint32_t acked);
  [[nodiscard]] double target(Timestamp now) const;
  void begin_epoch(Timestamp now, std::uint32_t acked);
  void befriend_reno(std::uint32_t acked);
  void grow(std::uint32_t acked);
  void hystart(const Sample& sample);
  void begin_round(const Sample& sample);
  void leave_slow_start() { threshold_ = window_; }

  std::uint32_t window_ = kInitialWindow;
  std::uint32_t threshold_ = kNoThreshold;
  std::uint32_t credit_ = 0;    ///< acknowledged segments towards the next increase
  double per_increase_ = 1;     ///< acknowledged segments that increase the window by one
  std::uint32_t last_max_ = 0;  ///< the window before the last reduction, or less (fast convergence)
  Timestamp epoch_ = kNever;    ///< start of the current growth
  double origin_ = 0;
  double k_ = 0;            ///< seconds until the origin is reached
  double reno_window_ = 0;  ///< what Reno would have
  double reno_credit_ = 0;
  Timestamp updated_{};
  std::uint32_t updated_window_ = 0;

  // HyStart
  bool found_ = false;
  bool round_begun_ = false;
  Duration least_rtt_ = Duration::max();
  Duration round_rtt_ = Duration::max();
  unsigned round_samples_ = 0;
  Timestamp round_start_{};
  Timestamp last_ack_{};
  std::uint64_t round_end_ = 0;
};

}  // namespace hawser::sim::inner
