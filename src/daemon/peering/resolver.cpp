#include "daemon/peering/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace hawser::daemon::peering {
namespace {

/// The result of one thread. The event loop logs the failures, as the log belongs to one thread.
struct Found {
  std::vector<UdpAddress> addresses;
  std::vector<std::string> failures;
};

std::optional<UdpAddress> address_of(const sockaddr& from, std::uint16_t port) {
  if (from.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    return UdpAddress{IpAddress::v4(std::as_bytes(std::span(&v4.sin_addr, 1))), port};
  }
  if (from.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    return UdpAddress{IpAddress::v6(std::as_bytes(std::span(&v6.sin6_addr, 1))), port};
  }
  return std::nullopt;
}

void look_up(const config::HostPort& endpoint, Found& found) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    found.failures.push_back("cannot resolve " + endpoint.host + ": " + ::gai_strerror(error));
    return;
  }
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (const auto address = address_of(*at->ai_addr, endpoint.port)) found.addresses.push_back(*address);
  }
  ::freeaddrinfo(list);
}

Found look_up_all(const std::vector<config::HostPort>& endpoints) {
  Found found;
  for (const config::HostPort& endpoint : endpoints) {
    if (endpoint.literal) {
      found.addresses.push_back(*endpoint.literal);
    } else {
      look_up(endpoint, found);
    }
  }
  return found;
}

// Signals are for the thread of the event loop.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

/// The event loop as the threads see it.
struct Resolver::Loop {
  std::mutex mutex;
  boost::asio::io_context* context;  ///< null: the resolver is destroyed
};

Resolver::Resolver(boost::asio::io_context& context) : loop_(std::make_shared<Loop>()) {
  loop_->context = &context;
}

Resolver::~Resolver() {
  const std::lock_guard lock(loop_->mutex);
  loop_->context = nullptr;
}

void Resolver::resolve(std::vector<config::HostPort> endpoints, Done done) {
  std::thread([loop = loop_, endpoints = std::move(endpoints), done = std::move(done)]() mutable {
    block_signals();
    Found found = look_up_all(endpoints);
    const std::lock_guard lock(loop->mutex);
    if (loop->context == nullptr) return;
    boost::asio::post(*loop->context, [loop, found = std::move(found), done = std::move(done)]() mutable {
      // Without the lock: only this thread, the event loop's, writes it.
      if (loop->context == nullptr) return;
      for (const std::string& failure : found.failures) spdlog::warn("{}", failure);
      done(std::move(found.addresses));
    });
  }).detach();
}

}  // namespace hawser::daemon::peering
