#include "daemon/log_sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hawser::daemon {
namespace {

// O_NONBLOCK belongs to the open file, which other processes share: only a descriptor of our own can have it.
// A regular file never blocks, and a socket has a flag for each call.
FileDescriptor open_again(int descriptor, mode_t mode) {
  if (!S_ISFIFO(mode) && !S_ISCHR(mode)) return FileDescriptor(-1);
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  return FileDescriptor(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

mode_t mode_of(int descriptor) {
  struct stat file {};
  return ::fstat(descriptor, &file) == 0 ? file.st_mode : 0;
}

}  // namespace

LogSink::LogSink(int descriptor)
    : descriptor_(descriptor),
      own_(open_again(descriptor, mode_of(descriptor))),
      socket_(S_ISSOCK(mode_of(descriptor))) {}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  if (write_rest() && dropped_ != reported_) {
    const std::uint64_t lines = dropped_ - reported_;
    write_line(fmt::format("{} log lines dropped: the reader of the log was too slow\n", lines));
    if (dropped_ - reported_ == lines) reported_ = dropped_;
  }
  write_line({line.data(), line.size()});
}

// Whether a line can begin.
bool LogSink::write_rest() {
  if (rest_.empty()) return true;
  const long written = try_write(rest_);
  if (written > 0) rest_.erase(0, static_cast<std::size_t>(written));
  return rest_.empty();
}

void LogSink::write_line(std::string_view line) {
  const long written = rest_.empty() ? try_write(line) : 0;
  if (written <= 0) {
    ++dropped_;
    return;
  }
  rest_ = line.substr(static_cast<std::size_t>(written));
}

// Returns the number of bytes, or a number below 1.
long LogSink::try_write(std::string_view text) const {
  if (socket_) return ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (own_.get() >= 0) return ::write(own_.get(), text.data(), text.size());
  // For a file this is always true; for a pipe that could not be opened again, a short line then fits.
  pollfd ready{descriptor_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return 0;
  return ::write(descriptor_, text.data(), text.size());
}

}  // namespace hawser::daemon
