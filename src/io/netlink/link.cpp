#include "io/netlink/link.hpp"

#include <linux/if_addr.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>

#include <algorithm>
#include <map>

#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

namespace {

using LinksByIndex = std::map<int, LinkInfo>;

// IFF_LOWER_UP of linux/if.h, which cannot be included together with net/if.h.
constexpr unsigned kLowerUp = 1U << 16;

// Calls `visit` with every object of the cache, cast to the type that the cache holds.
template <class Object, class Visit>
void for_each(nl_cache* cache, Visit visit) {
  for (nl_object* o = nl_cache_get_first(cache); o != nullptr; o = nl_cache_get_next(o)) {
    visit(reinterpret_cast<Object*>(o));
  }
}

LinkInfo describe(rtnl_link* link) {
  LinkInfo info;
  const unsigned flags = rtnl_link_get_flags(link);
  if (const char* name = rtnl_link_get_name(link); name != nullptr) info.name = name;
  if (const char* kind = rtnl_link_get_type(link); kind != nullptr) info.kind = kind;
  info.index = rtnl_link_get_ifindex(link);
  info.enslaved = rtnl_link_get_master(link) != 0;
  info.up = (flags & IFF_UP) != 0;
  info.carrier = (flags & kLowerUp) != 0;
  info.loopback = (flags & IFF_LOOPBACK) != 0;
  info.mtu = rtnl_link_get_mtu(link);
  return info;
}

// Whether another host may have the address (RFC 4862 §5.4); it is then no source of packets.
bool is_unproven(rtnl_addr* address) {
  const unsigned flags = rtnl_addr_get_flags(address);
  return (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
}

void add_addresses(Netlink& netlink, LinksByIndex& links) {
  const NlCachePtr cache = netlink.addresses();
  for_each<rtnl_addr>(cache.get(), [&](rtnl_addr* address) {
    const auto link = links.find(rtnl_addr_get_ifindex(address));
    auto prefix = from_netlink(rtnl_addr_get_local(address));
    if (link == links.end() || !prefix || is_unproven(address)) return;
    // The local address of a point-to-point link carries no prefix length; the address object does.
    prefix->length = static_cast<std::uint8_t>(rtnl_addr_get_prefixlen(address));
    link->second.addresses.push_back(*prefix);
  });
}

}  // namespace

std::vector<LinkInfo> list_links() {
  Netlink netlink;
  LinksByIndex links;
  const NlCachePtr cache = netlink.links();
  for_each<rtnl_link>(cache.get(),
                      [&](rtnl_link* link) { links.emplace(rtnl_link_get_ifindex(link), describe(link)); });
  add_addresses(netlink, links);
  std::vector<LinkInfo> result;
  result.reserve(links.size());
  for (auto& [index, link] : links) result.push_back(std::move(link));
  return result;
}

std::optional<LinkInfo> find_link(std::string_view name) {
  auto links = list_links();
  const auto link =
      std::find_if(links.begin(), links.end(), [&](const LinkInfo& l) { return l.name == name; });
  if (link == links.end()) return std::nullopt;
  return std::move(*link);
}

bool interface_exists(std::string_view name) {
  return name.size() < IFNAMSIZ && if_nametoindex(std::string(name).c_str()) != 0;
}

}  // namespace hawser::io::netlink
