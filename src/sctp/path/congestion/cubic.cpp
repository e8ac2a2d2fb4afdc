#include "sctp/path/congestion/cubic.hpp"

#include <algorithm>
#include <cmath>

#include "sctp/path/congestion/initial_window.hpp"
#include "sctp/path/congestion/window_controller.hpp"

namespace hawser::sctp::path {
namespace {

constexpr double kBeta = 0.7;       // RFC 9438 §4.6
constexpr double kBetaMark = 0.85;  // RFC 8511 §3.1
constexpr double kC = 0.4;          // packets per second cubed, RFC 9438 §5.1
constexpr double kMaxGrowth = 1.5;  // of the window per round trip, RFC 9438 §4.2
// Growth per round trip, in packets, with which a reduction to kBeta is as fair as that of Reno (§4.3).
constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);

double in_seconds(Duration span) {
  return std::chrono::duration<double>(span).count();
}

// See make_cubic(). Windows are in bytes, with fractions.
class Cubic final : public WindowController {
 public:
  Cubic(std::size_t packet, std::size_t peer_window)
      : WindowController({packet, ten_packets(packet), peer_window},
                         {.on_loss = kBeta, .on_mark = kBetaMark}) {}

 private:
  // The growth since the last reduction, or since slow start ended. Its clock stands still while there is too
  // little to send, in recovery and in slow start (§4.2, §5.8).
  struct Epoch {
    bool begun = false;
    double elapsed = 0;    // seconds
    double w_max = 0;      // the window that the curve returns to; 0: there was no reduction
    double prior = 0;      // the window before the last reduction
    double k = 0;          // seconds until the curve is at w_max
    double reno = 0;       // the window that Reno would have (W_est)
    double remainder = 0;  // of a byte, that the window has not grown by yet
  };

  void on_avoidance(const AckSample& ack, bool used) override {
    if (!epoch_.begun) begin();
    const Duration since = last_ack_ == Timestamp::min() ? Duration::zero() : ack.now - last_ack_;
    last_ack_ = ack.now;
    if (!used) return;
    epoch_.elapsed += in_seconds(std::min<Duration>(since, 2 * srtt()));
    grow(static_cast<double>(ack.acked));
  }

  void begin() {
    const auto cwnd = static_cast<double>(window().bytes());
    epoch_.begun = true;
    epoch_.elapsed = 0;
    epoch_.reno = cwnd;
    // After slow start and after a time-out the curve begins at its plateau (§4.8, §4.10).
    if (epoch_.w_max <= cwnd) epoch_.w_max = cwnd;
    epoch_.k = std::cbrt((epoch_.w_max - cwnd) / (kC * packet()));
  }

  // §4.2 to §4.5.
  void grow(double acked) {
    const auto cwnd = static_cast<double>(window().bytes());
    epoch_.reno += (epoch_.reno < epoch_.prior ? kAlpha : 1.0) * packet() * acked / cwnd;
    double more = 0;
    if (curve(epoch_.elapsed) < epoch_.reno) {
      more = std::max(epoch_.reno - cwnd, 0.0);
    } else {
      const double target = std::clamp(curve(epoch_.elapsed + in_seconds(srtt())), cwnd, kMaxGrowth * cwnd);
      more = (target - cwnd) * acked / cwnd + epoch_.remainder;
    }
    const double whole = std::floor(more);
    epoch_.remainder = more - whole;
    window().grow(static_cast<std::size_t>(whole));
  }

  // W_cubic(t).
  [[nodiscard]] double curve(double seconds) const {
    const double t = seconds - epoch_.k;
    return kC * packet() * t * t * t + epoch_.w_max;
  }
  [[nodiscard]] double packet() const { return static_cast<double>(window().packet()); }

  // Fast convergence (§4.7): a flow whose window has shrunk since the last reduction leaves room for others.
  void before_reduction() override {
    before_loss_ = epoch_;
    const auto cwnd = static_cast<double>(window().bytes());
    epoch_.w_max = cwnd < epoch_.w_max ? cwnd * (1 + kBeta) / 2 : cwnd;
    epoch_.prior = cwnd;
    epoch_.begun = false;
    epoch_.remainder = 0;
  }
  // §4.9.2.
  void after_undo() override { epoch_ = before_loss_; }
  void forget() override { epoch_ = {}; }

  Epoch epoch_;
  Epoch before_loss_;
  Timestamp last_ack_ = Timestamp::min();
};

}  // namespace

std::unique_ptr<CongestionController> make_cubic(std::size_t packet_size, std::size_t peer_window) {
  return std::make_unique<Cubic>(packet_size, peer_window);
}

}  // namespace hawser::sctp::path
