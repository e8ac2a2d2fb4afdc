#include "cli/client.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/file_descriptor.hpp"
#include "control/message.hpp"

namespace hawser::cli {
namespace {

namespace fs = std::filesystem;

FileDescriptor open_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return socket;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

Failure connect_failure(const std::string& socket, int error) {
  if (error == ENOENT) return {Exit::not_running, "no hawserd is running: " + socket + " does not exist"};
  if (error == ECONNREFUSED)
    return {Exit::not_running, "no hawserd is running: no process listens on " + socket};
  if (error == EACCES || error == EPERM) {
    return {Exit::denied, "not allowed to use " + socket + "; run as root or as a member of its group"};
  }
  return {Exit::failed, socket + ": " + reason(error)};
}

Failure no_answer(const std::string& socket, int error) {
  const bool late = error == EAGAIN || error == EWOULDBLOCK;
  return {Exit::failed, late ? socket + ": no reply within 5 s" : socket + ": " + reason(error)};
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Result<std::string, Failure> choose_socket(const std::string& path, const std::string& interface,
                                           const std::string& directory) {
  if (!path.empty()) return path;
  if (interface.find('/') != std::string::npos) {
    return Failure{Exit::usage, "\"" + interface + "\" is not an interface name; for a path, use --socket"};
  }
  if (!interface.empty()) return (fs::path(directory) / (interface + ".sock")).string();
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".sock") names.push_back(at->path().stem().string());
  }
  if (error == std::errc::permission_denied) return Failure{Exit::denied, "not allowed to read " + directory};
  if (names.empty()) return Failure{Exit::not_running, "no hawserd is running: no socket in " + directory};
  if (names.size() == 1) return (fs::path(directory) / (names[0] + ".sock")).string();
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += " " + name;
  return Failure{Exit::usage, "several interfaces, name one:" + list};
}

Result<std::string, Failure> ask(const std::string& socket, std::string_view request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return Failure{Exit::usage, socket + ": path too long for a socket"};
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const FileDescriptor connection = open_socket();
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return connect_failure(socket, errno);
  }
  if (!send_all(connection.get(), request)) return no_answer(socket, errno);
  std::string answer;
  std::array<char, 16384> part;
  while (answer.find('\n') == std::string::npos) {
    const ssize_t size = ::recv(connection.get(), part.data(), part.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return no_answer(socket, errno);
    if (size == 0)
      return Failure{Exit::failed, socket + ": the daemon closed the connection without a reply"};
    answer.append(part.data(), static_cast<std::size_t>(size));
  }
  answer.resize(answer.find('\n'));
  return answer;
}

}  // namespace hawser::cli
