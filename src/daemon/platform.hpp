#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/hooks/event.hpp"
#include "daemon/quota/quota.hpp"
#include "hawser/base/datagram.hpp"
#include "io/datagram_socket.hpp"
#include "io/netlink/link.hpp"
#include "io/udp/udp_socket.hpp"
#include "tunnel/allowed_ips.hpp"

namespace hawser::daemon {

/// What a TunnelService needs of the machine it runs on. The EventLoop gives it the kernel, tests give it
/// memory.
class Platform {
 public:
  Platform() = default;
  virtual ~Platform() = default;
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  /// Throws io::SetupError.
  virtual std::unique_ptr<io::DatagramSocket> open_socket(const io::udp::UdpSocketOptions& options) = 0;
  /// From now on TunnelService::handle_socket(id) is due whenever the descriptor is readable, until
  /// unwatch().
  virtual void watch(SocketId id, int descriptor) = 0;
  virtual void unwatch(SocketId id) = 0;
  /// The interfaces as they are now. Throws io::SetupError.
  virtual std::vector<io::netlink::LinkInfo> links() = 0;
  /// How packets leave by the interface `link`: io::find_route. Throws io::SetupError.
  virtual std::optional<io::netlink::RouteInfo> route(int link, const IpAddress& to,
                                                      const std::optional<IpAddress>& from) = 0;
  /// What time it is for people; it may jump, and be of 1970 until somebody sets it.
  virtual quota::WallTime wall_clock() = 0;
  /// Finds the addresses behind names; answered by TunnelService::handle_addresses(), never from within this
  /// call.
  virtual void resolve(tunnel::PeerIndex peer, const std::vector<config::HostPort>& endpoints) = 0;
  /// Something happened that hooks are told of. Must not wait for them.
  virtual void announce(hooks::HookEvent event) = 0;
};

}  // namespace hawser::daemon
