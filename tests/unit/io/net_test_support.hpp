#pragma once

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "hawser/base/datagram.hpp"
#include "io/datagram_socket.hpp"

namespace hawser::io::test {

inline constexpr int kWaitMs = 2000;  ///< time limit for an expected event

/// Whether the process is root.
inline bool privileged() {
  return ::geteuid() == 0;
}

/// Runs `body` in a new thread and a new network namespace, which vanishes with the thread and its sockets.
/// Returns false when the namespace could not be created.
inline bool in_fresh_namespace(const std::function<void()>& body) {
  bool made = false;
  std::thread([&] {
    made = ::unshare(CLONE_NEWNET) == 0;
    if (made) body();
  }).join();
  return made;
}

/// Sets an interface of this thread's namespace up, with this MTU.
inline bool raise_interface(const char* name, int mtu) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_mtu = mtu;
  bool ok = ::ioctl(fd, SIOCSIFMTU, &request) == 0;
  request.ifr_flags = IFF_UP;
  ok = ok && ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  ::close(fd);
  return ok;
}

/// Whether the descriptor becomes readable within the time limit.
inline bool readable(int fd, int timeout_ms = kWaitMs) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN) != 0;
}

/// A payload of `size` bytes that depends on `seed`.
inline std::vector<std::byte> pattern(std::size_t size, std::size_t seed) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>((seed * 131 + i * 7 + i / 251) & 0xFF);
  return bytes;
}

/// A batch to `to` with one datagram per size; datagram i has the content pattern(size, i).
inline TransmitBatch make_batch(const UdpAddress& to, const std::vector<std::size_t>& sizes,
                                IpAddress from = {}) {
  TransmitBatch batch;
  batch.route.remote = to;
  batch.route.local = from;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto payload = pattern(sizes[i], i);
    const MutableBytes room = batch.next(payload.size());
    if (!payload.empty()) std::memcpy(room.data(), payload.data(), payload.size());
    batch.commit(payload.size());
  }
  return batch;
}

/// A copy of a received datagram, which stays valid after the next receive().
struct Received {
  Route route;
  std::vector<std::byte> payload;
  Ecn ecn = Ecn::not_ect;
};

/// Receives until `count` datagrams have arrived or the time limit is over.
inline std::vector<Received> receive_all(DatagramSocket& socket, std::size_t count) {
  std::vector<Received> all;
  while (all.size() < count && readable(socket.native_handle())) {
    for (const ReceivedDatagram& d : socket.receive())
      all.push_back({d.route, {d.bytes.begin(), d.bytes.end()}, d.ecn});
  }
  return all;
}

inline UdpAddress address(const std::string& text) {
  return UdpAddress::parse(text).value();
}
inline IpAddress ip(const std::string& text) {
  return IpAddress::parse(text).value();
}

}  // namespace hawser::io::test
