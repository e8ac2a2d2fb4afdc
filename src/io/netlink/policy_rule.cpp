#include "io/netlink/policy_rule.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "io/netlink/message.hpp"
#include "io/netlink/netlink.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::io::netlink {

namespace {

using Family = unsigned char;  // AF_INET or AF_INET6, as in the fixed part of a message

Family family_of(bool v6) {
  return v6 ? AF_INET6 : AF_INET;
}

// Adds or removes the rule.
std::error_code change(int type, int flags, const PolicyRule& rule) {
  fib_rule_hdr body{};
  body.family = family_of(rule.v6);
  body.action = FR_ACT_TO_TBL;
  const MessagePtr message = make_message(type, flags, body);
  put(message, FRA_PRIORITY, rule.priority);
  put(message, FRA_TABLE, rule.table);
  put(message, FRA_IP_PROTO, std::uint8_t{IPPROTO_UDP});
  put(message, FRA_SPORT_RANGE, fib_rule_port_range{rule.source_port, rule.source_port});
  put(message, FRA_PROTOCOL, kRouteProtocol);
  Netlink netlink;
  return request_change(netlink, message);
}

// Adds a rule of ours to the vector; others are skipped.
int on_rule(nl_msg* message, void* argument) {
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWRULE) return NL_SKIP;
  const auto* body = static_cast<const fib_rule_hdr*>(nlmsg_data(header));
  const auto* owner = find<fib_rule_hdr, std::uint8_t>(header, FRA_PROTOCOL);
  const auto* protocol = find<fib_rule_hdr, std::uint8_t>(header, FRA_IP_PROTO);
  const auto* ports = find<fib_rule_hdr, fib_rule_port_range>(header, FRA_SPORT_RANGE);
  const auto* priority = find<fib_rule_hdr, std::uint32_t>(header, FRA_PRIORITY);
  const auto* table = find<fib_rule_hdr, std::uint32_t>(header, FRA_TABLE);
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
