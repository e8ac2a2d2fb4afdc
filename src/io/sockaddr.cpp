#include "io/sockaddr.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace hawser::io {

socklen_t to_socket_address(const UdpAddress& address, SocketAddress& out) {
  std::memset(&out, 0, sizeof out);
  const Bytes ip = address.ip.bytes();
  if (address.ip.is_v4()) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(address.port);
    std::memcpy(&out.v4.sin_addr, ip.data(), ip.size());
    return sizeof out.v4;
  }
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(address.port);
  std::memcpy(&out.v6.sin6_addr, ip.data(), ip.size());
  return sizeof out.v6;
}

UdpAddress from_socket_address(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET6) {
    return {from_kernel(address.v6.sin6_addr), ntohs(address.v6.sin6_port)};
  }
  return {from_kernel(address.v4.sin_addr), ntohs(address.v4.sin_port)};
}

IpAddress from_kernel(const in_addr& address) {
  return IpAddress::v4(std::as_bytes(std::span(&address, 1)));
}
IpAddress from_kernel(const in6_addr& address) {
  return IpAddress::v6(std::as_bytes(std::span(&address, 1)));
}

}  // namespace hawser::io
