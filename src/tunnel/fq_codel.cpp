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
  QueuedPacket packet;
  for (int i = 0; i < kBatch && largest->bytes > keep; ++i) {
    take(*largest, packet);
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
    drop(Drop::queue_delay, counters_.codel);
  }
  out.bytes.reset();
  return false;
}

void FqCodel::take(Flow& flow, QueuedPacket& out) {
  flow.head = store_.take(flow.head, out);
  const std::size_t size = out.bytes.size();
  flow.bytes -= size;
  bytes_ -= size;
  cost_ -= PacketStore::cost(size);
  --packets_;
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
