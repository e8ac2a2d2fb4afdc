#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "hawser/base/address.hpp"

namespace hawser::io {

/// A socket address of either family, as the kernel wants it.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

/// Fills `out`; returns its length.
socklen_t to_socket_address(const UdpAddress& address, SocketAddress& out);
[[nodiscard]] UdpAddress from_socket_address(const SocketAddress& address);

[[nodiscard]] IpAddress from_kernel(const in_addr& address);
[[nodiscard]] IpAddress from_kernel(const in6_addr& address);

}  // namespace hawser::io
