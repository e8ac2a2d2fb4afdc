#include "sim/inner/tcp_receiver.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDelay = 40ms;
constexpr unsigned kQuick = 16;
constexpr unsigned kGapAcksAtOnce = 3;
constexpr unsigned kMostCompressed = 44;

}  // namespace

TcpReceiver::TcpReceiver(EventQueue& events, const Config& config, Send send)
    : events_(events),
      config_(config),
      send_(std::move(send)),
      delayed_(events, [this] { acknowledge(); }),
      compressed_(events, [this] { acknowledge(); }),
      next_(config.first_seq),
      acknowledged_(next_),
      edge_(next_ + kFirstWindow),
      round_begin_(next_),
      round_start_(events.now()),
      round_bytes_(10 * config.mss) {}

std::uint32_t TcpReceiver::clock() const {
  return static_cast<std::uint32_t>(events_.now().time_since_epoch() / 1ms);
}

void TcpReceiver::on_segment(const TcpHeader& header, std::size_t payload, Ecn ecn) {
  if (payload == 0) return;
  const std::uint64_t begin = expand(header.seq, next_);
  const std::uint64_t end = begin + payload;
  if (header.cwr) congestion_experienced_ = false;
  if (config_.ecn && ecn == Ecn::ce) congestion_experienced_ = true;
  if (begin <= acknowledged_) recent_timestamp_ = header.timestamp;
  measure_round_trip(header.echo);
  if (end <= next_) {
    note_duplicate(begin, end);
    return acknowledge();
  }
  if (end > edge_) return acknowledge();  // beyond the window
  if (begin > next_) {
    ++out_of_order_;
    store(begin, end);
    return acknowledge_gap();
  }
  const bool had_gap = !waiting_.empty();
  advance(end);
  size_window();
  if (had_gap && waiting_.empty()) return acknowledge();
  return waiting_.empty() ? acknowledge_later() : acknowledge_gap();
}

void TcpReceiver::note_duplicate(std::uint64_t begin, std::uint64_t end) {
  ++duplicates_;
  duplicate_pending_ = true;
  duplicate_ = {begin, end};
  quick_ = kQuick;
  at_once_ = true;
}

// Adds a range after a gap and joins it with its neighbours.
void TcpReceiver::store(std::uint64_t begin, std::uint64_t end) {
  auto after = waiting_.upper_bound(begin);
  if (after != waiting_.begin()) {
    const auto before = std::prev(after);
    if (before->second >= end) return note_duplicate(begin, end);
    if (before->second >= begin) {
      begin = before->first;
      waiting_bytes_ -= before->second - before->first;
      after = waiting_.erase(before);
    }
  }
  while (after != waiting_.end() && after->first <= end) {
    end = std::max(end, after->second);
    waiting_bytes_ -= after->second - after->first;
    after = waiting_.erase(after);
  }
  waiting_[begin] = end;
  waiting_bytes_ += end - begin;
  remember(begin);
}

void TcpReceiver::remember(std::uint64_t begin) {
  std::array<std::uint64_t, 4> kept{begin};
  std::size_t count = 1;
  for (std::size_t i = 0; i < recent_count_ && count < kept.size(); ++i) {
    const auto known = waiting_.find(recent_[i]);
    if (known != waiting_.end() && recent_[i] != begin) kept[count++] = recent_[i];
  }
  recent_ = kept;
  recent_count_ = count;
}

void TcpReceiver::advance(std::uint64_t end) {
  const std::uint64_t before = next_;
  next_ = end;
  while (!waiting_.empty() && waiting_.begin()->first <= next_) {
    const auto [begin, stop] = *waiting_.begin();
    waiting_bytes_ -= stop - begin;
    next_ = std::max(next_, stop);
    waiting_.erase(waiting_.begin());
  }
  if (on_data) on_data(next_ - before);
}

// --- the window

void TcpReceiver::measure_round_trip(std::uint32_t echo) {
  if (echo == last_echo_ || echo == 0) return;
  last_echo_ = echo;
  const double sample = std::max<double>(1, clock() - echo);
  round_trip_ = round_trip_ == 0 ? sample : round_trip_ + (sample - round_trip_) / 8;
}

// Once in a round trip: room for twice what arrived in it, and for its growth.
void TcpReceiver::size_window() {
  const std::chrono::duration<double, std::milli> passed = events_.now() - round_start_;
  if (round_trip_ == 0 || passed.count() < round_trip_) return;
  const std::uint64_t copied = next_ - round_begin_;
  if (copied > round_bytes_) {
    std::uint64_t wanted = 2 * copied + 16 * config_.mss;
    wanted += 2 * (wanted * (copied - round_bytes_) / round_bytes_);
    window_ = std::min(config_.largest_window, std::max(window_, wanted));
    round_bytes_ = copied;
  }
  round_begin_ = next_;
  round_start_ = events_.now();
}

// --- acknowledgements

void TcpReceiver::acknowledge_later() {
  if (next_ - acknowledged_ > config_.mss || quick_ > 0 || at_once_) return acknowledge();
  if (!delayed_.running()) delayed_.set(events_.now() + kDelay);
}

void TcpReceiver::acknowledge_gap() {
  if (at_once_ || compressed_acks_ >= kMostCompressed) return acknowledge();
  if (gap_at_ != next_) {
    gap_at_ = next_;
    gap_acks_ = 0;
  }
  if (gap_acks_ < kGapAcksAtOnce) {
    ++gap_acks_;
    return acknowledge();
  }
  ++compressed_acks_;
  if (compressed_.running()) return;
  const std::chrono::duration<double, std::milli> share(round_trip_ / 20);
  compressed_.set(events_.now() + std::min<Duration>(1ms, std::chrono::duration_cast<Duration>(share)));
}

void TcpReceiver::acknowledge() {
  delayed_.cancel();
  compressed_.cancel();
  compressed_acks_ = 0;
  at_once_ = false;
  if (quick_ > 0) --quick_;
  acknowledged_ = next_;
  const std::uint64_t room = window_ > waiting_bytes_ ? window_ - waiting_bytes_ : 0;
  edge_ = std::max(edge_, next_ + room);
  TcpHeader header;
  header.acks = true;
  header.ack = static_cast<std::uint32_t>(next_);
  header.window =
      static_cast<std::uint16_t>(std::min<std::uint64_t>((edge_ - next_) >> kWindowScale, 0xffff));
  header.timestamp = clock();
  header.echo = recent_timestamp_;
  header.ece = congestion_experienced_;
  put_sacks(header);
  send_(header);
}

void TcpReceiver::put_sacks(TcpHeader& header) {
  const auto put = [&header](std::uint64_t begin, std::uint64_t end) {
    header.sacks[header.sack_count++] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  };
  if (std::exchange(duplicate_pending_, false)) put(duplicate_.begin, duplicate_.end);
  for (std::size_t i = 0; i < recent_count_ && header.sack_count < TcpHeader::kMaxSacks; ++i) {
    if (const auto range = waiting_.find(recent_[i]); range != waiting_.end())
      put(range->first, range->second);
  }
}

}  // namespace hawser::sim::inner
