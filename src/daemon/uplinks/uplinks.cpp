#include "daemon/uplinks/uplinks.hpp"

#include <fnmatch.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "io/setup_error.hpp"

namespace hawser::daemon::uplinks {
namespace {

// Discovery leaves these out: tunnels, whose datagrams leave by an uplink again, and the interfaces of
// containers and virtual machines.
constexpr std::array<std::string_view, 10> kTunnelKinds{"tun",    "wireguard", "gre", "ip6gre", "ipip",
                                                        "ip6tnl", "sit",       "vti", "vti6",   "xfrm"};
constexpr std::array<const char*, 10> kNotUplinks{"docker*", "podman*", "br-*",   "veth*", "virbr*",
                                                  "vnet*",   "lxcbr*",  "lxdbr*", "cni*",  "flannel*"};

bool matches(const char* pattern, const std::string& name) {
  return fnmatch(pattern, name.c_str(), 0) == 0;
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return matches(pattern.c_str(), name); });
}

// 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 §2.5.6) reach no host beyond the link.
bool is_link_local(const IpAddress& address) {
  const auto first = load_be<std::uint16_t>(address.bytes().data());
  return address.is_v4() ? first == 0xa9feU : first >> 6U == 0xfe80U >> 6U;
}

std::vector<IpAddress> addresses_of(const io::netlink::LinkInfo& link, bool v6) {
  std::vector<IpAddress> out;
  for (const IpPrefix& address : link.addresses) {
    if (address.ip.is_v6() == v6 && !is_link_local(address.ip)) out.push_back(address.ip);
  }
  return out;
}

// Why there is no address of this family.
std::string lacking(const io::netlink::LinkInfo& link, bool v6) {
  if (addresses_of(link, !v6).empty()) return "no address";
  return v6 ? "no IPv6 address" : "no IPv4 address";
}

const io::netlink::LinkInfo* find_index(const std::vector<io::netlink::LinkInfo>& links, int index) {
  const auto at = std::ranges::find(links, index, &io::netlink::LinkInfo::index);
  return at == links.end() ? nullptr : &*at;
}

}  // namespace

Uplinks::Uplinks(Platform& platform, Sockets& sockets, const config::Config& config)
    : platform_(platform),
      sockets_(sockets),
      automatic_(config.uplinks.empty()),
      own_(config.interface.name),
      mark_(config.interface.fwmark),
      include_(config.interface.include_uplinks),
      exclude_(config.interface.exclude_uplinks) {
  for (const config::UplinkConfig& uplink : config.uplinks) {
    uplinks_.emplace_back();
    uplinks_.back().config = uplink;
  }
}

bool Uplinks::set_remotes(std::vector<IpAddress> remotes) {
  std::ranges::sort(remotes);
  remotes.erase(std::unique(remotes.begin(), remotes.end()), remotes.end());
  return std::exchange(remotes_, remotes) != remotes;
}

Uplinks::Changes Uplinks::refresh() {
  Changes changes;
  try {
    const Links links = platform_.links();
    if (automatic_) discover(links, changes);
    // Names before patterns: an interface that one uplink names is not for the patterns of others.
    for (const bool pattern : {false, true}) {
      for (Uplink& uplink : uplinks_) {
        if (!uplink.vacant() && config::is_pattern(uplink.config.interface) == pattern)
          update(uplink, choose(uplink, links), changes);
      }
    }
    const auto before = std::exchange(name_interfaces_, find_name_interfaces(links));
    changes.more_name_interfaces = std::ranges::any_of(name_interfaces_, [&](const NameInterface& each) {
      return std::ranges::find(before, each) == before.end();
    });
  } catch (const io::SetupError& error) {
    spdlog::warn("failed to list interfaces: {}", error.what());
  }
  return changes;
}

// --- the choice of interfaces

void Uplinks::discover(const Links& links, Changes& changes) {
  for (Uplink& uplink : uplinks_) {
    if (!uplink.vacant() && find_index(links, uplink.index) == nullptr) vacate(uplink, changes);
  }
  for (const io::netlink::LinkInfo& link : links) {
    const bool known = std::ranges::any_of(uplinks_, [&](const Uplink& u) { return u.index == link.index; });
    if (known || !is_discoverable(link) || remotes_.empty() || !is_usable(link)) continue;
    auto entry = std::ranges::find_if(uplinks_, [](const Uplink& u) { return u.vacant(); });
    if (entry == uplinks_.end()) entry = uplinks_.emplace(uplinks_.end());
    entry->config = {.interface = link.name, .label = link.name};
    entry->index = link.index;
    spdlog::info("uplink {}: discovered: has a route to the peer", link.name);
  }
}

// The interface is removed. A modem that returns under another name is another uplink, which may take the
// entry.
void Uplinks::vacate(Uplink& uplink, Changes& changes) {
  spdlog::info("uplink {}: interface {} is gone", uplink.config.label, uplink.config.interface);
  close(uplink.v4.socket, changes);
  close(uplink.v6.socket, changes);
  std::string label = std::move(uplink.config.label);  // messages about its last paths still need it
  uplink = Uplink{};
  uplink.config.label = std::move(label);
}

bool Uplinks::is_discoverable(const io::netlink::LinkInfo& link) const {
  if (link.name == own_ || link.loopback || link.enslaved || matches_any(exclude_, link.name)) return false;
  if (!include_.empty()) return matches_any(include_, link.name);
  return std::ranges::find(kTunnelKinds, link.kind) == kTunnelKinds.end() &&
         std::ranges::none_of(kNotUplinks, [&](const char* pattern) { return matches(pattern, link.name); });
}

// The interface in use, as long as it is usable; otherwise the first usable one by name.
const io::netlink::LinkInfo* Uplinks::choose(const Uplink& uplink, const Links& links) {
  if (automatic_) return find_index(links, uplink.index);
  std::vector<const io::netlink::LinkInfo*> choice;
  for (const io::netlink::LinkInfo& link : links) {
    if (may_take(uplink, link)) choice.push_back(&link);
  }
  if (choice.empty()) return nullptr;
  std::ranges::sort(choice, {}, [&](const io::netlink::LinkInfo* link) {
    return std::pair(link->index != uplink.index, link->name);
  });
  if (choice.size() == 1) return choice.front();
  const auto usable =
      std::ranges::find_if(choice, [&](const io::netlink::LinkInfo* link) { return is_usable(*link); });
  return usable == choice.end() ? choice.front() : *usable;
}

bool Uplinks::may_take(const Uplink& uplink, const io::netlink::LinkInfo& link) const {
  const std::string& wanted = uplink.config.interface;
  if (!config::is_pattern(wanted)) return link.name == wanted;
  if (link.name == own_ || link.loopback || !matches(wanted.c_str(), link.name)) return false;
  return std::ranges::none_of(uplinks_, [&](const Uplink& other) {
    return &other != &uplink && (other.index == link.index || other.config.interface == link.name);
  });
}

// --- whether they are usable

void Uplinks::update(Uplink& uplink, const io::netlink::LinkInfo* link, Changes& changes) {
  const int index = link == nullptr ? 0 : link->index;
  if (index != uplink.index) {
    // A socket stays bound to the interface on which it was opened, even if another one gets its name.
    for (Family* family : {&uplink.v4, &uplink.v6}) {
      close(family->socket, changes);
      *family = Family{};
    }
    uplink.index = index;
    spdlog::info("uplink {}: interface {} {}", uplink.config.label,
                 link == nullptr ? uplink.config.interface : link->name,
                 link == nullptr ? "is gone" : "found");
  }
  uplink.interface = link == nullptr ? "" : link->name;
  update(uplink.v4, assess(link, false), changes);
  update(uplink.v6, assess(link, true), changes);
  explain(uplink);
}

void Uplinks::update(Family& family, Family found, Changes& changes) {
  if (!found.usable()) {
    if (family.usable() && family.socket) changes.disturbed.push_back(*family.socket);
    family.reason = std::move(found.reason);
    return;
  }
  const bool rebound = family.socket && family.bind != found.bind;
  if (rebound) close(family.socket, changes);
  changes.more_usable |= rebound || !family.usable();
  const bool moved = family.route != found.route;
  if (family.socket && (moved || !family.usable()))
    (moved ? changes.moved : changes.disturbed).push_back(*family.socket);
  family.reason.clear();
  family.route = found.route;
  family.bind = found.bind;
}

bool Uplinks::is_usable(const io::netlink::LinkInfo& link) {
  return assess(&link, false).usable() || assess(&link, true).usable();
}

Uplinks::Family Uplinks::assess(const io::netlink::LinkInfo* link, bool v6) {
  Family out;
  out.bind = v6 ? IpAddress::any_v6() : IpAddress::any_v4();
  if (link == nullptr) return out;
  const auto own = addresses_of(*link, v6);
  out.reason = !link->up        ? "down"
               : !link->carrier ? "no carrier"
               : own.empty()    ? lacking(*link, v6)
                                : "no route";
  if (link->up && link->carrier && !own.empty() && find_route(*link, own, out)) out.reason.clear();
  return out;
}

// Asks the kernel for the route of a socket that is bound to the device only, then of one that is also bound
// to an address of the device, as routing rules may select by source address.
bool Uplinks::find_route(const io::netlink::LinkInfo& link, const std::vector<IpAddress>& own,
                         Family& family) {
  if (remotes_.empty()) {
    family.route.source = own.front();
    return true;
  }
  std::vector<std::optional<IpAddress>> sources{std::nullopt};
  sources.insert(sources.end(), own.begin(), own.end());
  for (const auto& source : sources) {
    for (const IpAddress& remote : remotes_) {
      if (remote.is_v6() != family.bind.is_v6()) continue;
      const auto route = platform_.route({.link = link.index, .from = source, .mark = mark_}, remote);
      if (!route) continue;
      family.route = *route;
      if (source) family.bind = *source;
      return true;
    }
  }
  return false;
}

bool Uplinks::is_family_wanted(bool v6) const {
  return remotes_.empty() ||
         std::ranges::any_of(remotes_, [&](const IpAddress& remote) { return remote.is_v6() == v6; });
}

// Sets the reason of the uplink as a whole: that of the family that lacks least, among the families of the
// peers.
void Uplinks::explain(Uplink& uplink) {
  const std::string& v4 = uplink.v4.usable() ? uplink.v4.failure : uplink.v4.reason;
  const std::string& v6 = uplink.v6.usable() ? uplink.v6.failure : uplink.v6.reason;
  std::string reason = is_family_wanted(false) ? v4 : v6;
  if (is_family_wanted(true) && (v6.empty() || reason.ends_with("address"))) reason = v6;
  if (reason == uplink.reason) return;
  if (reason.empty()) {
    spdlog::info("uplink {}: can be used", uplink.config.label);
  } else {
    spdlog::warn("uplink {}: cannot be used: {}", uplink.config.label, reason);
  }
  uplink.reason = std::move(reason);
}

// --- names

std::vector<NameInterface> Uplinks::find_name_interfaces(const Links& links) const {
  std::vector<NameInterface> out;
  for (const io::netlink::LinkInfo& link : links) {
    const auto uplink = std::ranges::find(uplinks_, link.index, &Uplink::index);
    const bool may_be_one = uplink != uplinks_.end() || (automatic_ && is_discoverable(link));
    const bool has_address = !addresses_of(link, false).empty() || !addresses_of(link, true).empty();
    if (!may_be_one || !link.up || !link.carrier || !has_address) continue;
    NameInterface& each = out.emplace_back(NameInterface{link.name});
    if (uplink == uplinks_.end()) continue;
    if (uplink->v4.usable()) each.v4 = uplink->v4.bind;
    if (uplink->v6.usable()) each.v6 = uplink->v6.bind;
  }
  return out;
}

// --- sockets

void Uplinks::close(std::optional<SocketId>& socket, Changes& changes) {
  if (!socket) return;
  sockets_.close(*socket);
  changes.closed.push_back(*socket);
  socket.reset();
}

std::optional<SocketId> Uplinks::socket(std::size_t index, bool v6) {
  Uplink& uplink = uplinks_[index];
  Family& family = v6 ? uplink.v6 : uplink.v4;
  if (!family.usable()) return std::nullopt;
  if (family.socket) return family.socket;
  io::udp::UdpSocketOptions options;
  options.bind = {family.bind, 0};
  options.device = uplink.interface;
  options.mark = mark_;
  try {
    family.socket = sockets_.open(options, uplink.config.label);
    family.failure.clear();
  } catch (const io::SetupError& error) {
    family.failure = std::string("cannot open a socket: ") + error.what();
  }
  explain(uplink);
  return family.socket;
}

std::optional<std::size_t> Uplinks::uplink_of(SocketId socket) const {
  const auto at = std::ranges::find_if(
      uplinks_, [&](const Uplink& u) { return u.v4.socket == socket || u.v6.socket == socket; });
  if (at == uplinks_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - uplinks_.begin());
}

// A path with the wildcard address leaves by the address that the kernel chooses now.
Uplinks::Exit Uplinks::exit_of(const Route& route) const {
  Exit out{"", "", route.local, ""};
  if (route.socket.value() >= sockets_.entries().size()) return out;
  const Sockets::Entry& entry = sockets_.entries()[route.socket.value()];
  out.label = entry.label;
  out.interface = entry.interface;
  const auto uplink = uplink_of(route.socket);
  if (!uplink) return out;
  const Family& family = route.remote.ip.is_v6() ? at(*uplink).v6 : at(*uplink).v4;
  if (family.usable() && out.local.is_wildcard()) out.local = family.route.source;
  out.failing = family.reason;
  return out;
}

}  // namespace hawser::daemon::uplinks
