#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "hawser/base/address.hpp"

struct nl_addr;
struct nl_cache;
struct nl_sock;

namespace hawser::io::netlink {

/// A call of the netlink library failed: its (negative) error number, or 0.
using NetlinkError = int;

/// Throws a SetupError: "<what>: <reason>".
[[noreturn]] void throw_netlink_error(const std::string& what, NetlinkError error);

struct NlCacheDeleter {
  void operator()(nl_cache* cache) const;
};
using NlCachePtr = std::unique_ptr<nl_cache, NlCacheDeleter>;

/// The address in a netlink object; nothing when there is none or it is of another family than IPv4 and IPv6.
[[nodiscard]] std::optional<IpPrefix> from_netlink(const nl_addr* address);

/// A route netlink connection to the network namespace of the thread that opens it. Owns the connection,
/// nothing else.
class Netlink {
 public:
  /// Throws SetupError.
  Netlink();

  [[nodiscard]] NetlinkError set_mtu(int link, std::size_t mtu);
  [[nodiscard]] NetlinkError set_tx_queue_length(int link, std::uint32_t packets);
  [[nodiscard]] NetlinkError set_up(int link);
  /// No link-local address of the kernel's making, hence no router solicitations either.
  [[nodiscard]] NetlinkError disable_link_local(int link);
  /// Usable at once (IPv6: no duplicate address detection).
  [[nodiscard]] NetlinkError add_address(int link, const IpPrefix& address);
  /// Whether the kernel delivers packets for `ip` to this host.
  [[nodiscard]] bool is_local(const IpAddress& ip);
  /// A unicast route of the main table without a gateway.
  [[nodiscard]] NetlinkError add_route(int link, const IpPrefix& destination);

  /// For requests that only one caller has.
  [[nodiscard]] nl_sock* socket() { return socket_.get(); }

  /// Everything of a kind (rtnl_link, rtnl_addr objects). Throws SetupError.
  [[nodiscard]] NlCachePtr links();
  [[nodiscard]] NlCachePtr addresses();

 private:
  struct SocketDeleter {
    void operator()(nl_sock* socket) const;
  };
  std::unique_ptr<nl_sock, SocketDeleter> socket_;
};

}  // namespace hawser::io::netlink
