#include "daemon/routing/routing.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/routing/kill_switch.hpp"
#include "daemon/routing/plan.hpp"
#include "io/netlink/link_change.hpp"
#include "io/setup_error.hpp"

namespace hawser::daemon::routing {
namespace {

using io::netlink::MarkRule;
using io::netlink::RouteSpec;
using io::netlink::RouteTable;

constexpr int kRounds = 4;  ///< of corrections in one examination: state, addresses, routes
constexpr int kCostFactor = 20;

Surroundings look_around(RouteTable& table, int own) {
  Surroundings out{.own = own, .links = io::netlink::list_links(), .uplinks = {}, .routes = {}, .rules = {}};
  if (own != 0) out.routes = table.list({.protocol = {}, .table = io::netlink::kMainTable, .link = own});
  for (RouteSpec& route : table.list({.protocol = io::netlink::kRouteProtocol, .table = {}, .link = {}})) {
    const bool known = own != 0 && route.link == own && route.table == io::netlink::kMainTable;
    if (!known) out.routes.push_back(std::move(route));
  }
  out.rules = io::netlink::list_mark_rules();
  return out;
}

std::vector<RouteSpec> list_main(RouteTable& table) {
  return table.list({.protocol = {}, .table = io::netlink::kMainTable, .link = {}});
}

std::vector<std::string> conflicts_of(const config::Config& config, const Surroundings& around,
                                      RouteTable& table) {
  std::vector<std::string> out = overlaps(config, around.links);
  for (std::string& text : foreign_switches(config, around)) out.push_back(std::move(text));
  if (!config.interface.routes) return out;
  for (std::string& text : rivals(config, around, list_main(table))) out.push_back(std::move(text));
  return out;
}

/// Adds one piece.
struct Add {
  RouteTable& table;
  int own;
  std::error_code operator()(const LinkUp& /*piece*/) const { return io::netlink::set_link_up(own); }
  std::error_code operator()(const IpPrefix& piece) const {
    return io::netlink::add_link_address(own, piece);
  }
  std::error_code operator()(const RouteSpec& piece) const { return table.add(piece); }
  std::error_code operator()(const MarkRule& piece) const { return io::netlink::add_mark_rule(piece); }
};

/// Removes one piece. State and addresses stay with the interface.
struct Remove {
  RouteTable& table;
  std::error_code operator()(const LinkUp& /*piece*/) const { return {}; }
  std::error_code operator()(const IpPrefix& /*piece*/) const { return {}; }
  std::error_code operator()(const RouteSpec& piece) const { return table.remove(piece); }
  std::error_code operator()(const MarkRule& piece) const { return io::netlink::remove_mark_rule(piece); }
};

}  // namespace

Routing::Routing(const config::Config& config, int own) : config_(config), keeper_(config.interface.name) {
  around_.own = own;
}

void Routing::on_change(Timestamp now) {
  next_ = std::min(next_, std::max(now + kSettle, last_ + interval_));
}

Timestamp Routing::next_timeout() const {
  return std::min(next_, std::max(keeper_.next_timeout(), last_ + interval_));
}

void Routing::handle_timeout(Timestamp now, std::vector<int> uplinks) {
  if (now < next_timeout()) return;
  around_.uplinks = std::move(uplinks);
  try {
    examine(now);
  } catch (const io::SetupError& error) {
    if (!begun_) throw;
    spdlog::warn("failed to examine the routes: {}", error.what());
  }
  begun_ = true;
  last_ = now;
  next_ = now + kMaxInterval;
  log(now);
}

void Routing::on_examined(Timestamp begin, Timestamp end) {
  if (last_ == begin) interval_ = std::max(kMinInterval, kCostFactor * (end - begin));
}

// An address that comes back brings routes with it, and so does an interface that is up again.
void Routing::examine(Timestamp now) {
  for (int round = 0; round < kRounds; ++round) {
    std::vector<int> uplinks = std::move(around_.uplinks);
    around_ = look_around(table_, around_.own);
    around_.uplinks = std::move(uplinks);
    if (!correct(now)) break;
  }
  if (now >= next_conflicts_) look_for_conflicts(now);
}

// Returns whether anything was changed.
bool Routing::correct(Timestamp now) {
  const auto actual = actual_pieces(config_, around_);
  const Keeper::Orders orders = keeper_.compare(now, wanted_pieces(config_, around_), actual);
  for (const Piece& piece : orders.remove) remove(piece);
  for (const Piece& piece : orders.add) add(now, piece);
  return !orders.empty();
}

void Routing::add(Timestamp now, const Piece& piece) {
  const std::error_code error = std::visit(Add{table_, around_.own}, piece);
  if (!error) return;
  const auto* route = std::get_if<RouteSpec>(&piece);
  if (error.value() != EEXIST || route == nullptr) return keeper_.on_failure(now, piece, error.message());
  if (const auto holder = holder_of(*route)) keeper_.on_failure(now, piece, *holder);
}

void Routing::remove(const Piece& piece) {
  if (const std::error_code error = std::visit(Remove{table_}, piece); error && error.value() != ESRCH)
    spdlog::warn("interface {}: cannot remove {}: {}", config_.interface.name, to_string(piece),
                 error.message());
}

// Nothing: it is the route itself. The kernel may have added it with an address.
std::optional<std::string> Routing::holder_of(const RouteSpec& route) {
  for (const RouteSpec& other : table_.list({.protocol = {}, .table = route.table, .link = {}})) {
    if (other.destination == route.destination && other.metric == route.metric && other.link != route.link)
      return "a route of " + link_name(around_.links, other.link) + " with the same metric was there first";
  }
  return std::nullopt;
}

void Routing::look_for_conflicts(Timestamp now) {
  next_conflicts_ = now + kMaxInterval;
  auto found = conflicts_of(config_, around_, table_);
  for (const std::string& text : found) {
    if (std::ranges::find(conflicts_, text) == conflicts_.end())
      spdlog::warn("interface {}: {}", config_.interface.name, text);
  }
  conflicts_ = std::move(found);
}

void Routing::log(Timestamp now) {
  for (const std::string& line : keeper_.poll_log(now)) spdlog::warn("{}", line);
}

void Routing::describe(control::Interface& out) const {
  out.address.clear();
  for (const io::netlink::LinkInfo& link : around_.links) {
    if (link.index != around_.own) continue;
    out.up = link.up;
    for (const IpPrefix& address : link.addresses) out.address.push_back(address.to_string());
  }
  for (const RouteSpec& route : around_.routes) {
    if (route.link == around_.own && route.table == io::netlink::kMainTable)
      out.routes.push_back(route.to_string());
  }
  for (const Keeper::Missing& missing : keeper_.missing())
    out.missing.push_back({missing.piece, missing.reason});
  out.conflicts = conflicts_;
  if (config_.interface.kill_switch) out.kill_switch_table = switch_table(config_.interface.name);
}

std::vector<std::string> set_kill_switch(const config::Config& config) {
  RouteTable table;
  Surroundings around = look_around(table, 0);
  for (const io::netlink::LinkInfo& link : around.links) around.uplinks.push_back(link.index);
  const auto actual = actual_pieces(config, around);
  std::vector<std::string> added;
  for (const Piece& piece : switch_pieces(config, around)) {
    if (std::ranges::find(actual, piece) != actual.end()) continue;
    const std::error_code error = std::visit(Add{table, 0}, piece);
    if (error == std::errc::file_exists) continue;
    if (error) throw io::SetupError("cannot add " + to_string(piece) + ": " + error.message(), error);
    added.push_back(to_string(piece));
  }
  return added;
}

std::vector<std::string> lift_kill_switch(const config::Config& config) {
  RouteTable table;
  config::Config off = config;
  off.interface.kill_switch = false;
  const Surroundings around = look_around(table, 0);
  std::vector<std::string> removed;
  // Rules before routes: in the other order, the first packets would find half a table.
  auto pieces = actual_pieces(off, around);
  std::stable_partition(pieces.begin(), pieces.end(),
                        [](const Piece& piece) { return std::holds_alternative<MarkRule>(piece); });
  for (const Piece& piece : pieces) {
    if (const std::error_code error = std::visit(Remove{table}, piece); error && error.value() != ESRCH)
      throw io::SetupError("cannot remove " + to_string(piece) + ": " + error.message(), error);
    removed.push_back(to_string(piece));
  }
  return removed;
}

std::vector<std::string> find_conflicts(const config::Config& config) {
  RouteTable table;
  const auto own = io::netlink::find_link(config.interface.name);
  return conflicts_of(config, look_around(table, own ? own->index : 0), table);
}

}  // namespace hawser::daemon::routing
