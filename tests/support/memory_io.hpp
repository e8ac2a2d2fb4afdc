#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/datagram_socket.hpp"
#include "io/packet_device.hpp"

namespace hawser::io {

/// A descriptor that an event loop can wait for, readable while raised.
class ReadySignal {
 public:
  ReadySignal();
  ~ReadySignal();
  ReadySignal(const ReadySignal&) = delete;
  ReadySignal& operator=(const ReadySignal&) = delete;

  void raise();
  void lower();
  [[nodiscard]] int native_handle() const { return fd_; }

 private:
  int fd_;
  bool raised_ = false;
};

class MemoryDatagramSocket;

/// The network between in-memory sockets of one process: delivers at once, in order, to the socket bound to
/// the destination (exactly, or to the wildcard of its port). Owns no socket; must outlive those attached to
/// it.
class MemoryNetwork {
 public:
  /// Sees every datagram on its way and may change its source and destination, as a NAT does. False drops it.
  using Rewrite = std::function<bool(UdpAddress& source, UdpAddress& destination, Bytes payload)>;

  void set_rewrite(Rewrite rewrite) { rewrite_ = std::move(rewrite); }
  /// Datagrams that a rewrite dropped or that had no receiver.
  [[nodiscard]] std::size_t lost() const { return lost_; }

 private:
  friend class MemoryDatagramSocket;
  void attach(MemoryDatagramSocket& socket);
  void detach(const MemoryDatagramSocket& socket);
  void deliver(UdpAddress source, UdpAddress destination, Bytes payload);

  std::map<UdpAddress, MemoryDatagramSocket*> sockets_;
  Rewrite rewrite_;
  std::size_t lost_ = 0;
};

/// A DatagramSocket without a kernel: what one sends, the other receives.
class MemoryDatagramSocket final : public DatagramSocket {
 public:
  static constexpr std::size_t kBatch = 64;  ///< most datagrams of one receive()
  static constexpr std::size_t kDefaultQueue =
      4096;  ///< datagrams waiting; more are dropped, as a kernel does

  /// Throws SetupError when the address is taken. Port 0 is not supported: name one.
  MemoryDatagramSocket(MemoryNetwork& network, SocketId id, UdpAddress local,
                       std::size_t queue = kDefaultQueue);
  ~MemoryDatagramSocket() override;

  std::span<ReceivedDatagram> receive() override;
  void send(const TransmitBatch& batch) override;
  [[nodiscard]] int native_handle() const override { return ready_.native_handle(); }
  [[nodiscard]] SocketId id() const override { return id_; }
  [[nodiscard]] UdpAddress local_address() const override { return local_; }
  [[nodiscard]] const SocketCounters& counters() const override { return counters_; }

 private:
  friend class MemoryNetwork;
  struct Waiting {
    Route route;
    std::vector<std::byte> payload;
  };
  void arrive(const UdpAddress& source, const IpAddress& destination, Bytes payload);

  MemoryNetwork& network_;
  SocketId id_;
  UdpAddress local_;
  std::size_t queue_limit_;
  std::deque<Waiting> waiting_;
  std::vector<Waiting> handed_out_;
  std::vector<ReceivedDatagram> batch_;
  ReadySignal ready_;
  SocketCounters counters_;
};

/// A PacketDevice without a kernel: a test injects what the host would send and collects what the host would
/// receive.
class MemoryPacketDevice final : public PacketDevice {
 public:
  explicit MemoryPacketDevice(std::string name = "memory0", std::size_t mtu = 1400);

  std::size_t read(BufferPool& pool, std::span<Buffer> out) override;
  std::size_t write(std::span<const Bytes> packets) override;
  [[nodiscard]] int native_handle() const override { return ready_.native_handle(); }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::size_t mtu() const override { return mtu_; }
  [[nodiscard]] const DeviceCounters& counters() const override { return counters_; }

  /// The host sends a packet into the tunnel; dropped and counted when larger than the MTU.
  void inject(Bytes packet);
  /// What the host received since the last call, in order.
  [[nodiscard]] std::vector<std::vector<std::byte>> take_written();
  /// The host takes at most `packets` more; the rest is dropped. Unlimited at first.
  void limit_writes(std::size_t packets) { write_room_ = packets; }

 private:
  std::string name_;
  std::size_t mtu_;
  std::size_t write_room_ = static_cast<std::size_t>(-1);
  std::deque<std::vector<std::byte>> waiting_;
  std::vector<std::vector<std::byte>> written_;
  ReadySignal ready_;
  DeviceCounters counters_;
};

}  // namespace hawser::io
