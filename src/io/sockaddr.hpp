#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "hawser/base/address.hpp"

namespace hawser::io {

/// A socket address of either family in the kernel's form.
union SocketAddress {
  sockaddr any;     ///< either family: sa_family selects it
  sockaddr_in v4;   ///< AF_INET
  sockaddr_in6 v6;  ///< AF_INET6
};

/// Converts `address` into `out` and returns the length of the filled part.
socklen_t to_socket_address(const UdpAddress& address, SocketAddress& out);
/// Converts a socket address of family AF_INET or AF_INET6.
[[nodiscard]] UdpAddress from_socket_address(const SocketAddress& address);

/// Converts an IPv4 address.
[[nodiscard]] IpAddress from_kernel(const in_addr& address);
/// Converts an IPv6 address.
[[nodiscard]] IpAddress from_kernel(const in6_addr& address);

}  // namespace hawser::io
