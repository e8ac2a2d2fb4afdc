#pragma once

#include <memory>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/crypto/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/datagram_socket.hpp"

namespace hawser::examples {

/// Gives the sans-I/O engine what it needs from outside: sockets, a clock and one timer. Owns the endpoint
/// and its sockets. Belongs to one thread. Never reads messages or events: the program polls them.
///
/// The loop of a program: run_once(); then poll_event() and poll_message() of the endpoint until both are
/// empty; then send().
class PlainDriver {
 public:
  explicit PlainDriver(sctp::EndpointConfig config);

  /// Opens a UDP socket. With port 0 the kernel chooses the port. Throws io::SetupError.
  SocketId open(const UdpAddress& local);

  /// Sends the datagrams that are due; waits for a datagram, a timeout or a signal, at most for `max_wait`;
  /// passes received datagrams and the timeout to the endpoint; sends the datagrams that follow.
  void run_once(Duration max_wait);

  /// The route from the address of `socket` to `remote`.
  [[nodiscard]] Route route(SocketId socket, const UdpAddress& remote) const;
  /// The monotonic clock of the system.
  [[nodiscard]] Timestamp now() const;
  [[nodiscard]] sctp::Endpoint& endpoint() { return endpoint_; }
  [[nodiscard]] const sctp::Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] BufferPool& pool() { return pool_; }

 private:
  void transmit();
  void wait(Duration max_wait) const;
  void receive();

  // The endpoint refers to the two members above it, so they are constructed first.
  crypto::SystemRandom random_;
  BufferPool pool_;
  sctp::Endpoint endpoint_;
  TransmitBatch batch_;
  std::vector<std::unique_ptr<io::DatagramSocket>> sockets_;  // by SocketId
};

}  // namespace hawser::examples
