#include "io/netlink/mark_rule.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <optional>

#include "io/netlink/message.hpp"
#include "io/netlink/netlink.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::io::netlink {

namespace {

constexpr std::uint32_t kWholeMark = 0xffff'ffff;
constexpr std::uint32_t kMaxTableInHeader = 255;

MessagePtr describe(int type, int flags, const MarkRule& rule) {
  fib_rule_hdr body{};
  body.family = rule.v6 ? AF_INET6 : AF_INET;
  body.action = rule.table == 0 ? FR_ACT_UNREACHABLE : FR_ACT_TO_TBL;
  body.table =
      rule.table <= kMaxTableInHeader ? static_cast<std::uint8_t>(rule.table) : std::uint8_t{RT_TABLE_COMPAT};
  body.flags = FIB_RULE_INVERT;
  auto message = make_message(type, flags, body);
  put(message, FRA_PRIORITY, rule.priority);
  put(message, FRA_FWMARK, rule.mark);
  put(message, FRA_FWMASK, kWholeMark);
  if (rule.table != 0) put(message, FRA_TABLE, rule.table);
  put(message, FRA_PROTOCOL, kRouteProtocol);
  return message;
}

// Nothing: a rule of another owner, or with anything that a MarkRule cannot hold.
std::optional<MarkRule> parse(nlmsghdr* header) {
  const auto& body = *static_cast<const fib_rule_hdr*>(nlmsg_data(header));
  const auto number = [&](int attribute, std::uint32_t otherwise) {
    const auto* found = find<fib_rule_hdr, std::uint32_t>(header, attribute);
    return found == nullptr ? otherwise : *found;
  };
  const auto* owner = find<fib_rule_hdr, std::uint8_t>(header, FRA_PROTOCOL);
  const bool simple = body.dst_len == 0 && body.src_len == 0 && body.tos == 0 &&
                      body.flags == FIB_RULE_INVERT && number(FRA_FWMASK, kWholeMark) == kWholeMark &&
                      number(FRA_FWMARK, 0) != 0;
  for (const int selector :
       {FRA_IIFNAME, FRA_OIFNAME, FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_GOTO}) {
    if (nlmsg_find_attr(header, sizeof body, selector) != nullptr) return std::nullopt;
  }
  const bool known = body.action == FR_ACT_UNREACHABLE || body.action == FR_ACT_TO_TBL;
  if (owner == nullptr || *owner != kRouteProtocol || !simple || !known) return std::nullopt;
  MarkRule rule{body.family == AF_INET6, number(FRA_PRIORITY, 0), number(FRA_FWMARK, 0), 0};
  if (body.action == FR_ACT_TO_TBL) rule.table = number(FRA_TABLE, body.table);
  return rule;
}

int on_rule(nl_msg* message, void* argument) {
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWRULE) return NL_SKIP;
  if (const auto rule = parse(header)) static_cast<std::vector<MarkRule>*>(argument)->push_back(*rule);
  return NL_OK;
}

}  // namespace

std::string MarkRule::to_string() const {
  const std::string what = table == 0 ? "unreachable" : "lookup " + std::to_string(table);
  return "not fwmark " + std::to_string(mark) + " " + what + " priority " + std::to_string(priority) +
         (v6 ? " (IPv6)" : "");
}

std::error_code add_mark_rule(const MarkRule& rule) {
  Netlink netlink;
  return request_change(netlink, describe(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule));
}

std::error_code remove_mark_rule(const MarkRule& rule) {
  Netlink netlink;
  return request_change(netlink, describe(RTM_DELRULE, 0, rule));
}

std::vector<MarkRule> list_mark_rules() {
  Netlink netlink;
  nl_sock* socket = netlink.socket();
  std::vector<MarkRule> rules;
  for (const int family : {AF_INET, AF_INET6}) {
    fib_rule_hdr body{};
    body.family = static_cast<std::uint8_t>(family);
    const auto request = make_message(RTM_GETRULE, NLM_F_DUMP, body);
    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_rule, &rules);
    NetlinkError error = nl_send_auto(socket, request.get());
    if (error >= 0) error = nl_recvmsgs_default(socket);
    // The kernel may lack a family.
    if (error < 0 && error != -NLE_OPNOTSUPP && error != -NLE_DUMP_INTR)
      throw_netlink_error("cannot list the routing rules", error);
  }
  return rules;
}

}  // namespace hawser::io::netlink
