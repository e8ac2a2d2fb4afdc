#include "io/netlink/message.hpp"

#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <cerrno>

#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

namespace {

int on_error(sockaddr_nl* /*from*/, nlmsgerr* error, void* argument) {
  *static_cast<int*>(argument) = -error->error;
  return NL_STOP;
}

}  // namespace

std::error_code request_change(Netlink& netlink, const MessagePtr& message) {
  nl_sock* socket = netlink.socket();
  int refused = 0;
  nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, on_error, &refused);
  NetlinkError error = nl_send_auto(socket, message.get());
  if (error >= 0) error = nl_wait_for_ack(socket);
  nl_socket_modify_err_cb(socket, NL_CB_DEFAULT, nullptr, nullptr);
  if (refused == 0 && error < 0) refused = EIO;
  return {refused, std::generic_category()};
}

}  // namespace hawser::io::netlink
