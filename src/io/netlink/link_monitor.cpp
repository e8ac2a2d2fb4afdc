#include "io/netlink/link_monitor.hpp"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

namespace {

// The index of the interface that an event is about; 0: several, or none in particular.
int link_of(nlmsghdr* header) {
  switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: return static_cast<const ifinfomsg*>(nlmsg_data(header))->ifi_index;
    case RTM_NEWADDR:
    case RTM_DELADDR: return static_cast<int>(static_cast<const ifaddrmsg*>(nlmsg_data(header))->ifa_index);
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const nlattr* out = nlmsg_find_attr(header, sizeof(rtmsg), RTA_OIF);
      return out == nullptr ? 0 : static_cast<int>(nla_get_u32(out));
    }
    default: return 0;
  }
}

/// Input and result of the event callback.
struct Watcher {
  int own;  ///< index of the interface whose events are reported separately
  LinkChanges changes{};
};

int on_event(nl_msg* message, void* argument) {
  auto& watcher = *static_cast<Watcher*>(argument);
  const int link = link_of(nlmsg_hdr(message));
  (link != 0 && link == watcher.own ? watcher.changes.own : watcher.changes.others) = true;
  return NL_OK;
}

void require(NetlinkError error) {
  if (error < 0) throw_netlink_error("cannot watch the network interfaces", error);
}

}  // namespace

LinkMonitor::LinkMonitor(int own) : netlink_(std::make_unique<Netlink>()), own_(own) {
  nl_sock* socket = netlink_->socket();
  nl_socket_disable_seq_check(socket);  // events answer no request
  require(nl_socket_set_nonblocking(socket));
  require(nl_socket_add_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                    RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
                                    RTNLGRP_IPV6_RULE, RTNLGRP_NONE));
}

LinkMonitor::~LinkMonitor() = default;

int LinkMonitor::native_handle() const {
  return nl_socket_get_fd(netlink_->socket());
}

LinkChanges LinkMonitor::take_events() {
  Watcher watcher{own_};
  nl_sock* socket = netlink_->socket();
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_event, &watcher);
  for (int i = 0; i < kBatch; ++i) {
    const NetlinkError error = nl_recvmsgs_default(socket);
    if (error == -NLE_AGAIN) break;
    // When this socket is full, the kernel drops events and reports it by one error.
    if (error < 0) watcher.changes = {true, true};
  }
  return watcher.changes;
}

}  // namespace hawser::io::netlink
