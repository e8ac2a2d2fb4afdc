#include "examples/common/plain_driver.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "io/udp/udp_socket.hpp"

namespace hawser::examples {
namespace {

// Batches to read from one socket before the engine may send: acknowledgements must not wait until a whole
// burst is read.
constexpr int kBatchesPerTurn = 4;

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  timespec result{};
  result.tv_sec = seconds.count();
  result.tv_nsec = (duration - seconds).count();
  return result;
}

}  // namespace

PlainDriver::PlainDriver(sctp::EndpointConfig config) : endpoint_(std::move(config), random_, pool_) {}

SocketId PlainDriver::open(const UdpAddress& local) {
  io::udp::UdpSocketOptions options;
  options.id = SocketId(static_cast<std::uint32_t>(sockets_.size()));
  options.bind = local;
  sockets_.push_back(std::make_unique<io::udp::UdpSocket>(options));
  return options.id;
}

void PlainDriver::run_once(Duration max_wait) {
  transmit();
  wait(max_wait);
  receive();
  if (endpoint_.next_timeout() <= now()) endpoint_.handle_timeout(now());
  transmit();
}

Route PlainDriver::route(SocketId socket, const UdpAddress& remote) const {
  return {socket, sockets_[socket.value()]->local_address().ip, remote};
}

Timestamp PlainDriver::now() const {
  return Timestamp(std::chrono::steady_clock::now().time_since_epoch());
}

void PlainDriver::transmit() {
  batch_.clear();
  while (endpoint_.poll_transmit(now(), batch_)) {
    sockets_[batch_.route.socket.value()]->send(batch_);
    batch_.clear();
  }
}

void PlainDriver::wait(Duration max_wait) const {
  std::vector<pollfd> waits;
  for (const auto& socket : sockets_) waits.push_back({socket->native_handle(), POLLIN, 0});
  const Timestamp deadline = endpoint_.next_timeout();
  const Duration until_timeout = deadline == kNever ? max_wait : std::max(deadline - now(), Duration::zero());
  const timespec timeout = to_timespec(std::min(max_wait, until_timeout));
  (void)::ppoll(waits.data(), waits.size(), &timeout, nullptr);  // returns early when a signal arrives
}

void PlainDriver::receive() {
  for (const auto& socket : sockets_) {
    for (int i = 0; i < kBatchesPerTurn; ++i) {
      const auto datagrams = socket->receive();
      if (datagrams.empty()) break;
      endpoint_.handle_datagrams(now(), datagrams);
    }
  }
}

}  // namespace hawser::examples
