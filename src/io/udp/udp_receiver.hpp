#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "io/datagram_socket.hpp"
#include "io/sockaddr.hpp"

namespace hawser::io::udp {

/// The receiving half of a UDP socket: owns the memory that datagrams arrive in, splits what the kernel
/// coalesced (GRO), tells for each datagram where it came from and which local address it was sent to. Never
/// owns the descriptor.
class UdpReceiver {
 public:
  /// `coalesced`: the kernel may hand over several datagrams as one message of up to 64 KB.
  explicit UdpReceiver(bool coalesced);

  [[nodiscard]] std::span<ReceivedDatagram> receive(int fd, SocketId uplink, SocketCounters& counters);

 private:
  struct Message {
    SocketAddress source;
    iovec place;
    alignas(cmsghdr) std::array<std::byte, 128> control;
  };
  /// What the control messages of one message say.
  struct Ancillary {
    IpAddress local;
    std::size_t segment_size = 0;
  };

  [[nodiscard]] std::size_t read_messages(int fd, SocketCounters& counters);
  void prepare(std::size_t messages);
  void split(std::size_t index, SocketId uplink, SocketCounters& counters);
  [[nodiscard]] Ancillary parse_control(msghdr& header, SocketCounters& counters);

  std::size_t message_size_;
  std::unique_ptr<std::byte[]> arena_;
  std::vector<Message> messages_;
  std::vector<mmsghdr> headers_;
  std::vector<ReceivedDatagram> datagrams_;
  std::uint32_t overflows_ = 0;  ///< the kernel's running count of messages that found no room
};

}  // namespace hawser::io::udp
