#include <algorithm>

#include "sctp/path/congestion/controller.hpp"

namespace hawser::sctp::path {
namespace {

// See make_new_reno().
class NewReno final : public CongestionController {
 public:
  NewReno(std::size_t mtu, std::size_t peer_window)
      : mtu_(mtu),
        initial_(std::min(4 * mtu, std::max<std::size_t>(2 * mtu, 4404))),
        cwnd_(initial_),
        ssthresh_(peer_window) {}

  void on_sent(Timestamp now, std::size_t bytes, std::size_t flight) override {
    if (flight == bytes && last_sent_ != Timestamp::min() && now - last_sent_ > idle_after_) on_idle();
    last_sent_ = now;
  }

  void on_ack(const AckSample& ack) override {
    in_recovery_ = ack.in_recovery;
    srtt_ = ack.srtt;
    min_rtt_ = ack.min_rtt;
    if (ack.in_recovery || !ack.pseudo_cumulative) return;
    if (in_slow_start()) {
      grow_in_slow_start(ack);
    } else {
      grow_in_avoidance(ack);
    }
  }

  // RFC 9260 §7.2.3, §7.2.4.
  void on_loss(const LossSample& loss) override {
    if (!loss.new_window) return;
    before_loss_ = {cwnd_, ssthresh_};
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = ssthresh_;
    partial_bytes_acked_ = 0;
  }

  void on_spurious_loss() override {
    cwnd_ = std::max(cwnd_, before_loss_.cwnd);
    ssthresh_ = std::max(ssthresh_, before_loss_.ssthresh);
  }

  // RFC 9260 §7.2.3: at most one packet in flight after T3-rtx. A second time-out in a row does not reduce
  // ssthresh again (RFC 5681 §3.1): a path that returns after an outage keeps its threshold.
  void on_timeout() override {
    if (cwnd_ > mtu_) {
      before_timeout_ = {cwnd_, ssthresh_};
      ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    }
    cwnd_ = mtu_;
    partial_bytes_acked_ = 0;
  }

  // RFC 4015 restarts the window to prevent a burst; here the pacer prevents it.
  void on_spurious_timeout() override {
    cwnd_ = std::max(cwnd_, before_timeout_.cwnd);
    ssthresh_ = std::max(ssthresh_, before_timeout_.ssthresh);
  }

  // After a time-out the window is one packet, because the network may have collapsed. This network has just
  // answered: after a single time-out the window is that after any loss, after more that of a new path. A
  // path that failed without a time-out of data keeps its window: ssthresh may be far above what it has ever
  // carried.
  void on_return(bool brief) override {
    const std::size_t after_loss = std::min(ssthresh_, before_timeout_.cwnd);
    cwnd_ = std::max({cwnd_, initial_, brief ? after_loss : 0});
    before_timeout_ = {};
  }

  // The window is in bytes and stays: the network has not changed.
  void on_mtu(std::size_t mtu) override { mtu_ = mtu; }

  [[nodiscard]] std::size_t cwnd() const override { return cwnd_; }
  [[nodiscard]] std::size_t ssthresh() const override { return ssthresh_; }

  // Per round trip: twice the window in slow start, 1.25 times the window after it, and one window while
  // losses are repaired, because the queue that overflowed is still full.
  [[nodiscard]] double pacing_rate() const override {
    const bool doubling = cwnd_ < ssthresh_;
    // In slow start the lowest round trip: after T3, retransmissions give no sample (Karn), and the smoothed
    // round trip is still that of the full queue; paced by it, the window would never fill and never grow.
    // The limit keeps one acknowledgement that was delayed for long from delaying the next packets as long.
    constexpr Duration kMaxSpread = std::chrono::seconds(1);
    const Duration measured = std::min(doubling ? min_rtt_ : srtt_, kMaxSpread);
    const auto round_trip = static_cast<double>(measured.count()) * 1e-9;
    if (round_trip <= 0) return 0;
    const double gain = in_recovery_ ? 1.0 : doubling ? 2.0 : 1.25;
    return gain * static_cast<double>(cwnd_) / round_trip;
  }

 private:
  struct Window {
    std::size_t cwnd = 0;
    std::size_t ssthresh = 0;
  };

  [[nodiscard]] bool in_slow_start() const { return cwnd_ <= ssthresh_; }

  // RFC 9260 §7.2.1: a window that was not used no longer describes the path.
  void on_idle() { cwnd_ = std::max(cwnd_ / 2, std::min(cwnd_, 4 * mtu_)); }

  // Byte counting (RFC 3465) without the limit of one MTU per SACK: our receivers send one SACK per batch of
  // packets, and the pacer limits bursts instead. A window that is less than half used does not grow.
  void grow_in_slow_start(const AckSample& ack) {
    if (cwnd_ < 2 * ack.flight_before) cwnd_ += ack.acked;
  }

  // RFC 9260 §7.2.2: one MTU per window of acknowledged bytes, while the window is fully used.
  void grow_in_avoidance(const AckSample& ack) {
    partial_bytes_acked_ += ack.acked;
    if (partial_bytes_acked_ < cwnd_) return;
    if (ack.flight_before + kSlackPackets * mtu_ < cwnd_) {
      partial_bytes_acked_ = cwnd_;
      return;
    }
    partial_bytes_acked_ -= cwnd_;
    cwnd_ += mtu_;
  }

  static constexpr std::size_t kSlackPackets = 4;
  static constexpr Duration idle_after_ = std::chrono::seconds(1);
  std::size_t mtu_;
  std::size_t initial_;  ///< RFC 9260 §7.2.1
  std::size_t cwnd_;
  std::size_t ssthresh_;
  std::size_t partial_bytes_acked_ = 0;
  Timestamp last_sent_ = Timestamp::min();
  Duration srtt_{};
  Duration min_rtt_{};
  bool in_recovery_ = false;
  Window before_loss_;
  Window before_timeout_;  ///< before the last T3-rtx; zeros: there is nothing to restore
};

}  // namespace

std::unique_ptr<CongestionController> make_new_reno(std::size_t mtu, std::size_t peer_window) {
  return std::make_unique<NewReno>(mtu, peer_window);
}

}  // namespace hawser::sctp::path
