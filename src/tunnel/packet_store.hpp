#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/base/time.hpp"

namespace hawser::tunnel {

/// An IP packet that waits to be sent to a peer.
struct QueuedPacket {
  Buffer bytes;             ///< the packet
  Timestamp since{};        ///< when it was queued
  std::uint16_t flow = 0;   ///< number of its flow, see FqCodel::kFlows
  bool v6 = false;          ///< an IPv6 packet
  bool unordered = false;   ///< it may overtake other packets of its flow
  bool perishable = false;  ///< it is of no use when it is late, and its host does not wait for it
  std::uint8_t dscp = 0;    ///< of the datagrams that carry it
};

/// The memory of packets that wait in any queue of a tunnel. Owns them in slots, each with the number of the
/// next slot of its list. Knows no queue, and never decides which packet waits. The slots grow to their
/// high-water mark, which the limits of the queues bound, so that the steady state allocates nothing.
class PacketStore {
 public:
  using Slot = std::uint32_t;                       ///< number of a slot
  static constexpr Slot kNone = ~std::uint32_t{0};  ///< no slot: the end of a list

  /// The bytes that a packet of `size` bytes counts against a limit. Tiny packets count more, because each
  /// one holds a whole block of the buffer pool.
  [[nodiscard]] static constexpr std::size_t cost(std::size_t size) {
    constexpr std::size_t kMinCost = 256;
    constexpr std::size_t kOverhead = 64;
    return std::max(size + kOverhead, kMinCost);
  }

  /// Takes a packet into a slot that ends a list.
  Slot put(QueuedPacket&& packet) {
    cost_ += cost(packet.bytes.size());
    if (free_ == kNone) return append(std::move(packet));
    const Slot slot = free_;
    free_ = slots_[slot].next;
    slots_[slot] = {std::move(packet), kNone, kNone};
    return slot;
  }
  /// Moves the packet of `slot` to `out`, removes the slot from its list and frees it. Returns the next slot
  /// of the list.
  Slot take(Slot slot, QueuedPacket& out) {
    Entry& entry = slots_[slot];
    out = std::move(entry.packet);
    cost_ -= cost(out.bytes.size());
    if (entry.next != kNone) slots_[entry.next].previous = entry.previous;
    if (entry.previous != kNone) slots_[entry.previous].next = entry.next;
    return std::exchange(entry.next, std::exchange(free_, slot));
  }
  /// Puts `next` behind `slot` in its list.
  void link(Slot slot, Slot next) {
    slots_[slot].next = next;
    slots_[next].previous = slot;
  }
  /// The slot behind `slot` in its list.
  [[nodiscard]] Slot next(Slot slot) const { return slots_[slot].next; }
  /// The slot before `slot` in its list.
  [[nodiscard]] Slot previous(Slot slot) const { return slots_[slot].previous; }
  /// The packet in `slot`.
  [[nodiscard]] const QueuedPacket& at(Slot slot) const { return slots_[slot].packet; }
  /// The cost of all packets.
  [[nodiscard]] std::size_t cost() const { return cost_; }
  /// Slots that exist.
  [[nodiscard]] std::size_t slots() const { return slots_.size(); }

 private:
  struct Entry {
    QueuedPacket packet;
    Slot next = kNone;
    Slot previous = kNone;
  };
  Slot append(QueuedPacket&& packet) {
    slots_.push_back({std::move(packet), kNone, kNone});
    return static_cast<Slot>(slots_.size() - 1);
  }

  std::vector<Entry> slots_;
  Slot free_ = kNone;  ///< head of the list of free slots
  std::size_t cost_ = 0;
};

}  // namespace hawser::tunnel
