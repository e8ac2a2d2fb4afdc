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

void SimDevice::push(Packet&& packet) {
  if (packet.size() > mtu_ || queue_.size() >= kDeviceQueue) {
    ++overflowed_;
    return;
  }
  queue_.push_back(std::move(packet));
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
                       tunnel::TunnelConfig config, std::size_t mtu)
    : host_(host),
      device_(mtu),
      tunnel_(with_peer(std::move(config), peer), device_, host.endpoint(), host.pool()) {
  device_.on_write = [&inner](Bytes packet) { inner.receive(packet); };
  inner.on_send = [this](Packet&& packet) {
    device_.push(std::move(packet));
    host_.drain();
  };
  host_.on_round = [this] { return work(); };
}

// As TunnelService: messages first, then packets of the host, whose answers may already wait.
bool TunnelHost::work() {
  tunnel_.deliver();
  bool moved = false;
  while (device_.waiting()) moved = tunnel_.read_device(host_.now()) != 0 || moved;
  return moved;
}

}  // namespace hawser::sim::inner
