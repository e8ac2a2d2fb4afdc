#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <cstdint>
#include <new>

#include "io/netlink/link.hpp"
#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

namespace {

/// The parameters of find_route().
struct Question {
  const RouteQuery& socket;
  const IpAddress& to;
};

/// The kernel's answer to one request.
struct Answer {
  bool unicast = false;     ///< RTN_UNICAST, not e.g. unreachable or local
  std::optional<int> link;  ///< nothing: several next hops
  RouteInfo route;
};

/// Frees a netlink message.
struct MessageDeleter {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using MessagePtr = std::unique_ptr<nl_msg, MessageDeleter>;

IpAddress address_in(nlmsghdr* header, int attribute) {
  const nlattr* found = nlmsg_find_attr(header, sizeof(rtmsg), attribute);
  if (found == nullptr) return {};
  const Bytes raw(static_cast<const std::byte*>(nla_data(found)), static_cast<std::size_t>(nla_len(found)));
  return raw.size() == 4 ? IpAddress::v4(raw) : raw.size() == 16 ? IpAddress::v6(raw) : IpAddress{};
}

int on_answer(nl_msg* message, void* argument) {
  auto& answer = *static_cast<Answer*>(argument);
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWROUTE) return NL_SKIP;
  answer.unicast = static_cast<const rtmsg*>(nlmsg_data(header))->rtm_type == RTN_UNICAST;
  const nlattr* link = nlmsg_find_attr(header, sizeof(rtmsg), RTA_OIF);
  if (link != nullptr) answer.link = static_cast<int>(nla_get_u32(link));
  answer.route = {address_in(header, RTA_PREFSRC), address_in(header, RTA_GATEWAY)};
  return NL_OK;
}

// Rules that match a port apply to a look-up only if it names the protocol as well.
bool put_port(nl_msg* message, std::uint16_t port) {
  return port == 0 || (nla_put_u8(message, RTA_IP_PROTO, IPPROTO_UDP) == 0 &&
                       nla_put_u16(message, RTA_SPORT, htons(port)) == 0);
}

// With RTM_F_FIB_MATCH in `flags` the kernel answers with the entry of its table, otherwise with the route of
// a packet.
MessagePtr make_request(const Question& question, unsigned flags) {
  const Bytes to = question.to.bytes();
  rtmsg body{};
  body.rtm_family = question.to.is_v4() ? AF_INET : AF_INET6;
  body.rtm_dst_len = static_cast<unsigned char>(8 * to.size());
  body.rtm_src_len = question.socket.from ? body.rtm_dst_len : std::uint8_t{0};
  body.rtm_flags = flags;
  MessagePtr message(nlmsg_alloc_simple(RTM_GETROUTE, 0));
  const auto put = [&](int attribute, Bytes value) {
    return nla_put(message.get(), attribute, static_cast<int>(value.size()), value.data()) == 0;
  };
  const RouteQuery& socket = question.socket;
  const bool complete = message && nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO) == 0 &&
                        put(RTA_DST, to) && (!socket.from || put(RTA_SRC, socket.from->bytes())) &&
                        nla_put_u32(message.get(), RTA_OIF, static_cast<std::uint32_t>(socket.link)) == 0 &&
                        (socket.mark == 0 || nla_put_u32(message.get(), RTA_MARK, socket.mark) == 0) &&
                        put_port(message.get(), socket.source_port);
  if (!complete) throw std::bad_alloc();
  return message;
}

// Sends one request. Nothing: there is no unicast route.
std::optional<Answer> ask(nl_sock* socket, const Question& question, unsigned flags) {
  Answer answer;
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_answer, &answer);
  const MessagePtr request = make_request(question, flags);
  if (const NetlinkError error = nl_send_auto(socket, request.get()); error < 0) {
    throw_netlink_error("cannot request the route to " + question.to.to_string(), error);
  }
  if (nl_recvmsgs_default(socket) < 0 || !answer.unicast) return std::nullopt;
  return answer;
}

}  // namespace

std::optional<RouteInfo> find_route(const RouteQuery& query, const IpAddress& to) {
  Netlink netlink;
  nl_socket_disable_auto_ack(netlink.socket());
  const Question question{query, to};
  // For a bound socket without a route, IPv4 treats every destination as on-link. Only the table shows the
  // difference.
  const auto entry = ask(netlink.socket(), question, RTM_F_FIB_MATCH);
  if (!entry || (entry->link && *entry->link != query.link)) return std::nullopt;
  const auto answer = ask(netlink.socket(), question, 0);
  if (!answer) return std::nullopt;
  RouteInfo route = answer->route;
  if (query.from) route.source = *query.from;
  return route;
}

}  // namespace hawser::io::netlink
