#include "tunnel/packet_queue.hpp"

#include <utility>

namespace hawser::tunnel {

bool PacketQueue::push(QueuedPacket&& packet) {
  const std::size_t size = packet.bytes.size();
  const std::size_t room = size > kSmall ? limit_ - limit_ / 8 : limit_;
  if (bytes_ + size + (packets_.size() + 1) * kPacketOverhead > room) return false;
  packets_.push_back(std::move(packet));
  bytes_ += size;
  return true;
}

QueuedPacket PacketQueue::pop() {
  QueuedPacket packet = packets_.pop_front();
  bytes_ -= packet.bytes.size();
  return packet;
}

void PacketQueue::clear() {
  packets_.clear();
  bytes_ = 0;
}

}  // namespace hawser::tunnel
