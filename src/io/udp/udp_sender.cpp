#include "io/udp/udp_sender.hpp"

#include <netinet/udp.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "io/udp/socket_option.hpp"

namespace hawser::io::udp {

// One segmented message can carry a full batch: the kernel accepts 64 segments and 65,507 bytes.
static_assert(TransmitBatch::kMaxDatagrams <= 64 && TransmitBatch::kCapacity <= 65'507);

namespace {

/// Appends control messages to the header of a message, in a buffer that has room for them. Owns nothing.
class ControlWriter {
 public:
  ControlWriter(msghdr& header, std::byte* buffer) : header_(header), at_(buffer) {
    header_.msg_control = buffer;
    header_.msg_controllen = 0;
  }

  template <class T>
  void append(int level, int type, const T& value) {
    cmsghdr head{};
    head.cmsg_len = CMSG_LEN(sizeof value);
    head.cmsg_level = level;
    head.cmsg_type = type;
    std::memcpy(at_, &head, sizeof head);
    std::memcpy(at_ + CMSG_LEN(0), &value, sizeof value);
    at_ += CMSG_SPACE(sizeof value);
    header_.msg_controllen += CMSG_SPACE(sizeof value);
  }

 private:
  msghdr& header_;
  std::byte* at_;
};

void append_source(ControlWriter& control, const IpAddress& local) {
  const Bytes ip = local.bytes();
  if (local.is_v4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, ip.data(), ip.size());
    control.append(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ip.data(), ip.size());
    control.append(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

// The TOS or traffic class octet: DSCP and ECN. The default of the socket, 0, needs no control message.
void append_traffic_class(ControlWriter& control, const TransmitBatch& batch) {
  const int octet = batch.dscp << 2 | static_cast<int>(batch.ecn);
  if (octet == 0) return;
  if (batch.route.remote.ip.is_v4()) {
    control.append(IPPROTO_IP, IP_TOS, octet);
  } else {
    control.append(IPPROTO_IPV6, IPV6_TCLASS, octet);
  }
}

// The send buffer of the socket is full; it becomes writable later.
bool buffer_is_full(int error) {
  return error == EAGAIN;
}

// The device's queue has dropped this message, or memory is short. No event tells when it is over.
bool device_is_full(int error) {
  return error == ENOBUFS || error == ENOMEM;
}

// Whether the error can mean that only the segmentation failed: no checksum offload on the device (EIO),
// segments above the MTU (EINVAL or EMSGSIZE, depending on the kernel version), or no support at all.
bool may_refuse_segmentation(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

void count_failure(int error, std::size_t datagrams, SocketCounters& counters) {
  switch (error) {
    case EMSGSIZE: counters.tx_too_big += datagrams; break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENODEV:
    case ENXIO:
    case ECONNREFUSED:
    case EADDRNOTAVAIL:
    case EPERM:
    case EACCES: counters.tx_unreachable += datagrams; break;
    default: counters.tx_errors += datagrams;
  }
}

/// While this object exists, IP may fragment what the socket sends: over IPv4 routers may (DF cleared), over
/// IPv6 the kernel does, to the minimum MTU of every link (RFC 8200 §5). Its end restores the options that
/// UdpSocket set.
class FragmentationAllowed {
 public:
  FragmentationAllowed(int fd, bool v4) : fd_(fd), v4_(v4) { apply(true); }
  FragmentationAllowed(const FragmentationAllowed&) = delete;
  FragmentationAllowed& operator=(const FragmentationAllowed&) = delete;
  ~FragmentationAllowed() { apply(false); }

 private:
  void apply(bool allowed) const {
    constexpr int kIpv6Minimum = 1280;
    if (v4_) {
      set_option(fd_, IPPROTO_IP, IP_MTU_DISCOVER, allowed ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
      return;
    }
    set_option(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, allowed ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE);
    set_option(fd_, IPPROTO_IPV6, IPV6_DONTFRAG, allowed ? 0 : 1);
    set_option(fd_, IPPROTO_IPV6, IPV6_MTU, allowed ? kIpv6Minimum : 0);
  }

  int fd_;
  bool v4_;
};

std::uint64_t failures(const SocketCounters& c) {
  return c.tx_dropped_full + c.tx_too_big + c.tx_unreachable + c.tx_errors;
}

}  // namespace

void UdpSender::send(int fd, const TransmitBatch& batch, SocketCounters& counters) {
  if (batch.empty()) return;
  if (waits()) flush(fd, counters);
  const std::size_t from = waits() ? 0 : send_now(fd, batch, counters);
  if (from < batch.sizes().size()) keep(batch, from, counters);
}

void UdpSender::flush(int fd, SocketCounters& counters) {
  while (waits()) {
    TransmitBatch& batch = waiting_.front();
    const std::size_t from = send_now(fd, batch, counters);
    if (from < batch.sizes().size()) {
      if (from == 0) return;
      TransmitBatch rest;
      rest.copy_rest(batch, from);
      batch = std::move(rest);
      return;
    }
    waiting_.pop_front();
  }
}

void UdpSender::keep(const TransmitBatch& batch, std::size_t first, SocketCounters& counters) {
  if (waiting_.size() == kMaxWaiting) {
    counters.tx_dropped_full += batch.sizes().size() - first;
    return;
  }
  TransmitBatch rest;
  rest.copy_rest(batch, first);
  waiting_.push_back(std::move(rest));
}

// Returns the position from which on the datagrams have to wait for the send buffer; kAll: none has to.
std::size_t UdpSender::send_now(int fd, const TransmitBatch& batch, SocketCounters& counters) {
  destination_size_ = to_socket_address(batch.route.remote, destination_);
  if (batch.may_fragment) {
    const FragmentationAllowed guard(fd, batch.route.remote.ip.is_v4());
    // The kernel does not fragment segmented messages.
    return transmit(fd, plan(batch, 0, false), counters).left_from;
  }
  const Outcome outcome = transmit(fd, plan(batch, 0, segmented_), counters);
  if (!outcome.refusal) return outcome.left_from;
  ++counters.gso_fallbacks;
  const std::uint64_t before = failures(counters);
  // Without segmentation an error concerns a single datagram, so that this second attempt always comes to an
  // end.
  const Outcome second = transmit(fd, plan(batch, outcome.refusal->first_datagram, false), counters);
  // Segmentation was the cause only if the same datagrams left one by one. EMSGSIZE proves nothing about it.
  const bool all_left = second.left_from == kAll && failures(counters) == before;
  if (outcome.refusal->error != EMSGSIZE && all_left) segmented_ = false;
  return second.left_from;
}

// Plans the messages for the datagrams from position `from` on. Returns the number of messages.
std::size_t UdpSender::plan(const TransmitBatch& batch, std::size_t from, bool segmented) {
  const auto sizes = batch.sizes();
  std::size_t offset = 0;
  for (std::size_t i = 0; i < from; ++i) offset += sizes[i];
  std::size_t count = 0;
  for (std::size_t i = from; i < sizes.size();) {
    const std::size_t size = sizes[i];
    std::size_t end = i + 1;
    std::size_t length = size;
    // All segments of a message have one size; only the last may be shorter.
    while (segmented && end < sizes.size() && sizes[end] != 0 && sizes[end] <= size &&
           sizes[end - 1] == size) {
      length += sizes[end++];
    }
    Message& message = messages_[count];
    message.first_datagram = i;
    message.datagrams = end - i;
    // The kernel only reads the bytes, but iovec has no const form.
    message.place = {const_cast<std::byte*>(batch.bytes().data()) + offset, length};
    fill(count++, batch, size);
    offset += length;
    i = end;
  }
  return count;
}

void UdpSender::fill(std::size_t index, const TransmitBatch& batch, std::size_t segment_size) {
  Message& message = messages_[index];
  msghdr& header = headers_[index].msg_hdr;
  header = {};
  header.msg_name = &destination_;
  header.msg_namelen = destination_size_;
  header.msg_iov = &message.place;
  header.msg_iovlen = 1;
  ControlWriter control(header, message.control.data());
  if (!batch.route.local.is_wildcard()) append_source(control, batch.route.local);
  append_traffic_class(control, batch);
  if (message.datagrams > 1) control.append(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment_size));
}

// Sends the first `messages` planned messages. Stops and returns the refusal when the kernel rejects a
// segmented one.
UdpSender::Outcome UdpSender::transmit(int fd, std::size_t messages, SocketCounters& counters) {
  for (std::size_t next = 0; next < messages;) {
    const int sent = ::sendmmsg(fd, &headers_[next], static_cast<unsigned>(messages - next), MSG_DONTWAIT);
    if (sent > 0) {
      counters.tx_messages += static_cast<unsigned>(sent);
      for (const std::size_t end = next + static_cast<unsigned>(sent); next < end; ++next) {
        counters.tx_datagrams += messages_[next].datagrams;
        counters.tx_bytes += messages_[next].place.iov_len;
      }
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    const Message& failed = messages_[next];
    if (buffer_is_full(error)) return {std::nullopt, failed.first_datagram};
    if (device_is_full(error)) {
      counters.tx_dropped_full += failed.datagrams;
      ++next;
      continue;
    }
    if (failed.datagrams > 1 && may_refuse_segmentation(error))
      return {Refusal{failed.first_datagram, error}, kAll};
    count_failure(error, failed.datagrams, counters);
    ++next;
  }
  return {};
}

}  // namespace hawser::io::udp
