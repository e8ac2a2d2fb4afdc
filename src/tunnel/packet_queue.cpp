#include "tunnel/packet_queue.hpp"

#include <utility>

namespace hawser::tunnel {

bool PacketQueue::push(QueuedPacket&& packet) {
  const std::size_t size = packet.bytes.size();
  const std::size_t room = size > kSmall ? limit_ - limit_ / 8 : limit_;
  if (bytes_ + size + (count_ + 1) * kPacketOverhead > room) return false;
  if (count_ == ring_.size()) grow();
  ring_[(head_ + count_) & (ring_.size() - 1)] = std::move(packet);
  ++count_;
  bytes_ += size;
  return true;
}

QueuedPacket PacketQueue::pop() {
  QueuedPacket packet = std::move(ring_[head_]);
  head_ = (head_ + 1) & (ring_.size() - 1);
  --count_;
  bytes_ -= packet.bytes.size();
  return packet;
}

void PacketQueue::clear() {
  while (!empty()) pop();
}

void PacketQueue::grow() {
  std::vector<QueuedPacket> larger(ring_.empty() ? 64 : ring_.size() * 2);
  for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(ring_[(head_ + i) & (ring_.size() - 1)]);
  ring_ = std::move(larger);
  head_ = 0;
}

}  // namespace hawser::tunnel
