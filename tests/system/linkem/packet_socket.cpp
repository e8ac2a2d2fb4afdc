#include "packet_socket.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

namespace hawser::linkem {
namespace {

Duration read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

template <class T>
void set_option(int fd, int level, int option, const T& value, const char* name) {
  if (::setsockopt(fd, level, option, &value, sizeof value) < 0) fail(name);
}

}  // namespace

Timestamp monotonic_now() {
  return Timestamp{read_clock(CLOCK_MONOTONIC)};
}

PacketSocket::PacketSocket(const std::string& interface) : interface_(interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) fail("interface " + interface);
  // Protocol 0: the socket receives nothing until bind() below, when all options are set.
  fd_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail("packet socket");
  try {
    open(static_cast<int>(index));
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

PacketSocket::~PacketSocket() {
  ::close(fd_);
}

void PacketSocket::open(int index) {
  ifreq request{};
  std::memcpy(request.ifr_name, interface_.data(), std::min<std::size_t>(interface_.size(), IFNAMSIZ - 1));
  if (::ioctl(fd_, SIOCGIFMTU, &request) < 0) fail("MTU of " + interface_);
  mtu_ = static_cast<std::uint32_t>(request.ifr_mtu);

  set_option(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
  set_option(fd_, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
  set_option(fd_, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
  force_buffer(SO_RCVBUFFORCE, 64 << 20);
  force_buffer(SO_SNDBUFFORCE, 16 << 20);
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = index;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  set_option(fd_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous, "PACKET_MR_PROMISC");

  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index;
  const void* raw = &address;
  if (::bind(fd_, static_cast<const sockaddr*>(raw), sizeof address) < 0) fail("bind to " + interface_);
}

void PacketSocket::force_buffer(int option, int bytes) {
  set_option(fd_, SOL_SOCKET, option, bytes, "socket buffer");
}

std::size_t PacketSocket::receive(FramePool& pool, std::vector<Frame>& out) {
  const std::size_t room = pool.take(ids_);
  for (std::size_t n = 0; n < room; ++n) {
    vectors_[n] = {pool.data(ids_[n]), pool.frame_size()};
    headers_[n] = {};
    headers_[n].msg_hdr.msg_iov = &vectors_[n];
    headers_[n].msg_hdr.msg_iovlen = 1;
    headers_[n].msg_hdr.msg_control = control_[n].data();
    headers_[n].msg_hdr.msg_controllen = kControlSize;
  }
  const int got =
      room == 0 ? 0 : ::recvmmsg(fd_, headers_.data(), static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
  if (got < 0) check_transient(errno, "receive");
  const std::size_t count = got < 0 ? 0 : static_cast<std::size_t>(got);

  const Timestamp now = monotonic_now();
  const Duration real_minus_monotonic = read_clock(CLOCK_REALTIME) - now.time_since_epoch();
  for (std::size_t n = 0; n < count; ++n) {
    if ((headers_[n].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++oversize_;
      pool.give_back(ids_[n]);
      continue;
    }
    last_arrival_ = arrival_of(headers_[n].msg_hdr, now, real_minus_monotonic);
    out.push_back({ids_[n], headers_[n].msg_len, last_arrival_});
  }
  for (std::size_t n = count; n < room; ++n) pool.give_back(ids_[n]);
  return count;
}

Timestamp PacketSocket::arrival_of(msghdr& header, Timestamp now, Duration real_minus_monotonic) const {
  Timestamp arrival = now;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(part), sizeof time);
    const Duration real = std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
    arrival = Timestamp{real - real_minus_monotonic};
  }
  return std::clamp(arrival, std::min(last_arrival_, now), now);
}

std::size_t PacketSocket::send(FramePool& pool, std::span<const Frame> frames) {
  const std::size_t count = std::min(frames.size(), kBatch);
  for (std::size_t n = 0; n < count; ++n) {
    vectors_[n] = {pool.data(frames[n].id), frames[n].length};
    headers_[n] = {};
    headers_[n].msg_hdr.msg_iov = &vectors_[n];
    headers_[n].msg_hdr.msg_iovlen = 1;
  }
  std::size_t sent = 0;
  while (sent < count) {
    const int got = ::sendmmsg(fd_, &headers_[sent], static_cast<unsigned>(count - sent), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      check_transient(errno, "send");
      break;
    }
    sent += static_cast<std::size_t>(got);
  }
  return sent;
}

std::uint64_t PacketSocket::overrun() {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  if (::getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0)
    overrun_ += statistics.tp_drops;
  return overrun_;  // the kernel counts since the last call
}

// An interface that is down, or whose peer is slow, loses frames like a real one. An interface that is gone
// ends the program.
void PacketSocket::check_transient(int error, const char* what) const {
  if (error == EAGAIN || error == EINTR || error == ENOBUFS || error == EMSGSIZE) return;
  const bool interface_down = error == ENETDOWN || error == EIO;
  if (!interface_down || ::if_nametoindex(interface_.c_str()) == 0) {
    throw std::system_error(error, std::generic_category(), std::string(what) + " on " + interface_);
  }
}

}  // namespace hawser::linkem
