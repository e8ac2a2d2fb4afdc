#include "sim/bond.hpp"

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr std::uint16_t kUdpPort = 9899;

sctp::EndpointConfig accepting(sctp::EndpointConfig config) {
  config.accept = true;
  return config;
}

HostOptions with_identity(const BondSpec& spec, HostOptions options, bool edge) {
  if (!spec.sealed) return options;
  const std::uint64_t edge_key = 2 * spec.seed;
  const std::uint64_t hub_key = 2 * spec.seed + 1;
  Identity identity{
      edge ? edge_key : hub_key, {edge ? hub_key : edge_key}, {}, {}, spec.least_rekey_interval};
  if (spec.preshared_key) identity.preshared_key = spec.seed;
  if (edge) identity.rekey_after = spec.rekey_after;
  options.identity = std::move(identity);
  return options;
}

}  // namespace

IpAddress Bond::inside_address(std::size_t uplink, bool ipv6) {
  return *IpAddress::parse((ipv6 ? "fd00:" : "10.0.") + std::to_string(uplink) + (ipv6 ? "::2" : ".2"));
}

IpAddress Bond::public_address(std::size_t number, bool ipv6) {
  return *IpAddress::parse((ipv6 ? "2001:db8:cb:" : "203.0.113.") + std::to_string(number + 1) +
                           (ipv6 ? "::1" : ""));
}

IpAddress Bond::hub_ip(std::size_t index, bool ipv6) {
  return *IpAddress::parse((ipv6 ? "2001:db8::" : "198.51.100.") + std::to_string(index + 1));
}

Bond::Bond(const BondSpec& spec)
    : world_(spec.seed),
      ipv6_(spec.ipv6),
      edge_(world_.add_host("edge", spec.edge, with_identity(spec, spec.edge_options, true))),
      hub_(world_.add_host("hub", accepting(spec.hub), with_identity(spec, spec.hub_options, false))),
      up_(spec.seed * 2 + 1),
      down_(spec.seed * 2 + 2),
      edge_app_(world_.events(), edge_, up_, down_, world_.violations()),
      hub_app_(world_.events(), hub_, down_, up_, world_.violations()),
      uplinks_(spec.uplinks.size()),
      hub_addresses_(spec.hub_addresses) {
  build_edge(spec);
  for (std::size_t i = 0; i < spec.hub_addresses; ++i) {
    const SocketId socket(static_cast<std::uint32_t>(i));
    world_.attach(hub_, socket, {hub_ip(i, ipv6_), kUdpPort}, nullptr, {}, {});
  }
  edge_.on_event = [this](const sctp::Event& event) { handle_edge_event(event); };
  hub_.on_event = [this](const sctp::Event& event) { handle_hub_event(event); };
  edge_.on_message = [this](sctp::ReceivedMessage&& message) { edge_app_.on_message(message); };
  hub_.on_message = [this](sctp::ReceivedMessage&& message) { hub_app_.on_message(message); };
}

void Bond::build_edge(const BondSpec& spec) {
  for (std::size_t i = 0; i < spec.uplinks.size(); ++i) {
    const UplinkSpec& uplink = spec.uplinks[i];
    Nat* nat = nullptr;
    if (uplink.shares_nat_of) {
      nat = edge_.access(*uplink.shares_nat_of).nat;
    } else if (uplink.nat) {
      nat = &world_.add_nat(*uplink.nat, public_address(i, ipv6_));
    }
    const UdpAddress local{nat == nullptr ? public_address(i, ipv6_) : inside_address(i, ipv6_), kUdpPort};
    world_.attach(edge_, SocketId(static_cast<std::uint32_t>(i)), local, nat, uplink.up, uplink.down);
  }
}

void Bond::handle_edge_event(const sctp::Event& event) {
  edge_events_.push_back(event);
  if (event.kind == sctp::Event::Kind::connected || event.kind == sctp::Event::Kind::accepted) {
    edge_id_ = event.association;
    edge_up_ = true;
    if (!edge_app_.started()) edge_app_.start(edge_id_);
  }
  if (event.kind == sctp::Event::Kind::writable) edge_app_.on_writable();
  if (on_edge_event) on_edge_event(event);
}

void Bond::handle_hub_event(const sctp::Event& event) {
  hub_events_.push_back(event);
  if (event.kind == sctp::Event::Kind::accepted || event.kind == sctp::Event::Kind::connected) {
    hub_id_ = event.association;
    hub_up_ = true;
    if (!hub_app_.started()) hub_app_.start(hub_id_);
  }
  if (event.kind == sctp::Event::Kind::writable) hub_app_.on_writable();
  if (on_hub_event) on_hub_event(event);
}

void Bond::connect(std::size_t uplink, std::size_t hub_address) {
  edge_id_ = edge_.connect(uplink, hub_.access(hub_address).local);
}

bool Bond::establish(std::size_t uplink, Duration limit) {
  connect(uplink);
  return run_until(limit, [this] { return edge_up_ && hub_up_; });
}

std::optional<sctp::PathId> Bond::add_path(std::size_t uplink, std::size_t hub_address) {
  return edge_.add_path(edge_id_, uplink, hub_.access(hub_address).local);
}

bool Bond::add_all_paths(Duration limit) {
  for (std::size_t i = 1; i < uplinks_; ++i) add_path(i);
  return run_until(limit, [this] {
    return active_paths(edge_, edge_id_) >= uplinks_ && active_paths(hub_, hub_id_) >= uplinks_;
  });
}

std::optional<sctp::PathStatus> Bond::edge_path(std::size_t uplink) const {
  if (const auto status = edge_.endpoint().status(edge_id_)) {
    for (const auto& path : status->paths) {
      if (path.route.socket.value() == uplink) return path;
    }
  }
  return std::nullopt;
}

std::optional<sctp::PathStatus> Bond::hub_path(std::size_t uplink) const {
  const Access& access = edge_.access(uplink);
  const auto outside =
      access.nat == nullptr ? std::optional(access.local) : access.nat->mapping(access.local);
  const auto status = hub_.endpoint().status(hub_id_);
  if (!outside || !status) return std::nullopt;
  for (const auto& path : status->paths) {
    if (path.route.remote == *outside) return path;
  }
  return std::nullopt;
}

bool Bond::path_active(std::size_t uplink) const {
  const auto edge = edge_path(uplink);
  const auto hub = hub_path(uplink);
  return edge && hub && edge->state == sctp::PathState::active && hub->state == sctp::PathState::active;
}

std::size_t Bond::active_paths(Host& host, sctp::AssociationId id) const {
  const auto status = host.endpoint().status(id);
  if (!status) return 0;
  return static_cast<std::size_t>(
      std::count_if(status->paths.begin(), status->paths.end(),
                    [](const auto& path) { return path.state == sctp::PathState::active; }));
}

void Bond::readdress(std::size_t uplink) {
  Access& access = edge_.access(uplink);
  const std::string net = (ipv6_ ? "fd00:" : "10.0.") + std::to_string(uplink);
  access.local.ip = *IpAddress::parse(net + (ipv6_ ? "::" : ".") + std::to_string(10 + readdressings_++));
  access.readdressed = true;
  if (const auto path = edge_path(uplink)) edge_.move_path(edge_id_, path->id);
}

void Bond::set_blackhole(std::size_t uplink, bool on) {
  up(uplink).config().blackhole = on;
  down(uplink).config().blackhole = on;
}

double Bond::measure(const MessageLedger& ledger, Duration span) {
  const std::uint64_t before = ledger.bytes_arrived();
  run_for(span);
  return static_cast<double>(ledger.bytes_arrived() - before) * 8 /
         std::chrono::duration<double>(span).count();
}

void Bond::check_ended() {
  check_quiet(edge_);
  check_quiet(hub_);
}

void Bond::check_quiet(Host& host) {
  const auto complain = [&](const std::string& what) {
    world_.violations().add(world_.now(), host.name() + what);
  };
  if (host.endpoint().association_count() != 0) complain(" still has an association");
  if (host.endpoint().next_timeout() != kNever) complain(" still has a timer");
  if (host.pool().in_use() != 0)
    complain(" still holds " + std::to_string(host.pool().in_use()) + " buffers");
}

void Bond::check_memory() {
  for (Host* host : {&edge_, &hub_}) {
    // Each message or fragment costs one block, and counts in its window with some overhead, however small it
    // is.
    const sctp::EndpointConfig& config = host->config();
    const std::size_t window = std::max(config.receive_window, config.receive_window_max) +
                               std::max(config.send_buffer, config.send_buffer_max);
    const std::size_t bound = 4096 + window / 64;
    if (host->max_blocks() > bound) {
      world_.violations().add(world_.now(), host->name() + " held " + std::to_string(host->max_blocks()) +
                                                " buffers, more than " + std::to_string(bound));
    }
  }
}

std::size_t Bond::count(const std::vector<sctp::Event>& events, sctp::Event::Kind kind) {
  return static_cast<std::size_t>(std::count_if(
      events.begin(), events.end(), [kind](const sctp::Event& event) { return event.kind == kind; }));
}

}  // namespace hawser::sim
