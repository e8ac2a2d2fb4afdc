#include "sctp/tx/partial_reliability.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace hawser::sctp::tx {
namespace {

// Shortest time between two FORWARD TSNs with news.
constexpr Duration kMinInterval = std::chrono::milliseconds(10);

}  // namespace

bool PartialReliability::abandon(std::uint64_t tsn, Outstanding& chunks) {
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
