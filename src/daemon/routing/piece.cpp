#include "daemon/routing/piece.hpp"

namespace hawser::daemon::routing {
namespace {

/// The text of each kind of piece.
struct Text {
  std::string operator()(const LinkUp& /*piece*/) const { return "the state up"; }
  std::string operator()(const IpPrefix& piece) const { return "address " + piece.to_string(); }
  std::string operator()(const io::netlink::RouteSpec& piece) const { return "route " + piece.to_string(); }
  std::string operator()(const io::netlink::MarkRule& piece) const { return "rule " + piece.to_string(); }
};

}  // namespace

std::string to_string(const Piece& piece) {
  return std::visit(Text{}, piece);
}

}  // namespace hawser::daemon::routing
