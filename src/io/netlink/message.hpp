#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <memory>
#include <new>
#include <system_error>

namespace hawser::io::netlink {

class Netlink;

/// Frees a netlink message.
struct MessageDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
/// Owns a netlink message.
using MessagePtr = std::unique_ptr<nl_msg, MessageDeleter>;

/// Makes a request of this type that begins with the fixed part `body` of its family.
template <class Body>
MessagePtr make_message(int type, int flags, Body body) {
  MessagePtr message(nlmsg_alloc_simple(type, flags));
  if (!message || nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO) != 0) throw std::bad_alloc();
  return message;
}

/// Appends an attribute with this value, as it is in memory.
template <class T>
void put(const MessagePtr& message, int attribute, const T& value) {
  if (nla_put(message.get(), attribute, sizeof value, &value) != 0) throw std::bad_alloc();
}

/// Reads an attribute behind a fixed part of type Body. Null: it is missing, or shorter than T.
template <class Body, class T>
const T* find(nlmsghdr* header, int attribute) {
  const nlattr* found = nlmsg_find_attr(header, sizeof(Body), attribute);
  if (found == nullptr || nla_len(found) < static_cast<int>(sizeof(T))) return nullptr;
  return static_cast<const T*>(nla_data(found));
}

/// Sends a request for a change and waits for the acknowledgement. Returns the kernel's own error number,
/// which the library's error numbers do not preserve. Changes the callbacks of the connection.
[[nodiscard]] std::error_code request_change(Netlink& netlink, const MessagePtr& message);

}  // namespace hawser::io::netlink
