#include "sctp/path/sent_packets.hpp"

#include <algorithm>

namespace hawser::sctp::path {

SentPacket& SentPackets::add(const SentPacket& packet) {
  if (next_.value() - oldest_.value() >= ring_.size() && ring_.size() < kMaxPackets) grow();
  SentPacket& slot = at(next_++);
  slot = packet;
  return slot;
}

void SentPackets::grow() {
  std::vector<SentPacket> larger(2 * ring_.size());
  const std::uint64_t first = next_.value() > ring_.size() ? next_.value() - ring_.size() : 1;
  for (std::uint64_t number = first; number != next_.value(); ++number)
    larger[number & (larger.size() - 1)] = at(PacketNumber{number});
  ring_ = std::move(larger);
}

void SentPackets::trim() {
  if (ring_.size() == kFirstCapacity) return;
  ring_ = std::vector<SentPacket>(kFirstCapacity);
  oldest_ = next_;
}

// The keys of the records ascend with the packet numbers.
const SentPacket* SentPackets::find_record(std::uint64_t key) {
  std::uint64_t first = next_.value() > ring_.size() ? next_.value() - ring_.size() : 1;
  std::uint64_t count = next_.value() - first;
  while (count != 0) {
    const std::uint64_t half = count / 2;
    if (at(PacketNumber{first + half}).record < key) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  const SentPacket* found = find(PacketNumber{first});
  return found != nullptr && found->record == key ? found : nullptr;
}

void SentPackets::forget_before(PacketNumber oldest) {
  oldest_ = std::max(oldest_, std::min(oldest, next_));
}

}  // namespace hawser::sctp::path
