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

/// The receiving half of a UDP socket. Owns the memory into which datagrams are received, splits messages
/// that the kernel coalesced (GRO), and fills the route of each datagram from its source and its destination
/// (pktinfo). Never owns the descriptor.
class UdpReceiver {
 public:
  /// `coalesced`: the kernel may deliver several datagrams as one message of up to 64 KB.
  explicit UdpReceiver(bool coalesced);

  /// Reads one batch from `fd`, see DatagramSocket::receive(). `socket` is the socket's number for the
  /// routes.
  [[nodiscard]] std::span<ReceivedDatagram> receive(int fd, SocketId socket, SocketCounters& counters);

 private:
  /// Memory for one message of recvmmsg.
  struct Message {
    SocketAddress source;
    iovec place;
    alignas(cmsghdr) std::array<std::byte, 128> control;
  };
  /// The control messages of one message.
  struct Ancillary {
    IpAddress local;               ///< destination address of the datagram
    Ecn ecn = Ecn::not_ect;        ///< of the IP packet, and of all that were coalesced with it
    std::size_t segment_size = 0;  ///< bytes of a coalesced datagram; 0: the message is one datagram
  };

  [[nodiscard]] std::size_t read_messages(int fd, SocketCounters& counters);
  void prepare(std::size_t messages);
  void split(std::size_t index, SocketId socket, SocketCounters& counters);
  [[nodiscard]] Ancillary parse_control(msghdr& header, SocketCounters& counters);

  std::size_t message_size_;
  std::unique_ptr<std::byte[]> arena_;
  std::vector<Message> messages_;
  std::vector<mmsghdr> headers_;
  std::vector<ReceivedDatagram> datagrams_;
  std::uint32_t overflows_ = 0;  ///< the kernel's running count of messages dropped for lack of room
};

}  // namespace hawser::io::udp
