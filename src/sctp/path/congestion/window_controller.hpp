#pragma once

#include <cstddef>
#include <cstdint>

#include "sctp/path/congestion/congestion_window.hpp"
#include "sctp/path/congestion/controller.hpp"
#include "sctp/path/congestion/hystart.hpp"
#include "sctp/path/congestion/proportional_rate_reduction.hpp"
#include "sctp/path/congestion/round_counter.hpp"
#include "sctp/path/congestion/window_pacing.hpp"

namespace hawser::sctp::path {

/// The half that all controllers with a window share: slow start, recovery, marks, time-outs, idleness and
/// pacing. An algorithm derives from it and decides how the window grows in congestion avoidance. Owns the
/// window; never the flight.
class WindowController : public CongestionController {
 public:
  void on_sent(Timestamp now, std::size_t bytes, std::size_t flight) final;
  void on_ack(const AckSample& ack) final;
  void on_loss(const LossSample& loss) final;
  void on_spurious_loss() final;
  void on_timeout() final;
  void on_spurious_timeout() final { window_.undo_timeout(); }
  void on_return(bool brief) final;
  void on_mtu(std::size_t packet_size) final { window_.set_packet(packet_size); }
  [[nodiscard]] std::size_t cwnd() const final { return reducing_ ? reduction_.window() : window_.bytes(); }
  [[nodiscard]] std::size_t ssthresh() const final { return window_.threshold(); }
  [[nodiscard]] double pacing_rate() const final;

 protected:
  /// What distinguishes the algorithms outside congestion avoidance.
  struct Rules {
    double on_loss = 0.5;  ///< factor of the window after a loss
    double on_mark = 0.8;  ///< factor of the window after an ECN mark (RFC 8511 §3.1)
    /// HyStart++ in the first slow start, and PRR in recovery.
    bool smooth = true;
    /// The window grows only when the oldest packet of the path is acknowledged.
    bool cumulative_only = false;
  };
  /// The window is `window`.
  WindowController(const CongestionWindow& window, const Rules& rules) : window_(window), rules_(rules) {}

  /// Any acknowledgement, before the window changes.
  virtual void before_ack(const AckSample& /*ack*/) {}
  /// An acknowledgement in congestion avoidance. `used`: the window was full, so that it may grow; otherwise
  /// there was too little to send.
  virtual void on_avoidance(const AckSample& ack, bool used) = 0;
  /// The window is about to be reduced.
  virtual void before_reduction() {}
  /// The last reduction is taken back.
  virtual void after_undo() {}
  /// Congestion avoidance, when it comes, begins without a past: after a time-out.
  virtual void forget() {}
  /// Whether the window grows in slow start.
  [[nodiscard]] virtual bool in_slow_start() const { return window_.bytes() < window_.threshold(); }

  /// The window of the algorithm.
  [[nodiscard]] CongestionWindow& window() { return window_; }
  /// The window of the algorithm.
  [[nodiscard]] const CongestionWindow& window() const { return window_; }
  /// The smoothed round trip; zero: not measured yet.
  [[nodiscard]] Duration srtt() const { return pacing_.srtt(); }

 private:
  [[nodiscard]] bool on_mark(const AckSample& ack);
  void grow_in_slow_start(const AckSample& ack, bool round_began);
  void reduce(double factor);
  [[nodiscard]] Duration idle_time() const;

  CongestionWindow window_;
  Rules rules_;
  WindowPacing pacing_;
  RoundCounter rounds_;
  HyStart hystart_;
  ProportionalRateReduction reduction_;
  bool recovering_ = false;  ///< losses of the current window are being repaired
  bool reducing_ = false;    ///< PRR decides how much is in flight
  Timestamp last_sent_ = Timestamp::min();
  Timestamp marked_at_ = Timestamp::min();  ///< when a mark reduced the window last
  std::uint64_t reduced_at_ = 0;            ///< delivered bytes when the window was reduced last
};

}  // namespace hawser::sctp::path
