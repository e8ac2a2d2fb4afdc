#include "sim/inner/quic_sender.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPacketThreshold = 3;  // RFC 9002 §6.1.1
constexpr Duration kGranularity = 1ms;
constexpr Duration kMaxAckDelay = 25ms;
constexpr std::uint32_t kLeastWindow = 2;
constexpr double kPacing = 1.25;
constexpr double kBurst = 10;                                    // packets
constexpr std::uint32_t kMostInFlight = 6'000'000 / kQuicPiece;  // the peer's flow control

}  // namespace

QuicSender::QuicSender(EventQueue& events, Send send)
    : events_(events),
      send_(std::move(send)),
      pace_(events, [this] { send_what_fits(); }),
      timer_(events, [this] { on_timer(); }) {}

void QuicSender::start(Duration rtt) {
  smoothed_ = rtt;
  variation_ = rtt / 2;
  tokens_ = kBurst;
  filled_ = events_.now();
  send_what_fits();
}

// --- acknowledgements

void QuicSender::on_ack(const QuicAck& ack) {
  if (ack.count == 0 || ack.ranges[0].end > next()) return;
  const std::uint64_t largest = ack.ranges[0].end - 1;
  const bool new_largest = largest >= first_ && sent(largest).outstanding;
  const Timestamp largest_sent = new_largest ? sent(largest).when : Timestamp{};
  const auto [acked, after_recovery] = mark(ack);
  if (acked == 0) return;
  largest_acked_ = any_acked_ ? std::max(largest_acked_, largest) : largest;
  any_acked_ = true;
  probes_ = 0;
  if (new_largest) sample_rtt(ack, largest_sent);
  detect_losses();
  // RFC 9002 §7.3.2: the window does not grow for packets that were sent before the recovery began.
  if (after_recovery != 0) cubic_.on_ack(events_.now(), after_recovery, limited_);
  forget_old();
  send_what_fits();
  set_timer();
}

QuicSender::Acked QuicSender::mark(const QuicAck& ack) {
  Acked acked;
  for (std::size_t i = 0; i < ack.count; ++i) {
    for (std::uint64_t number = std::max(ack.ranges[i].begin, first_); number < ack.ranges[i].end; ++number) {
      Sent& each = sent(number);
      lost_pieces_.erase(each.piece);  // it was only late
      if (!std::exchange(each.outstanding, false)) continue;
      ++acked.all;
      if (each.when > recovery_start_) ++acked.after_recovery;
      --in_flight_;
    }
  }
  return acked;
}

void QuicSender::sample_rtt(const QuicAck& ack, Timestamp sent) {
  latest_ = events_.now() - sent;
  if (least_ == Duration::max()) {
    smoothed_ = latest_;
    variation_ = latest_ / 2;
  }
  least_ = std::min(least_, latest_);
  const Duration delay = std::min(ack.delay, kMaxAckDelay);
  const Duration adjusted = latest_ >= least_ + delay ? latest_ - delay : latest_;
  const Duration error = smoothed_ > adjusted ? smoothed_ - adjusted : adjusted - smoothed_;
  variation_ += (error - variation_) / 4;
  smoothed_ += (adjusted - smoothed_) / 8;
  Cubic::Sample sample;
  sample.now = events_.now();
  sample.rtt = latest_;
  sample.acked_to = largest_acked_;
  sample.sent_to = next();
  sample.paced = true;
  sample.pacing_rate_bytes =
      kPacing * cubic_.window() * kQuicPacket / std::chrono::duration<double>(smoothed_).count();
  cubic_.on_rtt(sample);
}

void QuicSender::detect_losses() {
  const Duration delay = std::max(kGranularity, std::max(latest_, smoothed_) * 9 / 8);
  const Timestamp before = events_.now() - delay;
  loss_due_ = kNever;
  Timestamp newest{};
  Timestamp oldest = kNever;
  for (std::uint64_t number = first_; number < largest_acked_; ++number) {
    Sent& each = sent(number);
    if (!each.outstanding) continue;
    if (number + kPacketThreshold > largest_acked_ && each.when > before) {
      loss_due_ = std::min(loss_due_, each.when + delay);
      continue;
    }
    each.outstanding = false;
    --in_flight_;
    lost_pieces_.insert(each.piece);
    newest = std::max(newest, each.when);
    oldest = std::min(oldest, each.when);
  }
  if (oldest != kNever) on_loss(newest, oldest);
}

void QuicSender::on_loss(Timestamp newest_sent, Timestamp oldest_sent) {
  if (newest_sent > recovery_start_) {
    recovery_start_ = events_.now();
    cubic_.set_window(std::max(kLeastWindow, cubic_.reduce()));
  }
  // RFC 9002 §7.6: persistent congestion.
  if (newest_sent - oldest_sent > 3 * probe_timeout()) cubic_.set_window(kLeastWindow);
}

// Packets stay known for a while after they were declared lost, in case that they are only late.
void QuicSender::forget_old() {
  const Timestamp limit = events_.now() - 3 * probe_timeout();
  while (!sent_.empty() && !sent_.front().outstanding &&
         (sent_.front().when < limit || lost_pieces_.empty())) {
    sent_.pop_front();
    ++first_;
  }
}

// --- sending

Timestamp QuicSender::paced_until() {
  const double rate = kPacing * cubic_.window() / std::chrono::duration<double>(smoothed_).count();
  const std::chrono::duration<double> passed = events_.now() - filled_;
  tokens_ = std::min(kBurst, tokens_ + passed.count() * rate);
  filled_ = events_.now();
  if (tokens_ >= 1) return events_.now();
  const std::chrono::duration<double> wait((1 - tokens_) / rate);
  return events_.now() + std::chrono::duration_cast<Duration>(wait) + Duration(1);
}

void QuicSender::send_what_fits() {
  limited_ = false;
  while (!stopped_ || !lost_pieces_.empty()) {
    if (in_flight_ >= cubic_.window()) {
      limited_ = true;
      break;
    }
    if (in_flight_ >= kMostInFlight) break;
    const Timestamp due = paced_until();
    if (due > events_.now()) {
      limited_ = true;
      pace_.set(due);
      break;
    }
    send_one();
  }
  if (!timer_.running()) set_timer();
}

void QuicSender::send_one() {
  QuicData data;
  data.number = next();
  if (lost_pieces_.empty()) {
    data.piece = next_piece_++;
  } else {
    data.piece = *lost_pieces_.begin();
    lost_pieces_.erase(lost_pieces_.begin());
    ++counters_.sent_again;
  }
  ++counters_.sent;
  ++in_flight_;
  tokens_ -= 1;
  last_sent_ = events_.now();
  sent_.push_back({last_sent_, data.piece});
  send_(data);
}

// --- timers

Duration QuicSender::probe_timeout() const {
  return smoothed_ + std::max(4 * variation_, kGranularity) + kMaxAckDelay;
}

void QuicSender::set_timer() {
  if (loss_due_ != kNever) return timer_.set(loss_due_);
  if (in_flight_ == 0) return timer_.cancel();
  timer_.set(last_sent_ + probe_timeout() * (1 << std::min(probes_, 10U)));
}

void QuicSender::on_timer() {
  if (loss_due_ != kNever) {
    detect_losses();
    send_what_fits();
  } else {
    on_probe_timeout();
  }
  set_timer();
}

// RFC 9002 §6.2.4: up to two packets, here with the oldest pieces that are outstanding.
void QuicSender::on_probe_timeout() {
  ++counters_.timeouts;
  ++probes_;
  unsigned left = 2;
  for (std::uint64_t number = first_; number < next() && left != 0; ++number) {
    if (!sent(number).outstanding) continue;
    lost_pieces_.insert(sent(number).piece);
    --left;
  }
  for (; left < 2 && !lost_pieces_.empty(); ++left) send_one();
}

}  // namespace hawser::sim::inner
