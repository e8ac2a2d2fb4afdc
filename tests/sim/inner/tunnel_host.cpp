#include "sim/inner/tunnel_host.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sim::inner {
namespace {

// The daemon's setting of txqueuelen.
constexpr std::size_t kDeviceQueue = 1000;

tunnel::TunnelConfig with_peer(tunnel::TunnelConfig config, const crypto::PublicKey& peer) {
  config.peers = {{peer, {*IpPrefix::parse("0.0.0.0/0")}, false}};
  return config;
}

}  // namespace

bool SimDevice::has_room(const Packet& packet, std::size_t on_their_way) {
  if (packet.size() <= mtu_ && queue_.size() + on_their_way < kDeviceQueue) return true;
  ++overflowed_;
  return false;
}

std::size_t SimDevice::read(BufferPool& pool, std::span<Buffer> out) {
  const std::size_t count = std::min(out.size(), queue_.size());
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = pool.copy(queue_.front());
    ++counters_.rx_packets;
    counters_.rx_bytes += queue_.front().size();
    queue_.pop_front();
  }
  return count;
}

std::size_t SimDevice::write(std::span<const Bytes> packets) {
  for (const Bytes packet : packets) {
    ++counters_.tx_packets;
    counters_.tx_bytes += packet.size();
    if (on_write) on_write(packet);
  }
  return packets.size();
}

TunnelHost::TunnelHost(Host& host, InnerHost& inner, const crypto::PublicKey& peer,
                       tunnel::TunnelConfig config, std::size_t mtu, Duration cost)
    : host_(host),
      cost_(cost),
      device_(mtu),
      tunnel_(with_peer(std::move(config), peer), device_, host.endpoint(), host.pool()) {
  device_.on_write = [this, &inner](Bytes packet) {
    host_.count_output();
    inner.receive(packet);
  };
  inner.on_send = [this, &inner](Packet&& packet) { accept(inner, std::move(packet)); };
  host_.on_round = [this] { return work(); };
}

// One packet after the other takes its time on the processor.
void TunnelHost::accept(InnerHost& inner, Packet&& packet) {
  if (!device_.has_room(packet, in_work_)) return;
  ++in_work_;
  busy_until_ = std::max(busy_until_, inner.now()) + cost_;
  inner.events().at(busy_until_, [this, moved = std::move(packet)]() mutable {
    --in_work_;
    device_.push(std::move(moved));
    host_.drain();
  });
}

// As TunnelService: messages first, then packets of the host, whose answers may already wait.
bool TunnelHost::work() {
  tunnel_.deliver();
  bool moved = false;
  while (device_.waiting()) moved = tunnel_.read_device(host_.now()) != 0 || moved;
  return moved;
}

}  // namespace hawser::sim::inner
