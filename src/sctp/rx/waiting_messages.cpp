#include "sctp/rx/waiting_messages.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sctp::rx {

void WaitingMessages::grow(std::uint64_t floor, std::size_t size) {
  std::vector<Entry> old(size);
  old.swap(entries_);
  buckets_.assign(size, kNone);
  for (std::uint64_t tsn = floor; tsn < floor + old.size(); ++tsn) {
    Entry& from = old[tsn & (old.size() - 1)];
    if (from.tsn != tsn) continue;
    Entry& to = at(tsn) = from;
    to.next_in_bucket = std::exchange(buckets_[bucket(to.stream, to.ssn)], tsn);
  }
}

bool WaitingMessages::add(std::uint64_t tsn, StreamId stream, std::uint64_t ssn, Timestamp now, bool timed) {
  if (find(stream, ssn) != kNone) return false;
  if (stream.value() >= heads_.size()) heads_.resize(stream.value() + std::size_t{1});
  std::uint64_t& chain = buckets_[bucket(stream, ssn)];
  at(tsn) = {.tsn = tsn,
             .ssn = ssn,
             .next_in_bucket = std::exchange(chain, tsn),
             .since = now,
             .by_time = {},
             .by_stream = {},
             .stream = stream};
  Head& own = heads_[stream.value()];
  append(own.oldest, &Entry::by_stream, tsn);
  ++own.count;
  if (timed) append(oldest_, &Entry::by_time, tsn);
  return true;
}

std::uint64_t WaitingMessages::take(StreamId stream, std::uint64_t ssn) {
  const std::uint64_t tsn = find(stream, ssn);
  if (tsn == kNone) return kNone;
  Entry& entry = at(tsn);
  unlink_from_bucket(entry);
  Head& own = heads_[stream.value()];
  remove(own.oldest, &Entry::by_stream, tsn);
  --own.count;
  if (entry.by_time.newer != kNone) remove(oldest_, &Entry::by_time, tsn);
  entry.tsn = kNone;
  return tsn;
}

// Tries as many SSNs as there are messages; if none of them waits, the distance is longer than the list.
std::uint64_t WaitingMessages::lowest(StreamId stream, std::uint64_t after) const {
  const Head own = head(stream);
  for (std::uint64_t ssn = after + 1; ssn <= after + own.count; ++ssn) {
    if (find(stream, ssn) != kNone) return ssn;
  }
  std::uint64_t lowest = at(own.oldest).ssn;
  for (std::uint64_t tsn = at(own.oldest).by_stream.newer; tsn != own.oldest; tsn = at(tsn).by_stream.newer)
    lowest = std::min(lowest, at(tsn).ssn);
  return lowest;
}

void WaitingMessages::restart_oldest(Timestamp now) {
  at(oldest_).since = now;
  oldest_ = at(oldest_).by_time.newer;
}

std::size_t WaitingMessages::bucket(StreamId stream, std::uint64_t ssn) const {
  constexpr std::uint64_t kSpread = 0x9e37;  // odd: equal SSNs of different streams get different buckets
  return (ssn + stream.value() * kSpread) & (buckets_.size() - 1);
}

std::uint64_t WaitingMessages::find(StreamId stream, std::uint64_t ssn) const {
  if (head(stream).count == 0) return kNone;
  std::uint64_t tsn = buckets_[bucket(stream, ssn)];
  while (tsn != kNone && (at(tsn).stream != stream || at(tsn).ssn != ssn)) tsn = at(tsn).next_in_bucket;
  return tsn;
}

void WaitingMessages::unlink_from_bucket(const Entry& entry) {
  std::uint64_t* link = &buckets_[bucket(entry.stream, entry.ssn)];
  while (*link != entry.tsn) link = &at(*link).next_in_bucket;
  *link = entry.next_in_bucket;
}

// Makes the message the newest of the ring.
void WaitingMessages::append(std::uint64_t& oldest, Links Entry::*ring, std::uint64_t tsn) {
  Links& own = at(tsn).*ring;
  if (oldest == kNone) {
    oldest = tsn;
    own = {.newer = tsn, .older = tsn};
    return;
  }
  Links& first = at(oldest).*ring;
  own = {.newer = oldest, .older = first.older};
  (at(first.older).*ring).newer = tsn;
  first.older = tsn;
}

void WaitingMessages::remove(std::uint64_t& oldest, Links Entry::*ring, std::uint64_t tsn) {
  const Links own = at(tsn).*ring;
  (at(own.older).*ring).newer = own.newer;
  (at(own.newer).*ring).older = own.older;
  if (oldest == tsn) oldest = own.newer == tsn ? kNone : own.newer;
}

}  // namespace hawser::sctp::rx
