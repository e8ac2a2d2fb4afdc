#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"

namespace hawser::tunnel {

/// An IP packet that waits to be sent to a peer.
struct QueuedPacket {
  Buffer bytes;              ///< the packet
  std::uint32_t flow = 0;    ///< flow_hash of the packet
  std::uint8_t version = 4;  ///< 4 or 6
};

/// Packets that wait for room in one peer's association: first in, first out, at most `limit` bytes; further
/// packets are rejected (tail drop). The last eighth of the limit is reserved for small packets such as
/// telephony, name look-ups and acknowledgements, which must not suffer from a transfer that fills the queue.
/// Owns the packets; never reorders them. The storage grows to its high-water mark and does not shrink.
class PacketQueue {
 public:
  /// Bytes that each packet counts in addition to its size, so that tiny packets cannot fill the memory.
  static constexpr std::size_t kPacketOverhead = 64;
  static constexpr std::size_t kSmall = 300;  ///< bytes of the largest small packet

  /// A queue of at most `limit` bytes, overhead included.
  explicit PacketQueue(std::size_t limit) : limit_(limit) {}

  /// Adds a packet. False: the queue is full, and the caller keeps the packet.
  bool push(QueuedPacket&& packet);
  /// Removes and returns the oldest packet; the queue must not be empty.
  QueuedPacket pop();
  /// Removes all packets.
  void clear();

  /// Whether no packet is waiting.
  [[nodiscard]] bool empty() const { return packets_.empty(); }
  /// Packets waiting.
  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  /// Bytes waiting, without overhead.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// The limit in bytes, overhead included.
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  std::size_t limit_;
  std::size_t bytes_ = 0;
  RingQueue<QueuedPacket> packets_;
};

}  // namespace hawser::tunnel
