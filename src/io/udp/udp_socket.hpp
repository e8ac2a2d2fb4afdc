#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/datagram_socket.hpp"

namespace hawser::io::udp {

/// Settings of a UDP socket.
struct UdpSocketOptions {
  /// The socket's number in the routes of received datagrams.
  SocketId id;
  /// Address and port to bind. The family of the address decides between an IPv4 and an IPv6-only socket: for
  /// both families, open two sockets, so that addresses are never IPv4-mapped. Port 0: the kernel chooses.
  UdpAddress bind;
  /// The only interface to send and receive through (SO_BINDTODEVICE), whatever the routing table prefers.
  std::optional<std::string> device;
  /// Mark of the datagrams (SO_MARK), for routing rules and packet filters; 0: none. Needs CAP_NET_ADMIN.
  std::uint32_t mark = 0;
  /// Kernel's receive buffer in bytes; without CAP_NET_ADMIN at most net.core.rmem_max.
  std::size_t receive_buffer = 4U << 20;
  /// Kernel's send buffer in bytes; without CAP_NET_ADMIN at most net.core.wmem_max.
  std::size_t send_buffer = 4U << 20;
  /// Whether runs of equal size leave as one message (UDP_SEGMENT), where the kernel supports it.
  bool gso = true;
  /// Whether the kernel may coalesce received datagrams (UDP_GRO), where it supports it.
  bool gro = true;
};

/// A non-blocking UDP socket of the kernel: recvmmsg and sendmmsg, UDP GSO with a fall-back at run time, UDP
/// GRO, pktinfo in both directions. Except for batches that may be fragmented, DF is set and the kernel's own
/// path MTU is ignored, because the engine probes (RFC 8899 §3). Owns the descriptor and its receive memory;
/// allocates nothing after construction, except for what waits while the send buffer is full; belongs to one
/// thread.
class UdpSocket final : public DatagramSocket {
 public:
  /// Opens, configures and binds the socket. Throws SetupError.
  explicit UdpSocket(const UdpSocketOptions& options);
  ~UdpSocket() override;

  std::span<ReceivedDatagram> receive() override;
  void send(const TransmitBatch& batch) override;
  [[nodiscard]] int native_handle() const override;
  /// The socket itself, for its options.
  [[nodiscard]] int socket() const;
  [[nodiscard]] SocketId id() const override;
  [[nodiscard]] UdpAddress local_address() const override;
  [[nodiscard]] const SocketCounters& counters() const override;

  /// Whether runs leave segmented; false when switched off, unsupported, or rejected by the kernel at run
  /// time.
  [[nodiscard]] bool gso_active() const;
  /// Whether the kernel coalesces received datagrams.
  [[nodiscard]] bool gro_active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a UDP socket of this family, of any process, is bound to the port with any address and interface
/// of this network namespace. False also if that cannot be determined.
[[nodiscard]] bool is_udp_port_in_use(bool v6, std::uint16_t port);

}  // namespace hawser::io::udp
