#include "sctp/tx/outstanding.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "sctp/path/loose_packets.hpp"

namespace hawser::sctp::tx {
namespace {

// Enough for a handshake: anyone who knows our public key can make us create an association.
constexpr std::size_t kFirstCapacity = 16;
constexpr std::size_t kFirstBits = 64;  // the least capacity of a bitmap
// Chunks that are lost by time within this span are found together.
constexpr Duration kTimerSlack = std::chrono::milliseconds(1);
constexpr std::uint64_t kPacketThreshold = 3;  // RFC 9260 §7.2.4: three missing reports
// With this many gap blocks the receiver may have had no room for more: the smallest packets hold about 120.
constexpr std::size_t kManyBlocks = 100;
// Chunks that one pass of loss detection skips because the SACK had no room for them. The pass after the next
// SACK, or T3-rtx, finds losses behind more of them.
constexpr unsigned kMaxSkipped = 1024;
// Unwrapped TSNs start one turn up, so that the number before the first is above zero.
constexpr std::uint64_t kFirstTurn = std::uint64_t{1} << 32;

// How long a packet and its acknowledgement take now. The newest packet alone may be one that overtook many.
Duration expected_round_trip(const path::Path& path) {
  return std::max(path.flight.rtt_of_largest, path.rtt.srtt());
}

// Whether the chunk, sent more than once, may have arrived in an earlier packet. Without PATH ACKs, where its
// packet has no record, only time tells.
bool ambiguous(const OutChunk& chunk, const path::SentPacket* packet, Timestamp now) {
  const Duration usual = chunk.path->rtt.srtt();
  return (packet == nullptr || packet->record == 0) && now - chunk.sent_at < usual - usual / 4;
}

// No acknowledgement comes back sooner. The way back may be that of another path, so the round trip of the
// path itself is no bound.
Duration shortest_round_trip(path::PathTable& paths) {
  Duration shortest = Duration::max();
  for (const auto& path : paths) {
    if (path->lifecycle.active()) shortest = std::min(shortest, path->rtt.lowest());
  }
  return shortest == Duration::max() ? Duration::zero() : shortest;
}

// The packet with the chunk that was declared lost has arrived: the path only reorders.
void note_late_arrival(OutChunk& chunk, path::PathTable& paths, Timestamp now) {
  if (chunk.lost_packet == path::PacketNumber{}) return;
  const path::PacketNumber number = std::exchange(chunk.lost_packet, {});
  path::Path* path = paths.find(chunk.lost_path);
  if (path == nullptr) return;
  path::PathFlight& flight = path->flight;
  const path::SentPacket* packet = flight.sent.find(number);
  if (packet == nullptr) return;
  flight.rate.on_delivered(packet->bytes);
  if (number < flight.largest_acked) {
    // A report of a duplicate may follow long after.
    const Duration late = chunk.acked_at - packet->sent_at - expected_round_trip(*path);
    if (late > Duration::zero()) flight.reorder.on_late_arrival(now, late);
  }
  ++path->counters.spurious_losses;
  path::PathFlight::Reduction& reduction = flight.reduction;
  if (number < reduction.first) return;
  if (++reduction.arrived >= reduction.lost) flight.acked.all_losses_arrived = true;
}

}  // namespace

Outstanding::Outstanding(Tsn initial_tsn)
    : ring_(kFirstCapacity),
      unreleased_(kFirstBits),
      never_acked_(kFirstBits),
      queued_(kFirstBits),
      urgent_queued_(kFirstBits),
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
  slot.copied = false;
  held_bytes_ += slot.payload.size();
  unreleased_.set(next_);
  never_acked_.set(next_);
  enqueue(next_, slot);
  ++next_;
  return slot;
}

void Outstanding::enqueue(std::uint64_t tsn, const OutChunk& chunk) {
  queued_.set(tsn);
  ++queued_count_;
  queued_hint_ = std::min(queued_hint_, tsn);
  if (!chunk.urgent) return;
  urgent_queued_.set(tsn);
  ++urgent_queued_count_;
}

void Outstanding::dequeue(std::uint64_t tsn, const OutChunk& chunk) {
  queued_.clear(tsn);
  --queued_count_;
  if (!chunk.urgent) return;
  urgent_queued_.clear(tsn);
  --urgent_queued_count_;
}

void Outstanding::grow() {
  std::vector<OutChunk> larger(2 * ring_.size());
  for (std::uint64_t tsn = base_; tsn != next_; ++tsn) larger[tsn & (larger.size() - 1)] = std::move(at(tsn));
  ring_ = std::move(larger);
  if (ring_.size() <= unreleased_.capacity()) return;
  for (RingBitmap* bits : {&unreleased_, &never_acked_, &queued_, &urgent_queued_, &gap_acked_})
    bits->grow(ring_.size(), base_, next_);
}

void Outstanding::trim() {
  if (!empty() || ring_.size() == kFirstCapacity) return;
  ring_ = std::vector<OutChunk>(kFirstCapacity);
  for (RingBitmap* bits : {&unreleased_, &never_acked_, &queued_, &urgent_queued_, &gap_acked_})
    *bits = RingBitmap(kFirstBits);
}

std::uint64_t Outstanding::next_queued() {
  if (urgent_queued_count_ != 0) return urgent_queued_.find_set(base_, next_);
  queued_hint_ = queued_count_ == 0 ? next_ : queued_.find_set(std::max(queued_hint_, base_), next_);
  return queued_count_ == 0 ? path::kNoTsn : queued_hint_;
}

void Outstanding::on_sent(std::uint64_t tsn, path::Path& path, path::PacketNumber packet, Timestamp now) {
  OutChunk& chunk = at(tsn);
  assert(chunk.state == OutChunk::State::queued);
  dequeue(tsn, chunk);
  chunk.packet = packet;
  chunk.sent_at = now;
  link(tsn, chunk, path);
}

// Appends the chunk to the list of its path.
void Outstanding::link(std::uint64_t tsn, OutChunk& chunk, path::Path& path) {
  chunk.state = OutChunk::State::in_flight;
  chunk.path = &path;
  chunk.size = path::PacketSize::small;
  if (chunk.transmissions != 255) ++chunk.transmissions;
  path::PathFlight& flight = path.flight;
  chunk.older = flight.newest;
  chunk.newer = path::kNoTsn;
  (flight.newest == path::kNoTsn ? flight.oldest : at(flight.newest).newer) = tsn;
  flight.newest = tsn;
  flight_bytes_ += chunk.payload.size();
  ++flight_chunks_;
}

void Outstanding::abandon(std::uint64_t tsn) {
  OutChunk& chunk = at(tsn);
  assert(chunk.state == OutChunk::State::queued);
  dequeue(tsn, chunk);
  unreleased_.clear(tsn);
  never_acked_.clear(tsn);
  held_bytes_ -= chunk.payload.size();
  chunk.payload.reset();
  chunk.path = nullptr;
  chunk.state = OutChunk::State::abandoned;
}

void Outstanding::resend(std::uint64_t tsn, path::PacketNumber packet, Timestamp now) {
  OutChunk& chunk = at(tsn);
  path::Path& path = *chunk.path;
  unlink(chunk);
  path.flight.take_out(chunk.packet);
  chunk.packet = packet;
  chunk.sent_at = now;
  link(tsn, chunk, path);
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

bool Outstanding::reports_less(const SackView& sack) const {
  std::size_t reported = 0;
  for (const wire::GapBlock& block : sack.gaps) reported += std::size_t{block.end} - block.start + 1U;
  return reported < gap_acked_count_;
}

std::size_t Outstanding::acknowledge(const SackView& sack, path::PathTable& paths) {
  for (const auto& path : paths) {
    path->flight.acked = {};
    path->flight.acked.flight_before = path->flight.bytes;
    path->flight.acked.largest_before = path->flight.largest_acked;
  }
  released_now_ = 0;
  prompt_ = sack.prompt;
  shortest_round_trip_ = shortest_round_trip(paths);
  const std::uint64_t acknowledged_before = acknowledged_;
  release_block(base_, sack.cumulative, paths, sack.received);
  base_ = std::max(base_, sack.cumulative + 1);
  for (const wire::GapBlock& block : sack.non_renegable_gaps) {
    release_block(sack.cumulative + block.start, sack.cumulative + block.end, paths, sack.received);
  }
  for (const wire::GapBlock& block : sack.gaps) {
    gap_ack_block(sack.cumulative + block.start, sack.cumulative + block.end, paths, sack.received);
  }
  if (gap_acked_count_ != 0) detect_reneging(sack);
  for (const auto& path : paths) {
    if (path->flight.loose != 0) settled_ += path::settle_loose(*path, sack.received);
    forget_delivered(*path);
  }
  // A SACK that acknowledges nothing new may have been overtaken by a newer one, so its view is not used.
  if (acknowledged_ != acknowledged_before) note_unreported(sack);
  return released_now_;
}

// Packets before the oldest one in flight need not be remembered, but for a while, because they may turn out
// to be late and not lost.
void Outstanding::forget_delivered(path::Path& path) {
  path::PathFlight& flight = path.flight;
  path::PacketNumber oldest = flight.oldest == path::kNoTsn ? flight.sent.next() : at(flight.oldest).packet;
  if (flight.loose != 0) oldest = std::min(oldest, flight.first_loose);
  flight.sent.forget_before(oldest);
}

// A full SACK that does not state its coverage reports the lowest blocks only. TSNs above its last block may
// have arrived, and an acknowledged retransmission (low TSN, sent late) must not make them count as lost.
void Outstanding::note_unreported(const SackView& sack) {
  reported_end_ = path::kNoTsn;
  if (!sack.may_be_cut || sack.gaps.size() + sack.non_renegable_gaps.size() < kManyBlocks) return;
  reported_end_ = sack.cumulative;
  for (const wire::GapBlockList* list : {&sack.gaps, &sack.non_renegable_gaps}) {
    for (const wire::GapBlock& block : *list)
      reported_end_ = std::max(reported_end_, sack.cumulative + block.end);
  }
}

// The peer has these TSNs permanently. Visits only chunks that are not released, a word of the bitmap at a
// time.
void Outstanding::release_block(std::uint64_t first, std::uint64_t last, path::PathTable& paths,
                                Timestamp now) {
  std::uint64_t tsn = std::max(first, base_);
  while ((tsn = unreleased_.find_set(tsn, last + 1)) != RingBitmap::kNone) {
    release(tsn, on_acknowledged(tsn, paths, now));
    ++tsn;
  }
}

// The peer has these TSNs, and may renege. Visits only chunks that were never acknowledged. A chunk that the
// peer reneged waits for a final acknowledgement: a peer that acknowledges and reneges in turns would
// otherwise cause a pass over all chunks by each small SACK.
void Outstanding::gap_ack_block(std::uint64_t first, std::uint64_t last, path::PathTable& paths,
                                Timestamp now) {
  std::uint64_t tsn = first;
  while ((tsn = never_acked_.find_set(tsn, last + 1)) != RingBitmap::kNone) {
    on_acknowledged(tsn, paths, now).state = OutChunk::State::gap_acked;
    gap_acked_.set(tsn);
    ++gap_acked_count_;
    ++tsn;
  }
}

// Takes the chunk out of the flight or the queue. The caller sets its next state.
OutChunk& Outstanding::on_acknowledged(std::uint64_t tsn, path::PathTable& paths, Timestamp now) {
  OutChunk& chunk = at(tsn);
  never_acked_.clear(tsn);
  if (chunk.state != OutChunk::State::gap_acked) {
    ++acknowledged_;
    chunk.acked_at = now;
  }
  if (chunk.state == OutChunk::State::in_flight) {
    path::PathFlight& flight = chunk.path->flight;
    if (flight.oldest == tsn) flight.acked.pseudo_cumulative = true;
    flight.acked.any = true;
    const bool early = chunk.transmissions > 1 && has_not_arrived(chunk, now);
    if (early && chunk.copied) flight.make_loose(chunk.packet);
    const std::size_t bytes = early && chunk.copied ? 0 : flight.take_out(chunk.packet);
    if (early) {
      note_late_arrival(chunk, paths, now);
    } else {
      flight.acked.bytes += bytes;
      flight.rate.on_delivered(bytes);
      note_delivery(chunk, now);
    }
    unlink(chunk);
  } else if (chunk.state == OutChunk::State::queued) {
    dequeue(tsn, chunk);
    if (chunk.transmissions == 1 && chunk.path != nullptr) chunk.path->flight.acked.late_from = chunk.sent_at;
    note_late_arrival(chunk, paths, now);
  }
  return chunk;
}

// Whether the chunk that is acknowledged arrived earlier, and not in the packet in which it was sent last
// (RFC 8985 §6.2 step 2): that packet is newer than all that the peer reports for its path, or a
// retransmission cannot be acknowledged so soon.
bool Outstanding::has_not_arrived(const OutChunk& chunk, Timestamp now) const {
  path::PathFlight& flight = chunk.path->flight;
  const path::SentPacket* packet = flight.sent.find(chunk.packet);
  if (packet != nullptr && packet->record > flight.reported_record) return true;
  return now - chunk.sent_at < shortest_round_trip_ || (chunk.copied && ambiguous(chunk, packet, now));
}

// Notes the newest packet of the path that was delivered, and how much later than that an older one was.
void Outstanding::note_delivery(const OutChunk& chunk, Timestamp now) const {
  path::PathFlight& flight = chunk.path->flight;
  const bool first = chunk.transmissions == 1;
  const path::SentPacket* packet = flight.sent.find(chunk.packet);
  const bool seen = packet != nullptr && packet->record != 0 && packet->record == flight.reported_record;
  if (first || seen) flight.acked.unambiguous = true;
  if (first) flight.acked.largest = std::max(flight.acked.largest, chunk.size);
  if (first && packet != nullptr && chunk.size != path::PacketSize::small)
    flight.acked.largest_bytes = std::max<std::size_t>(flight.acked.largest_bytes, packet->bytes);
  flight.acked.newest = std::max(flight.acked.newest, chunk.packet);
  if (first && prompt_ && chunk.packet < flight.acked.largest_before) {
    const Duration late = now - chunk.sent_at - expected_round_trip(*chunk.path);
    if (late > Duration::zero()) flight.reorder.on_late_arrival(now, late);
  }
  if (chunk.packet <= flight.largest_acked || (!first && ambiguous(chunk, packet, now))) return;
  flight.largest_acked = chunk.packet;
  flight.rtt_of_largest = now - chunk.sent_at;
  if (first) flight.acked.rtt_from = chunk.sent_at;
}

void Outstanding::on_duplicate(std::uint64_t tsn, path::PathTable& paths, Timestamp now) {
  // The slot of a TSN that is released keeps its fields until the ring comes round to it.
  if (tsn >= next_ || tsn + ring_.size() < next_) return;
  OutChunk& chunk = at(tsn);
  if (chunk.transmissions > 1 && chunk.state == OutChunk::State::released)
    note_late_arrival(chunk, paths, now);
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
    queue_again(tsn, at(tsn));
    ++tsn;
  }
}

void Outstanding::unlink(OutChunk& chunk) {
  path::PathFlight& flight = chunk.path->flight;
  (chunk.older == path::kNoTsn ? flight.oldest : at(chunk.older).newer) = chunk.newer;
  (chunk.newer == path::kNoTsn ? flight.newest : at(chunk.newer).older) = chunk.older;
  assert(flight_chunks_ > 0);
  flight_bytes_ -= chunk.payload.size();
  --flight_chunks_;
}

void Outstanding::queue_again(std::uint64_t tsn, OutChunk& chunk) {
  chunk.state = OutChunk::State::queued;
  enqueue(tsn, chunk);
}

// Declares a chunk in flight lost.
void Outstanding::lose(std::uint64_t tsn, OutChunk& chunk, Losses& losses) {
  path::Path& path = *chunk.path;
  unlink(chunk);
  queue_again(tsn, chunk);
  chunk.lost_packet = {};
  const path::SentPacket* packet = path.flight.sent.find(chunk.packet);
  path.pmtu.on_lost(chunk.size, packet == nullptr ? 0 : packet->bytes, chunk.transmissions);
  losses.bytes += path.flight.take_out(chunk.packet);
  losses.newest = std::max(losses.newest, chunk.packet);
  ++losses.chunks;
  ++path.counters.data_chunks_lost;
}

Outstanding::Losses Outstanding::detect_losses(path::Path& path, Timestamp now) {
  path::PathFlight& flight = path.flight;
  const bool in_order = !flight.reorder.reordering(now);
  const Duration patience =
      expected_round_trip(path) + flight.reorder.length(now, path.rtt.srtt(), path.rtt.min_rtt());
  Losses losses;
  flight.loss_deadline = kNever;
  std::uint64_t next = flight.oldest;
  unsigned skipped = 0;
  while (next != path::kNoTsn) {
    const std::uint64_t tsn = next;
    OutChunk& chunk = at(tsn);
    next = chunk.newer;
    if (chunk.packet >= flight.largest_acked) break;
    if (tsn > reported_end_) {
      if (++skipped == kMaxSkipped) break;
      continue;
    }
    const bool overtaken =
        in_order && chunk.packet.value() + kPacketThreshold <= flight.largest_acked.value();
    if (!overtaken && chunk.sent_at + patience > now + kTimerSlack) {
      flight.loss_deadline = chunk.sent_at + patience;
      break;
    }
    lose(tsn, chunk, losses);
    if (chunk.copied) continue;  // its acknowledgement may be that of the copy
    // What a time-out or a move declares lost may arrive at any time, and tells nothing about reordering.
    chunk.lost_packet = chunk.packet;
    chunk.lost_path = path.id;
  }
  return losses;
}

void Outstanding::lose_all(path::Path& path) {
  Losses losses;
  while (path.flight.oldest != path::kNoTsn) {
    const std::uint64_t tsn = path.flight.oldest;
    lose(tsn, at(tsn), losses);
  }
  path::PathFlight& flight = path.flight;
  for (; flight.loose != 0 && flight.first_loose < flight.sent.next(); ++flight.first_loose) {
    const path::SentPacket* packet = flight.sent.find(flight.first_loose);
    if (packet != nullptr && packet->loose) flight.take_out(flight.first_loose);
  }
  forget_delivered(path);
}

void Outstanding::forget(path::Path& path) {
  lose_all(path);
  for (std::uint64_t tsn = base_; (tsn = unreleased_.find_set(tsn, next_)) != RingBitmap::kNone; ++tsn) {
    if (at(tsn).path == &path) at(tsn).path = nullptr;
  }
}

}  // namespace hawser::sctp::tx
