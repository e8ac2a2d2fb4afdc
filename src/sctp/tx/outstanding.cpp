#include "sctp/tx/outstanding.hpp"

#include <algorithm>
#include <cassert>

namespace hawser::sctp::tx {
namespace {

// Enough for a handshake: anyone who knows our public key can make us create an association.
constexpr std::size_t kFirstCapacity = 16;
constexpr std::size_t kFirstBits = 64;         // the least capacity of a bitmap
constexpr std::uint64_t kPacketThreshold = 3;  // RFC 9260 §7.2.4: three missing reports
// With this many gap blocks the receiver may have had no room for more: the smallest packets hold about 120.
constexpr std::size_t kManyBlocks = 100;
// Chunks that one pass of loss detection skips because the SACK had no room for them. The pass after the next
// SACK, or T3-rtx, finds losses behind more of them.
constexpr unsigned kMaxSkipped = 1024;
// Unwrapped TSNs start one turn up, so that the number before the first is above zero.
constexpr std::uint64_t kFirstTurn = std::uint64_t{1} << 32;

}  // namespace

Outstanding::Outstanding(Tsn initial_tsn)
    : ring_(kFirstCapacity),
      unreleased_(kFirstBits),
      never_acked_(kFirstBits),
      queued_(kFirstBits),
      gap_acked_(kFirstBits),
      base_(kFirstTurn + initial_tsn.value()),
      next_(base_),
      queued_hint_(base_) {}

OutChunk& Outstanding::append(OutChunk&& chunk) {
  assert(!full());
  if (next_ - base_ == ring_.size()) grow();
  OutChunk& slot = at(next_);
  slot = std::move(chunk);
  slot.state = OutChunk::State::queued;
  held_bytes_ += slot.payload.size();
  unreleased_.set(next_);
  never_acked_.set(next_);
  queued_.set(next_);
  queued_hint_ = std::min(queued_hint_, next_);
  ++queued_count_;
  ++next_;
  return slot;
}

void Outstanding::grow() {
  std::vector<OutChunk> larger(2 * ring_.size());
  for (std::uint64_t tsn = base_; tsn != next_; ++tsn) larger[tsn & (larger.size() - 1)] = std::move(at(tsn));
  ring_ = std::move(larger);
  if (ring_.size() <= unreleased_.capacity()) return;
  for (RingBitmap* bits : {&unreleased_, &never_acked_, &queued_, &gap_acked_})
    bits->grow(ring_.size(), base_, next_);
}

std::uint64_t Outstanding::next_queued() {
  queued_hint_ = queued_count_ == 0 ? next_ : queued_.find_set(std::max(queued_hint_, base_), next_);
  return queued_count_ == 0 ? path::kNoTsn : queued_hint_;
}

void Outstanding::on_sent(std::uint64_t tsn, path::Path& path, path::PacketNumber packet, Timestamp now) {
  OutChunk& chunk = at(tsn);
  assert(chunk.state == OutChunk::State::queued);
  queued_.clear(tsn);
  --queued_count_;
  chunk.state = OutChunk::State::in_flight;
  chunk.path = &path;
  chunk.packet = packet;
  chunk.sent_at = now;
  chunk.size = path::PacketSize::small;
  if (chunk.transmissions != 255) ++chunk.transmissions;

  path::PathFlight& flight = path.flight;
  chunk.older = flight.newest;
  chunk.newer = path::kNoTsn;
  (flight.newest == path::kNoTsn ? flight.oldest : at(flight.newest).newer) = tsn;
  flight.newest = tsn;
  flight.bytes += chunk.payload.size();
  flight_bytes_ += chunk.payload.size();
  ++flight_chunks_;
}

void Outstanding::abandon(std::uint64_t tsn) {
  OutChunk& chunk = at(tsn);
  assert(chunk.state == OutChunk::State::queued);
  queued_.clear(tsn);
  --queued_count_;
  unreleased_.clear(tsn);
  never_acked_.clear(tsn);
  held_bytes_ -= chunk.payload.size();
  chunk.payload.reset();
  chunk.state = OutChunk::State::abandoned;
}

bool Outstanding::plausible(const SackView& sack) const {
  if (sack.cumulative >= next_) return false;
  const std::uint64_t span = next_ - 1 - sack.cumulative;
  const auto sane = [span](const wire::GapBlockList& blocks) {
    std::uint16_t last_end = 0;  // offset 0 is the cumulative TSN
    return std::all_of(blocks.begin(), blocks.end(), [span, &last_end](const wire::GapBlock& block) {
      const bool ascending = block.start > last_end;
      last_end = block.end;
      return ascending && block.start <= block.end && block.end <= span;
    });
  };
  return sane(sack.gaps) && sane(sack.non_renegable_gaps);
}

std::size_t Outstanding::acknowledge(const SackView& sack, path::PathTable& paths) {
  for (const auto& path : paths) {
    path->flight.acked = {};
    path->flight.acked.flight_before = path->flight.bytes;
  }
  released_now_ = 0;
  const std::uint64_t acknowledged_before = acknowledged_;
  release_block(base_, sack.cumulative, sack.received);
  advance_base(sack.cumulative);
  for (const wire::GapBlock& block : sack.non_renegable_gaps) {
    release_block(sack.cumulative + block.start, sack.cumulative + block.end, sack.received);
  }
  for (const wire::GapBlock& block : sack.gaps) {
    gap_ack_block(sack.cumulative + block.start, sack.cumulative + block.end, sack.received);
  }
  if (gap_acked_count_ != 0) detect_reneging(sack);
  // A SACK that acknowledges nothing new may have been overtaken by a newer one, so its view is not used.
  if (acknowledged_ != acknowledged_before) note_unreported(sack);
  return released_now_;
}

// A full SACK reports the lowest blocks only. TSNs above its last block may have arrived, and an acknowledged
// retransmission (low TSN, sent late) must not make them count as lost. A full NR-SACK of this engine reports
// the lowest and the highest blocks; there, the same applies to the TSNs in the middle.
void Outstanding::note_unreported(const SackView& sack) {
  unreported_after_ = reported_end_ = path::kNoTsn;
  if (sack.gaps.size() + sack.non_renegable_gaps.size() < kManyBlocks) return;
  reported_end_ = sack.cumulative;
  for (const wire::GapBlockList* list : {&sack.gaps, &sack.non_renegable_gaps}) {
    for (const wire::GapBlock& block : *list)
      reported_end_ = std::max(reported_end_, sack.cumulative + block.end);
  }
  const std::size_t middle = sack.non_renegable_gaps.size() / 2;
  if (middle == 0) return;
  unreported_after_ = sack.cumulative + sack.non_renegable_gaps[middle - 1].end;
  unreported_before_ = sack.cumulative + sack.non_renegable_gaps[middle].start;
}

// The peer has these TSNs permanently. Visits only chunks that are not released, a word of the bitmap at a
// time.
void Outstanding::release_block(std::uint64_t first, std::uint64_t last, Timestamp now) {
  std::uint64_t tsn = std::max(first, base_);
  while ((tsn = unreleased_.find_set(tsn, last + 1)) != RingBitmap::kNone) {
    release(tsn, on_acknowledged(tsn, now));
    ++tsn;
  }
}

// The peer has these TSNs, and may renege. Visits only chunks that were never acknowledged. A chunk that the
// peer reneged waits for a final acknowledgement: a peer that acknowledges and reneges in turns would
// otherwise cause a pass over all chunks by each small SACK.
void Outstanding::gap_ack_block(std::uint64_t first, std::uint64_t last, Timestamp now) {
  std::uint64_t tsn = first;
  while ((tsn = never_acked_.find_set(tsn, last + 1)) != RingBitmap::kNone) {
    on_acknowledged(tsn, now).state = OutChunk::State::gap_acked;
    gap_acked_.set(tsn);
    ++gap_acked_count_;
    ++tsn;
  }
}

// Notes the newest packet of the path that was delivered. A retransmission that is acknowledged sooner than
// the lowest round trip does not count: its original arrived, perhaps on another path (RFC 8985 §6.2 step 2),
// which proves nothing about earlier packets of this path.
void Outstanding::note_delivery(const OutChunk& chunk, Timestamp now) {
  path::PathFlight& flight = chunk.path->flight;
  const bool first = chunk.transmissions == 1;
  if (first) flight.acked.unambiguous = true;
  if (first) flight.acked.largest = std::max(flight.acked.largest, chunk.size);
  if (chunk.packet <= flight.largest_acked || (!first && now - chunk.sent_at < chunk.path->rtt.min_rtt()))
    return;
  flight.largest_acked = chunk.packet;
  if (first) flight.acked.rtt_from = chunk.sent_at;
}

// Takes the chunk out of the flight or the queue. The caller sets its next state.
OutChunk& Outstanding::on_acknowledged(std::uint64_t tsn, Timestamp now) {
  OutChunk& chunk = at(tsn);
  never_acked_.clear(tsn);
  if (chunk.state != OutChunk::State::gap_acked) ++acknowledged_;
  if (chunk.state == OutChunk::State::in_flight) {
    path::PathFlight& flight = chunk.path->flight;
    if (flight.oldest == tsn) flight.acked.pseudo_cumulative = true;
    flight.acked.bytes += chunk.payload.size();
    note_delivery(chunk, now);
    unlink(tsn, chunk);
  } else if (chunk.state == OutChunk::State::queued) {
    queued_.clear(tsn);
    --queued_count_;
    if (chunk.transmissions == 1 && chunk.path != nullptr) chunk.path->flight.acked.late_from = chunk.sent_at;
  }
  return chunk;
}

void Outstanding::release(std::uint64_t tsn, OutChunk& chunk) {
  if (chunk.state == OutChunk::State::gap_acked) {
    gap_acked_.clear(tsn);
    --gap_acked_count_;
  }
  unreleased_.clear(tsn);
  released_now_ += chunk.payload.size();
  held_bytes_ -= chunk.payload.size();
  chunk.payload.reset();
  chunk.state = OutChunk::State::released;
}

// RFC 9260 §6.2.1 D iv: a chunk that an earlier SACK reported and this one does not is to be sent again. With
// several paths, a SACK that was overtaken by another also reports less; its highest block is lower.
void Outstanding::detect_reneging(const SackView& sack) {
  const std::size_t blocks = sack.gaps.size();
  const std::uint64_t highest = sack.cumulative + (blocks == 0 ? 0 : sack.gaps[blocks - 1].end);
  if (highest < highest_gap_end_) return;
  highest_gap_end_ = highest;
  std::uint64_t after_block = base_;
  for (const wire::GapBlock& block : sack.gaps) {
    renege(after_block, sack.cumulative + block.start);
    after_block = sack.cumulative + block.end + 1;
  }
  renege(after_block, next_);
}

// No block of the SACK reports the TSNs of [first, last).
void Outstanding::renege(std::uint64_t first, std::uint64_t last) {
  std::uint64_t tsn = first;
  while ((tsn = gap_acked_.find_set(tsn, last)) != RingBitmap::kNone) {
    gap_acked_.clear(tsn);
    --gap_acked_count_;
    mark_lost(tsn, at(tsn));
    ++tsn;
  }
}

void Outstanding::advance_base(std::uint64_t cumulative) {
  base_ = std::max(base_, cumulative + 1);
}

void Outstanding::unlink(std::uint64_t tsn, OutChunk& chunk) {
  path::PathFlight& flight = chunk.path->flight;
  (chunk.older == path::kNoTsn ? flight.oldest : at(chunk.older).newer) = chunk.newer;
  (chunk.newer == path::kNoTsn ? flight.newest : at(chunk.newer).older) = chunk.older;
  assert(flight.bytes >= chunk.payload.size() && flight_chunks_ > 0);
  static_cast<void>(tsn);
  flight.bytes -= chunk.payload.size();
  flight_bytes_ -= chunk.payload.size();
  --flight_chunks_;
}

void Outstanding::mark_lost(std::uint64_t tsn, OutChunk& chunk) {
  chunk.state = OutChunk::State::queued;
  queued_.set(tsn);
  ++queued_count_;
  queued_hint_ = std::min(queued_hint_, tsn);
}

std::size_t Outstanding::detect_losses(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  const Duration round_trip = std::max(path.rtt.latest(), path.rtt.srtt());
  const Duration window = round_trip + std::max<Duration>(round_trip / 8, std::chrono::milliseconds(1));
  std::size_t lost = 0;
  flight.loss_deadline = kNever;
  std::uint64_t next = flight.oldest;
  unsigned skipped = 0;
  while (next != path::kNoTsn) {
    const std::uint64_t tsn = next;
    OutChunk& chunk = at(tsn);
    next = chunk.newer;
    if (chunk.packet >= flight.largest_acked) break;
    if (unreported(tsn)) {
      if (++skipped == kMaxSkipped) break;
      continue;
    }
    if (chunk.packet.value() + kPacketThreshold > flight.largest_acked.value() &&
        chunk.sent_at + window > now) {
      flight.loss_deadline = chunk.sent_at + window;
      break;
    }
    unlink(tsn, chunk);
    mark_lost(tsn, chunk);
    path.pmtu.on_lost(chunk.size, chunk.transmissions);
    ++lost;
    // One reduction per window: packets that left before the last reduction do not count again.
    if (chunk.packet >= flight.recovery_end) {
      path.congestion->on_loss();
      flight.recovery_end = flight.next_packet;
      ++path.counters.fast_recoveries;
    }
  }
  path.counters.data_chunks_lost += lost;
  return lost;
}

void Outstanding::lose_all(path::Path& path) {
  path::PathFlight& flight = path.flight;
  while (flight.oldest != path::kNoTsn) {
    const std::uint64_t tsn = flight.oldest;
    OutChunk& chunk = at(tsn);
    unlink(tsn, chunk);
    mark_lost(tsn, chunk);
    path.pmtu.on_lost(chunk.size, chunk.transmissions);
    ++path.counters.data_chunks_lost;
  }
  flight.loss_deadline = kNever;
  flight.t3 = kNever;
}

void Outstanding::forget(path::Path& path) {
  lose_all(path);
  for (std::uint64_t tsn = base_; (tsn = unreleased_.find_set(tsn, next_)) != RingBitmap::kNone; ++tsn) {
    if (at(tsn).path == &path) at(tsn).path = nullptr;
  }
}

}  // namespace hawser::sctp::tx
