#include "io/policy_routing.hpp"

#include <algorithm>
#include <fstream>

#include "io/udp/udp_socket.hpp"

namespace hawser::io {

namespace {

int read_filter(const std::string& interface) {
  std::ifstream in("/proc/sys/net/ipv4/conf/" + interface + "/rp_filter");
  int value = 0;
  return in >> value ? value : 0;
}

}  // namespace

bool KernelPolicyRouting::is_port_in_use(bool v6, std::uint16_t port) {
  return udp::is_udp_port_in_use(v6, port);
}

int KernelPolicyRouting::reverse_path_filter(const std::string& interface) {
  return std::max(read_filter("all"), read_filter(interface));
}

}  // namespace hawser::io
