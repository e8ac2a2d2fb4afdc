#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "io/datagram_socket.hpp"
#include "io/sockaddr.hpp"

namespace hawser::io::udp {

/// The sending half of a UDP socket. Turns a batch into as few messages as possible (a run of equal sizes
/// becomes one segmented message) and passes them to the kernel in one call. Stops segmenting once the kernel
/// turns out not to support it. Owns the batches that wait while the kernel's send buffer is full, up to
/// kMaxWaiting; never the descriptor.
class UdpSender {
 public:
  /// `segmented`: whether the kernel supports UDP_SEGMENT.
  explicit UdpSender(bool segmented) : segmented_(segmented) {}

  /// Most batches that wait.
  static constexpr std::size_t kMaxWaiting = 8;

  /// Sends the batch over `fd`, see DatagramSocket::send().
  void send(int fd, const TransmitBatch& batch, SocketCounters& counters);
  /// Sends what waits, now that `fd` may be writable.
  void flush(int fd, SocketCounters& counters);
  /// Whether datagrams wait for the send buffer.
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }
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
  /// How far the planned messages got.
  struct Outcome {
    std::optional<Refusal> refusal;
    std::size_t left_from =
        kAll;  ///< position in the batch from which on the send buffer is full; kAll: none
  };
  static constexpr std::size_t kAll = ~std::size_t{0};

  [[nodiscard]] std::size_t plan(const TransmitBatch& batch, std::size_t from, bool segmented);
  void fill(std::size_t index, const TransmitBatch& batch, std::size_t segment_size);
  std::size_t send_now(int fd, const TransmitBatch& batch, SocketCounters& counters);
  void keep(const TransmitBatch& batch, std::size_t first, SocketCounters& counters);
  [[nodiscard]] Outcome transmit(int fd, std::size_t messages, SocketCounters& counters);

  bool segmented_;
  std::deque<TransmitBatch> waiting_;  ///< oldest first
  SocketAddress destination_{};
  socklen_t destination_size_ = 0;
  std::array<Message, TransmitBatch::kMaxDatagrams> messages_;
  std::array<mmsghdr, TransmitBatch::kMaxDatagrams> headers_;
};

}  // namespace hawser::io::udp
