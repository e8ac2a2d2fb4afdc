#include "io/tun/tun_device.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "io/netlink/link.hpp"
#include "io/netlink/netlink.hpp"
#include "io/throw_setup_error.hpp"

namespace hawser::io::tun {

namespace {

constexpr const char* kClonePath = "/dev/net/tun";
constexpr std::size_t kMinMtu = 68;      // RFC 791 §3.2
constexpr std::size_t kMinMtuV6 = 1280;  // RFC 8200 §5
constexpr std::size_t kMaxMtu = 65'535;
constexpr std::chrono::milliseconds kAddressWait{2};
constexpr int kAddressWaits = 250;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw_setup_error("cannot create tun device '" + name + "'", EINVAL, reason);
}

void check(const TunOptions& options) {
  if (options.name.empty() || options.name.size() >= IFNAMSIZ)
    refuse(options.name, "a name has 1 to 15 characters");
  // With a pattern such as "tun%d", the kernel would choose the name.
  if (options.name.find_first_of("%/ :") != std::string::npos) refuse(options.name, "not an interface name");
  const bool v6 = std::any_of(options.addresses.begin(), options.addresses.end(),
                              [](const IpPrefix& address) { return address.ip.is_v6(); });
  const std::size_t least = v6 ? kMinMtuV6 : kMinMtu;
  if (options.mtu < least || options.mtu > kMaxMtu) {
    refuse(options.name, "mtu " + std::to_string(options.mtu) + " is not within " + std::to_string(least) +
                             " to " + std::to_string(kMaxMtu));
  }
}

FileDescriptor open_device(const TunOptions& options) {
  check(options);
  const std::string what = "cannot create tun device '" + options.name + "'";
  FileDescriptor fd(::open(kClonePath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0) {
    const int error = errno;
    throw_setup_error(std::string("cannot open ") + kClonePath + " for tun device '" + options.name + "'",
                      error);
  }
  ifreq request{};
  // IFF_TUN_EXCL: never attach to a persistent device that another program created.
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL);
  std::memcpy(request.ifr_name, options.name.data(), options.name.size());
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    const int error = errno;
    if (netlink::interface_exists(options.name))
      throw_setup_error(what, EEXIST, "an interface of that name already exists");
    if (error == EPERM) throw_setup_error(what, error, "operation not permitted (CAP_NET_ADMIN is needed)");
    throw_setup_error(what, error);
  }
  return fd;
}

// Waits until packets to `ip` reach this host. Even without duplicate address detection, the kernel makes an
// IPv6 address reachable only a few milliseconds later, in a work item, and packets that arrive earlier are
// lost. Gives up after half a second, which is harmless.
void await_local(netlink::Netlink& netlink, const IpAddress& ip) {
  for (int i = 0; i < kAddressWaits && !netlink.is_local(ip); ++i) std::this_thread::sleep_for(kAddressWait);
}

}  // namespace

TunDevice::TunDevice(TunOptions options)
    : options_(std::move(options)),
      fd_(open_device(options_)),
      index_(static_cast<int>(if_nametoindex(options_.name.c_str()))) {
  configure();
}

void TunDevice::configure() {
  const std::string device = " tun device '" + options_.name + "'";
  netlink::Netlink netlink;
  // First, while the MTU still permits IPv6. Fails on hosts without IPv6, where there is nothing to switch
  // off; an IPv6 address is then rejected below.
  static_cast<void>(netlink.disable_link_local(index_));
  set_mtu(options_.mtu);
  if (options_.tx_queue_length) {
    const auto error = netlink.set_tx_queue_length(index_, *options_.tx_queue_length);
    if (error != 0) netlink::throw_netlink_error("cannot set the queue length of" + device, error);
  }
  if (const auto error = netlink.set_up(index_); error != 0)
    netlink::throw_netlink_error("cannot bring up" + device, error);
  for (const IpPrefix& address : options_.addresses) {
    const auto error = netlink.add_address(index_, address);
    if (error != 0)
      netlink::throw_netlink_error("cannot add address " + address.to_string() + " to" + device, error);
  }
  for (const IpPrefix& address : options_.addresses) await_local(netlink, address.ip);
}

void TunDevice::set_mtu(std::size_t mtu) {
  const auto error = netlink::Netlink().set_mtu(index_, mtu);
  if (error != 0) {
    netlink::throw_netlink_error(
        "cannot set mtu " + std::to_string(mtu) + " on tun device '" + options_.name + "'", error);
  }
  options_.mtu = mtu;
}

std::size_t TunDevice::read(BufferPool& pool, std::span<Buffer> out) {
  std::size_t count = 0;
  while (count < out.size()) {
    // One byte more than the largest packet: a read that fills the whole buffer was truncated.
    Buffer buffer = pool.acquire(options_.mtu + 1);
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.capacity());
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) ++counters_.rx_errors;
      break;
    }
    const auto size = static_cast<std::size_t>(n);
    if (size == buffer.capacity()) {
      ++counters_.rx_truncated;
      continue;
    }
    ++counters_.rx_packets;
    counters_.rx_bytes += size;
    buffer.resize(size);
    out[count++] = std::move(buffer);
  }
  return count;
}

std::size_t TunDevice::write(std::span<const Bytes> packets) {
  std::size_t taken = 0;
  for (const Bytes packet : packets) {
    ssize_t n = 0;
    do {
      n = ::write(fd_.get(), packet.data(), packet.size());
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
      ++taken;
      ++counters_.tx_packets;
      counters_.tx_bytes += packet.size();
    } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
      ++counters_.tx_dropped_full;
    } else {
      ++counters_.tx_refused;
    }
  }
  return taken;
}

}  // namespace hawser::io::tun
