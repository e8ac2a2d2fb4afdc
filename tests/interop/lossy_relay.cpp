// A UDP relay that drops packets at random and maps addresses like a NAT: each client address has its own
// outer port, from which its packets go to the target and to which the target replies.
//
//   lossy_relay --listen 10.0.0.3:7000 --target 10.0.0.10:9899 --outer 10.0.0.3 --loss 1 --seed 7
//
// Prints one JSON line when it is ready and one with its counters when SIGTERM ends it.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <random>
#include <system_error>
#include <vector>

#include "examples/common/program.hpp"
#include "hawser/base/address.hpp"
#include "socket_address.hpp"

namespace hawser::interop {
namespace {

int open_socket(const UdpAddress& bind_to) {
  const SocketAddress address(bind_to);
  const int fd = ::socket(address.get()->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int room = 4 << 20;
  if (fd >= 0) (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (fd < 0 || ::bind(fd, address.get(), address.size()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot bind " + bind_to.to_string());
  }
  return fd;
}

struct Options {
  UdpAddress listen;
  UdpAddress target;
  IpAddress outer;
  double loss = 0;  // share of the packets lost in each direction, 0 to 1
  std::uint64_t seed = 1;
};

/// Owns the inner socket and one outer socket per client. Never reads the packets.
class Relay {
 public:
  explicit Relay(const Options& options)
      : options_(options), random_(options.seed), inner_(open_socket(options.listen)) {
    waits_.push_back({inner_, POLLIN, 0});
  }

  void run() {
    while (!examples::stop_requested()) {
      if (::poll(waits_.data(), waits_.size(), 100) <= 0) continue;
      for (std::size_t i = waits_.size(); i-- > 0;) {
        if (waits_[i].revents == 0) continue;
        if (i == 0) {
          drain_inner();
        } else {
          drain_outer(i - 1);
        }
      }
    }
  }

  void report() const {
    std::printf(R"({"event":"report","clients":%zu,"forwarded":%llu,"dropped":%llu})"
                "\n",
                clients_.size(), forwarded_, dropped_);
  }

 private:
  struct Client {
    UdpAddress address;
    int outer;
  };

  void drain_inner() {
    SocketAddress from;
    for (ssize_t n = 0; (n = read(inner_, from)) > 0;) {
      forward(client_at(from.value()).outer, options_.target, static_cast<std::size_t>(n));
    }
  }

  void drain_outer(std::size_t client) {
    SocketAddress from;
    for (ssize_t n = 0; (n = read(clients_[client].outer, from)) > 0;) {
      if (from.value() != options_.target)
        continue;  // like a NAT with address-dependent filtering (RFC 4787 §5)
      forward(inner_, clients_[client].address, static_cast<std::size_t>(n));
    }
  }

  ssize_t read(int fd, SocketAddress& from) {
    return ::recvfrom(fd, buffer_.data(), buffer_.size(), 0, from.get(), from.reset_size());
  }

  void forward(int fd, const UdpAddress& to, std::size_t size) {
    if (std::uniform_real_distribution<double>(0, 1)(random_) < options_.loss) {
      ++dropped_;
      return;
    }
    const SocketAddress address(to);
    ++forwarded_;
    (void)::sendto(fd, buffer_.data(), size, 0, address.get(), address.size());
  }

  Client& client_at(const UdpAddress& address) {
    const auto [known, is_new] = by_address_.try_emplace(address, clients_.size());
    if (is_new) {
      clients_.push_back({address, open_socket({options_.outer, 0})});
      waits_.push_back({clients_.back().outer, POLLIN, 0});
    }
    return clients_[known->second];
  }

  Options options_;
  std::mt19937_64 random_;
  int inner_;
  std::vector<Client> clients_;
  std::map<UdpAddress, std::size_t> by_address_;
  std::vector<pollfd> waits_;  // the inner socket, then the outer sockets of the clients
  std::array<char, 65536> buffer_{};
  unsigned long long forwarded_ = 0;
  unsigned long long dropped_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app{"UDP relay that loses packets and rewrites ports"};
  Options options;
  std::string listen;
  std::string target;
  std::string outer;
  double percent = 0;
  app.add_option("--listen", listen, "address and port for the clients")->required();
  app.add_option("--target", target, "address and port of the server")->required();
  app.add_option("--outer", outer, "address that the server sees")->required();
  app.add_option("--loss", percent, "packets lost in each direction, per cent")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--seed", options.seed, "seed of the losses");
  CLI11_PARSE(app, argc, argv);

  const auto listen_address = UdpAddress::parse(listen);
  const auto target_address = UdpAddress::parse(target);
  const auto outer_address = IpAddress::parse(outer);
  if (!listen_address || !target_address || !outer_address) {
    std::fprintf(stderr, "--listen and --target take ADDRESS:PORT, --outer takes an ADDRESS\n");
    return 2;
  }
  options.listen = *listen_address;
  options.target = *target_address;
  options.outer = *outer_address;
  options.loss = percent / 100;

  examples::catch_stop_signals();
  Relay relay(options);
  std::printf("{\"event\":\"listening\"}\n");
  std::fflush(stdout);
  relay.run();
  relay.report();
  return 0;
}

}  // namespace
}  // namespace hawser::interop

int main(int argc, char** argv) {
  return hawser::examples::run_program("lossy_relay", hawser::interop::run, argc, argv);
}
