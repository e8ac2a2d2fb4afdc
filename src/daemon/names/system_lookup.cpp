#include "daemon/names/system_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <boost/asio/post.hpp>
#include <cctype>
#include <csignal>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

namespace hawser::daemon::names {
namespace {

IpAddress address_of(const sockaddr& from) {
  if (from.sa_family == AF_INET)
    return IpAddress::v4(std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in&>(from).sin_addr, 1)));
  if (from.sa_family == AF_INET6)
    return IpAddress::v6(std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, 1)));
  return {};
}

void look_up(NameAnswer& answer) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(answer.host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    answer.failure = ::gai_strerror(error);
    answer.failure.front() = static_cast<char>(std::tolower(answer.failure.front()));
    return;
  }
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    const IpAddress ip = address_of(*at->ai_addr);
    if (ip.is_unicast()) answer.addresses.push_back(ip);
  }
  ::freeaddrinfo(list);
  if (answer.addresses.empty()) answer.failure = "no address";
}

// Signals are for the thread of the event loop.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

/// The event loop as the threads see it.
struct SystemLookup::Loop {
  std::mutex mutex;
  boost::asio::io_context* context;  ///< null: the SystemLookup is destroyed
};

SystemLookup::SystemLookup(boost::asio::io_context& context, Done done)
    : done_(std::move(done)), loop_(std::make_shared<Loop>()) {
  loop_->context = &context;
}

SystemLookup::~SystemLookup() {
  const std::lock_guard lock(loop_->mutex);
  loop_->context = nullptr;
}

void SystemLookup::ask(std::uint64_t question, const std::string& host) {
  if (pending_[host] == kMaxPending) return;
  ++pending_[host];
  NameAnswer answer{
      .question = question, .host = host, .source = "system", .weight = NameAnswer::Weight::system};
  std::thread([this, loop = loop_, answer = std::move(answer)]() mutable {
    block_signals();
    look_up(answer);
    const std::lock_guard lock(loop->mutex);
    if (loop->context == nullptr) return;
    boost::asio::post(*loop->context, [this, loop, answer = std::move(answer)]() mutable {
      // Without the lock: only this thread, the event loop's, writes it.
      if (loop->context != nullptr) finish(std::move(answer));
    });
  }).detach();
}

void SystemLookup::finish(NameAnswer answer) {
  --pending_[answer.host];
  done_(std::move(answer));
}

}  // namespace hawser::daemon::names
