#include "tunnel/fq_codel.hpp"

#include <algorithm>
#include <utility>

#include "tunnel/ecn.hpp"

namespace hawser::tunnel {

// --- in

void FqCodel::push(QueuedPacket&& packet) {
  const std::size_t size = packet.bytes.size();
  Flow& flow = flows_[flow_of(packet.flow)];
  const PacketStore::Slot slot = store_.put(std::move(packet));
  if (flow.head == PacketStore::kNone) {
    flow.head = slot;
  } else {
    store_.link(flow.tail, slot);
  }
  flow.tail = slot;
  if (flow.passed.packets != 0 && flow.cursor == PacketStore::kNone) flow.cursor = slot;
  flow.bytes += size;
  bytes_ += size;
  cost_ += PacketStore::cost(size);
  ++packets_;
  while (cost_ > config_.limit) shed();
}

// The flow, which is in a list from now on: a flow that had no packet and no turn to come begins.
FqCodel::Index FqCodel::flow_of(std::uint16_t number) {
  if (by_number_.empty()) by_number_.assign(kFlows, kNoFlow);
  Index& index = by_number_[number];
  if (index == kNoFlow) {
    index = new_flow(number);
    ++active_;
    push_back(new_, index);
  }
  return index;
}

FqCodel::Index FqCodel::new_flow(std::uint16_t number) {
  Index index = unused_;
  if (index == kNoFlow) {
    index = static_cast<Index>(flows_.size());
    flows_.emplace_back();
  } else {
    unused_ = flows_[index].next;
    flows_[index] = {};
  }
  flows_[index].number = number;
  return index;
}

// A batch of packets, because finding the largest flow takes as long as there are flows; at most half of its
// bytes, so that a flow of large packets keeps some.
void FqCodel::shed() {
  constexpr int kBatch = 16;
  const auto largest = std::ranges::max_element(flows_, {}, &Flow::bytes);
  if (largest == flows_.end() || largest->bytes == 0) return;
  const std::size_t keep = largest->bytes / 2;
  for (int i = 0; i < kBatch && largest->bytes > keep; ++i) {
    if (!drop_at_cursor(*largest)) {
      QueuedPacket packet;
      take(*largest, packet);
    }
    drop(Drop::queue_overflow, counters_.overflow);
  }
}

// --- out

// Deficit round robin (RFC 8290 §4.2). A flow that has just begun has its turn before the others, until its
// first deficit is used up. Then it waits behind the others even if it is empty, so that a flow gains nothing
// by sending one packet at a time.
bool FqCodel::pop(Timestamp now, QueuedPacket& out) {
  while (packets_ != 0) {
    List& list = new_.head != kNoFlow ? new_ : old_;
    const Index index = list.head;
    Flow& flow = flows_[index];
    if (flow.deficit <= 0) {
      flow.deficit += kQuantum;
      pop_front(list);
      push_back(old_, index);
    } else if (pop_of(flow, now, out)) {
      flow.deficit -= static_cast<std::int32_t>(out.bytes.size());
      if (packets_ == 0) end_all();
      return true;
    } else {
      leave(list, index);
    }
  }
  end_all();
  return false;
}

void FqCodel::leave(List& list, Index index) {
  const bool waits_once_more = &list == &new_ && old_.head != kNoFlow;
  pop_front(list);
  if (waits_once_more) return push_back(old_, index);
  end(index);
}

// The flow, which is in no list, gives its memory back.
void FqCodel::end(Index index) {
  --active_;
  by_number_[flows_[index].number] = kNoFlow;
  flows_[index].next = std::exchange(unused_, index);
}

// Without a packet, no flow waits for its turn.
void FqCodel::end_all() {
  for (List* list : {&new_, &old_}) {
    while (list->head != kNoFlow) {
      const Index index = list->head;
      pop_front(*list);
      end(index);
    }
  }
}

// The next packet of the flow that neither its age nor CoDel drops.
bool FqCodel::pop_of(Flow& flow, Timestamp now, QueuedPacket& out) {
  while (flow.head != PacketStore::kNone) {
    take(flow, out);
    const Duration sojourn = now - out.since;
    if (sojourn > config_.max_age) {
      drop(Drop::queue_age, counters_.aged);
      continue;
    }
    note_sojourn(sojourn);
    if (!flow.codel.signals(now, sojourn, flow.bytes, codel_)) return true;
    if (mark_congestion(out.bytes.bytes())) {
      ++counters_.marked;
      return true;
    }
    const bool passed = flow.passed.packets != 0;
    if (!passed || drop_at_cursor(flow)) drop(Drop::queue_delay, counters_.codel);
    if (passed) return true;
  }
  out.bytes.reset();
  return false;
}

void FqCodel::take(Flow& flow, QueuedPacket& out) {
  flow.head = store_.take(flow.head, out);
  forget(flow, out.bytes.size());
  if (flow.passed.packets == 0) return;
  --flow.passed.packets;
  --passed_;
  flow.passed.ordered -= !out.unordered;
  flow.passed.bytes -= out.bytes.size();
}

// Counts a packet of the flow, which is no longer there.
void FqCodel::forget(Flow& flow, std::size_t size) {
  flow.bytes -= size;
  bytes_ -= size;
  cost_ -= PacketStore::cost(size);
  --packets_;
}

// --- out of turn

bool FqCodel::pop_behind(Timestamp now, std::size_t behind, QueuedPacket& out, std::size_t& ahead) {
  ahead = 0;
  const std::size_t share = behind / std::max<std::size_t>(active_, 1);
  Flow* flow = deepest(share);
  if (flow == nullptr) return pop(now, out);
  move_cursor(*flow, share);
  if (flow->cursor == flow->head) return pop(now, out);
  ahead = flow->passed.ordered;
  take_at_cursor(*flow, out);
  flow->deficit -= static_cast<std::int32_t>(out.bytes.size());
  return true;
}

// Of the next flows, one with a packet behind so many bytes; if there is none, the longest. Null: all packets
// of these were passed.
FqCodel::Flow* FqCodel::deepest(std::size_t behind) {
  constexpr int kMost = 8;
  Flow* best = nullptr;
  int seen = 0;
  for (const List* list : {&new_, &old_}) {
    for (Index index = list->head; index != kNoFlow && seen < kMost; index = flows_[index].next, ++seen) {
      Flow& flow = flows_[index];
      if (flow.bytes == flow.passed.bytes) continue;
      if (flow.bytes > behind) return &flow;
      if (best == nullptr || flow.bytes > best->bytes) best = &flow;
    }
  }
  return best;
}

// Puts the cursor at the packet behind so many bytes, or at the last one. It never moves back: what was taken
// there has its place in the order, and what follows has a later one.
void FqCodel::move_cursor(Flow& flow, std::size_t behind) {
  if (flow.passed.packets == 0) flow.cursor = flow.head;
  while (flow.cursor != flow.tail && flow.passed.bytes < behind && flow.passed.packets < kMostPassed) {
    const QueuedPacket& packet = store_.at(flow.cursor);
    ++flow.passed.packets;
    ++passed_;
    flow.passed.ordered += !packet.unordered;
    flow.passed.bytes += packet.bytes.size();
    flow.cursor = store_.next(flow.cursor);
  }
}

// The packets before the cursor have their places in the order, so that one without a place has to go. False:
// there is none, or nothing was passed.
bool FqCodel::drop_at_cursor(Flow& flow) {
  if (flow.passed.packets == 0 || flow.cursor == PacketStore::kNone) return false;
  QueuedPacket dropped;
  take_at_cursor(flow, dropped);
  return true;
}

// The packet at the cursor, which is not the first one.
void FqCodel::take_at_cursor(Flow& flow, QueuedPacket& out) {
  if (flow.cursor == flow.tail) flow.tail = store_.previous(flow.cursor);
  flow.cursor = store_.take(flow.cursor, out);
  forget(flow, out.bytes.size());
}

void FqCodel::drop(Drop reason, std::uint64_t& counter) {
  ++counter;
  drops_.add(reason);
}

void FqCodel::clear() {
  QueuedPacket packet;
  for (Flow& flow : flows_) {
    while (flow.head != PacketStore::kNone) take(flow, packet);
  }
  std::ranges::fill(by_number_, kNoFlow);
  flows_.clear();
  unused_ = kNoFlow;
  new_ = old_ = {};
  active_ = passed_ = 0;
  sojourn_ = {};
}

// --- lists of flows

void FqCodel::push_back(List& list, Index index) {
  flows_[index].next = kNoFlow;
  (list.head == kNoFlow ? list.head : flows_[list.tail].next) = index;
  list.tail = index;
}

void FqCodel::pop_front(List& list) {
  list.head = flows_[list.head].next;
}

bool FqCodel::holds(std::uint16_t flow) const {
  if (by_number_.empty() || by_number_[flow] == kNoFlow) return false;
  return flows_[by_number_[flow]].head != PacketStore::kNone;
}

}  // namespace hawser::tunnel
