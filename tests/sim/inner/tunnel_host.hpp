#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hawser/sctp/event.hpp"
#include "io/packet_device.hpp"
#include "sim/host.hpp"
#include "sim/inner/host.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::sim::inner {

/// A packet device between a tunnel and a simulated host. Drops like a TUN device whose queue is full.
class SimDevice final : public io::PacketDevice {
 public:
  explicit SimDevice(std::size_t mtu) : mtu_(mtu) {}

  /// Takes each packet that the tunnel writes.
  std::function<void(Bytes)> on_write;
  /// The host sends a packet into the tunnel.
  void push(Packet&& packet) { queue_.push_back(std::move(packet)); }
  /// Whether there is room for the packet beside those on their way; counts it as dropped otherwise.
  bool has_room(const Packet& packet, std::size_t on_their_way);
  [[nodiscard]] bool waiting() const { return !queue_.empty(); }

  std::size_t read(BufferPool& pool, std::span<Buffer> out) override;
  std::size_t write(std::span<const Bytes> packets) override;
  [[nodiscard]] int native_handle() const override { return -1; }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::size_t mtu() const override { return mtu_; }
  [[nodiscard]] const io::DeviceCounters& counters() const override { return counters_; }
  /// Packets for which the queue had no room.
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

 private:
  std::string name_ = "sim0";
  std::size_t mtu_;
  std::deque<Packet> queue_;
  std::uint64_t overflowed_ = 0;
  io::DeviceCounters counters_;
};

/// One end of a tunnel: the real tunnel::Tunnel between a simulated host with its endpoint and one host
/// inside. All knowledge of how a Tunnel is driven is here.
class TunnelHost {
 public:
  /// `peer`: the key of the other end; `config` without peers. Takes over Host::on_round; on_event stays with
  /// the owner, who passes events on.
  /// `cost`: processor time of the host for each packet into the tunnel, which spreads its bursts.
  TunnelHost(Host& host, InnerHost& inner, const crypto::PublicKey& peer, tunnel::TunnelConfig config,
             std::size_t mtu, Duration cost);
  TunnelHost(const TunnelHost&) = delete;
  TunnelHost& operator=(const TunnelHost&) = delete;

  /// This end has begun an association to the peer.
  void expect(sctp::AssociationId id) { tunnel_.expect(id, 0); }
  void handle_event(const sctp::Event& event) { tunnel_.handle_event(host_.now(), event); }

  [[nodiscard]] const tunnel::Tunnel& tunnel() const { return tunnel_; }
  [[nodiscard]] bool up() const { return tunnel_.peer(0).association.has_value(); }
  [[nodiscard]] std::size_t mtu() const { return tunnel_.peer(0).mtu; }
  [[nodiscard]] const SimDevice& device() const { return device_; }

 private:
  void accept(InnerHost& inner, Packet&& packet);
  bool work();

  Host& host_;
  Duration cost_;
  Timestamp busy_until_{};
  std::size_t in_work_ = 0;  ///< packets that wait for the processor
  SimDevice device_;
  tunnel::Tunnel tunnel_;
};

}  // namespace hawser::sim::inner
