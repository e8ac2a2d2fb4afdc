#pragma once

#include <system_error>

#include "hawser/base/address.hpp"

namespace hawser::io::netlink {

/// Sets the interface with this index administratively up.
[[nodiscard]] std::error_code set_link_up(int link);

/// Adds an address to the interface, without duplicate address detection. EEXIST: it has the address.
[[nodiscard]] std::error_code add_link_address(int link, const IpPrefix& address);

}  // namespace hawser::io::netlink
