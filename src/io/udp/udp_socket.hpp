#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "io/datagram_socket.hpp"

namespace hawser::io::udp {

struct UdpSocketOptions {
  SocketId id;
  /// Address and port to bind; the family decides between an IPv4 and an IPv6-only socket (a dual-stack
  /// endpoint opens one of each, so addresses are never v4-mapped). Port 0: the kernel chooses.
  UdpAddress bind;
  /// Send and receive through this interface only (SO_BINDTODEVICE), whatever the routing table prefers.
  std::optional<std::string> device;
  /// Kernel buffers in bytes. With CAP_NET_ADMIN they are granted beyond net.core.{r,w}mem_max, else up to
  /// it.
  std::size_t receive_buffer = 4U << 20;
  std::size_t send_buffer = 4U << 20;
  /// Segmentation offload: leave as runs of equal size (UDP_SEGMENT), arrive coalesced (UDP_GRO). Used when
  /// the kernel can.
  bool gso = true;
  bool gro = true;
};

/// A non-blocking UDP socket of the kernel: recvmmsg and sendmmsg, UDP GSO and GRO with a fall-back at run
/// time, pktinfo in both directions, the DF bit set and the kernel's own path MTU ignored (RFC 8899 §3: the
/// engine probes), but for batches that may be fragmented. Owns the descriptor and its receive memory;
/// allocates nothing after construction; used by one thread.
class UdpSocket final : public DatagramSocket {
 public:
  /// Throws SetupError.
  explicit UdpSocket(const UdpSocketOptions& options);
  ~UdpSocket() override;

  std::span<ReceivedDatagram> receive() override;
  void send(const TransmitBatch& batch) override;
  [[nodiscard]] int native_handle() const override;
  [[nodiscard]] SocketId id() const override;
  [[nodiscard]] UdpAddress local_address() const override;
  [[nodiscard]] const SocketCounters& counters() const override;

  /// Whether runs still leave segmented: false when switched off, unsupported, or refused once at run time.
  [[nodiscard]] bool gso_active() const;
  /// Whether the kernel coalesces what arrives.
  [[nodiscard]] bool gro_active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::io::udp
