#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::daemon::names {

/// A name server of the host.
struct NameServer {
  UdpAddress address;
  std::string device;  ///< the only interface that reaches it ("fe80::1%wan1"); empty: any
  friend bool operator==(const NameServer&, const NameServer&) = default;
};

/// What a resolv.conf says.
struct NameServerList {
  std::vector<NameServer> servers;
  std::vector<std::string> search;  ///< domains that complete a name without a dot
  friend bool operator==(const NameServerList&, const NameServerList&) = default;
};

/// More than these are ignored.
inline constexpr std::size_t kMaxNameServers = 4;
inline constexpr std::size_t kMaxSearchDomains = 3;

/// Reads the format of resolv.conf(5); lines that it does not understand are ignored.
[[nodiscard]] NameServerList parse_resolv_conf(std::string_view text);

/// The files that name the servers of the host: the first one counts. If it names only servers of this
/// machine (stubs), whose own queries follow the routes of the host, the servers of the first other file that
/// has some are added.
inline const std::vector<std::string> kResolvConfs{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
                                                   "/run/NetworkManager/no-stub-resolv.conf",
                                                   "/tmp/resolv.conf.d/resolv.conf.auto"};

/// The servers that `files` name now; files that cannot be read are empty.
[[nodiscard]] NameServerList load_name_servers(const std::vector<std::string>& files);

}  // namespace hawser::daemon::names
