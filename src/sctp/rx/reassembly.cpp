#include "sctp/rx/reassembly.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/serial.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::rx {

namespace {

bool is_own(Ppid ppid) {
  return ppid == wire::kKeyManagementPpid || ppid == wire::kPathPreferencesPpid;
}

std::size_t cost(std::size_t payload) {
  return payload + Reassembly::kOverhead;
}

}  // namespace

Reassembly::Reassembly(std::uint16_t inbound_streams, BufferPool& pool, bool divert_own, Duration max_hold)
    : pool_(pool), inbound_streams_(inbound_streams), order_(max_hold), divert_own_(divert_own) {}

std::optional<DropReason> Reassembly::add(Timestamp now, std::uint64_t tsn, const wire::DataChunk& chunk,
                                          const TsnTracker& tracker) {
  if (tsn == abandoned_next_ && !chunk.begin) {
    abandoned_next_ = chunk.end ? kNone : tsn + 1;
    drop_continuation();
    return std::nullopt;
  }
  const MessageKey key = key_of(chunk);
  if (!consistent(tsn, chunk, key, tracker)) return DropReason::inconsistent_fragment;
  if (chunk.begin && chunk.end && has_turn(key)) {
    enqueue(key, false, pool_.copy(chunk.payload));
    finish(now, key);
    return std::nullopt;
  }
  if (!make_room(tsn, tracker.cumulative())) {
    // When even the next TSN finds no slot, a held message can never be delivered: an SSN was left out.
    return tsn == tracker.cumulative() + 1 ? DropReason::inconsistent_fragment
                                           : DropReason::tsn_out_of_window;
  }
  return deliver_complete(now, store(tsn, chunk, key));
}

void Reassembly::deliver_partially(std::uint64_t cumulative, bool pressed) {
  const Slot* const last = find(cumulative);
  if (last == nullptr || last->end) return;
  const Run run{last->other_end, cumulative};
  if (!pressed && run.last - run.first < kMaxSlots / 2) return;
  const Slot& first = slot(run.first);
  const MessageKey key = first.key;
  const bool continues = partial_ && partial_->next_tsn == run.first;
  const bool starts = !partial_ && first.begin && has_turn(key) && !is_late(key);
  if (!continues && !starts) return;
  deliver_pieces(run, false);
  partial_ = Partial{key, cumulative + 1};
}

std::optional<Delivered> Reassembly::poll(RingQueue<Delivered>& ready) {
  if (ready.empty()) return std::nullopt;
  Delivered message = ready.pop_front();
  queued_bytes_ -= cost(message.payload.size());
  return message;
}

// --- a chunk arrives

Reassembly::Slot* Reassembly::find(std::uint64_t tsn) {
  if (held_chunks_ == 0 || tsn - floor_ >= slots_.size()) return nullptr;
  Slot& candidate = slot(tsn);
  return candidate.payload ? &candidate : nullptr;
}

Reassembly::MessageKey Reassembly::key_of(const wire::DataChunk& chunk) {
  const std::uint64_t ssn = chunk.unordered ? 0 : unwrap(chunk.ssn, order_.next(chunk.stream));
  return {.ssn = ssn, .ppid = chunk.ppid, .stream = chunk.stream, .unordered = chunk.unordered};
}

// Whether the chunk agrees with the TSNs before and after it, and with its stream.
bool Reassembly::consistent(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key,
                            const TsnTracker& tracker) {
  // Fragments of a message that was skipped may have been in flight, and messages before it.
  const bool skipped = skipped_any_;
  if (is_late(key) && !skipped && !bounds_wait(key.stream)) return false;
  return fits_predecessor(tsn, chunk.begin, key, tracker) && fits_successor(tsn, chunk.end, key, tracker);
}

// All fragments of a message have consecutive TSNs (RFC 9260 §6.9), so a message begins exactly where another
// ends.
bool Reassembly::fits_predecessor(std::uint64_t tsn, bool begin, const MessageKey& key,
                                  const TsnTracker& tracker) {
  if (const Slot* left = find(tsn - 1)) return left->end == begin && (begin || left->key == key);
  if (partial_ && partial_->next_tsn == tsn) return !begin && partial_->key == key;
  // A TSN that was received and is no longer held was the end of a message.
  return begin || !tracker.received(tsn - 1);
}

bool Reassembly::fits_successor(std::uint64_t tsn, bool end, const MessageKey& key,
                                const TsnTracker& tracker) {
  if (const Slot* right = find(tsn + 1)) return right->begin == end && (end || right->key == key);
  return end || !tracker.received(tsn + 1);
}

// Whether a whole message may be delivered now. Between the pieces of a message, no other message of the same
// stream and kind is delivered: the application could take it for a piece.
bool Reassembly::has_turn(const MessageKey& key) {
  if (is_split(key.stream, key.unordered)) return false;
  return key.unordered || key.ssn <= order_.next(key.stream);
}

bool Reassembly::make_room(std::uint64_t tsn, std::uint64_t cumulative) {
  if (held_chunks_ == 0) floor_ = cumulative + 1;
  if (tsn - floor_ < slots_.size()) return true;
  while (floor_ <= cumulative && !slot(floor_).payload) ++floor_;
  while (tsn - floor_ >= slots_.size()) {
    if (!grow()) return false;
  }
  return true;
}

bool Reassembly::grow() {
  if (slots_.size() == kMaxSlots) return false;
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : 2 * slots_.size());
  old.swap(slots_);
  for (std::uint64_t tsn = floor_; tsn < floor_ + old.size(); ++tsn) {
    Slot& from = old[tsn & (old.size() - 1)];
    if (from.payload) slot(tsn) = std::move(from);
  }
  order_.grow(floor_, slots_.size());
  return true;
}

void Reassembly::trim() {
  if (held_bytes() != 0) return;
  std::vector<Slot>().swap(slots_);
  order_.trim();
  ready_ = RingQueue<Delivered>();
  diverted_ready_ = RingQueue<Delivered>();
}

// Copies the chunk into its slot and joins it with its neighbours of the same message. Returns the run that
// it is part of then.
Reassembly::Run Reassembly::store(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key) {
  Slot& own = slot(tsn);
  own.payload = pool_.copy(chunk.payload);
  own.key = key;
  own.begin = chunk.begin;
  own.end = chunk.end;
  own.link = kNone;
  ++held_chunks_;
  waiting_bytes_ += cost(chunk.payload.size());

  Run run{tsn, tsn};
  if (const Slot* left = chunk.begin ? nullptr : find(tsn - 1)) run.first = left->other_end;
  if (const Slot* right = chunk.end ? nullptr : find(tsn + 1)) run.last = right->other_end;
  slot(run.first).other_end = run.last;
  slot(run.last).other_end = run.first;
  return run;
}

// Delivers a run if it completes a message whose turn it is; otherwise the run stays.
std::optional<DropReason> Reassembly::deliver_complete(Timestamp now, Run run) {
  if (!slot(run.last).end) return std::nullopt;
  if (partial_ && partial_->next_tsn == run.first) {
    deliver_pieces(run, true);
    const MessageKey key = partial_->key;
    partial_.reset();
    finish(now, key);
    deliver_parked(now);
    return std::nullopt;
  }
  if (!slot(run.first).begin) return std::nullopt;
  const MessageKey key = slot(run.first).key;
  if (has_turn(key)) {
    deliver(run.first);
    finish(now, key);
  } else if (key.unordered || is_late(key)) {
    (parked_first_ == kNone ? parked_first_ : slot(parked_last_).link) = run.first;
    parked_last_ = run.first;
  } else if (!order_.wait(now, run.first, key.stream, key.ssn, bounds_wait(key.stream))) {
    for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) (void)take(tsn);
    return DropReason::inconsistent_fragment;
  }
  return std::nullopt;
}

// --- complete messages wait

void Reassembly::on_timeout(Timestamp now) {
  order_.on_timeout(
      now, [this](StreamId stream) { return is_split(stream, false); }, in_turn());
}

void Reassembly::release_all() {
  order_.release_all(in_turn());
}

// --- the sender abandons messages

void Reassembly::abandon(Timestamp now, std::uint64_t cumulative, const TsnTracker& tracker) {
  if (partial_) {
    const Slot* const held = find(partial_->next_tsn);
    const std::uint64_t missing = held == nullptr ? partial_->next_tsn : held->other_end + 1;
    if (missing <= cumulative) abandon_partial(now);
  }
  abandoned_next_ = tracker.received(cumulative) ? kNone : cumulative + 1;
  // Of the messages below, only the one at the end can be incomplete.
  const Slot* const last = find(tracker.cumulative());
  abandon_held(last != nullptr && !last->end ? last->other_end : tracker.cumulative() + 1, cumulative);
  drop_continuation();
}

// Drops the incomplete messages that lack one of the TSNs from `from` to `cumulative`.
void Reassembly::abandon_held(std::uint64_t from, std::uint64_t cumulative) {
  for (std::uint64_t tsn = from; tsn <= cumulative; ++tsn) {
    const Slot* const first = find(tsn);
    if (first == nullptr) continue;
    const Run run{tsn, first->other_end};
    const bool begun = first->begin || (partial_ && partial_->next_tsn == tsn);
    const bool may_end = slot(run.last).end || run.last >= cumulative;
    tsn = run.last;
    if (begun && may_end) continue;
    const std::uint64_t next = drop_run(run);
    if (run.last >= cumulative) abandoned_next_ = next;
  }
}

// Drops fragments. Returns the TSN at which their message continues; kNone: it ends with them.
std::uint64_t Reassembly::drop_run(Run run) {
  const bool end = slot(run.last).end;
  for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) (void)take(tsn);
  return end ? kNone : run.last + 1;
}

// Drops the fragments that continue the abandoned message and have arrived.
void Reassembly::drop_continuation() {
  const Slot* const next = abandoned_next_ == kNone ? nullptr : find(abandoned_next_);
  if (next != nullptr && !next->begin) abandoned_next_ = drop_run({abandoned_next_, next->other_end});
}

// Ends the message of which pieces were delivered. Messages that waited for its end follow.
void Reassembly::abandon_partial(Timestamp now) {
  const Partial partial = *partial_;
  partial_.reset();
  const Slot* const held = find(partial.next_tsn);
  if (held != nullptr && !held->begin) (void)drop_run({partial.next_tsn, held->other_end});
  enqueue(partial.key, false, {});
  if (!partial.key.unordered) advance(now, partial.key.stream);
  deliver_parked(now);
}

void Reassembly::skip_to(Timestamp now, StreamId stream, Ssn ssn) {
  const std::uint64_t last = unwrap(ssn, order_.next(stream));
  if (is_split(stream, false) && partial_->key.ssn <= last) abandon_partial(now);
  skipped_any_ = true;
  order_.skip_to(stream, last, in_turn());
}

void Reassembly::deliver_parked(Timestamp now) {
  std::uint64_t first = std::exchange(parked_first_, kNone);
  while (first != kNone) {
    const MessageKey key = slot(first).key;
    const std::uint64_t next = slot(first).link;
    deliver(first);
    finish(now, key);
    first = next;
  }
}

// --- messages leave

void Reassembly::deliver(std::uint64_t first) {
  const MessageKey key = slot(first).key;
  const Run run{first, slot(first).other_end};
  enqueue(key, false, run.first == run.last ? take(first) : join(run));
}

void Reassembly::deliver_pieces(Run run, bool to_the_end) {
  const MessageKey key = slot(run.first).key;
  for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) {
    enqueue(key, !to_the_end || tsn != run.last, take(tsn));
  }
}

// The last byte of a message was delivered; the messages that waited for it follow.
void Reassembly::finish(Timestamp now, const MessageKey& key) {
  ++messages_delivered_;
  if (key.unordered) return;
  if (is_late(key)) return hold().on_late(now, key.stream, key.ssn);
  advance(now, key.stream);
}

void Reassembly::advance(Timestamp now, StreamId stream) {
  order_.advance(now, stream, bounds_wait(stream), in_turn());
}

// Empties a slot.
Buffer Reassembly::take(std::uint64_t tsn) {
  Buffer payload = std::move(slot(tsn).payload);
  waiting_bytes_ -= cost(payload.size());
  --held_chunks_;
  return payload;
}

Buffer Reassembly::join(Run run) {
  std::size_t size = 0;
  for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) size += slot(tsn).payload.size();
  Buffer whole = pool_.acquire(size);
  std::byte* at = whole.data();
  for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) {
    const Buffer piece = take(tsn);
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return whole;
}

void Reassembly::enqueue(const MessageKey& key, bool more, Buffer&& payload) {
  queued_bytes_ += cost(payload.size());
  const bool diverted = divert_own_ && key.stream == StreamId{0} && is_own(key.ppid);
  const bool abandoned = payload.empty();
  (diverted ? diverted_ready_ : ready_)
      .push_back({.stream = key.stream,
                  .ppid = key.ppid,
                  .unordered = key.unordered,
                  .more = more,
                  .late = is_late(key),
                  .abandoned = abandoned,
                  .payload = std::move(payload)});
}

}  // namespace hawser::sctp::rx
