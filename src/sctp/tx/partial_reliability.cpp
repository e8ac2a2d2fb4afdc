#include "sctp/tx/partial_reliability.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace hawser::sctp::tx {
namespace {

// Shortest time between two FORWARD TSNs with news.
constexpr Duration kMinInterval = std::chrono::milliseconds(10);
// Shortest time between two timers that only abandon messages.
constexpr Duration kAbandonInterval = std::chrono::milliseconds(20);
constexpr unsigned kMostRetransmissions = 253;

}  // namespace

Timestamp PartialReliability::admit(Timestamp now, const SendOptions& options) {
  const bool expires = enabled_ && options.lifetime > Duration{} && options.lifetime < kNever - now;
  limits_used_ |= enabled_ && (expires || options.max_retransmissions.has_value());
  return expires ? now + options.lifetime : kNever;
}

std::uint8_t PartialReliability::max_transmissions(const SendOptions& options) const {
  if (!enabled_ || !options.max_retransmissions) return 0;
  return static_cast<std::uint8_t>(std::min<unsigned>(*options.max_retransmissions, kMostRetransmissions) +
                                   1U);
}

// The chunk that leaves next is considered when it is over, because it keeps the peer's cumulative TSN back;
// the others when they are to be sent.
bool PartialReliability::abandon_stale(Timestamp now, Outstanding& chunks, SendQueue& queue) {
  using Lane = SendQueue::Lane;
  if (!limits_used_) return false;
  std::uint64_t tsn = chunks.next_queued();
  for (; tsn != path::kNoTsn && is_over(chunks.at(tsn), now); tsn = chunks.next_queued())
    abandon(tsn, chunks, queue);
  stale_at_ = tsn == path::kNoTsn ? kNever : chunks.at(tsn).expires;
  for (const Lane lane : {Lane::realtime, Lane::queued, Lane::bulk}) drop_stale(now, lane, queue);
  // Messages that were sent one after another expire one after another; one timer serves many of them.
  if (abandoned_any_) not_before_ = now + kAbandonInterval;
  stale_at_ = std::max(stale_at_, not_before_);
  return std::exchange(abandoned_any_, false);
}

// Messages of which no part was sent need no TSN.
void PartialReliability::drop_stale(Timestamp now, SendQueue::Lane lane, SendQueue& queue) {
  const SendQueue::Pending* first = queue.unsent(lane);
  for (; first != nullptr && first->stale(now); first = queue.unsent(lane)) {
    queue.discard(lane);
    ++messages_abandoned_;
    abandoned_any_ = true;
  }
  if (first != nullptr) stale_at_ = std::min(stale_at_, first->expires);
}

void PartialReliability::abandon(std::uint64_t tsn, Outstanding& chunks, SendQueue& queue) {
  abandoned_any_ = true;
  if (abandon_fragments(tsn, chunks)) queue.doom_rest();
  advance(chunks);
}

// True: a part of the message has no TSN yet.
bool PartialReliability::abandon_fragments(std::uint64_t tsn, Outstanding& chunks) {
  if (chunks.at(tsn).doomed) {
    chunks.abandon(tsn);
    return false;
  }
  ++messages_abandoned_;
  std::uint64_t first = tsn;
  while (!chunks.at(first).begin && first - 1 > chunks.cumulative()) --first;
  for (std::uint64_t each = first; each < chunks.next_tsn(); ++each) {
    OutChunk& fragment = chunks.at(each);
    fragment.doomed = true;
    if (fragment.state == OutChunk::State::queued) chunks.abandon(each);
    if (fragment.end) return false;
  }
  return true;
}

// The point moves over abandoned chunks, and over those that the peer has permanently; it ends with an
// abandoned one.
void PartialReliability::advance(Outstanding& chunks) {
  if (!limits_used_) return;
  cumulative_ = chunks.cumulative();
  if (!skipped_.empty())
    std::erase_if(skipped_, [this](const Skipped& each) { return each.tsn <= cumulative_; });
  for (scanned_ = std::max(scanned_, cumulative_ + 1); scanned_ < chunks.next_tsn(); ++scanned_) {
    const OutChunk& chunk = chunks.at(scanned_);
    if (chunk.state == OutChunk::State::released) continue;
    if (chunk.state != OutChunk::State::abandoned || !note(scanned_, chunk)) return;
    point_ = scanned_;
  }
}

// False: there is no room for another stream.
bool PartialReliability::note(std::uint64_t tsn, const OutChunk& chunk) {
  if (chunk.unordered) return true;
  const auto known =
      std::ranges::find(skipped_, chunk.stream, [](const Skipped& each) { return each.last.stream; });
  if (known == skipped_.end()) {
    if (skipped_.size() == kMaxStreams) return false;
    skipped_.push_back({{chunk.stream, chunk.ssn}, tsn});
  } else {
    *known = {{chunk.stream, chunk.ssn}, tsn};
  }
  return true;
}

Timestamp PartialReliability::next_at() const {
  if (point_ <= cumulative_) return kNever;
  return point_ > sent_point_ ? again_at_ : retry_at_;
}

void PartialReliability::write(ByteWriter& writer) const {
  std::array<wire::SkippedStream, kMaxStreams> streams;
  std::size_t count = 0;
  for (const Skipped& each : skipped_) streams[count++] = each.last;
  wire::ForwardTsnChunk::write(writer, wire_tsn(point_),
                               std::span<const wire::SkippedStream>(streams).first(count));
}

void PartialReliability::on_sent(Timestamp now, const path::Path& path) {
  sent_point_ = point_;
  again_at_ = now + std::max(kMinInterval, path.rtt.srtt());
  retry_at_ = now + path.rtt.rto();
}

}  // namespace hawser::sctp::tx
