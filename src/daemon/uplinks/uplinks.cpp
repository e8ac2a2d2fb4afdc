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

const io::netlink::LinkInfo* find_index(const std::vector<io::netlink::LinkInfo>& links, int index) {
  const auto at = std::ranges::find(links, index, &io::netlink::LinkInfo::index);
  return at == links.end() ? nullptr : &*at;
}

// Whether the family cannot work on the uplink at all.
bool is_missing(const std::string& reason) {
  return reason == "no address" || reason.starts_with("configured for");
}

}  // namespace

Uplinks::Uplinks(Platform& platform, Sockets& sockets, const config::Config& config)
    : platform_(platform),
      sockets_(sockets),
      automatic_(config.uplinks.empty()),
      own_(config.interface.name),
      mark_(config.interface.fwmark),
      assessor_(platform, mark_),
      include_(config.interface.include_uplinks),
      exclude_(config.interface.exclude_uplinks) {
  for (const config::UplinkConfig& uplink : config.uplinks) {
    uplinks_.emplace_back();
    uplinks_.back().config = uplink;
  }
  SocketRoutes::remove_stale(platform_.routing());
}

bool Uplinks::set_remotes(std::vector<IpAddress> remotes) {
  std::ranges::sort(remotes);
  remotes.erase(std::unique(remotes.begin(), remotes.end()), remotes.end());
  return std::exchange(remotes_, remotes) != remotes;
}

Uplinks::Changes Uplinks::refresh(Timestamp now) {
  Changes changes;
  refreshed_ = now;
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
    if (known || !is_discoverable(link) || remotes_.empty() || !is_usable({}, link)) continue;
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
  close(uplink.v4, changes);
  close(uplink.v6, changes);
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
  const auto usable = std::ranges::find_if(
      choice, [&](const io::netlink::LinkInfo* link) { return is_usable(uplink.config, *link); });
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
      close(*family, changes);
      static_cast<Assessment&>(*family) = {};
    }
    uplink.index = index;
    spdlog::info("uplink {}: interface {} {}", uplink.config.label,
                 link == nullptr ? uplink.config.interface : link->name,
                 link == nullptr ? "is gone" : "found");
  }
  uplink.interface = link == nullptr ? "" : link->name;
  update(uplink.v4, assess(uplink.config, link, false), changes);
  update(uplink.v6, assess(uplink.config, link, true), changes);
  explain(uplink);
}

void Uplinks::update(Family& family, Assessment found, Changes& changes) {
  const bool was_usable = family.usable();
  const auto add_sockets_to = [&](std::vector<SocketId>& out) {
    for (const SocketId socket : family.sockets.all()) out.push_back(socket);
  };
  family.hops = std::move(found.hops);
  if (found.usable()) {
    const bool rebound = !family.sockets.all().empty() && family.bind != found.bind;
    if (rebound) close(family, changes);
    changes.more_usable |= rebound || !was_usable;
    const bool moved = family.route != found.route;
    if (moved || !was_usable) add_sockets_to(moved ? changes.moved : changes.disturbed);
    family.route = found.route;
    family.bind = found.bind;
  } else if (was_usable) {
    add_sockets_to(changes.disturbed);
  }
  for (const SocketId socket : family.sockets.all())
    sockets_.set_mute(socket, found.reason.starts_with("no address"));
  family.reason = std::move(found.reason);
  family.sockets.update_routes(refreshed_, family.hops);
}

bool Uplinks::is_usable(const config::UplinkConfig& config, const io::netlink::LinkInfo& link) const {
  return assess(config, &link, false).usable() || assess(config, &link, true).usable();
}

Assessment Uplinks::assess(const config::UplinkConfig& config, const io::netlink::LinkInfo* link,
                           bool v6) const {
  return assessor_.assess(config, link, v6, remotes_);
}

bool Uplinks::is_family_wanted(bool v6) const {
  return remotes_.empty() ||
         std::ranges::any_of(remotes_, [&](const IpAddress& remote) { return remote.is_v6() == v6; });
}

// The reason of the uplink as a whole: that of the family that lacks least, among the families of the peers.
std::string Uplinks::reason_of(const Uplink& uplink) const {
  const auto of = [](const Family& family) {
    return family.usable() ? family.sockets.failure() : family.reason;
  };
  const bool v4 = is_family_wanted(false);
  const bool v6 = is_family_wanted(true);
  std::string reason = v4 ? of(uplink.v4) : of(uplink.v6);
  if (v4 && v6 && (of(uplink.v6).empty() || is_missing(reason))) return of(uplink.v6);
  const Family& other = v4 ? uplink.v6 : uplink.v4;
  if (v4 == v6 || reason != "no address" || is_missing(other.reason)) return reason;
  return fmt::format("no {} address; the peer has no {} address", v4 ? "IPv4" : "IPv6", v4 ? "IPv6" : "IPv4");
}

// The kernel drops every datagram that arrives on an interface over which it would not answer, if
// net.ipv4.conf.IF.rp_filter is 1; the routing rules of the sockets prevent that.
std::string Uplinks::warning_of(const Uplink& uplink) const {
  constexpr int kStrict = 1;
  const std::string failure = uplink.v4.sockets.routing_failure();
  if (failure.empty() || platform_.routing().reverse_path_filter(uplink.interface) != kStrict) return "";
  return fmt::format(
      "rp_filter is 1 (strict) on {0}, so that answers may be dropped: {1}; run: sysctl -w "
      "net/ipv4/conf/{0}/rp_filter=2",
      uplink.interface, failure);
}

void Uplinks::explain(Uplink& uplink) {
  std::string warning = warning_of(uplink);
  if (warning != uplink.warning && !warning.empty())
    spdlog::warn("uplink {}: {}", uplink.config.label, warning);
  uplink.warning = std::move(warning);
  std::string reason = reason_of(uplink);
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

void Uplinks::close(Family& family, Changes& changes) {
  for (const SocketId socket : family.sockets.close(context())) changes.closed.push_back(socket);
}

std::optional<SocketId> Uplinks::socket(std::size_t index, bool v6, PortChoice which) {
  Uplink& uplink = uplinks_[index];
  Family& family = v6 ? uplink.v6 : uplink.v4;
  if (!family.usable()) return std::nullopt;
  FamilySockets::Options options;
  options.label = uplink.config.label;
  options.interface = uplink.interface;
  options.bind = family.bind;
  options.mark = mark_;
  options.table = uplink.config.table;
  options.needs_rule = uplink.config.gateway || uplink.config.table != 0;
  const auto socket = family.sockets.open(context(), refreshed_, which, options, family.hops);
  explain(uplink);
  return socket;
}

PortChoice Uplinks::other_than(SocketId socket) const {
  const auto uplink = uplink_of(socket);
  if (!uplink) return PortChoice::preferred;
  const Family& v4 = at(*uplink).v4;
  return (v4.sockets.has(socket) ? v4 : at(*uplink).v6).sockets.other_than(socket);
}

void Uplinks::prefer(SocketId socket) {
  if (Family* family = family_of(socket)) family->sockets.prefer(socket);
}

void Uplinks::note_silence(SocketId socket) {
  if (Family* family = family_of(socket)) family->sockets.note_silence(socket);
}

void Uplinks::close_unused(const std::vector<SocketId>& used) {
  for (Uplink& uplink : uplinks_) {
    uplink.v4.sockets.close_unused(context(), used);
    uplink.v6.sockets.close_unused(context(), used);
  }
}

Uplinks::Family* Uplinks::family_of(SocketId socket) {
  const auto uplink = uplink_of(socket);
  if (!uplink) return nullptr;
  Uplink& owner = uplinks_[*uplink];
  return owner.v4.sockets.has(socket) ? &owner.v4 : &owner.v6;
}

std::optional<std::size_t> Uplinks::uplink_of(SocketId socket) const {
  const auto at = std::ranges::find_if(
      uplinks_, [&](const Uplink& u) { return u.v4.sockets.has(socket) || u.v6.sockets.has(socket); });
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
