#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/platform.hpp"
#include "daemon/uplinks/socket_routes.hpp"

namespace hawser::daemon::uplinks {

/// Whether an uplink is usable for one address family, and how its datagrams leave.
struct Assessment {
  std::string reason = "no interface";  ///< why it is not usable; empty: it is
  io::netlink::RouteInfo route;         ///< how datagrams leave
  /// What its socket is bound to: the wildcard, or an address of the interface that the configuration or a
  /// routing rule requires.
  IpAddress bind;
  std::vector<NextHop> hops;  ///< towards each address of the peers that can be reached

  [[nodiscard]] bool usable() const { return reason.empty(); }
};

/// Assesses uplinks: whether an interface, with the `address`, `gateway` or `table` of an uplink, leads to
/// the peers. Asks the kernel each time; owns nothing.
class Assessor {
 public:
  /// `mark`: of the datagrams. `platform` outlives this object.
  Assessor(Platform& platform, std::uint32_t mark) : platform_(platform), mark_(mark) {}

  /// Assesses an uplink on that interface (null: there is none). `remotes`: the addresses of the peers;
  /// empty: not known yet, so that any address of its own makes the uplink usable.
  [[nodiscard]] Assessment assess(const config::UplinkConfig& uplink, const io::netlink::LinkInfo* link,
                                  bool v6, const std::vector<IpAddress>& remotes) const;

 private:
  using Remotes = std::vector<IpAddress>;

  void use_gateway(const config::UplinkConfig& uplink, const io::netlink::LinkInfo& link, bool v6,
                   const Remotes& remotes, Assessment& out) const;
  [[nodiscard]] bool find_in_table(const config::UplinkConfig& uplink, const io::netlink::LinkInfo& link,
                                   const Remotes& remotes, Assessment& out) const;
  [[nodiscard]] bool find_route(const config::UplinkConfig& uplink, const io::netlink::LinkInfo& link,
                                const std::vector<IpAddress>& own, const Remotes& remotes,
                                Assessment& out) const;

  Platform& platform_;
  std::uint32_t mark_;
};

/// The addresses of an interface in one family, except those that reach no host beyond the link:
/// 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291 §2.5.6).
[[nodiscard]] std::vector<IpAddress> addresses_of(const io::netlink::LinkInfo& link, bool v6);

}  // namespace hawser::daemon::uplinks
