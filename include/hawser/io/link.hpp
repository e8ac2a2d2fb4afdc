#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::io {

/// A network interface as it was when asked.
struct LinkInfo {
  std::string name;
  int index = 0;
  bool up = false;       ///< administratively up
  bool carrier = false;  ///< the medium is connected
  bool loopback = false;
  std::size_t mtu = 0;
  std::vector<IpPrefix> addresses;  ///< global and link-local, with the prefix length of the subnet
  bool default_route_v4 = false;    ///< a default route of the main table leaves here
  bool default_route_v6 = false;
};

/// Every interface of this network namespace, by index. Throws SetupError when netlink does not answer.
[[nodiscard]] std::vector<LinkInfo> list_links();

/// The interface of that name, if there is one. Throws SetupError when netlink does not answer.
[[nodiscard]] std::optional<LinkInfo> find_link(std::string_view name);

[[nodiscard]] bool interface_exists(std::string_view name);

}  // namespace hawser::io
