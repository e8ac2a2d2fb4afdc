#include "io/netlink/netlink.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

#include <cctype>
#include <cerrno>
#include <new>

#include "io/throw_setup_error.hpp"

namespace hawser::io::netlink {

namespace {

// IN6_ADDR_GEN_MODE_NONE of linux/if_link.h, which cannot be included together with the C library's net/if.h.
constexpr std::uint8_t kAddressGenerationNone = 1;
constexpr int kDumpAttempts = 5;

/// Releases an object of the netlink library by `Function`.
template <auto Function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using NlAddrPtr = std::unique_ptr<nl_addr, Release<nl_addr_put>>;
using LinkPtr = std::unique_ptr<rtnl_link, Release<rtnl_link_put>>;
using AddrPtr = std::unique_ptr<rtnl_addr, Release<rtnl_addr_put>>;
using RoutePtr = std::unique_ptr<rtnl_route, Release<rtnl_route_put>>;

// Takes ownership of a new object; the library's allocators return null without memory.
template <class Pointer>
Pointer allocated(typename Pointer::pointer object) {
  if (object == nullptr) throw std::bad_alloc();
  return Pointer(object);
}

int family_of(const IpAddress& ip) {
  return ip.is_v4() ? AF_INET : AF_INET6;
}

NlAddrPtr to_netlink(const IpPrefix& prefix) {
  const Bytes ip = prefix.ip.bytes();
  auto address = allocated<NlAddrPtr>(nl_addr_build(family_of(prefix.ip), ip.data(), ip.size()));
  nl_addr_set_prefixlen(address.get(), prefix.length);
  return address;
}

// Applies to the interface what `edit` sets in a link object.
template <class Edit>
NetlinkError change_link(nl_sock* socket, int index, Edit edit) {
  const auto which = allocated<LinkPtr>(rtnl_link_alloc());
  const auto changes = allocated<LinkPtr>(rtnl_link_alloc());
  rtnl_link_set_ifindex(which.get(), index);
  edit(changes.get());
  return rtnl_link_change(socket, which.get(), changes.get(), 0);
}

// Reads a table of the kernel, again when it changed during the read.
template <class Allocate>
NlCachePtr dump(const char* what, Allocate allocate) {
  NetlinkError error = 0;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    nl_cache* cache = nullptr;
    error = allocate(&cache);
    if (error == 0) return NlCachePtr(cache);
    if (error != -NLE_DUMP_INTR) break;
  }
  throw_netlink_error(std::string("cannot list ") + what, error);
}

int to_errno(NetlinkError error) {
  switch (-error) {
    case NLE_EXIST: return EEXIST;
    case NLE_NODEV: return ENODEV;
    case NLE_PERM: return EPERM;
    case NLE_NOACCESS: return EACCES;
    case NLE_OPNOTSUPP: return EOPNOTSUPP;
    case NLE_NOMEM: return ENOMEM;
    case NLE_OBJ_NOTFOUND: return ESRCH;
    default: return EINVAL;
  }
}

}  // namespace

void throw_netlink_error(const std::string& what, NetlinkError error) {
  std::string reason = nl_geterror(error);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  throw_setup_error(what, to_errno(error), reason);
}

std::error_code to_error_code(NetlinkError error) {
  return {error == 0 ? 0 : to_errno(error), std::generic_category()};
}

void NlCacheDeleter::operator()(nl_cache* cache) const {
  nl_cache_free(cache);
}
void Netlink::SocketDeleter::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

std::optional<IpPrefix> from_netlink(const nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const auto* raw = static_cast<const std::byte*>(nl_addr_get_binary_addr(address));
  const auto length = static_cast<std::uint8_t>(nl_addr_get_prefixlen(address));
  const int family = nl_addr_get_family(address);
  const std::size_t size = nl_addr_get_len(address);
  if (family == AF_INET && size == 4) return IpPrefix{IpAddress::v4(Bytes(raw, size)), length};
  if (family == AF_INET6 && size == 16) return IpPrefix{IpAddress::v6(Bytes(raw, size)), length};
  return std::nullopt;
}

Netlink::Netlink() : socket_(nl_socket_alloc()) {
  if (!socket_) throw std::bad_alloc();
  if (const int error = nl_connect(socket_.get(), NETLINK_ROUTE); error != 0) {
    throw_netlink_error("cannot open a netlink socket", error);
  }
}

NetlinkError Netlink::set_mtu(int link, std::size_t mtu) {
  return change_link(socket_.get(), link,
                     [&](rtnl_link* changes) { rtnl_link_set_mtu(changes, static_cast<unsigned>(mtu)); });
}

NetlinkError Netlink::set_tx_queue_length(int link, std::uint32_t packets) {
  return change_link(socket_.get(), link,
                     [&](rtnl_link* changes) { rtnl_link_set_txqlen(changes, packets); });
}

NetlinkError Netlink::set_up(int link) {
  return change_link(socket_.get(), link, [](rtnl_link* changes) { rtnl_link_set_flags(changes, IFF_UP); });
}

NetlinkError Netlink::disable_link_local(int link) {
  return change_link(socket_.get(), link, [](rtnl_link* changes) {
    rtnl_link_inet6_set_addr_gen_mode(changes, kAddressGenerationNone);
  });
}

NetlinkError Netlink::add_address(int link, const IpPrefix& address) {
  const auto request = allocated<AddrPtr>(rtnl_addr_alloc());
  const auto local = to_netlink(address);
  rtnl_addr_set_ifindex(request.get(), link);
  if (const int error = rtnl_addr_set_local(request.get(), local.get()); error != 0) return error;
  if (address.ip.is_v6()) rtnl_addr_set_flags(request.get(), IFA_F_NODAD);
  return rtnl_addr_add(socket_.get(), request.get(), NLM_F_CREATE | NLM_F_EXCL);
}

bool Netlink::is_local(const IpAddress& ip) {
  const auto destination = to_netlink({ip, static_cast<std::uint8_t>(ip.is_v4() ? 32 : 128)});
  rtnl_route* found = nullptr;
  if (rtnl_route_lookup(socket_.get(), destination.get(), &found) != 0) return false;
  const RoutePtr route(found);
  return rtnl_route_get_type(route.get()) == RTN_LOCAL;
}

NlCachePtr Netlink::links() {
  return dump("network interfaces",
              [&](nl_cache** cache) { return rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, cache); });
}

NlCachePtr Netlink::addresses() {
  return dump("addresses", [&](nl_cache** cache) { return rtnl_addr_alloc_cache(socket_.get(), cache); });
}

}  // namespace hawser::io::netlink
