#include "io/netlink/route_table.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <new>

#include "io/netlink/message.hpp"
#include "io/netlink/netlink.hpp"

namespace hawser::io::netlink {

namespace {

constexpr int kDumpAttempts = 5;
constexpr std::uint32_t kMaxTableInHeader = 255;

std::uint8_t to_kernel(RouteType type) {
  switch (type) {
    case RouteType::unicast: return RTN_UNICAST;
    case RouteType::unreachable: return RTN_UNREACHABLE;
    case RouteType::pass: return RTN_THROW;
    case RouteType::other: break;
  }
  return RTN_UNSPEC;
}

RouteType from_kernel(std::uint8_t type) {
  switch (type) {
    case RTN_UNICAST: return RouteType::unicast;
    case RTN_UNREACHABLE: return RouteType::unreachable;
    case RTN_THROW: return RouteType::pass;
    default: return RouteType::other;
  }
}

void put_address(const MessagePtr& message, int attribute, const IpAddress& ip) {
  const Bytes raw = ip.bytes();
  if (nla_put(message.get(), attribute, static_cast<int>(raw.size()), raw.data()) != 0)
    throw std::bad_alloc();
}

// Large table numbers do not fit the header; the attribute always holds the whole number.
void set_table(rtmsg& body, std::uint32_t table) {
  body.rtm_table =
      table <= kMaxTableInHeader ? static_cast<unsigned char>(table) : std::uint8_t{RT_TABLE_COMPAT};
}

MessagePtr describe(int type, int flags, const RouteSpec& route) {
  rtmsg body{};
  body.rtm_family = route.destination.ip.is_v4() ? AF_INET : AF_INET6;
  body.rtm_dst_len = route.destination.length;
  body.rtm_type = to_kernel(route.type);
  body.rtm_protocol = route.protocol;
  const bool on_link = route.type == RouteType::unicast && !route.gateway;
  body.rtm_scope = on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (route.gateway && route.on_link_gateway) body.rtm_flags = RTNH_F_ONLINK;
  set_table(body, route.table);
  auto message = make_message(type, flags, body);
  put_address(message, RTA_DST, route.destination.network().ip);
  put(message, RTA_TABLE, route.table);
  if (route.link != 0) put(message, RTA_OIF, route.link);
  if (route.gateway) put_address(message, RTA_GATEWAY, *route.gateway);
  if (route.source) put_address(message, RTA_PREFSRC, *route.source);
  if (route.metric != 0) put(message, RTA_PRIORITY, route.metric);
  return message;
}

std::optional<IpAddress> address_in(nlmsghdr* header, int attribute) {
  const nlattr* found = nlmsg_find_attr(header, sizeof(rtmsg), attribute);
  if (found == nullptr) return std::nullopt;
  const Bytes raw(static_cast<const std::byte*>(nla_data(found)), static_cast<std::size_t>(nla_len(found)));
  if (raw.size() == 4) return IpAddress::v4(raw);
  if (raw.size() == 16) return IpAddress::v6(raw);
  return std::nullopt;
}

std::optional<std::uint32_t> number_in(nlmsghdr* header, int attribute) {
  const auto* found = find<rtmsg, std::uint32_t>(header, attribute);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

RouteSpec parse(nlmsghdr* header) {
  const auto& body = *static_cast<const rtmsg*>(nlmsg_data(header));
  RouteSpec route;
  const IpAddress any = body.rtm_family == AF_INET6 ? IpAddress::any_v6() : IpAddress::any_v4();
  route.destination = {address_in(header, RTA_DST).value_or(any), body.rtm_dst_len};
  route.type = from_kernel(body.rtm_type);
  // The kernel names the loopback interface in IPv6 routes of the other types.
  if (route.type == RouteType::unicast) route.link = static_cast<int>(number_in(header, RTA_OIF).value_or(0));
  route.gateway = address_in(header, RTA_GATEWAY);
  route.on_link_gateway = (body.rtm_flags & RTNH_F_ONLINK) != 0;
  route.source = address_in(header, RTA_PREFSRC);
  route.table = number_in(header, RTA_TABLE).value_or(body.rtm_table);
  route.metric = number_in(header, RTA_PRIORITY).value_or(0);
  route.protocol = body.rtm_protocol;
  return route;
}

/// Collects the routes of a listing.
struct Listing {
  const RouteFilter& filter;
  std::vector<RouteSpec> routes{};
};

// A kernel before 4.20 ignores the filter of the request.
int on_route(nl_msg* message, void* argument) {
  auto& listing = *static_cast<Listing*>(argument);
  nlmsghdr* header = nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWROUTE) return NL_SKIP;
  const RouteSpec route = parse(header);
  const RouteFilter& wanted = listing.filter;
  const bool chosen = route.protocol == wanted.protocol.value_or(route.protocol) &&
                      route.table == wanted.table.value_or(route.table) &&
                      route.link == wanted.link.value_or(route.link);
  if (chosen) listing.routes.push_back(route);
  return NL_OK;
}

NetlinkError dump(nl_sock* socket, unsigned char family, Listing& listing) {
  rtmsg body{};
  body.rtm_family = family;
  body.rtm_protocol = listing.filter.protocol.value_or(RTPROT_UNSPEC);
  if (listing.filter.table) set_table(body, *listing.filter.table);
  const auto request = make_message(RTM_GETROUTE, NLM_F_DUMP, body);
  if (listing.filter.table) put(request, RTA_TABLE, *listing.filter.table);
  if (listing.filter.link) put(request, RTA_OIF, *listing.filter.link);
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_route, &listing);
  const NetlinkError sent = nl_send_auto(socket, request.get());
  return sent < 0 ? sent : nl_recvmsgs_default(socket);
}

}  // namespace

std::string RouteSpec::to_string() const {
  std::string text = type == RouteType::unreachable ? "unreachable "
                     : type == RouteType::pass      ? "throw "
                                                    : "";
  text += destination.to_string();
  if (gateway) text += " via " + gateway->to_string();
  if (table != kMainTable) text += " table " + std::to_string(table);
  if (metric != 0) text += " metric " + std::to_string(metric);
  return text;
}

RouteTable::RouteTable() : netlink_(std::make_unique<Netlink>()) {
  // The kernel then selects the routes of a listing. Older kernels refuse the option and list everything.
  const int on = 1;
  static_cast<void>(::setsockopt(nl_socket_get_fd(netlink_->socket()), SOL_NETLINK, NETLINK_GET_STRICT_CHK,
                                 &on, sizeof on));
}

RouteTable::~RouteTable() = default;

std::error_code RouteTable::change(int type, int flags, const RouteSpec& route) {
  return request_change(*netlink_, describe(type, flags, route));
}

std::error_code RouteTable::add(const RouteSpec& route) {
  return change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

std::error_code RouteTable::replace(const RouteSpec& route) {
  return change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
}

std::error_code RouteTable::remove(const RouteSpec& route) {
  return change(RTM_DELROUTE, 0, route);
}

std::vector<RouteSpec> RouteTable::list(const RouteFilter& filter) {
  Listing listing{filter};
  for (const unsigned char family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    const std::size_t before = listing.routes.size();
    NetlinkError error = -NLE_DUMP_INTR;
    for (int attempt = 0; attempt < kDumpAttempts && error == -NLE_DUMP_INTR; ++attempt) {
      listing.routes.resize(before);
      error = dump(netlink_->socket(), family, listing);
    }
    // A table that does not exist is empty; a family that the kernel does not have is, too.
    const bool none = error == -NLE_OBJ_NOTFOUND || error == -NLE_OPNOTSUPP;
    if (error < 0 && !none) throw_netlink_error("cannot list routes", error);
  }
  return std::move(listing.routes);
}

}  // namespace hawser::io::netlink
