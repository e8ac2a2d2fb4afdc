#include "io/netlink/link_change.hpp"

#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

std::error_code set_link_up(int link) {
  return to_error_code(Netlink().set_up(link));
}

std::error_code add_link_address(int link, const IpPrefix& address) {
  return to_error_code(Netlink().add_address(link, address));
}

}  // namespace hawser::io::netlink
