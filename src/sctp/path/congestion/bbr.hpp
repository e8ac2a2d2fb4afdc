#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/windowed_filter.hpp"
#include "sctp/path/congestion/controller.hpp"
#include "sctp/path/congestion/policer.hpp"

namespace hawser::sctp::path {

/// A model-based controller in the manner of BBR (draft-ietf-ccwg-bbr): it estimates the rate of the path and
/// its shortest round trip, paces at that rate, and keeps the queue short. An isolated loss is no signal;
/// more losses than the path usually has are, and so are an ECN mark and a queue that stands for a round
/// trip.
///
///              no growth, queue          drained            6 rounds
///     startup ──────────────────► down ─────────────► cruise ─────────► up
///                                 ▲  ▲  queue, losses │                 │ no growth, queue, losses
///                                 │  └────────────────┘                 │
///                                 └─────────────────────────────────────┘
///
/// A policer (Policer) lengthens `cruise` to seconds. A mark counts as losses do here; in `cruise` it lowers
/// the rate as well, because others need a share.
///
/// Unlike BBR it has no PROBE_RTT: `down` lasts until the queue is empty, so that the shortest round trip is
/// seen once per cycle, and the delay of the queue is measured on the way to the peer alone where the peer
/// reports times of arrival.
class Bbr final : public CongestionController {
 public:
  /// `packet_size`: the largest IP packet of the path, bytes.
  explicit Bbr(std::size_t packet_size);

  void on_sent(Timestamp now, std::size_t bytes, std::size_t flight) override;
  void on_ack(const AckSample& ack) override;
  void on_loss(const LossSample& loss) override;
  void on_spurious_loss() override;
  void on_timeout() override;
  void on_spurious_timeout() override;
  void on_return(bool brief) override;
  void on_mtu(std::size_t packet_size) override;
  [[nodiscard]] std::size_t cwnd() const override { return cwnd_; }
  [[nodiscard]] std::size_t ssthresh() const override { return bdp(); }
  [[nodiscard]] double pacing_rate() const override;

 private:
  enum class Phase : std::uint8_t { startup, down, cruise, up };

  /// The highest rate of this cycle of probing and of the one before.
  class RateFilter {
   public:
    void add(double rate) { cycles_[0] = std::max(cycles_[0], rate); }
    void lower_to(double rate) {
      for (double& best : cycles_) best = std::min(best, rate);
    }
    void next_cycle() {
      // A cycle without a rate does not displace one that has one.
      if (cycles_[0] <= 0) return;
      cycles_[1] = cycles_[0];
      cycles_[0] = 0;
    }
    [[nodiscard]] double best_or(double none) const {
      const double best = std::max(cycles_[0], cycles_[1]);
      return best > 0 ? best : none;
    }

   private:
    std::array<double, 2> cycles_{};
  };

  /// Lost part of what was sent, of which older rounds count less.
  class LossRatio {
   public:
    void add(double sent, double lost) {
      sent_ += sent;
      lost_ += lost;
    }
    void age() {
      sent_ *= kMemory;
      lost_ *= kMemory;
    }
    [[nodiscard]] double ratio() const { return sent_ > 0 ? std::min(lost_ / sent_, kMost) : 0; }

   private:
    static constexpr double kMemory = 0.9;
    static constexpr double kMost = 0.2;
    double sent_ = 0;
    double lost_ = 0;
  };

  /// More than the 10 packets of RFC 6928: they are paced, and each inner flow starts with its own window.
  static constexpr std::size_t kInitialPackets = 32;

  bool start_round(const AckSample& ack);
  void count_losses(const AckSample& ack);
  void end_round(const AckSample& ack);
  void update_rate(const AckSample& ack);
  void update_delay(const AckSample& ack);
  void measure_quiet(unsigned divisor);
  [[nodiscard]] Duration quiet_round_trip() const;
  [[nodiscard]] Duration own_queue() const;
  [[nodiscard]] Duration short_queue() const;
  [[nodiscard]] bool queue_exceeds(Duration limit) const;
  [[nodiscard]] double rate() const { return rate_.best_or(0); }
  [[nodiscard]] std::size_t in_transit(Duration time) const;
  [[nodiscard]] std::size_t bdp() const;
  [[nodiscard]] std::size_t window(double gain) const;
  [[nodiscard]] std::size_t aggregation() const;
  [[nodiscard]] bool too_many_losses(const AckSample& ack) const;
  [[nodiscard]] bool obey_marks(const AckSample& ack);
  void enter(Phase phase);
  [[nodiscard]] std::uint64_t rounds_in_phase() const { return round_ - phase_round_; }
  void check_startup(const AckSample& ack, bool started, bool congested);
  void leave_startup();
  void check_down(const AckSample& ack, bool started, double round_rate);
  void check_cruise(const AckSample& ack, bool started, bool congested);
  void check_up(const AckSample& ack, bool started, bool congested, double round_rate);
  void end_probe();
  void obey_policer(const AckSample& ack);
  void grow(const AckSample& ack);

  std::size_t packet_size_;
  std::size_t cwnd_;
  Phase phase_ = Phase::startup;

  // The model.
  RateFilter rate_;
  double latest_rate_ = 0;  ///< highest of the current round
  bool latest_app_limited_ = true;
  Duration min_rtt_{};
  Duration srtt_{};
  WindowedMin<Duration, Timestamp, Duration> queue_{std::chrono::milliseconds(50)};
  Duration noise_{};         ///< how much the shortest delay of a round trip varies without reason
  Duration drained_from_{};  ///< own_queue() when the phase began
  Duration quiet_level_{};   ///< delay that stays when this path has drained its own queue

  // Rounds.
  std::uint64_t round_ = 0;
  std::uint64_t round_end_ = 0;  ///< the round ends when a packet is acknowledged that left at or after it
  std::uint64_t round_delivered_ = 0;  ///< delivered when the round began
  std::uint64_t phase_round_ = 0;      ///< the round in which the phase began
  bool round_started_ = false;

  // Startup and probing.
  double full_rate_ = 0;
  unsigned full_rounds_ = 0;
  double probe_rate_ = 0;
  unsigned growing_rounds_ = 0;

  // Losses.
  std::size_t lost_in_round_ = 0;
  unsigned loss_events_ = 0;
  LossRatio draining_;  ///< while less is sent than the path carries: what it loses without congestion
  Policer policer_;
  Timestamp last_ack_{};  ///< when the last acknowledgement arrived

  // Marks.
  std::uint64_t marked_at_ = 0;   ///< delivered when marks were obeyed last
  std::uint64_t lowered_at_ = 0;  ///< delivered when marks lowered the rate last

  std::size_t before_timeout_ = 0;
};

/// The controller of a path whose largest IP packet has `packet_size` bytes.
std::unique_ptr<CongestionController> make_bbr(std::size_t packet_size);

}  // namespace hawser::sctp::path
