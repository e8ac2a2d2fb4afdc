#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "io/datagram_socket.hpp"
#include "io/sockaddr.hpp"

namespace hawser::io::udp {

/// The sending half of a UDP socket. Turns a batch into as few messages as possible (a run of equal sizes
/// becomes one segmented message) and passes them to the kernel in one call. Stops segmenting once the kernel
/// turns out not to support it. Never owns the descriptor, never keeps a datagram after send() returns.
class UdpSender {
 public:
  /// `segmented`: whether the kernel supports UDP_SEGMENT.
  explicit UdpSender(bool segmented) : segmented_(segmented) {}

  /// Sends the batch over `fd`, see DatagramSocket::send().
  void send(int fd, const TransmitBatch& batch, SocketCounters& counters);
  /// Whether runs still leave segmented.
  [[nodiscard]] bool segmented() const { return segmented_; }

 private:
  /// One message of sendmmsg.
  struct Message {
    std::size_t first_datagram;  ///< position in the batch
    std::size_t datagrams;       ///< more than one: a segmented message
    iovec place;                 ///< its bytes in the batch
    alignas(
        cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t)) +
                                           CMSG_SPACE(sizeof(int))> control;
  };
  /// A segmented message that the kernel rejected. Neither it nor any later message has left.
  struct Refusal {
    std::size_t first_datagram;  ///< position in the batch
    int error;                   ///< errno value
  };

  [[nodiscard]] std::size_t plan(const TransmitBatch& batch, std::size_t from, bool segmented);
  void fill(std::size_t index, const TransmitBatch& batch, std::size_t segment_size);
  [[nodiscard]] std::optional<Refusal> transmit(int fd, std::size_t messages, SocketCounters& counters);

  bool segmented_;
  SocketAddress destination_{};
  socklen_t destination_size_ = 0;
  std::array<Message, TransmitBatch::kMaxDatagrams> messages_;
  std::array<mmsghdr, TransmitBatch::kMaxDatagrams> headers_;
};

}  // namespace hawser::io::udp
