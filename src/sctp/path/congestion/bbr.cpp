#include "sctp/path/congestion/bbr.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

constexpr double kStartupGain = 2.0;
// Inner flows in slow start double their rate each round trip, in bursts: only with more than that does no
// queue form in front of a path that is not full, which would end their slow start early.
constexpr double kAppLimitedStartupGain = 4.0;
constexpr double kProbeGain = 1.25;
constexpr double kFastProbeGain = 2.0;  // once several rounds of a probe have found more
constexpr double kProbeGrowth = 1.1;    // a round of a probe that finds less finds no more
constexpr double kDownGain = 0.75;
constexpr double kArrives = 0.9;  // less than this part of what is sent is less than all
constexpr double kWindowGain = 2.0;
constexpr double kFullRateGrowth = 1.25;  // a round of startup with less growth has filled the path
constexpr unsigned kFullRateRounds = 3;
constexpr unsigned kCruiseRounds = 6;
constexpr unsigned kMinPackets = 4;
constexpr unsigned kLoadedPackets = 10;  // with less in flight, a delay is not the queue of this path
constexpr double kManyLosses = 0.1;      // lost part of a round beyond what the path loses anyway
constexpr unsigned kLossEvents = 3;
// A queue that stays as long as it is for more rounds than this is not that of this path alone.
constexpr unsigned kDrainRounds = 3;
constexpr Duration kShortQueue = std::chrono::milliseconds(5);
constexpr int kShortQueuePackets = 3;
constexpr double kAfterMark = 0.85;  // part of the rate that is left (RFC 8511 §3.1)

double seconds(Duration time) {
  return static_cast<double>(time.count()) * 1e-9;
}

}  // namespace

Bbr::Bbr(std::size_t packet_size) : packet_size_(packet_size), cwnd_(kInitialPackets * packet_size) {}

// --- the model

bool Bbr::start_round(const AckSample& ack) {
  round_started_ = ack.prior_delivered >= round_end_;
  if (!round_started_) return false;
  round_end_ = ack.delivered;
  ++round_;
  return true;
}

// The rate is the highest one of the last two cycles of PROBE_BW; a rate that too little data has limited
// counts only where it is higher.
void Bbr::update_rate(const AckSample& ack) {
  if (ack.delivery_rate <= 0) return;
  latest_rate_ = round_started_ ? ack.delivery_rate : std::max(latest_rate_, ack.delivery_rate);
  latest_app_limited_ = ack.rate_app_limited;
  if (ack.rate_app_limited && ack.delivery_rate < rate_.best_or(0)) return;
  double sample = ack.delivery_rate;
  // What left before the rate was lowered shows nothing about the rate that is right now.
  if (ack.prior_delivered < lowered_at_) sample = std::min(sample, rate());
  if (policer_.holds(ack.now)) sample = std::min(sample, policer_.rate());
  rate_.add(sample);
}

void Bbr::update_delay(const AckSample& ack) {
  if (ack.rtt == Duration::zero()) return;
  // Where only round trips show the queue, its level is above a minimum that does not expire: a way that has
  // become longer is part of the quiet level.
  const bool one_way = ack.queue_delay.has_value();
  min_rtt_ = one_way || min_rtt_ == Duration::zero() ? ack.min_rtt : std::min(min_rtt_, ack.min_rtt);
  srtt_ = ack.srtt;
  const Duration queue = one_way ? *ack.queue_delay : ack.rtt - min_rtt_;
  queue_.set_window(std::max(min_rtt_, kShortQueue));
  queue_.add(queue, ack.now);
}

// The shortest delay in queues during the last round trip, above that which is there without a queue of this
// path.
Duration Bbr::own_queue() const {
  return queue_.empty() ? Duration::zero() : queue_.best() - quiet_level_;
}

bool Bbr::queue_exceeds(Duration limit) const {
  return own_queue() > std::max(limit, 3 * noise_);
}

// A queue that is none: a few packets on a slow path last longer than on a fast one.
Duration Bbr::short_queue() const {
  if (rate() <= 0) return kShortQueue;
  const double packets = kShortQueuePackets * static_cast<double>(packet_size_) / rate();
  return std::max(kShortQueue, Duration(static_cast<Duration::rep>(packets * 1e9)));
}

// What remains of the delay when this path sends little, and how much it varies: a radio.
void Bbr::measure_quiet(unsigned divisor) {
  const Duration own = own_queue();
  noise_ = std::max(noise_ - noise_ / 16, own > Duration::zero() ? own : -own);
  quiet_level_ += own / divisor;
}

// The round trip without a queue of this path.
Duration Bbr::quiet_round_trip() const {
  return min_rtt_ + quiet_level_;
}

std::size_t Bbr::in_transit(Duration time) const {
  return static_cast<std::size_t>(rate() * seconds(time));
}

std::size_t Bbr::bdp() const {
  return in_transit(quiet_round_trip());
}

// Packets that jitter delays by more than the fastest ones need room as well.
std::size_t Bbr::window(double gain) const {
  const Duration jitter =
      queue_.empty() ? Duration::zero() : std::max(Duration::zero(), srtt_ - min_rtt_ - queue_.best());
  return static_cast<std::size_t>(gain * static_cast<double>(in_transit(quiet_round_trip() + jitter)));
}

// --- signals of congestion

void Bbr::on_loss(const LossSample& loss) {
  lost_in_round_ += loss.lost;
  ++loss_events_;
}

// Isolated losses are part of the path. Only more of them than the path usually loses are congestion.
bool Bbr::too_many_losses(const AckSample& ack) const {
  if (loss_events_ < kLossEvents) return false;
  const double sent = static_cast<double>(ack.delivered - round_delivered_ + lost_in_round_);
  return static_cast<double>(lost_in_round_) > (2 * draining_.ratio() + kManyLosses) * sent;
}

// A mark is never an accident, and CoDel (RFC 8289) may mark a single packet in several round trips, so one
// mark counts, and once for all packets that were in flight with it (RFC 3168 §6.1.2). Returns whether there
// is one.
bool Bbr::obey_marks(const AckSample& ack) {
  if (ack.ce_marked == 0 || ack.prior_delivered < marked_at_) return false;
  marked_at_ = ack.delivered;
  if (phase_ == Phase::cruise) {
    rate_.lower_to(kAfterMark * rate());
    lowered_at_ = ack.delivered;
  }
  return true;
}

// What is lost in the first round of a phase left before it.
void Bbr::count_losses(const AckSample& ack) {
  if (phase_ != Phase::down || rounds_in_phase() < 2) return;
  const auto lost = static_cast<double>(lost_in_round_);
  draining_.add(static_cast<double>(ack.delivered - round_delivered_) + lost, lost);
}

void Bbr::end_round(const AckSample& ack) {
  lost_in_round_ = 0;
  loss_events_ = 0;
  round_delivered_ = ack.delivered;
}

void Bbr::obey_policer(const AckSample& ack) {
  if (phase_ == Phase::startup || queue_exceeds(short_queue())) return;
  const auto verdict = policer_.on_ack(ack, packet_size_, draining_.ratio());
  if (verdict == Policer::Verdict::none) return;
  rate_.lower_to(policer_.rate());
  phase_round_ = round_;
  // What was lost until now is not what the path loses without congestion.
  if (verdict == Policer::Verdict::found) draining_ = {};
}

// --- input

void Bbr::on_sent(Timestamp now, std::size_t bytes, std::size_t flight) {
  static_cast<void>(now);
  static_cast<void>(bytes);
  static_cast<void>(flight);
}

void Bbr::on_ack(const AckSample& ack) {
  const bool started = start_round(ack);
  const double round_rate = std::max(latest_rate_, ack.delivery_rate);  // of the round that ends
  update_rate(ack);
  update_delay(ack);
  last_ack_ = ack.now;
  if (min_rtt_ == Duration::zero() || rate() <= 0) return grow(ack);
  obey_policer(ack);
  const bool marked = obey_marks(ack);
  const bool congested = marked || too_many_losses(ack);
  if (started || congested) count_losses(ack);
  switch (phase_) {
    case Phase::startup: check_startup(ack, started, congested); break;
    case Phase::down: check_down(ack, started, round_rate); break;
    case Phase::cruise: check_cruise(ack, started, congested); break;
    case Phase::up: check_up(ack, started, congested, round_rate); break;
  }
  if (started || congested) end_round(ack);
  grow(ack);
}

// --- phases

void Bbr::enter(Phase phase) {
  phase_ = phase;
  phase_round_ = round_;
  drained_from_ = own_queue();
}

void Bbr::check_startup(const AckSample& ack, bool started, bool congested) {
  const bool loaded = ack.flight_before >= kLoadedPackets * packet_size_;
  if (!loaded && started) measure_quiet(4);
  const Duration limit = std::max(2 * short_queue(), quiet_round_trip() / 2);
  if (congested || (loaded && queue_exceeds(limit))) return leave_startup();
  if (!started || ack.rate_app_limited) return;
  if (rate() >= full_rate_ * kFullRateGrowth) {
    full_rate_ = rate();
    full_rounds_ = 0;
  } else if (++full_rounds_ >= kFullRateRounds || queue_exceeds(short_queue())) {
    leave_startup();
  }
}

void Bbr::leave_startup() {
  rate_.next_cycle();
  enter(Phase::down);
}

// While this path sends less than it can, its queue drains. If it does not drain, and less arrives than is
// sent, the path carries less than before. If all arrives, others fill the queue, or the way is longer now.
void Bbr::check_down(const AckSample& ack, bool started, double round_rate) {
  if (ack.flight <= bdp() && !queue_exceeds(short_queue())) return enter(Phase::cruise);
  if (!started || rounds_in_phase() < 2) return;
  if (!latest_app_limited_ && round_rate < kArrives * kDownGain * rate()) {
    rate_.lower_to(round_rate);
    phase_round_ = round_;
  } else if (rounds_in_phase() <= kDrainRounds) {
    return;
  } else if (own_queue() < drained_from_ - drained_from_ / 4) {
    enter(Phase::down);  // it drains, but is long
  } else {
    quiet_level_ += std::max(own_queue(), Duration::zero());
    enter(Phase::cruise);
  }
}

void Bbr::check_cruise(const AckSample& ack, bool started, bool congested) {
  if (congested || queue_exceeds(std::max(short_queue(), quiet_round_trip() / 8))) {
    // A rate that causes a queue does not count for longer than one that was probed.
    if (rounds_in_phase() > 1) rate_.next_cycle();
    return enter(Phase::down);
  }
  if (!started) return;
  measure_quiet(own_queue() < Duration::zero() ? 4 : 64);
  if (rounds_in_phase() < kCruiseRounds) return;
  if (policer_.holds(ack.now)) {
    policer_.on_cycle();
    phase_round_ = round_;
    return;
  }
  probe_rate_ = rate();
  growing_rounds_ = 0;
  enter(Phase::up);
}

// A round trip passes before what is sent in this phase shows.
void Bbr::check_up(const AckSample& ack, bool started, bool congested, double round_rate) {
  if (congested || queue_exceeds(std::max(short_queue(), quiet_round_trip() / 4))) return end_probe();
  if (!started || rounds_in_phase() < 2) return;
  if (round_rate >= probe_rate_ * kProbeGrowth) {
    probe_rate_ = round_rate;
    ++growing_rounds_;
  } else if (!ack.rate_app_limited || rounds_in_phase() > kCruiseRounds) {
    end_probe();
  }
}

void Bbr::end_probe() {
  draining_.age();
  rate_.next_cycle();
  enter(Phase::down);
}

// --- the results

void Bbr::grow(const AckSample& ack) {
  const std::size_t least = kMinPackets * packet_size_;
  if (phase_ == Phase::startup) {
    cwnd_ = std::max(cwnd_ + ack.acked, least);
    if (rate() > 0 && min_rtt_ > Duration::zero())
      cwnd_ =
          std::min(cwnd_, std::max(kInitialPackets * packet_size_, window(2 * kWindowGain) + aggregation()));
    return;
  }
  const std::size_t target = std::max(window(kWindowGain) + aggregation(), least);
  cwnd_ = std::min(cwnd_ + ack.acked, target);
}

// What arrives while an acknowledgement is delayed.
std::size_t Bbr::aggregation() const {
  return static_cast<std::size_t>(rate() * 0.005) + 3 * packet_size_;
}

double Bbr::pacing_rate() const {
  if (min_rtt_ == Duration::zero()) return 0;
  const double known = rate();
  if (known <= 0) return kStartupGain * static_cast<double>(cwnd_) / seconds(srtt_);
  switch (phase_) {
    case Phase::startup:
      return (latest_app_limited_ ? kAppLimitedStartupGain : kStartupGain) *
             std::max(known, static_cast<double>(kInitialPackets * packet_size_) / seconds(srtt_));
    case Phase::down: return kDownGain * known;
    case Phase::cruise: return known;
    case Phase::up: break;
  }
  return (growing_rounds_ >= 1 && !policer_.known(last_ack_) ? kFastProbeGain : kProbeGain) * known;
}

// --- exceptional input

void Bbr::on_spurious_loss() {}

void Bbr::on_timeout() {
  if (cwnd_ > packet_size_) before_timeout_ = cwnd_;
  cwnd_ = packet_size_;
}

void Bbr::on_spurious_timeout() {
  cwnd_ = std::max(cwnd_, before_timeout_);
}

// After a single time-out, the model still describes the path; after more, it is that of a new path.
void Bbr::on_return(bool brief) {
  if (brief) {
    cwnd_ = std::max({cwnd_, before_timeout_ / 2, std::size_t{kInitialPackets} * packet_size_});
  } else {
    const std::size_t packet_size = packet_size_;
    *this = Bbr(packet_size);
  }
  before_timeout_ = 0;
}

void Bbr::on_mtu(std::size_t packet_size) {
  packet_size_ = packet_size;
}

std::unique_ptr<CongestionController> make_bbr(std::size_t packet_size) {
  return std::make_unique<Bbr>(packet_size);
}

}  // namespace hawser::sctp::path
