#include "io/netlink/policy_rule.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <new>

#include "io/netlink/message.hpp"
#include "io/netlink/netlink.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::io::netlink {

namespace {

using Family = unsigned char;  // AF_INET or AF_INET6, as in the fixed part of a message

Family family_of(bool v6) {
  return v6 ? AF_INET6 : AF_INET;
}

template <class T>
void put(nl_msg* message, int attribute, const T& value) {
  if (nla_put(message, attribute, sizeof value, &value) != 0) throw std::bad_alloc();
}

// The value of an attribute; null: it is missing, or too short.
template <class T>
const T* find(nlmsghdr* header, int attribute) {
  const nlattr* found = nlmsg_find_attr(header, sizeof(fib_rule_hdr), attribute);
  if (found == nullptr || nla_len(found) < static_cast<int>(sizeof(T))) return nullptr;
  return static_cast<const T*>(nla_data(found));
}

MessagePtr make_message(int type, int flags, fib_rule_hdr body) {
  MessagePtr message(nlmsg_alloc_simple(type, flags));
  if (!message || nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO) != 0) throw std::bad_alloc();
  return message;
}

// Adds or removes the rule.
std::error_code change(int type, int flags, const PolicyRule& rule) {
  fib_rule_hdr body{};
  body.family = family_of(rule.v6);
  body.action = FR_ACT_TO_TBL;
  const MessagePtr message = make_message(type, flags, body);
  put(message.get(), FRA_PRIORITY, rule.priority);
  put(message.get(), FRA_TABLE, rule.table);
  put(message.get(), FRA_IP_PROTO, std::uint8_t{IPPROTO_UDP});
  put(message.get(), FRA_SPORT_RANGE, fib_rule_port_range{rule.source_port, rule.source_port});
  put(message.get(), FRA_PROTOCOL, kRouteProtocol);
  Netlink netlink;
  return request_change(netlink, message.get());
}

// Adds a rule of ours to the vector; others are skipped.
int on_rule(nl_msg* message, void* argument) {
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWRULE) return NL_SKIP;
  const auto* body = static_cast<const fib_rule_hdr*>(nlmsg_data(header));
  const auto* owner = find<std::uint8_t>(header, FRA_PROTOCOL);
  const auto* protocol = find<std::uint8_t>(header, FRA_IP_PROTO);
  const auto* ports = find<fib_rule_port_range>(header, FRA_SPORT_RANGE);
  const auto* priority = find<std::uint32_t>(header, FRA_PRIORITY);
  const auto* table = find<std::uint32_t>(header, FRA_TABLE);
  const bool complete = owner != nullptr && protocol != nullptr && ports != nullptr && priority != nullptr &&
                        table != nullptr && body->action == FR_ACT_TO_TBL;
  if (!complete || *owner != kRouteProtocol || *protocol != IPPROTO_UDP || ports->start != ports->end)
    return NL_SKIP;
  static_cast<std::vector<PolicyRule>*>(argument)->push_back(
      {body->family == AF_INET6, *priority, ports->start, *table});
  return NL_OK;
}

void list(bool v6, std::vector<PolicyRule>& rules) {
  Netlink netlink;
  nl_sock* socket = netlink.socket();
  nl_socket_disable_auto_ack(socket);
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_rule, &rules);
  fib_rule_hdr body{};
  body.family = family_of(v6);
  const auto request = make_message(RTM_GETRULE, NLM_F_DUMP, body);
  NetlinkError error = nl_send_auto(socket, request.get());
  if (error >= 0) error = nl_recvmsgs_default(socket);
  if (error < 0) throw_netlink_error("cannot list routing rules", error);
}

}  // namespace

std::error_code add_rule(const PolicyRule& rule) {
  return change(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

std::error_code remove_rule(const PolicyRule& rule) {
  return change(RTM_DELRULE, 0, rule);
}

std::vector<PolicyRule> list_rules() {
  std::vector<PolicyRule> rules;
  list(false, rules);
  list(true, rules);
  return rules;
}

}  // namespace hawser::io::netlink
