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

/// A file descriptor for an event loop: readable while the signal is raised. Owns the descriptor.
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

/// The network between in-memory sockets of one process. Delivers immediately and in order to the socket that
/// is bound to the destination, exactly or by the wildcard address and the port. Owns no socket, and must
/// outlive the attached sockets.
class MemoryNetwork {
 public:
  /// Observes every datagram and may change its source and destination, as a NAT does. Returns false to drop
  /// it.
  using Rewrite = std::function<bool(UdpAddress& source, UdpAddress& destination, Bytes payload)>;

  /// Replaces the rewrite; an empty one changes nothing.
  void set_rewrite(Rewrite rewrite) { rewrite_ = std::move(rewrite); }
  /// The number of datagrams that were dropped by a rewrite or had no receiver.
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

/// A DatagramSocket without a kernel: receives what other sockets of its MemoryNetwork send.
class MemoryDatagramSocket final : public DatagramSocket {
 public:
  static constexpr std::size_t kBatch = 64;           ///< the maximum number of datagrams of one receive()
  static constexpr std::size_t kDefaultQueue = 4096;  ///< datagrams in the queue; more are dropped

  /// Throws SetupError when the address is in use. Port 0 is not supported.
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

/// A PacketDevice without a kernel: a test injects the packets that the host would send, and collects the
/// packets that the host would receive. Owns both queues.
class MemoryPacketDevice final : public PacketDevice {
 public:
  explicit MemoryPacketDevice(std::string name = "memory0", std::size_t mtu = 1400);

  std::size_t read(BufferPool& pool, std::span<Buffer> out) override;
  std::size_t write(std::span<const Bytes> packets) override;
  [[nodiscard]] int native_handle() const override { return ready_.native_handle(); }
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::size_t mtu() const override { return mtu_; }
  [[nodiscard]] const DeviceCounters& counters() const override { return counters_; }

  /// The host sends a packet into the tunnel. A packet above the MTU is dropped and counted.
  void inject(Bytes packet);
  /// Returns the packets that were written since the last call, in order.
  [[nodiscard]] std::vector<std::vector<std::byte>> take_written();
  /// Accepts at most `packets` more writes; further packets are dropped and counted. Unlimited at first.
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
