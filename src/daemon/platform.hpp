#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/hook_event.hpp"
#include "daemon/name_lookup.hpp"
#include "hawser/base/datagram.hpp"
#include "io/datagram_socket.hpp"
#include "io/netlink/link.hpp"
#include "io/policy_routing.hpp"
#include "io/udp/udp_socket.hpp"

namespace hawser::daemon {

/// The operating system as a TunnelService needs it. The EventLoop implements it with the kernel, tests
/// implement it in memory.
class Platform {
 public:
  Platform() = default;
  virtual ~Platform() = default;
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  /// Opens a UDP socket. Throws io::SetupError.
  virtual std::unique_ptr<io::DatagramSocket> open_socket(const io::udp::UdpSocketOptions& options) = 0;
  /// Calls TunnelService::handle_socket(id) whenever the descriptor is readable, until unwatch().
  virtual void watch(SocketId id, int descriptor) = 0;
  /// Ends watch().
  virtual void unwatch(SocketId id) = 0;
  /// The interfaces as they are now. Throws io::SetupError.
  virtual std::vector<io::netlink::LinkInfo> links() = 0;
  /// The route of datagrams to `to` from such a socket (io::netlink::find_route); none: there is none. Throws
  /// io::SetupError.
  virtual std::optional<io::netlink::RouteInfo> route(const io::netlink::RouteQuery& query,
                                                      const IpAddress& to) = 0;
  /// The routing rules and tables of the system. Outlives every user of the platform.
  virtual io::PolicyRouting& routing() = 0;
  /// The date and time, UTC. It may jump, and begin in 1970 until the clock is set.
  virtual std::chrono::sys_seconds wall_clock() = 0;
  /// Asks for the addresses of a name. Answers arrive by TunnelService::handle_name_answer(), never during
  /// this call.
  virtual void resolve(const NameQuestion& question) = 0;
  /// Passes an event to the hooks. Does not wait for them.
  virtual void announce(HookEvent event) = 0;
};

}  // namespace hawser::daemon
