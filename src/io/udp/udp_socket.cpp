#include "io/udp/udp_socket.hpp"

#include <netinet/udp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/file_descriptor.hpp"
#include "io/throw_setup_error.hpp"
#include "io/udp/socket_option.hpp"
#include "io/udp/udp_receiver.hpp"
#include "io/udp/udp_sender.hpp"

namespace hawser::io::udp {

namespace {

// Sets the size even beyond the system's limit when privileged, otherwise up to the limit.
void set_buffer(int fd, int force, int plain, std::size_t bytes) {
  const int size = static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max() / 2));
  if (!set_option(fd, SOL_SOCKET, force, size)) set_option(fd, SOL_SOCKET, plain, size);
}

// Sets the options without which a socket of this family does not work.
bool set_family_options(int fd, bool v4) {
  if (v4) {
    return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
           set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  // IPV6_DONTFRAG: without it the kernel fragments datagrams above the device's MTU.
  return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) &&
         set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

std::string describe(const UdpSocketOptions& options) {
  std::string text = "udp socket " + options.bind.to_string();
  if (options.device) text += " on device '" + *options.device + "'";
  return text;
}

FileDescriptor open_socket(const UdpSocketOptions& options) {
  const bool v4 = options.bind.ip.is_v4();
  FileDescriptor fd(
      ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (fd.get() < 0) throw_setup_error("cannot open " + describe(options), errno);
  if (!set_family_options(fd.get(), v4)) throw_setup_error("cannot configure " + describe(options), errno);
  set_option(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  // Without the option, every datagram counts as not ECN-capable.
  set_option(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVTOS : IPV6_RECVTCLASS, 1);
  if (options.mark != 0 && !set_option(fd.get(), SOL_SOCKET, SO_MARK, static_cast<int>(options.mark)))
    throw_setup_error("cannot mark the datagrams of " + describe(options), errno);
  set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
  set_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer);
  if (options.device) {
    const std::string& device = *options.device;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                     static_cast<socklen_t>(device.size())) != 0) {
      throw_setup_error("cannot bind " + describe(options) + " to its device", errno);
    }
  }
  SocketAddress address;
  const socklen_t size = to_socket_address(options.bind, address);
  if (::bind(fd.get(), &address.any, size) != 0) throw_setup_error("cannot bind " + describe(options), errno);
  return fd;
}

UdpAddress bound_address(int fd) {
  SocketAddress address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, &address.any, &size) != 0)
    throw_setup_error("cannot read the address of a udp socket", errno);
  return from_socket_address(address);
}

// Whether the kernel knows the option; segment size 0 changes nothing.
bool supports_gso(int fd) {
  return set_option(fd, SOL_UDP, UDP_SEGMENT, 0);
}

}  // namespace

/// Owns the descriptor and both halves of the socket.
struct UdpSocket::Impl {
  explicit Impl(const UdpSocketOptions& options)
      : fd(open_socket(options)),
        id(options.id),
        local(bound_address(fd.get())),
        gro(options.gro && set_option(fd.get(), SOL_UDP, UDP_GRO, 1)),
        receiver(gro),
        sender(options.gso && supports_gso(fd.get())) {
    if (events.get() < 0 || !watch(EPOLL_CTL_ADD, false))
      throw_setup_error("cannot watch " + describe(options), errno);
  }

  // Lets the events become readable when datagrams have arrived; with `writable`, also when some can leave.
  bool watch(int operation, bool writable) const {
    epoll_event event{};
    event.events = EPOLLIN | (writable ? EPOLLOUT : 0U);
    return ::epoll_ctl(events.get(), operation, fd.get(), &event) == 0;
  }
  // To be called after datagrams have left or were kept.
  void watch_writable() {
    if (sender.waits() == waits_for_room) return;
    waits_for_room = sender.waits();
    watch(EPOLL_CTL_MOD, waits_for_room);
  }

  FileDescriptor fd;
  FileDescriptor events{::epoll_create1(EPOLL_CLOEXEC)};
  bool waits_for_room = false;
  SocketId id;
  UdpAddress local;
  bool gro;
  SocketCounters counters;
  UdpReceiver receiver;
  UdpSender sender;
};

UdpSocket::UdpSocket(const UdpSocketOptions& options) : impl_(std::make_unique<Impl>(options)) {}
UdpSocket::~UdpSocket() = default;

std::span<ReceivedDatagram> UdpSocket::receive() {
  if (impl_->sender.waits()) {
    impl_->sender.flush(impl_->fd.get(), impl_->counters);
    impl_->watch_writable();
  }
  return impl_->receiver.receive(impl_->fd.get(), impl_->id, impl_->counters);
}

void UdpSocket::send(const TransmitBatch& batch) {
  impl_->sender.send(impl_->fd.get(), batch, impl_->counters);
  impl_->watch_writable();
}

int UdpSocket::native_handle() const {
  return impl_->events.get();
}
int UdpSocket::socket() const {
  return impl_->fd.get();
}
SocketId UdpSocket::id() const {
  return impl_->id;
}
UdpAddress UdpSocket::local_address() const {
  return impl_->local;
}
const SocketCounters& UdpSocket::counters() const {
  return impl_->counters;
}
bool UdpSocket::gso_active() const {
  return impl_->sender.segmented();
}
bool UdpSocket::gro_active() const {
  return impl_->gro;
}

// A socket for every address and interface conflicts with each other one of the port.
bool is_udp_port_in_use(bool v6, std::uint16_t port) {
  const FileDescriptor fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP));
  if (fd.get() < 0 || (v6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1))) return false;
  SocketAddress address;
  const socklen_t size = to_socket_address({v6 ? IpAddress::any_v6() : IpAddress::any_v4(), port}, address);
  return ::bind(fd.get(), &address.any, size) != 0 && errno == EADDRINUSE;
}

}  // namespace hawser::io::udp
