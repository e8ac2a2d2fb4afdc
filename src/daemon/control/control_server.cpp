#include "daemon/control/control_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "control/message.hpp"

namespace hawser::daemon {

using Protocol = boost::asio::local::stream_protocol;

/// One connection. Shared by its pending operations; the last one to end destroys it.
class ControlServer::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(ControlServer& server, Protocol::socket socket)
      : server_(server), socket_(std::move(socket)), timeout_(server.context_) {
    ++server_.clients_;
  }
  ~Client() { --server_.clients_; }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Waits for a request.
  void read() {
    limit_time();
    boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(request_, control::kMaxRequest), '\n',
        [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
          self->on_request(error, size);
        });
  }

 private:
  void on_request(boost::system::error_code error, std::size_t size) {
    if (error == boost::asio::error::not_found) {  // no end of line within the limit
      return write(
          control::make_error("request longer than " + std::to_string(control::kMaxRequest) + " bytes"),
          true);
    }
    if (error) return finish();
    std::string line = request_.substr(0, size - 1);
    request_.erase(0, size);
    write(server_.answer_(line), false);
  }

  void write(std::string text, bool last) {
    response_ = std::move(text);
    limit_time();
    boost::asio::async_write(socket_, boost::asio::buffer(response_),
                             [self = shared_from_this(), last](boost::system::error_code error, std::size_t) {
                               if (error || last) return self->finish();
                               self->read();
                             });
  }

  void limit_time() {
    timeout_.expires_after(kTimeout);
    timeout_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      if (const auto self = weak.lock(); self && !error) self->finish();
    });
  }

  void finish() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    timeout_.cancel();
  }

  ControlServer& server_;
  Protocol::socket socket_;
  boost::asio::steady_timer timeout_;
  std::string request_;
  std::string response_;
};

ControlServer::ControlServer(boost::asio::io_context& context, std::string path, Answer answer)
    : context_(context),
      acceptor_(context),
      accept_timer_(context),
      path_(std::move(path)),
      answer_(std::move(answer)) {
  open();
  accept();
}

ControlServer::~ControlServer() {
  if (bound_) ::unlink(path_.c_str());
}

void ControlServer::open() {
  const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
  std::filesystem::create_directories(directory);
  Protocol::socket probe(context_);
  boost::system::error_code error;
  probe.connect(Protocol::endpoint(path_), error);
  if (!error) throw std::runtime_error("control socket " + path_ + ": another daemon listens on it");
  if (error == boost::system::errc::connection_refused && std::filesystem::is_socket(path_))
    ::unlink(path_.c_str());
  acceptor_.open();
  // Without the umask, other users could connect before chmod().
  const ::mode_t mask = ::umask(0777);
  acceptor_.bind(Protocol::endpoint(path_), error);
  ::umask(mask);
  if (error) throw std::system_error(error.value(), std::generic_category(), "control socket " + path_);
  bound_ = true;
  if (::chmod(path_.c_str(), 0660) != 0) {
    throw std::system_error(errno, std::generic_category(), "control socket " + path_);
  }
  acceptor_.listen();
}

void ControlServer::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, Protocol::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) return accept_later();  // at once it would fail again, and keep the event loop busy
    if (clients_ < kMaxClients) std::make_shared<Client>(*this, std::move(socket))->read();
    accept();
  });
}

void ControlServer::accept_later() {
  accept_timer_.expires_after(kAcceptPause);
  accept_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) accept();
  });
}

}  // namespace hawser::daemon
