#include "sctp/tx/copies.hpp"

#include <algorithm>

namespace hawser::sctp::tx {

void add_chunk(PacketBuilder& packet, std::uint64_t tsn, const OutChunk& chunk, bool immediate) {
  packet.add_data({immediate, chunk.unordered, chunk.begin, chunk.end, wire_tsn(tsn), chunk.stream, chunk.ssn,
                   chunk.ppid, chunk.payload.bytes()});
  packet.set_dscp(chunk.dscp);
}

void Copies::push(std::uint64_t tsn, Timestamp now) {
  if (waiting_.size() == kMax) waiting_.drop_front();
  waiting_.push_back({tsn, now});
}

void Copies::on_sent(const Outstanding& outstanding, std::uint64_t first, std::uint64_t end, Timestamp now) {
  const bool all = scheduling_ == Scheduling::redundant_all;
  if (!all && scheduling_ != Scheduling::redundant) return;
  for (std::uint64_t tsn = first; tsn != end; ++tsn) {
    if (all || outstanding.at(tsn).urgent) push(tsn, now);
  }
}

void Copies::on_window_full(const Outstanding& outstanding, const path::Path& path, Timestamp now) {
  if (!waiting_.empty()) return;
  std::uint64_t tsn = path.flight.oldest;
  for (std::size_t i = 0; i < kAtOnce && tsn != path::kNoTsn; ++i) {
    if (!outstanding.at(tsn).copied) push(tsn, now);
    tsn = outstanding.sent_after(tsn);
  }
}

const path::Path* Copies::window_holder(const Outstanding& outstanding) {
  if (outstanding.empty()) return nullptr;
  const OutChunk& chunk = outstanding.at(outstanding.cumulative() + 1);
  return chunk.state == OutChunk::State::in_flight && !chunk.copied ? chunk.path : nullptr;
}

const path::Path* Copies::next(const Outstanding& outstanding, Timestamp now) {
  for (; !waiting_.empty(); waiting_.drop_front()) {
    const Copy& copy = waiting_.front();
    if (copy.tsn <= outstanding.cumulative()) continue;
    const OutChunk& chunk = outstanding.at(copy.tsn);
    if (chunk.state == OutChunk::State::in_flight && now - copy.since <= kMaxWait) return chunk.path;
  }
  return nullptr;
}

// What the acknowledgement of a copied chunk shows about its own path is ambiguous from now on.
std::size_t Copies::fill(Outstanding& outstanding, PacketBuilder& packet, path::Path& path, Timestamp now) {
  std::size_t added = 0;
  for (const path::Path* own = next(outstanding, now); own != nullptr && own != &path;
       own = next(outstanding, now)) {
    const std::uint64_t tsn = waiting_.front().tsn;
    OutChunk& chunk = outstanding.at(tsn);
    if (!packet.accepts_dscp(chunk.dscp)) break;
    if (!packet.fits(wire::ChunkType::kData, wire::kDataHeaderSize + chunk.payload.size())) break;
    add_chunk(packet, tsn, chunk, chunk.immediate);
    chunk.copied = true;
    chunk.lost_packet = {};
    chunk.transmissions = std::max<std::uint8_t>(chunk.transmissions, 2);
    waiting_.drop_front();
    ++path.counters.data_chunks_copied;
    ++added;
  }
  return added;
}

}  // namespace hawser::sctp::tx
