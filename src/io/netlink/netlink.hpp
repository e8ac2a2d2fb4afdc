#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "hawser/base/address.hpp"

struct nl_addr;
struct nl_cache;
struct nl_sock;

namespace hawser::io::netlink {

/// Result of a call of the netlink library: 0, or its negative error number.
using NetlinkError = int;

/// Throws a SetupError "<what>: <text for `error`>".
[[noreturn]] void throw_netlink_error(const std::string& what, NetlinkError error);

/// The operating system's error for an error number of the library; no error for 0.
[[nodiscard]] std::error_code to_error_code(NetlinkError error);

/// Frees a cache of the netlink library.
struct NlCacheDeleter {
  void operator()(nl_cache* cache) const;
};
/// Owns a cache: a list of netlink objects.
using NlCachePtr = std::unique_ptr<nl_cache, NlCacheDeleter>;

/// Converts the address in a netlink object; nothing without an address, or for a family other than IPv4 and
/// IPv6.
[[nodiscard]] std::optional<IpPrefix> from_netlink(const nl_addr* address);

/// A route netlink connection to the network namespace of the thread that opens it. Owns the connection and
/// nothing else: interfaces, addresses and routes outlive it. `link` is always the index of an interface.
class Netlink {
 public:
  /// Opens the connection. Throws SetupError.
  Netlink();

  /// Sets the MTU in bytes.
  [[nodiscard]] NetlinkError set_mtu(int link, std::size_t mtu);
  /// Sets the length of the transmit queue.
  [[nodiscard]] NetlinkError set_tx_queue_length(int link, std::uint32_t packets);
  /// Sets the interface administratively up.
  [[nodiscard]] NetlinkError set_up(int link);
  /// Stops the kernel from generating a link-local IPv6 address, and thereby router solicitations.
  [[nodiscard]] NetlinkError disable_link_local(int link);
  /// Adds an address without duplicate address detection. Fails when the interface has it already.
  [[nodiscard]] NetlinkError add_address(int link, const IpPrefix& address);
  /// Whether the kernel delivers packets for `ip` to this host.
  [[nodiscard]] bool is_local(const IpAddress& ip);

  /// The library's socket, for requests that are made in one place only.
  [[nodiscard]] nl_sock* socket() { return socket_.get(); }

  /// Lists all interfaces as rtnl_link objects. Throws SetupError.
  [[nodiscard]] NlCachePtr links();
  /// Lists all addresses as rtnl_addr objects. Throws SetupError.
  [[nodiscard]] NlCachePtr addresses();

 private:
  /// Frees a socket of the netlink library.
  struct SocketDeleter {
    void operator()(nl_sock* socket) const;
  };
  std::unique_ptr<nl_sock, SocketDeleter> socket_;
};

}  // namespace hawser::io::netlink
