#pragma once

#include <netlink/msg.h>

#include <memory>
#include <system_error>

#include "hawser/base/address.hpp"
#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

/// Frees a netlink message.
struct MessageDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
/// Owns a netlink message.
using MessagePtr = std::unique_ptr<nl_msg, MessageDeleter>;

/// Sends a request and waits for the kernel's acknowledgement. Returns the kernel's own error number, which
/// the library's error numbers do not preserve. Changes the callbacks of the connection.
[[nodiscard]] std::error_code request_change(Netlink& netlink, nl_msg* message);

}  // namespace hawser::io::netlink
