// linkem: an emulated access link between two network interfaces. See `linkem --help`.

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "control.hpp"
#include "offload.hpp"
#include "wire.hpp"

namespace {

using namespace hawser::linkem;
using hawser::Duration;
using hawser::kNever;
using hawser::Timestamp;

// While frames move, the loop runs every 200 µs: deliveries are late by 100 µs on average, and the processor
// time does not grow with the packet rate. Arrivals carry the kernel's time stamp, so the pause changes
// neither the rate nor the queue.
constexpr Duration kTurn = std::chrono::microseconds{200};

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count()};
}

int stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC);
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// Serves commands. Unless the wire is busy, it first waits for frames, commands or the next delivery. Returns
// false after a stop signal.
bool wait_and_serve(int epoll, int signals, ControlServer& control, Wire& wire, bool busy) {
  const Timestamp due = busy ? Timestamp{} : wire.next_due();
  const timespec timeout =
      to_timespec(due == kNever ? Duration{} : std::max(due - monotonic_now(), Duration{}));
  std::array<epoll_event, 4> events{};
  const int count = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()),
                                   due == kNever ? nullptr : &timeout, nullptr);
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
  for (int n = 0; n < count; ++n) {
    const int fd = events[static_cast<std::size_t>(n)].data.fd;
    if (fd == signals) return false;
    if (fd == control.fd()) {
      if (const int client = control.accept(); client >= 0) watch(epoll, client);
    } else if (fd != wire.fd_a() && fd != wire.fd_b()) {
      ControlServer::serve(fd, wire);  // closing removes it from the epoll set
    }
  }
  return true;
}

int run(const std::string& a, const std::string& b, const std::string& socket, std::uint64_t seed,
        const std::string& initial) {
  ::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // the default of 50 µs is half our precision
  Wire wire(a, b, seed);
  if (!initial.empty()) {
    const std::string answer = execute(wire, "set both " + initial);
    if (answer.find("error") != std::string::npos) {
      std::cerr << "linkem: --set: " << answer << '\n';
      return 2;
    }
  }
  const int signals = stop_signals();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  ControlServer control(socket);
  for (const int fd : {wire.fd_a(), wire.fd_b(), control.fd(), signals}) watch(epoll, fd);

  bool busy = false;
  while (wait_and_serve(epoll, signals, control, wire, busy)) {
    busy = wire.run_once() || wire.next_due() < monotonic_now() + kTurn;
    if (!busy) continue;
    const timespec rest = to_timespec(kTurn);
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, nullptr);
  }
  std::cout << execute(wire, "status") << std::endl;
  return 0;
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

int ctl(const std::string& socket, const std::vector<std::string>& words) {
  const std::string answer = send_command(socket, joined(words));
  std::cout << answer << '\n';
  return answer.find("\"error\"") == std::string::npos ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Emulated link: joins two network interfaces as a transparent layer-2 wire with, per direction, a "
      "rate, delay, "
      "jitter, loss, byte-limited queue and blackhole."};
  app.require_subcommand(1);

  std::string a, b, socket, initial;
  std::uint64_t seed = 1;
  CLI::App* run_command = app.add_subcommand("run", "join two interfaces until SIGTERM");
  run_command->add_option("--a", a, "interface at side a")->required();
  run_command->add_option("--b", b, "interface at side b")->required();
  run_command->add_option("--control", socket, "path of the control socket")->required();
  run_command->add_option("--seed", seed, "seed of loss and jitter")->capture_default_str();
  run_command->add_option("--set", initial,
                          "first parameters of both directions, as for ctl set: \"rate 50 delay 20\"");

  std::vector<std::string> words;
  CLI::App* ctl_command = app.add_subcommand(
      "ctl",
      "send a command to a running link: SOCKET status | SOCKET set a2b|b2a|both [rate "
      "MBIT] [delay MS] [jitter MS] [normal on|off] "
      "[loss PERCENT] [queue BYTES] [codel on|off] [bleach on|off] [reorder on|off] [late PERCENT] "
      "[late_by MS] [police MBIT] "
      "[burst BYTES] [blackhole on|off]");
  ctl_command->add_option("socket", socket, "path of the control socket")->required();
  ctl_command->add_option("command", words, "status, or set and its keys")->required();

  std::vector<std::string> interfaces;
  CLI::App* offload_command = app.add_subcommand("offload-off", "switch off the offloads of interfaces");
  offload_command->add_option("interface", interfaces, "interface name")->required();

  CLI11_PARSE(app, argc, argv);
  try {
    if (run_command->parsed()) return run(a, b, socket, seed, initial);
    if (ctl_command->parsed()) return ctl(socket, words);
    for (const std::string& interface : interfaces) switch_offloads_off(interface);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "linkem: " << error.what() << '\n';
    return 1;
  }
}
