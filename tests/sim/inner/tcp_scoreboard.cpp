#include "sim/inner/tcp_scoreboard.hpp"

#include <algorithm>
#include <iterator>

namespace hawser::sim::inner {

void TcpScoreboard::transmit(Timestamp now, std::uint64_t number) {
  Segment& sent = segment(number);
  sent.sent = now;
  sent.order = ++orders_;
  sent.delivered = delivered_;
  by_time_.push_back({sent.order, number});
}

void TcpScoreboard::send_next(Timestamp now) {
  segments_.emplace_back();
  transmit(now, next() - 1);
}

void TcpScoreboard::send_again(Timestamp now, std::uint64_t number) {
  Segment& again = segment(number);
  if (!again.sent_again) ++again_;
  again.sent_again = again.ever_sent_again = true;
  transmit(now, number);
}

// --- arrivals

// RFC 8985 §6.2 step 2: the newest transmission that arrived. An acknowledgement sooner than any round trip
// belongs to the first transmission.
void TcpScoreboard::deliver(Timestamp now, const Segment& arrived, News& news) {
  ++news.delivered;
  ++delivered_;
  if (arrived.order > news.newest_order) {
    news.newest_order = arrived.order;
    news.prior_delivered = arrived.delivered;
  }
  const Duration rtt = now - arrived.sent;
  if (arrived.ever_sent_again && rtt < least_rtt_) return;
  advanced_ = true;
  rack_rtt_ = rtt;
  if (arrived.order > rack_order_) {
    rack_order_ = arrived.order;
    rack_sent_ = arrived.sent;
  }
}

void TcpScoreboard::acknowledge(Timestamp now, std::uint64_t number, std::uint64_t watch, News& news) {
  for (; first_ < number && !segments_.empty(); ++first_) {
    const Segment arrived = segments_.front();
    ++news.acked;
    if (arrived.sacked) --sacked_;
    if (arrived.lost) --lost_;
    if (arrived.sent_again) --again_;
    if (arrived.ever_sent_again) {
      news.sent_again = true;
    } else if (!arrived.sacked) {
      if (!news.oldest_sent) news.oldest_sent = arrived.sent;
      news.newest_sent = arrived.sent;
      news.original = news.original || first_ < watch;
      if (first_ < highest_sacked_ && !news.overtaken) news.overtaken = first_;
    }
    if (!arrived.sacked) deliver(now, arrived, news);
    segments_.pop_front();
  }
  lost_from_ = std::max(lost_from_, first_);
  while (!ranges_.empty() && ranges_.begin()->first < first_) {
    const std::uint64_t end = ranges_.begin()->second;
    ranges_.erase(ranges_.begin());
    if (end > first_) ranges_[first_] = end;
  }
}

void TcpScoreboard::sack_one(Timestamp now, std::uint64_t number, std::uint64_t watch, News& news) {
  Segment& arrived = segment(number);
  if (arrived.sacked) return;
  arrived.sacked = true;
  ++sacked_;
  ++news.sacked;
  if (!arrived.ever_sent_again) {
    if (number < highest_sacked_ && (!news.overtaken || number < *news.overtaken)) news.overtaken = number;
    if (number < watch) news.original = true;
    if (!news.sacked_sent) news.sacked_sent = arrived.sent;
  }
  if (arrived.lost) --lost_;
  if (arrived.sent_again) --again_;
  arrived.lost = arrived.sent_again = false;
  deliver(now, arrived, news);
}

void TcpScoreboard::sack(Timestamp now, std::uint64_t begin, std::uint64_t end, std::uint64_t watch,
                         News& news) {
  begin = std::max(begin, first_);
  end = std::min(end, next());
  if (begin >= end) return;
  // Only what no known range covers is visited.
  std::uint64_t at = begin;
  auto range = ranges_.upper_bound(begin);
  if (range != ranges_.begin() && std::prev(range)->second >= begin) {
    --range;
    at = std::max(at, range->second);
    begin = range->first;
    end = std::max(end, range->second);
    range = ranges_.erase(range);
  }
  while (range != ranges_.end() && range->first <= end) {
    for (; at < range->first; ++at) sack_one(now, at, watch, news);
    at = std::max(at, range->second);
    end = std::max(end, range->second);
    range = ranges_.erase(range);
  }
  for (; at < end; ++at) sack_one(now, at, watch, news);
  ranges_[begin] = end;
  highest_sacked_ = std::max(highest_sacked_, end);
}

// --- losses

void TcpScoreboard::mark_lost(std::uint64_t number) {
  Segment& gone = segment(number);
  if (gone.sent_again) --again_;
  gone.sent_again = false;
  if (!gone.lost) ++lost_;
  gone.lost = true;
  lost_from_ = std::min(lost_from_, number);
}

Duration TcpScoreboard::detect(Timestamp now, Duration window, std::uint32_t& lost) {
  Duration wait{};
  bool front = true;
  for (std::size_t i = 0; i < by_time_.size();) {
    const Sent sent = by_time_[i];
    const bool known = sent.number >= first_ && segment(sent.number).order == sent.order;
    const bool open = known && !segment(sent.number).sacked &&
                      !(segment(sent.number).lost && !segment(sent.number).sent_again);
    if (open && sent.order >= rack_order_) break;
    if (open) {
      const Duration left = segment(sent.number).sent + rack_rtt_ + window - now;
      if (left > Duration::zero()) {
        wait = std::max(wait, left);
        front = false;
        ++i;
        continue;
      }
      mark_lost(sent.number);
      ++lost;
    }
    if (front) {
      by_time_.pop_front();
    } else {
      ++i;
    }
  }
  return wait;
}

void TcpScoreboard::lose_all(Timestamp now, Duration window) {
  for (std::uint64_t number = first_; number < next(); ++number) {
    const Segment& each = segment(number);
    if (each.sacked || (each.lost && !each.sent_again)) continue;
    if (number != first_ && each.sent + rack_rtt_ + window > now) continue;
    mark_lost(number);
  }
}

void TcpScoreboard::unmark() {
  for (Segment& each : segments_) each.lost = false;
  lost_ = 0;
}

std::optional<std::uint64_t> TcpScoreboard::to_send_again() {
  if (lost_ == 0) return std::nullopt;
  for (; lost_from_ < next(); ++lost_from_) {
    const Segment& each = segment(lost_from_);
    if (each.lost && !each.sent_again && !each.sacked) return lost_from_;
  }
  return std::nullopt;
}

}  // namespace hawser::sim::inner
