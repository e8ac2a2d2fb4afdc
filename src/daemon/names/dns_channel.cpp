#include "daemon/names/dns_channel.hpp"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <span>
#include <utility>

namespace hawser::daemon::names {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

DnsChannel::Status status_of(int code) {
  using Status = DnsChannel::Status;
  switch (code) {
    case ARES_SUCCESS: return Status::good;
    case ARES_ENOTFOUND: return Status::no_such_name;
    case ARES_ENODATA: return Status::no_address;
    case ARES_ESERVFAIL: return Status::server_failure;
    case ARES_EREFUSED: return Status::refused;
    case ARES_ETIMEOUT: return Status::timeout;
    case ARES_ECONNREFUSED:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return Status::unreachable;
    default: return Status::bad_answer;
  }
}

std::vector<IpAddress> addresses_of(const ares_addrinfo* list) {
  std::vector<IpAddress> out;
  for (const ares_addrinfo_node* at = list == nullptr ? nullptr : list->nodes; at; at = at->ai_next) {
    IpAddress ip;
    if (at->ai_family == AF_INET)
      ip = IpAddress::v4(
          std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in*>(at->ai_addr)->sin_addr, 1)));
    if (at->ai_family == AF_INET6)
      ip = IpAddress::v6(
          std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in6*>(at->ai_addr)->sin6_addr, 1)));
    if (ip.is_unicast()) out.push_back(ip);
  }
  return out;
}

bool set_way(int fd, const DnsChannel::Options& options) {
  const std::string& device = options.device;
  const std::uint32_t mark = options.mark;
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.data(),
                      static_cast<socklen_t>(device.size())) == 0 &&
         (mark == 0 || ::setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0);
}

// 0: it has none.
std::uint16_t port_of(int fd) {
  sockaddr_in6 address{};  // sin_port is at the same place
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin6_port);
}

// Port 0 lets the kernel choose the port now, not at connect(): a rule for the port can be made first.
bool bind_to(int fd, const IpAddress& local) {
  if (local.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::ranges::copy(local.bytes(), std::as_writable_bytes(std::span(&address.sin_addr, 1)).begin());
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::ranges::copy(local.bytes(), std::as_writable_bytes(std::span(&address.sin6_addr, 1)).begin());
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::string to_string(DnsChannel::Status status) {
  using Status = DnsChannel::Status;
  switch (status) {
    case Status::good: return "";
    case Status::no_such_name: return "no such name";
    case Status::no_address: return "no address";
    case Status::server_failure: return "server failure";
    case Status::refused: return "query refused";
    case Status::bad_answer: return "bad answer";
    case Status::timeout: return "no answer";
    case Status::unreachable: break;
  }
  return "unreachable";
}

/// The channel of c-ares, whose descriptors and timer the event loop watches.
class DnsChannel::Impl {
 public:
  Impl(asio::io_context& context, Options options, Done done)
      : context_(context), options_(std::move(options)), done_(std::move(done)), timer_(context) {
    ares_options settings{};
    // One server, one query, and its errors as they are: no list of hosts, no domains, no other server.
    settings.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    settings.timeout = static_cast<int>(kTimeout.count());
    settings.tries = 1;
    settings.ndots = 1;
    std::string lookups = "b";  // DNS only
    settings.lookups = lookups.data();
    std::string no_file = "/dev/null";  // options of the host's resolv.conf do not apply
    settings.resolvconf_path = no_file.data();
    settings.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Impl*>(self)->watch(fd, readable != 0, writable != 0);
    };
    settings.sock_state_cb_data = this;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                     ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&channel_, &settings, mask) != ARES_SUCCESS) {
      channel_ = nullptr;
      return;
    }
    ares_set_socket_configure_callback(
        channel_,
        [](ares_socket_t fd, int, void* self) { return static_cast<Impl*>(self)->configure(fd) ? 0 : -1; },
        this);
    ares_set_servers_ports_csv(channel_, options_.server.to_string().c_str());
  }
  ~Impl() {
    closing_ = true;
    if (channel_ != nullptr) ares_destroy(channel_);
    release_unconnected_ports();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void ask(Query query) {
    if (pending_ == kMaxPending) return;
    if (channel_ == nullptr) return done_({std::move(query), Status::unreachable, {}});
    ++pending_;
    ares_addrinfo_hints hints{};
    hints.ai_family = query.v6 ? AF_INET6 : AF_INET;
    hints.ai_flags = ARES_AI_NOSORT;
    const std::string name = query.name;
    auto pending = std::make_unique<Pending>(Pending{this, std::move(query)});
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Impl::on_done, pending.release());
    arm();
  }

  [[nodiscard]] bool is_busy() const { return pending_ != 0; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  /// A query that waits. c-ares owns it until it calls on_done().
  struct Pending {
    Impl* impl;
    Query query;
  };
  /// A socket of c-ares, which closes it. Shared only for weak references: a wake-up may be queued when the
  /// socket is closed.
  struct Socket {
    stream_descriptor descriptor;
    bool read = false;
    bool write = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };

  static void on_done(void* argument, int status, int, ares_addrinfo* list) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
    Impl& self = *pending->impl;
    --self.pending_;
    Result result{std::move(pending->query), status_of(status), addresses_of(list)};
    if (list != nullptr) ares_freeaddrinfo(list);
    if (result.status == Status::good && result.addresses.empty()) result.status = Status::no_address;
    if (!self.closing_) self.done_(std::move(result));
  }

  // Before the socket is connected.
  bool configure(int fd) {
    if (options_.device.empty()) return true;
    if (!set_way(fd, options_) || !bind_to(fd, options_.local)) return false;
    release_port(fd);  // of an earlier socket that could not be connected
    ports_[fd] = {options_.device, options_.server.ip, options_.local, port_of(fd)};
    if (options_.on_port) options_.on_port(ports_[fd], true);
    return true;
  }

  void release_port(int fd) {
    const auto port = ports_.extract(fd);
    if (!port.empty() && options_.on_port) options_.on_port(port.mapped(), false);
  }

  // c-ares closes a socket that it cannot connect without a word.
  void release_unconnected_ports() {
    std::vector<int> closed;
    for (const auto& [fd, port] : ports_) {
      if (!sockets_.contains(fd)) closed.push_back(fd);
    }
    for (const int fd : closed) release_port(fd);
  }

  void watch(int fd, bool read, bool write) {
    if (!read && !write) {
      const auto closed = sockets_.extract(fd);
      if (!closed.empty()) closed.mapped()->descriptor.release();
      release_port(fd);
      return;
    }
    std::shared_ptr<Socket>& socket = sockets_[fd];
    if (!socket) socket = std::make_shared<Socket>(Socket{stream_descriptor(context_, fd)});
    socket->read = read;
    socket->write = write;
    wait(socket, fd);
  }

  void wait(const std::shared_ptr<Socket>& socket, int fd) {
    if (socket->read && !std::exchange(socket->waits_to_read, true))
      wait_for(socket, fd, stream_descriptor::wait_read);
    if (socket->write && !std::exchange(socket->waits_to_write, true))
      wait_for(socket, fd, stream_descriptor::wait_write);
  }

  void wait_for(const std::shared_ptr<Socket>& socket, int fd, stream_descriptor::wait_type what) {
    socket->descriptor.async_wait(
        what, [this, fd, what, weak = std::weak_ptr(socket)](boost::system::error_code error) {
          if (weak.expired()) return;  // the channel may be destroyed as well
          const bool read = what == stream_descriptor::wait_read;
          const auto alive = weak.lock();
          (read ? alive->waits_to_read : alive->waits_to_write) = false;
          if (error) return;
          process(read ? fd : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : fd);
          const auto same = sockets_.find(fd);
          if (same != sockets_.end() && same->second == alive) wait(alive, fd);
        });
  }

  void process(int readable, int writable) {
    ares_process_fd(channel_, readable, writable);
    arm();
  }

  // After each call of c-ares: arms the timer for its next timeout, if a query waits.
  void arm() {
    release_unconnected_ports();
    timeval time{};
    if (ares_timeout(channel_, nullptr, &time) == nullptr) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec) +
                         std::chrono::milliseconds(1));
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
      if (error || alive.expired()) return;
      process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    });
  }

  asio::io_context& context_;
  Options options_;
  Done done_;
  asio::steady_timer timer_;
  ares_channel channel_ = nullptr;  ///< null: c-ares could not make it
  std::size_t pending_ = 0;
  bool closing_ = false;
  std::map<int, std::shared_ptr<Socket>> sockets_;  ///< by descriptor
  std::map<int, Port> ports_;                       ///< by descriptor
  // Shared only for weak references: the timer may have expired when the channel is destroyed.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

DnsChannel::DnsChannel(asio::io_context& context, Options options, Done done)
    : impl_(std::make_unique<Impl>(context, std::move(options), std::move(done))) {}
DnsChannel::~DnsChannel() = default;

void DnsChannel::ask(Query query) {
  impl_->ask(std::move(query));
}
bool DnsChannel::is_busy() const {
  return impl_->is_busy();
}
const DnsChannel::Options& DnsChannel::options() const {
  return impl_->options();
}

}  // namespace hawser::daemon::names
