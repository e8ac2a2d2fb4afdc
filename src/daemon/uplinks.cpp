#include "daemon/uplinks.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "hawser/io/setup_error.hpp"

namespace hawser::daemon {
namespace {

/// fe80::/10 reaches nobody beyond the link.
bool is_link_local_v6(const IpAddress& address) {
  return address.is_v6() && load_be<std::uint16_t>(address.bytes().data()) >> 6U == 0xfe80U >> 6U;
}

bool has_address(const io::LinkInfo& link, bool v6) {
  return std::any_of(link.addresses.begin(), link.addresses.end(),
                     [&](const IpPrefix& a) { return a.ip.is_v6() == v6 && !is_link_local_v6(a.ip); });
}

}  // namespace

Uplinks::Uplinks(Host& host, Sockets& sockets, std::vector<UplinkConfig> configured, std::string own)
    : host_(host), sockets_(sockets), automatic_(configured.empty()), own_(std::move(own)) {
  for (UplinkConfig& uplink : configured)
    uplinks_.push_back({.config = std::move(uplink), .socket_v4 = {}, .socket_v6 = {}});
}

std::vector<UplinkId> Uplinks::refresh() {
  std::vector<UplinkId> closed;
  std::vector<io::LinkInfo> links;
  try {
    links = host_.links();
  } catch (const io::SetupError& error) {
    spdlog::warn("cannot list the interfaces: {}", error.what());
    return closed;
  }
  if (automatic_) discover(links);
  for (Uplink& uplink : uplinks_) {
    const auto at = std::find_if(links.begin(), links.end(), [&](const io::LinkInfo& link) {
      return link.name == uplink.config.interface;
    });
    update(uplink, at == links.end() ? nullptr : &*at, closed);
  }
  return closed;
}

void Uplinks::discover(const std::vector<io::LinkInfo>& links) {
  for (const io::LinkInfo& link : links) {
    if (link.name == own_ || link.loopback || !(link.default_route_v4 || link.default_route_v6)) continue;
    const bool known = std::any_of(uplinks_.begin(), uplinks_.end(),
                                   [&](const Uplink& u) { return u.config.interface == link.name; });
    if (known) continue;
    spdlog::info("uplink {}: has a default route", link.name);
    uplinks_.push_back(
        {.config = {.interface = link.name, .label = link.name}, .socket_v4 = {}, .socket_v6 = {}});
  }
}

void Uplinks::update(Uplink& uplink, const io::LinkInfo* link, std::vector<UplinkId>& closed) {
  const int index = link == nullptr ? 0 : link->index;
  if (index != uplink.index) {
    // A socket stays bound to the interface it was opened on, even when a new one of the same name takes its
    // place.
    close(uplink.socket_v4, closed);
    close(uplink.socket_v6, closed);
    spdlog::info("uplink {}: interface {} {}", uplink.config.label, uplink.config.interface,
                 index == 0 ? "is gone" : "found");
    uplink.index = index;
    uplink.reported = false;
  }
  const bool ready = link != nullptr && link->up && link->carrier;
  uplink.v4 = ready && has_address(*link, false);
  uplink.v6 = ready && has_address(*link, true);
}

void Uplinks::close(std::optional<UplinkId>& socket, std::vector<UplinkId>& closed) {
  if (!socket) return;
  sockets_.close(*socket);
  closed.push_back(*socket);
  socket.reset();
}

std::optional<UplinkId> Uplinks::socket(std::size_t index, bool v6) {
  Uplink& uplink = uplinks_[index];
  if (!(v6 ? uplink.v6 : uplink.v4)) return std::nullopt;
  std::optional<UplinkId>& socket = v6 ? uplink.socket_v6 : uplink.socket_v4;
  if (socket) return socket;
  io::UdpSocketOptions options;
  options.bind = {v6 ? IpAddress::any_v6() : IpAddress::any_v4(), 0};
  options.device = uplink.config.interface;
  try {
    socket = sockets_.open(options, uplink.config.label);
  } catch (const io::SetupError& error) {
    if (!std::exchange(uplink.reported, true))
      spdlog::warn("uplink {}: {}", uplink.config.label, error.what());
  }
  return socket;
}

std::optional<std::size_t> Uplinks::uplink_of(UplinkId socket) const {
  const auto at = std::find_if(uplinks_.begin(), uplinks_.end(), [&](const Uplink& u) {
    return u.socket_v4 == socket || u.socket_v6 == socket;
  });
  if (at == uplinks_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - uplinks_.begin());
}

}  // namespace hawser::daemon
