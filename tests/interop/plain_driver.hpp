#pragma once

#include <memory>
#include <vector>

#include "hawser/base/buffer.hpp"
#include "hawser/crypto/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/datagram_socket.hpp"

namespace hawser::interop {

/// All that the sans-I/O engine needs from the outside: sockets, a clock, one timer. Owns the endpoint and
/// its sockets; belongs to one thread; never looks into messages or events.
///
/// A program's loop is: run_once(), then poll_event() and poll_message() of the endpoint until they are
/// empty, then whatever it wants to send.
class PlainDriver {
 public:
  explicit PlainDriver(sctp::EndpointConfig config);

  /// Opens a UDP socket, one uplink; port 0 lets the kernel choose. Throws io::SetupError.
  SocketId open(const UdpAddress& local);

  /// Sends what is due, waits for a datagram, a timeout or a signal, but no longer than `max_wait`, hands
  /// in what came, and sends the answers.
  void run_once(Duration max_wait);

  /// The route from `uplink` to `remote`.
  [[nodiscard]] Route route(SocketId uplink, const UdpAddress& remote) const;
  [[nodiscard]] Timestamp now() const;
  [[nodiscard]] sctp::Endpoint& endpoint() { return endpoint_; }
  [[nodiscard]] const sctp::Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] BufferPool& pool() { return pool_; }

 private:
  void transmit();
  void wait(Duration max_wait) const;
  void receive();

  // In order of construction: the endpoint uses the two above it.
  crypto::SystemRandom random_;
  BufferPool pool_;
  sctp::Endpoint endpoint_;
  TransmitBatch batch_;
  std::vector<std::unique_ptr<io::DatagramSocket>> sockets_;  // by SocketId
};

/// SIGINT and SIGTERM set what stop_requested() returns and end a wait of run_once().
void catch_stop_signals();
[[nodiscard]] bool stop_requested();

}  // namespace hawser::interop
