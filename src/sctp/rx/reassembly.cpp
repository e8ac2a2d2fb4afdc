#include "sctp/rx/reassembly.hpp"

#include <cstring>
#include <utility>

#include "base/serial.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::rx {

namespace {

bool is_own(Ppid ppid) {
  return ppid == wire::kKeyManagementPpid || ppid == wire::kPathPreferencesPpid;
}

}  // namespace

Reassembly::Reassembly(std::uint16_t inbound_streams, BufferPool& pool, bool divert_own)
    : pool_(pool), streams_(inbound_streams), divert_own_(divert_own) {}

std::optional<DropReason> Reassembly::add(std::uint64_t tsn, const wire::DataChunk& chunk,
                                          const TsnTracker& tracker) {
  const MessageKey key = key_of(chunk);
  if (!consistent(tsn, chunk, key, tracker)) return DropReason::inconsistent_fragment;
  if (chunk.begin && chunk.end && has_turn(key)) {
    enqueue(key, false, pool_.copy(chunk.payload));
    finish(key);
    return std::nullopt;
  }
  if (!make_room(tsn, tracker.cumulative())) {
    // When even the next TSN finds no slot, a held message can never be delivered: an SSN was left out.
    return tsn == tracker.cumulative() + 1 ? DropReason::inconsistent_fragment
                                           : DropReason::tsn_out_of_window;
  }
  return deliver_complete(store(tsn, chunk, key));
}

void Reassembly::deliver_partially(std::uint64_t cumulative, bool pressed) {
  const Slot* const last = find(cumulative);
  if (last == nullptr || last->end) return;
  const Run run{last->other_end, cumulative};
  if (!pressed && run.last - run.first < kMaxSlots / 2) return;
  const Slot& first = slot(run.first);
  const MessageKey key = first.key;
  const bool continues = partial_ && partial_->next_tsn == run.first;
  const bool starts = !partial_ && first.begin && has_turn(key);
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
  const std::uint64_t ssn = chunk.unordered ? 0 : unwrap(chunk.ssn, stream(chunk.stream).next_ssn);
  return {.ssn = ssn, .ppid = chunk.ppid, .stream = chunk.stream, .unordered = chunk.unordered};
}

// Whether the chunk agrees with the TSNs before and after it, and with its stream.
bool Reassembly::consistent(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key,
                            const TsnTracker& tracker) {
  if (!key.unordered && key.ssn < stream(key.stream).next_ssn) return false;
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
  if (partial_ && partial_->key.stream == key.stream && partial_->key.unordered == key.unordered)
    return false;
  return key.unordered || key.ssn == stream(key.stream).next_ssn;
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
  buckets_.assign(slots_.size(), kNone);
  for (std::uint64_t tsn = floor_; tsn < floor_ + old.size(); ++tsn) {
    Slot& from = old[tsn & (old.size() - 1)];
    if (!from.payload) continue;
    Slot& to = slot(tsn) = std::move(from);
    if (to.waiting) to.link = std::exchange(bucket(to.key.stream, to.key.ssn), tsn);
  }
  return true;
}

// Copies the chunk into its slot and joins it with its neighbours of the same message. Returns the run that
// it is part of then.
Reassembly::Run Reassembly::store(std::uint64_t tsn, const wire::DataChunk& chunk, const MessageKey& key) {
  Slot& own = slot(tsn);
  own.payload = pool_.copy(chunk.payload);
  own.key = key;
  own.begin = chunk.begin;
  own.end = chunk.end;
  own.waiting = false;
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
std::optional<DropReason> Reassembly::deliver_complete(Run run) {
  if (!slot(run.last).end) return std::nullopt;
  if (partial_ && partial_->next_tsn == run.first) {
    deliver_pieces(run, true);
    finish_partial();
    return std::nullopt;
  }
  if (!slot(run.first).begin) return std::nullopt;
  const MessageKey key = slot(run.first).key;
  if (has_turn(key)) {
    deliver(run.first);
    finish(key);
  } else if (key.unordered) {
    park(run.first);
  } else if (!wait_for_turn(run.first)) {
    for (std::uint64_t tsn = run.first; tsn <= run.last; ++tsn) (void)take(tsn);
    return DropReason::inconsistent_fragment;
  }
  return std::nullopt;
}

// --- complete messages wait

// SSNs of one stream that are in flight together never share a bucket, so a chain is at most as long as the
// number of streams.
std::uint64_t& Reassembly::bucket(StreamId id, std::uint64_t ssn) {
  constexpr std::uint64_t kSpread = 0x9e37;  // odd: equal SSNs of different streams get different buckets
  return buckets_[(ssn + id.value() * kSpread) & (buckets_.size() - 1)];
}

// False when the stream already has a message with the same SSN.
bool Reassembly::wait_for_turn(std::uint64_t first) {
  Slot& message = slot(first);
  if (message.key.ssn == stream(message.key.stream).next_ssn)
    return false;  // partially delivered under that SSN
  std::uint64_t& head = bucket(message.key.stream, message.key.ssn);
  for (std::uint64_t tsn = head; tsn != kNone; tsn = slot(tsn).link) {
    const MessageKey& other = slot(tsn).key;
    if (other.stream == message.key.stream && other.ssn == message.key.ssn) return false;
  }
  message.link = std::exchange(head, first);
  message.waiting = true;
  ++stream(message.key.stream).waiting;
  return true;
}

// Takes the waiting message with this SSN out of its bucket. Returns its first TSN, or kNone.
std::uint64_t Reassembly::take_waiting(StreamId id, std::uint64_t ssn) {
  for (std::uint64_t* at = &bucket(id, ssn); *at != kNone; at = &slot(*at).link) {
    Slot& message = slot(*at);
    if (message.key.stream != id || message.key.ssn != ssn) continue;
    message.waiting = false;
    --stream(id).waiting;
    return std::exchange(*at, message.link);
  }
  return kNone;
}

void Reassembly::park(std::uint64_t first) {
  (parked_first_ == kNone ? parked_first_ : slot(parked_last_).link) = first;
  parked_last_ = first;
}

void Reassembly::deliver_parked() {
  std::uint64_t first = std::exchange(parked_first_, kNone);
  while (first != kNone) {
    const MessageKey key = slot(first).key;
    const std::uint64_t next = slot(first).link;
    deliver(first);
    finish(key);
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
void Reassembly::finish(const MessageKey& key) {
  ++messages_delivered_;
  if (key.unordered) return;
  Stream& own = stream(key.stream);
  ++own.next_ssn;
  while (own.waiting != 0) {
    const std::uint64_t first = take_waiting(key.stream, own.next_ssn);
    if (first == kNone) return;
    deliver(first);
    ++messages_delivered_;
    ++own.next_ssn;
  }
}

void Reassembly::finish_partial() {
  const MessageKey key = partial_->key;
  partial_.reset();
  finish(key);
  deliver_parked();
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
  (diverted ? diverted_ready_ : ready_)
      .push_back({.stream = key.stream,
                  .ppid = key.ppid,
                  .unordered = key.unordered,
                  .more = more,
                  .payload = std::move(payload)});
}

}  // namespace hawser::sctp::rx
