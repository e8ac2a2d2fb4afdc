#include "control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace hawser::linkem {
namespace {

using Words = std::vector<std::string_view>;

Words split(std::string_view text) {
  Words words;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(" \n\t", begin)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(" \n\t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::optional<double> number_in(std::string_view text, double highest) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= highest))
    return {};
  return value;
}

Duration milliseconds(double value) {
  return Duration{static_cast<Duration::rep>(value * 1e6)};
}
double milliseconds(Duration value) {
  return static_cast<double>(value.count()) / 1e6;
}

bool apply_switch(LinkParameters& parameters, std::string_view key, bool on) {
  if (key == "blackhole") {
    parameters.blackhole = on;
  } else if (key == "reorder") {
    parameters.reorder = on;
  } else if (key == "codel") {
    parameters.codel = on;
  } else if (key == "bleach") {
    parameters.bleach = on;
  } else if (key == "normal") {
    parameters.normal_jitter = on;
  } else {
    return false;
  }
  return true;
}

bool apply_number(LinkParameters& parameters, std::string_view key, double number) {
  if (key == "rate") {
    parameters.rate_mbps = number;
  } else if (key == "delay") {
    parameters.delay = milliseconds(number);
  } else if (key == "jitter") {
    parameters.jitter = milliseconds(number);
  } else if (key == "loss") {
    parameters.loss = number / 100;
  } else if (key == "queue") {
    parameters.queue_bytes = static_cast<std::uint64_t>(number);
  } else if (key == "late") {
    parameters.late = number / 100;
  } else if (key == "late_by") {
    parameters.late_by = milliseconds(number);
  } else if (key == "police") {
    parameters.police_mbps = number;
  } else if (key == "burst") {
    parameters.police_burst = static_cast<std::uint64_t>(number);
  } else {
    return false;
  }
  return true;
}

// Sets one key; returns false when key or value is invalid.
bool apply(LinkParameters& parameters, std::string_view key, std::string_view value) {
  if (value == "on" || value == "off") return apply_switch(parameters, key, value == "on");
  const std::optional<double> number = number_in(value, key == "loss" || key == "late" ? 100 : 1e9);
  return number && apply_number(parameters, key, *number);
}

std::string error(std::string_view text) {
  return fmt::format(R"({{"error": "{}"}})", text);
}

std::string set(Wire& wire, const Words& words) {
  const std::string_view which = words.size() < 2 ? "" : words[1];
  if (which != "a2b" && which != "b2a" && which != "both") return error("direction must be a2b, b2a or both");
  if (words.size() % 2 != 0) return error("every key needs a value");
  LinkParameters a2b = wire.a2b().parameters();
  LinkParameters b2a = wire.b2a().parameters();
  for (std::size_t n = 2; n < words.size(); n += 2) {
    const bool good = apply(a2b, words[n], words[n + 1]) && apply(b2a, words[n], words[n + 1]);
    if (!good) return error("unknown key or value out of range (see linkem --help)");
  }
  if (which != "b2a") wire.a2b().set(a2b);
  if (which != "a2b") wire.b2a().set(b2a);
  return R"({"ok": true})";
}

std::string describe(Direction& direction) {
  const LinkParameters& p = direction.parameters();
  const Counters& c = direction.counters();
  return fmt::format(
      R"({{"from": "{}", "rate_mbps": {}, "delay_ms": {}, "jitter_ms": {}, "loss_percent": {}, "queue_bytes": {}, )"
      R"("reorder": {}, "blackhole": {}, "backlog_bytes": {}, "in_flight": {}, "received": {}, "received_bytes": {}, )"
      R"("sent": {}, "sent_bytes": {}, "dropped_queue": {}, "dropped_codel": {}, "marked": {}, "dropped_policer": {}, "dropped_loss": {}, )"
      R"("dropped_blackhole": {}, "dropped_send": {}, "dropped_oversize": {}, "overrun": {}, "late": [{}]}})",
      direction.from().interface(), p.rate_mbps, milliseconds(p.delay), milliseconds(p.jitter), p.loss * 100,
      p.queue_bytes, p.reorder, p.blackhole, direction.backlog(), direction.in_flight(), c.received,
      c.received_bytes, c.sent, c.sent_bytes, c.dropped_queue, c.dropped_codel, c.marked, c.dropped_policer,
      c.dropped_loss, c.dropped_blackhole, c.dropped_send, direction.from().oversize(),
      direction.from().overrun(), fmt::join(direction.lateness().counts(), ", "));
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw std::system_error(ENAMETOOLONG, std::generic_category(), "control socket " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int unix_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("control socket");
  return fd;
}

// Returns one message; nullopt when the other end has closed or on an error.
std::optional<std::string> read_message(int fd) {
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return {};
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::string execute(Wire& wire, std::string_view command) {
  const Words words = split(command);
  if (words.size() == 1 && words[0] == "status") {
    return fmt::format(R"({{"a2b": {}, "b2a": {}}})", describe(wire.a2b()), describe(wire.b2a()));
  }
  if (!words.empty() && words[0] == "set") return set(wire, words);
  return error("the commands are status and set");
}

ControlServer::ControlServer(const std::string& path) : path_(path) {
  const sockaddr_un address = unix_address(path);
  fd_ = unix_socket();
  ::unlink(path.c_str());
  const void* raw = &address;
  if (::bind(fd_, static_cast<const sockaddr*>(raw), sizeof address) < 0 || ::listen(fd_, 16) < 0) {
    const int reason = errno;
    ::close(fd_);
    throw std::system_error(reason, std::generic_category(), "control socket " + path);
  }
}

ControlServer::~ControlServer() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

int ControlServer::accept() {
  return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

void ControlServer::serve(int client, Wire& wire) {
  if (const std::optional<std::string> command = read_message(client)) {
    const std::string answer = execute(wire, *command);
    ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  ::close(client);
}

std::string send_command(const std::string& path, const std::string& command) {
  const sockaddr_un address = unix_address(path);
  const int fd = unix_socket();
  const void* raw = &address;
  std::optional<std::string> answer;
  int reason = 0;
  if (::connect(fd, static_cast<const sockaddr*>(raw), sizeof address) < 0 ||
      ::send(fd, command.data(), command.size(), MSG_NOSIGNAL) < 0) {
    reason = errno;
  } else if (!(answer = read_message(fd))) {
    reason = ECONNRESET;
  }
  ::close(fd);
  if (reason != 0) throw std::system_error(reason, std::generic_category(), "control socket " + path);
  return *answer;
}

}  // namespace hawser::linkem
