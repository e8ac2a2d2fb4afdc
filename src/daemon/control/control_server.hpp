#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hawser::daemon {

/// Answers requests on a Unix socket, one line each. Owns the socket file, which vanishes with it; never
/// knows what the lines mean. Slow, silent and greedy clients are cut off.
class ControlServer {
 public:
  using Answer = std::function<std::string(std::string_view line)>;
  static constexpr std::size_t kMaxClients = 16;
  static constexpr std::chrono::seconds kPatience{10};  ///< for a request to come, or an answer to go

  /// Creates the directory when need be and replaces a socket that nobody listens on any more. Throws
  /// std::system_error, or std::runtime_error when a daemon listens there.
  ControlServer(boost::asio::io_context& context, std::string path, Answer answer);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  class Client;
  void open();
  void accept();

  boost::asio::io_context& context_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::string path_;
  bool bound_ = false;
  Answer answer_;
  std::size_t clients_ = 0;
};

}  // namespace hawser::daemon
