#include "sim/inner/tcp_sender.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kStepsPersist = 16;  // recoveries (RFC 8985 §6.2 step 4)
constexpr unsigned kMostSteps = 255;
constexpr std::uint32_t kMostReordering = 300;

// A millisecond clock: `a` is before `b`.
bool before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace

TcpSender::TcpSender(EventQueue& events, const Config& config, Send send)
    : events_(events),
      config_(config),
      send_(std::move(send)),
      peer_edge_(config.window),
      timer_(events, [this] { on_timer(); }) {}

std::uint32_t TcpSender::clock() const {
  return static_cast<std::uint32_t>(events_.now().time_since_epoch() / 1ms);
}

void TcpSender::start(Duration rtt) {
  round_trip_.sample(rtt, true);
  board_.set_least_rtt(rtt);
  send_what_fits(true);
}

// --- acknowledgements

void TcpSender::on_ack(const TcpHeader& header) {
  const std::uint64_t offset =
      expand(header.ack, config_.first_seq + board_.first() * config_.mss) - config_.first_seq;
  const std::uint64_t number = offset / config_.mss;
  if (number > board_.next()) return;
  peer_time_ = header.timestamp;
  Ack ack;
  ack.prior_first = board_.first();
  ack.echoed_time = header.echo;
  ack.echo = config_.ecn && header.ece;
  reordering_wait_ = {};
  if (number >= board_.first()) read_window(header, ack);
  read_sacks(header, ack);
  if (number > board_.first()) {
    ack.advanced = true;
    expired_ = 0;
    board_.acknowledge(events_.now(), number, high_, ack.news);
  }
  sample_rtt(ack);
  note_reordering(ack);
  adapt_reordering_window(ack);
  if (probe_end_) end_tail_probe(ack);
  handle_state(ack);
  if (ack.news.acked != 0 || ack.news.sacked != 0) set_timer();
  grow_or_reduce(ack);
  send_what_fits(!ack.only_new);
}

void TcpSender::read_window(const TcpHeader& header, Ack& ack) {
  const std::uint64_t offset =
      expand(header.ack, config_.first_seq + board_.first() * config_.mss) - config_.first_seq;
  const std::uint64_t edge = offset + (std::uint64_t{header.window} << config_.window_scale);
  ack.window_changed = edge > peer_edge_;
  peer_edge_ = std::max(peer_edge_, edge);
}

void TcpSender::read_sacks(const TcpHeader& header, Ack& ack) {
  const std::uint64_t base = config_.first_seq + board_.first() * config_.mss;
  const std::uint64_t acked = expand(header.ack, base);
  for (std::size_t i = 0; i < header.sack_count; ++i) {
    const std::uint64_t begin = expand(header.sacks[i].begin, base);
    const std::uint64_t end = expand(header.sacks[i].end, base);
    const bool within_next = i == 0 && header.sack_count > 1 &&
                             begin >= expand(header.sacks[1].begin, base) &&
                             end <= expand(header.sacks[1].end, base);
    const std::uint64_t first = (begin - config_.first_seq) / config_.mss;
    const std::uint64_t last = (end - config_.first_seq) / config_.mss;
    // RFC 2883 §4: the first block reports a duplicate when the rest of the header covers it.
    if (i == 0 && (begin < acked || within_next)) {
      read_duplicate(first, last, ack);
    } else {
      board_.sack(events_.now(), first, last, high_, ack.news);
    }
  }
}

void TcpSender::read_duplicate(std::uint64_t begin, std::uint64_t end, Ack& ack) {
  ack.duplicate_sack = true;
  if (probe_end_ && probe_sent_again_ && end == *probe_end_) {
    ack.probe_was_needless = true;  // known, and no sign of reordering
  } else {
    dsack_seen_ = true;
  }
  if (undo_marker_ && undo_retransmissions_ > 0 && end > *undo_marker_)
    undo_retransmissions_ -= std::min<int>(undo_retransmissions_, static_cast<int>(end - begin));
}

void TcpSender::sample_rtt(const Ack& ack) {
  const Timestamp now = events_.now();
  std::optional<Duration> rtt;
  std::optional<Duration> newest;
  if (ack.news.oldest_sent && !ack.news.sent_again) {
    rtt = now - *ack.news.oldest_sent;
    newest = now - *ack.news.newest_sent;
  } else if (ack.news.sacked_sent) {
    rtt = now - *ack.news.sacked_sent;
  } else if (ack.news.acked != 0 && ack.echoed_time != 0) {
    rtt = newest = std::max<Duration>(1ms, 1ms * (clock() - ack.echoed_time));
  }
  if (!rtt) return;
  const bool new_round = board_.first() > round_end_;
  if (new_round) round_end_ = board_.next();
  round_trip_.sample(*rtt, new_round);
  round_trip_.restore();
  board_.set_least_rtt(round_trip_.least());
  if (!newest || ack.news.acked == 0) return;
  Cubic::Sample sample;
  sample.now = now;
  sample.rtt = *newest;
  sample.acked_to = board_.first();
  sample.sent_to = board_.next();
  const double factor = 2 * cubic_.window() < cubic_.threshold() ? 2.0 : 1.2;
  sample.pacing_rate_bytes = factor * cubic_.window() * static_cast<double>(config_.mss) /
                             std::chrono::duration<double>(round_trip_.smoothed()).count();
  cubic_.on_rtt(sample);
}

void TcpSender::note_reordering(const Ack& ack) {
  if (!ack.news.overtaken) return;
  reordering_seen_ = true;
  const std::uint64_t distance = board_.highest_sacked() - *ack.news.overtaken;
  reordering_ =
      std::max(reordering_, static_cast<std::uint32_t>(std::min<std::uint64_t>(distance, kMostReordering)));
}

// RFC 8985 §6.2 step 4: one step wider for each round trip with DSACK, back after 16 recoveries without.
void TcpSender::adapt_reordering_window(const Ack& ack) {
  if (ack.news.newest_order == 0) return;
  if (ack.news.prior_delivered < steps_at_) dsack_seen_ = false;
  if (dsack_seen_) {
    window_steps_ = std::min(kMostSteps, window_steps_ + 1);
    dsack_seen_ = false;
    steps_at_ = board_.delivered();
    steps_persist_ = kStepsPersist;
  } else if (steps_persist_ == 0) {
    window_steps_ = 1;
  }
}

// RFC 8985 §7.4: whether the tail loss probe repaired a loss.
void TcpSender::end_tail_probe(const Ack& ack) {
  const std::uint64_t end = *probe_end_;
  if (board_.first() < end) return;
  if (!probe_sent_again_ || ack.probe_was_needless) {
    probe_end_.reset();
  } else if (board_.first() > end) {
    begin_reduction();
    state_ = State::cwr;
    end_reduction();
    state_ = board_.sacked() + board_.lost() != 0 ? State::disorder : State::open;
  } else if (!ack.advanced && !ack.window_changed && ack.news.sacked == 0) {
    probe_end_.reset();
  }
}

void TcpSender::grow_or_reduce(const Ack& ack) {
  if (reducing()) return reduce_by_prr(ack.news.delivered, ack.news.lost, ack.advanced);
  const bool progress = reordering_ > 3 ? ack.news.delivered != 0 : ack.news.acked != 0;
  if (!progress) return;
  const bool limited = cubic_.in_slow_start() ? cubic_.window() < 2 * most_outstanding_ : window_limited_;
  cubic_.on_ack(events_.now(), ack.news.delivered, limited);
}

// --- states

void TcpSender::handle_state(Ack& ack) {
  const bool dubious = (!ack.advanced && !ack.window_changed) || ack.news.sacked != 0 || ack.echo ||
                       ack.duplicate_sack || state_ != State::open;
  if (!dubious) return;
  if (ack.echo) undo_threshold_ = 0;
  leave_finished_state(ack);
  switch (state_) {
    case State::recovery: return in_recovery(ack);
    case State::loss: return in_loss(ack);
    default: return in_other_states(ack);
  }
}

void TcpSender::leave_finished_state(const Ack& ack) {
  if (state_ == State::open) {
    first_retransmission_.reset();
  } else if (state_ == State::cwr && board_.first() > high_) {
    end_reduction();
    state_ = State::open;
  } else if (state_ == State::recovery && board_.first() >= high_) {
    try_undo_recovery(ack);
    end_reduction();
  }
}

void TcpSender::in_recovery(Ack& ack) {
  // A hole was filled by a delayed packet and not by its retransmission.
  if (ack.advanced && undo_marker_ && echoes_original(ack)) {
    reordering_seen_ = true;
    if (board_.sent_again() != 0) return;
    undo(true);
    state_ = board_.sacked() + board_.lost() != 0 ? State::disorder : State::open;
    high_ = board_.next();
    return;
  }
  if (try_undo_dsack()) {
    state_ = board_.sacked() + board_.lost() != 0 ? State::disorder : State::open;
    high_ = board_.next();
    return;
  }
  find_losses(ack);
}

void TcpSender::in_loss(Ack& ack) {
  const bool recovered = board_.first() >= high_;
  if (ack.advanced && try_undo_loss(ack, false)) return in_other_states(ack);
  if (frto_) {
    // RFC 5682 §3.1: what arrived was sent before the time-out.
    if (ack.news.original && try_undo_loss(ack, true)) return in_other_states(ack);
    if (board_.next() > high_) {
      if (ack.news.sacked != 0 || (!ack.advanced && !ack.window_changed)) frto_ = false;
    } else if (ack.advanced && !recovered) {
      high_ = board_.next();
      ack.only_new = !stopped_ && window_has_room();  // step 2.b
      if (ack.only_new) return;
      frto_ = false;
    }
  }
  if (recovered) {
    try_undo_recovery(ack);
    return in_other_states(ack);
  }
  const std::uint32_t again = board_.sent_again();
  find_losses(ack);
  if (board_.sent_again() < again) enter_recovery();  // a retransmission was lost
}

void TcpSender::in_other_states(Ack& ack) {
  if (state_ != State::cwr) try_undo_dsack();
  find_losses(ack);
  if (board_.lost() != 0) return enter_recovery();
  if (ack.echo) enter_cwr();
  if (state_ == State::cwr) return;
  const State next =
      board_.sacked() + board_.lost() + board_.sent_again() != 0 ? State::disorder : State::open;
  if (next != state_) high_ = board_.next();
  state_ = next;
}

void TcpSender::find_losses(Ack& ack) {
  if (!board_.advanced()) return;
  board_.set_advanced(false);
  reordering_wait_ = board_.detect(events_.now(), reordering_window(), ack.news.lost);
}

Duration TcpSender::reordering_window() const {
  if (!reordering_seen_) {
    if (state_ == State::recovery || state_ == State::loss) return Duration::zero();
    if (board_.sacked() >= reordering_) return Duration::zero();
  }
  if (!round_trip_.measured()) return Duration::zero();
  return std::min(round_trip_.least() / 4 * window_steps_, round_trip_.smoothed());
}

void TcpSender::enter_recovery() {
  ++counters_.recoveries;
  undo_threshold_ = 0;
  init_undo();
  if (!reducing()) {
    undo_threshold_ = cubic_.threshold();
    undo_window_ = cubic_.window();
    begin_reduction();
  }
  high_ = board_.next();
  state_ = State::recovery;
}

void TcpSender::enter_cwr() {
  if (state_ != State::open && state_ != State::disorder) return;
  ++counters_.marks;
  undo_threshold_ = 0;
  undo_marker_.reset();
  begin_reduction();
  state_ = State::cwr;
}

void TcpSender::begin_reduction() {
  high_ = board_.next();
  probe_end_.reset();
  prior_window_ = cubic_.window();
  prr_delivered_ = prr_sent_ = 0;
  cubic_.reduce();
  announce_cwr_ = config_.ecn;
}

void TcpSender::end_reduction() {
  if (cubic_.threshold() < Cubic::kNoThreshold && (state_ == State::cwr || undo_marker_))
    cubic_.set_window(cubic_.threshold());
}

// RFC 6937 with the bound that Linux uses: slow start towards ssthresh when nothing new is lost.
void TcpSender::reduce_by_prr(std::uint32_t delivered, std::uint32_t lost, bool advanced) {
  if (delivered == 0 || prior_window_ == 0) return;
  const auto threshold = static_cast<std::int64_t>(cubic_.threshold());
  const std::int64_t room = threshold - board_.in_flight();
  prr_delivered_ += delivered;
  const auto sent = static_cast<std::int64_t>(prr_sent_);
  std::int64_t count = 0;
  if (room < 0) {
    count = (threshold * prr_delivered_ + prior_window_ - 1) / prior_window_ - sent;
  } else {
    count = std::max<std::int64_t>(prr_delivered_ - sent, delivered);
    if (advanced && lost == 0) ++count;
    count = std::min(room, count);
  }
  count = std::max<std::int64_t>(count, prr_sent_ == 0 ? 1 : 0);
  cubic_.set_window(static_cast<std::uint32_t>(board_.in_flight() + count));
}

// --- undo

void TcpSender::init_undo() {
  undo_marker_ = board_.first();
  undo_retransmissions_ = board_.sent_again() != 0 ? static_cast<int>(board_.sent_again()) : -1;
}

// RFC 3522 §3.2: the acknowledged packet left before the first retransmission.
bool TcpSender::echoes_original(const Ack& ack) const {
  return first_retransmission_ && ack.echoed_time != 0 && before(ack.echoed_time, *first_retransmission_);
}

bool TcpSender::may_undo(const Ack& ack) const {
  return undo_marker_ && (undo_retransmissions_ == 0 || echoes_original(ack));
}

void TcpSender::undo(bool unmark) {
  if (unmark) board_.unmark();
  if (undo_threshold_ != 0) {
    cubic_.undo(undo_window_, undo_threshold_);
    announce_cwr_ = false;
    ++counters_.undone;
  }
  undo_marker_.reset();
  board_.set_advanced(true);
}

bool TcpSender::try_undo_recovery(const Ack& ack) {
  const bool can = may_undo(ack);
  if (can) {
    undo(false);
  } else if (steps_persist_ != 0) {
    --steps_persist_;
  }
  state_ = State::open;
  return can;
}

bool TcpSender::try_undo_dsack() {
  if (!undo_marker_ || undo_retransmissions_ != 0) return false;
  steps_persist_ = std::min(kStepsPersist, steps_persist_ + 1);
  undo(false);
  return true;
}

bool TcpSender::try_undo_loss(const Ack& ack, bool sure) {
  if (!sure && !may_undo(ack)) return false;
  undo(true);
  frto_ = false;
  expired_ = 0;
  state_ = State::open;
  return true;
}

// --- sending

bool TcpSender::window_has_room() const {
  const std::uint64_t end = (board_.next() + 1) * config_.mss;
  return end <= peer_edge_ && (board_.outstanding() + 1) * config_.mss <= config_.send_buffer;
}

void TcpSender::send_what_fits(bool repairs) {
  bool sent_new = false;
  repairs = repairs && (state_ == State::recovery || state_ == State::loss);
  while (repairs && board_.in_flight() < cubic_.window()) {
    const auto number = board_.to_send_again();
    if (!number) break;
    send_again(*number);
  }
  while (!stopped_ && board_.in_flight() < cubic_.window() && window_has_room()) {
    send_new();
    sent_new = true;
  }
  note_window_use();
  if (sent_new || !timer_.running()) set_timer();
}

// Whether the window limits the sender, as the growth of the window needs it (RFC 7661).
void TcpSender::note_window_use() {
  const bool limited = board_.in_flight() >= cubic_.window();
  const bool larger = !window_limited_ && board_.outstanding() > most_outstanding_;
  if (board_.first() < usage_end_ && !limited && !larger) return;
  window_limited_ = limited;
  most_outstanding_ = board_.outstanding();
  usage_end_ = board_.next();
}

void TcpSender::send_new() {
  board_.send_next(events_.now());
  transmit(board_.next() - 1);
}

void TcpSender::send_again(std::uint64_t number) {
  board_.send_again(events_.now(), number);
  ++counters_.sent_again;
  if (!first_retransmission_) first_retransmission_ = clock();
  if (undo_retransmissions_ < 0) undo_retransmissions_ = 0;
  ++undo_retransmissions_;
  transmit(number);
}

void TcpSender::transmit(std::uint64_t number) {
  ++counters_.sent;
  if (reducing()) ++prr_sent_;
  TcpHeader header;
  header.seq = static_cast<std::uint32_t>(config_.first_seq + number * config_.mss);
  header.timestamp = clock();
  header.echo = peer_time_;
  const bool is_new = !board_.at(number).ever_sent_again;
  if (is_new) header.cwr = std::exchange(announce_cwr_, false);
  send_(header, config_.mss, config_.ecn && is_new);
}

// --- timers

// One timer, as in Linux: the end of the reordering window, or else a tail loss probe, or else the RTO.
void TcpSender::set_timer() {
  if (board_.empty()) {
    wait_ = Wait::none;
    return timer_.cancel();
  }
  constexpr Duration kLeastWait = 2ms;
  if (reordering_wait_ > Duration::zero()) {
    wait_ = Wait::reordering;
    timer_.set(events_.now() + reordering_wait_ + kLeastWait);
    return;
  }
  const Timestamp rto = events_.now() + round_trip_.rto();
  const bool may_probe = (state_ == State::open || state_ == State::cwr) && !probe_end_ && expired_ == 0;
  if (may_probe && round_trip_.measured()) {
    const Duration delayed = board_.outstanding() == 1 ? 200ms : kLeastWait;
    wait_ = Wait::tail_probe;
    timer_.set(std::min(rto, events_.now() + 2 * round_trip_.smoothed() + delayed));
    return;
  }
  wait_ = Wait::rto;
  timer_.set(rto);
}

void TcpSender::on_timer() {
  switch (std::exchange(wait_, Wait::none)) {
    case Wait::none: return;
    case Wait::rto: return on_rto();
    case Wait::tail_probe: return on_tail_probe();
    case Wait::reordering: return on_reordering_timer();
  }
}

void TcpSender::on_reordering_timer() {
  std::uint32_t lost = 0;
  reordering_wait_ = board_.detect(events_.now(), reordering_window(), lost);
  if (lost != 0) {
    if (state_ != State::recovery && state_ != State::loss) enter_recovery();
    if (reducing()) reduce_by_prr(1, lost, false);
  }
  set_timer();
  send_what_fits(true);
}

void TcpSender::on_tail_probe() {
  ++counters_.tail_probes;
  probe_sent_again_ = stopped_ || !window_has_room();
  if (probe_sent_again_) {
    send_again(board_.next() - 1);
  } else {
    send_new();
  }
  probe_end_ = board_.next();
  set_timer();
}

void TcpSender::on_rto() {
  ++counters_.timeouts;
  const bool new_recovery = state_ != State::recovery && state_ != State::loss;
  // The window is reduced once for what was in flight together.
  const bool new_window = state_ == State::open || state_ == State::disorder || board_.first() >= high_ ||
                          (state_ == State::loss && expired_ == 0);
  board_.lose_all(events_.now(), reordering_window());
  reordering_wait_ = {};
  if (new_window) {
    undo_threshold_ = cubic_.threshold();
    undo_window_ = cubic_.window();
    cubic_.reduce();
    init_undo();
  }
  cubic_.on_timeout(board_.in_flight() + 1);
  if (new_recovery && board_.sacked() >= reordering_) reordering_ = 3;
  frto_ = new_recovery || expired_ != 0;
  state_ = State::loss;
  high_ = board_.next();
  probe_end_.reset();
  announce_cwr_ = config_.ecn;
  ++expired_;
  round_trip_.back_off();
  if (const auto number = board_.to_send_again()) send_again(*number);
  set_timer();
}

}  // namespace hawser::sim::inner
