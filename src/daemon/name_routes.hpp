#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "daemon/names/dns_channel.hpp"
#include "daemon/uplinks/socket_routes.hpp"

namespace hawser::daemon {

/// The routing rules of the sockets that ask name servers: a strict reverse-path filter drops answers on an
/// interface to which no other route leads. Owns the rules and their routes.
class NameRoutes {
 public:
  /// `routing` outlives it. `mark`: of the queries (SO_MARK); 0: none.
  NameRoutes(io::PolicyRouting& routing, std::uint32_t mark) : routing_(routing), mark_(mark) {}

  /// See names::DnsChannel::OnPort. Without a rule the queries leave all the same, and only the filter is in
  /// the way.
  void set(const names::DnsChannel::Port& port, bool in_use);

 private:
  using Key = std::pair<bool, std::uint16_t>;  ///< whether IPv6, and the port

  io::PolicyRouting& routing_;
  std::uint32_t mark_;
  std::map<Key, std::unique_ptr<uplinks::SocketRoutes>> routes_;
};

}  // namespace hawser::daemon
