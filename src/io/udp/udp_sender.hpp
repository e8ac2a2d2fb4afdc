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

/// The sending half of a UDP socket: turns a batch into as few messages as possible (a run of equal datagrams
/// is one segmented message) and gives them to the kernel with one call. Remembers when the kernel cannot
/// segment. Never owns the descriptor, never keeps a datagram after send() returns.
class UdpSender {
 public:
  explicit UdpSender(bool segmented) : segmented_(segmented) {}

  void send(int fd, const TransmitBatch& batch, SocketCounters& counters);
  [[nodiscard]] bool segmented() const { return segmented_; }

 private:
  struct Message {
    std::size_t first_datagram;
    std::size_t datagrams;
    iovec place;
    alignas(cmsghdr)
        std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))> control;
  };
  /// A segmented message that the kernel refused as such; nothing of it, or of what follows it, has left.
  struct Refusal {
    std::size_t first_datagram;
    int error;
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
