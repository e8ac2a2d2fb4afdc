#include "sctp/path/congestion/window_controller.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

// Packets that may be missing from a window that counts as full: acknowledgements come in groups.
constexpr std::size_t kSlackPackets = 4;
constexpr int kMostIdlePeriods = 16;

}  // namespace

void WindowController::on_sent(Timestamp now, std::size_t bytes, std::size_t flight) {
  if (last_sent_ != Timestamp::min() && flight <= bytes) {
    if (rules_.smooth && now - last_sent_ > idle_time()) window_.remember();
    // RFC 9260 §7.2.1: once per RTO.
    Timestamp idle_since = last_sent_;
    for (int i = 0; i < kMostIdlePeriods && now - idle_since > idle_time(); ++i) {
      window_.on_idle();
      idle_since += idle_time();
    }
  }
  last_sent_ = now;
  if (reducing_) reduction_.on_sent(bytes);
}

// About one RTO, which the path owns.
Duration WindowController::idle_time() const {
  constexpr Duration kLeast = std::chrono::milliseconds(200);
  return std::max<Duration>(2 * srtt(), kLeast);
}

void WindowController::on_ack(const AckSample& ack) {
  pacing_.on_ack(ack);
  if (ack.acked == 0) return;
  const bool round_began = rounds_.on_ack(ack);
  before_ack(ack);
  if (ack.in_recovery) {
    if (reducing_) reduction_.on_ack(ack, window_.threshold());
    return;
  }
  recovering_ = reducing_ = false;
  if (ack.ce_marked != 0 && on_mark(ack)) return;
  if (rules_.cumulative_only && !ack.pseudo_cumulative) return;
  if (in_slow_start()) {
    grow_in_slow_start(ack, round_began);
  } else {
    const std::size_t flight = std::max(ack.flight_before, ack.flight_when_sent);
    on_avoidance(ack, flight + kSlackPackets * window_.packet() >= window_.bytes());
  }
}

// A mark is congestion, once per round trip (RFC 9438 §4.6, RFC 3168 §6.1.2). Returns whether the window was
// reduced.
bool WindowController::on_mark(const AckSample& ack) {
  if (ack.prior_delivered < reduced_at_) return false;
  marked_at_ = ack.now;
  reduce(rules_.on_mark);
  return true;
}

// Byte counting (RFC 3465) without the limit of one packet per SACK: our receivers send one SACK per batch of
// packets, and the pacer limits bursts instead. A window that is less than half used does not grow.
void WindowController::grow_in_slow_start(const AckSample& ack, bool round_began) {
  const bool over = rules_.smooth && hystart_.on_ack(ack, round_began);
  if (window_.bytes() < 2 * ack.flight_before) window_.grow(hystart_.growth(ack.acked));
  if (over) window_.end_slow_start();
}

void WindowController::on_loss(const LossSample& loss) {
  if (!loss.new_window) return;
  // A mark has announced the loss, and has reduced the window already.
  if (marked_at_ != Timestamp::min() && loss.now - marked_at_ < srtt()) return;
  reduce(rules_.on_loss);
  recovering_ = true;
  reducing_ = rules_.smooth;
  if (reducing_) reduction_.begin(loss.now, loss.flight, loss.lost, window_.packet());
}

void WindowController::reduce(double factor) {
  before_reduction();
  window_.reduce(factor);
  hystart_.stop();
  reduced_at_ = rounds_.delivered();
}

void WindowController::on_spurious_loss() {
  window_.undo_reduction();
  recovering_ = reducing_ = false;
  after_undo();
}

void WindowController::on_timeout() {
  window_.time_out(rules_.on_loss);
  hystart_.stop();
  recovering_ = reducing_ = false;
  forget();
}

void WindowController::on_return(bool brief) {
  window_.on_return(brief);
  recovering_ = reducing_ = false;
}

double WindowController::pacing_rate() const {
  using Phase = WindowPacing::Phase;
  if (recovering_) return pacing_.rate(window_.bytes(), Phase::recovering);
  const bool doubling = window_.bytes() < window_.threshold() && !hystart_.conservative();
  return pacing_.rate(window_.bytes(), doubling ? Phase::doubling : Phase::steady);
}

}  // namespace hawser::sctp::path
