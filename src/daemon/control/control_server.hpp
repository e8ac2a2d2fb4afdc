#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hawser::daemon {

/// Answers requests on a Unix socket, one line each. Owns the socket file and removes it at the end; never
/// interprets a line. Closes connections that are slow, silent or send too long a line.
class ControlServer {
 public:
  /// Returns the answer to one line, newline included.
  using Answer = std::function<std::string(std::string_view line)>;
  /// Further connections are closed immediately.
  static constexpr std::size_t kMaxClients = 16;
  /// For a request to arrive, or an answer to leave.
  static constexpr std::chrono::seconds kTimeout{10};
  /// From a connection that cannot be accepted, for example without a free descriptor, to the next attempt.
  static constexpr std::chrono::milliseconds kAcceptPause{500};

  /// Creates the directory if it is missing and replaces a socket that no daemon listens on. Throws
  /// std::system_error, or std::runtime_error if another daemon listens there.
  ControlServer(boost::asio::io_context& context, std::string path, Answer answer);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  class Client;
  void open();
  void accept();
  void accept_later();

  boost::asio::io_context& context_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer accept_timer_;
  std::string path_;
  bool bound_ = false;
  Answer answer_;
  std::size_t clients_ = 0;
};

}  // namespace hawser::daemon
