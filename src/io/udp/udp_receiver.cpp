#include "io/udp/udp_receiver.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hawser::io::udp {

namespace {

constexpr std::size_t kCoalescedMessages = 16;
constexpr std::size_t kCoalescedSize = 65'536;
constexpr std::size_t kSingleMessages = 64;
constexpr std::size_t kSingleSize = 9'216;  // a jumbo frame
constexpr std::size_t kMaxSegments = 128;   // no kernel so far coalesces more
constexpr int kMaxQueuedErrors = 8;         // errors read in a row before receive() returns

// The two lowest bits of the TOS or traffic class octet (RFC 3168 §5). The kernel coalesces only packets with
// the same octet.
Ecn ecn_of(std::uint8_t octet) {
  return static_cast<Ecn>(octet & 3U);
}

}  // namespace

UdpReceiver::UdpReceiver(bool coalesced)
    : message_size_(coalesced ? kCoalescedSize : kSingleSize),
      messages_(coalesced ? kCoalescedMessages : kSingleMessages),
      headers_(messages_.size()) {
  // Uninitialised on purpose: pages that no datagram reaches never become resident.
  arena_.reset(new std::byte[message_size_ * messages_.size()]);
  datagrams_.reserve(coalesced ? kCoalescedMessages * kMaxSegments : kSingleMessages);
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    messages_[i].place = {arena_.get() + i * message_size_, message_size_};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = &messages_[i].source;
    header.msg_iov = &messages_[i].place;
    header.msg_iovlen = 1;
    header.msg_control = messages_[i].control.data();
  }
  prepare(messages_.size());
}

std::span<ReceivedDatagram> UdpReceiver::receive(int fd, SocketId socket, SocketCounters& counters) {
  datagrams_.clear();
  const std::size_t messages = read_messages(fd, counters);
  for (std::size_t i = 0; i < messages; ++i) split(i, socket, counters);
  prepare(messages);
  return datagrams_;
}

std::size_t UdpReceiver::read_messages(int fd, SocketCounters& counters) {
  for (int errors = 0; errors < kMaxQueuedErrors;) {
    const int n =
        ::recvmmsg(fd, headers_.data(), static_cast<unsigned>(headers_.size()), MSG_DONTWAIT, nullptr);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return 0;
    // An error that an earlier datagram caused (unreachable, device gone). Reading removes it from the
    // socket.
    ++counters.rx_errors;
    ++errors;
  }
  return 0;
}

// Restores the lengths that the kernel overwrote in the first `messages` headers.
void UdpReceiver::prepare(std::size_t messages) {
  for (std::size_t i = 0; i < messages; ++i) {
    headers_[i].msg_hdr.msg_namelen = sizeof(SocketAddress);
    headers_[i].msg_hdr.msg_controllen = messages_[i].control.size();
  }
}

void UdpReceiver::split(std::size_t index, SocketId socket, SocketCounters& counters) {
  mmsghdr& received = headers_[index];
  const Ancillary ancillary = parse_control(received.msg_hdr, counters);
  ++counters.rx_messages;
  if ((received.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    ++counters.rx_truncated;
    return;
  }
  const Route route{socket, ancillary.local, from_socket_address(messages_[index].source)};
  MutableBytes rest(arena_.get() + index * message_size_, received.msg_len);
  const std::size_t segment = ancillary.segment_size == 0 ? rest.size() : ancillary.segment_size;
  counters.rx_bytes += rest.size();
  do {  // at least once, because a datagram may be empty
    const MutableBytes datagram = rest.first(std::min(segment, rest.size()));
    datagrams_.push_back({route, datagram, ancillary.ecn});
    ++counters.rx_datagrams;
    rest = rest.subspan(datagram.size());
  } while (!rest.empty());
}

UdpReceiver::Ancillary UdpReceiver::parse_control(msghdr& header, SocketCounters& counters) {
  Ancillary result;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      result.local = from_kernel(info.ipi_addr);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      result.local = from_kernel(info.ipi6_addr);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
      result.ecn = ecn_of(static_cast<std::uint8_t>(*CMSG_DATA(c)));
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      int traffic_class = 0;
      std::memcpy(&traffic_class, CMSG_DATA(c), sizeof traffic_class);
      result.ecn = ecn_of(static_cast<std::uint8_t>(traffic_class));
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(c), sizeof size);
      result.segment_size = static_cast<std::size_t>(std::max(size, 0));
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      std::uint32_t total = 0;
      std::memcpy(&total, CMSG_DATA(c), sizeof total);
      counters.rx_dropped_full += static_cast<std::uint32_t>(total - overflows_);
      overflows_ = total;
    }
  }
  return result;
}

}  // namespace hawser::io::udp
