#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"

namespace hawser::tunnel {

/// An IP packet on its way to a peer.
struct QueuedPacket {
  Buffer bytes;
  std::uint32_t flow = 0;    ///< flow_hash of the packet
  std::uint8_t version = 4;  ///< 4 or 6
};

/// Packets that wait for room in one peer's association: first in, first out, at most `limit` bytes; what
/// does not fit is refused (tail drop). The last eighth is for small packets: telephony, name look-ups and
/// acknowledgements, which must not pay for a transfer that fills the queue. Owns the packets; never
/// reorders. The storage grows to its high-water mark and stays there.
class PacketQueue {
 public:
  /// A packet costs this much on top of its bytes, so that tiny packets cannot fill the memory.
  static constexpr std::size_t kPacketOverhead = 64;
  static constexpr std::size_t kSmall = 300;  ///< bytes, at most

  explicit PacketQueue(std::size_t limit) : limit_(limit) {}

  /// False: full; the packet stays with the caller.
  bool push(QueuedPacket&& packet);
  /// The oldest packet; the queue must not be empty.
  QueuedPacket pop();
  void clear();

  [[nodiscard]] bool empty() const { return packets_.empty(); }
  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  /// Bytes waiting, without overhead.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  std::size_t limit_;
  std::size_t bytes_ = 0;
  RingQueue<QueuedPacket> packets_;
};

}  // namespace hawser::tunnel
