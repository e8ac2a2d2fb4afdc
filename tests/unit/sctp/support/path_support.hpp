#pragma once

#include <cstdint>

#include "hawser/base/datagram.hpp"
#include "hawser/sctp/config.hpp"
#include "sctp/path/path_table.hpp"

namespace hawser::sctp::test {

inline constexpr std::size_t kPeerWindow = 1U << 20;

/// The route over `uplink` to host `host` of a documentation network.
inline Route route_to(std::uint32_t uplink, std::uint32_t host, std::uint16_t port = 9899) {
  return {SocketId(uplink), IpAddress::v4(0xC000'0200U + uplink), {IpAddress::v4(0xC633'6400U + host), port}};
}

/// Adds a path that carries data.
inline path::Path& add_active(path::PathTable& paths, std::uint32_t uplink, Duration rtt = {}) {
  path::Path& path = *paths.add(route_to(uplink, 1), PathState::active, kPeerWindow);
  if (rtt != Duration::zero()) path.rtt.add_sample({}, rtt);
  return path;
}

}  // namespace hawser::sctp::test
