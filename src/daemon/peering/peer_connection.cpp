#include "daemon/peering/peer_connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace hawser::daemon::peering {

PeerConnection::PeerConnection(ConnectionRace::Context context, ConnectionRace::Peer peer)
    : context_(context), peer_(peer.index), name_(peer.name), race_(context, std::move(peer)) {}

std::string_view PeerConnection::state() const {
  if (stopped_) return "stopped";
  return association_ ? "connected" : race_.state();
}

// --- events of the engine

void PeerConnection::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (stopped_) return;
  if (race_.owns(event.association)) return on_attempt_event(now, event);
  if (event.association != association_) return;
  switch (event.kind) {
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return on_ended(now, event.reason);
    case Kind::path_removed:
    case Kind::path_refused: on_path_gone(event.path, now + kJoinRetryDelay); return check_silence(now);
    case Kind::path_up: return on_path_up(now, event.path);
    case Kind::path_down: return on_path_down(now, event.path);
    default: return;
  }
}

void PeerConnection::on_attempt_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  switch (event.kind) {
    case Kind::connected: return on_connected(now, event.association);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return race_.handle_failure(now, event.association, event.reason);
    default: return;
  }
}

// If there was an older association, the tunnel has replaced it with this one.
void PeerConnection::on_connected(Timestamp now, sctp::AssociationId winner) {
  remote_ = race_.remote_of(winner);
  race_.finish(now, winner);
  if (!context_.tunnel.peer_of(winner)) return race_.start_later(now);  // the tunnel rejected it
  spdlog::info("peer {}: connected to {}", name_, remote_.to_string());
  association_ = winner;
  last_path_.reset();
  uplink_paths_.assign(context_.uplinks.count(), UplinkPath{});
  if (const auto status = context_.endpoint.status(*association_)) {
    for (const sctp::PathStatus& path : status->paths) {
      const auto uplink = context_.uplinks.uplink_of(path.route.socket);
      if (uplink)
        uplink_paths_[*uplink] = {.state = UplinkPath::State::up, .path = path.id, .next_try = kNever};
    }
  }
  silent_since_ = kNever;
  check_silence(now);
  join_uplinks(now);
}

void PeerConnection::on_ended(Timestamp now, std::string_view reason) {
  spdlog::warn("peer {}: association ended: {}", name_, reason);
  association_.reset();
  last_path_.reset();
  silent_since_ = kNever;
  race_.start_later(now);
}

void PeerConnection::on_path_up(Timestamp now, sctp::PathId path) {
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    UplinkPath& each = uplink_paths_[i];
    if (each.alternative == path) {
      std::swap(each.path, each.alternative);
      if (const auto route = route_of(path)) context_.uplinks.prefer(route->socket);
      spdlog::info("peer {}: path over {} works by another route", name_, label(i));
    } else if (each.path != path) {
      continue;
    }
    each.state = UplinkPath::State::up;
    each.next_try = kNever;
    each.tries = 0;
    each.no_port_answers = false;
    remove(now, each.alternative);
  }
  if (last_path_ != path) remove(now, last_path_);
  check_silence(now);
}

// A route that the interface no longer has cannot come back by waiting: the alternative is tried now.
void PeerConnection::on_path_down(Timestamp now, sctp::PathId path) {
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    UplinkPath& each = uplink_paths_[i];
    if (each.path != path) continue;
    const auto route = route_of(path);
    const std::vector<UdpAddress> remotes = remotes_over(i);
    const bool has_route = route && std::ranges::find(remotes, route->remote) != remotes.end();
    each.next_try = has_route ? now + kAlternativeDelay : now;
    if (each.state == UplinkPath::State::up) each.state = UplinkPath::State::down;
  }
  check_silence(now);
}

void PeerConnection::on_path_gone(sctp::PathId path, Timestamp next_try) {
  using State = UplinkPath::State;
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    UplinkPath& each = uplink_paths_[i];
    if (each.alternative == path) {
      each.alternative.reset();
    } else if (each.path == path) {
      spdlog::warn("peer {}: path over {} is gone", name_, label(i));
      const auto next = each.alternative;
      each = {.state = next ? State::joining : State::missing, .path = next, .next_try = next_try};
    }
  }
}

// --- silence

// Notes since when no path is active. When one is, a race that runs for a new association ends: both ends
// still have this one, as the peer accepts a new association only after this end did.
void PeerConnection::check_silence(Timestamp now) {
  const auto status = context_.endpoint.status(*association_);
  const bool active = status && std::ranges::any_of(status->paths, [this](const sctp::PathStatus& path) {
                        return path.state == sctp::PathState::active && path.id != last_path_;
                      });
  if (!active) {
    if (silent_since_ == kNever) silent_since_ = now;
    return;
  }
  silent_since_ = kNever;
  if (race_.idle()) return;
  spdlog::info("peer {}: a path is active again, no new association is needed", name_);
  race_.stop(now);
}

// A new path may save the association: it gets its time before a race for another one starts.
void PeerConnection::restart_silence_timer(Timestamp now) {
  if (silent_since_ == kNever) return;
  silent_since_ = now;
  race_.stop(now);
}

// --- changes of the uplinks

// The interface may be back already under another index: its path is added now.
void PeerConnection::handle_socket_closed(Timestamp now, SocketId socket) {
  if (stopped_) return;
  race_.handle_socket_closed(now, socket);
  const auto status = association_ ? context_.endpoint.status(*association_) : std::nullopt;
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) {
    if (path.route.socket != socket) continue;
    on_path_gone(path.id, now);
    if (!context_.endpoint.remove_path(now, *association_, path.id)) last_path_ = path.id;
  }
  check_silence(now);
}

void PeerConnection::handle_socket_moved(Timestamp now, SocketId socket) {
  for (const sctp::PathId path : paths_over(socket)) context_.endpoint.move_path(now, *association_, path);
}

void PeerConnection::handle_socket_disturbed(Timestamp now, SocketId socket) {
  for (const sctp::PathId path : paths_over(socket)) context_.endpoint.probe_path(now, *association_, path);
}

std::vector<sctp::PathId> PeerConnection::paths_over(SocketId socket) const {
  std::vector<sctp::PathId> out;
  const auto status = association_ ? context_.endpoint.status(*association_) : std::nullopt;
  if (!status) return out;
  for (const sctp::PathStatus& path : status->paths) {
    if (path.route.socket == socket) out.push_back(path.id);
  }
  return out;
}

void PeerConnection::handle_uplinks_changed(Timestamp now) {
  if (stopped_) return;
  retry_all_uplinks(now);
  race_.handle_uplinks_changed(now);
}

void PeerConnection::retry_all_uplinks(Timestamp now) {
  for (UplinkPath& each : uplink_paths_) {
    const bool without_alternative = each.state == UplinkPath::State::down && !each.alternative;
    if (each.state == UplinkPath::State::missing || without_alternative) each.next_try = now;
  }
  if (association_) join_uplinks(now);
}

// --- paths

void PeerConnection::join_uplinks(Timestamp now) {
  uplink_paths_.resize(context_.uplinks.count());
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    if (now >= uplink_paths_[i].next_try) advance(now, i);
  }
}

void PeerConnection::advance(Timestamp now, std::size_t uplink) {
  switch (uplink_paths_[uplink].state) {
    case UplinkPath::State::missing:
      join(now, uplink);
      if (uplink_paths_[uplink].path) restart_silence_timer(now);
      return;
    case UplinkPath::State::joining:
    case UplinkPath::State::down: return try_alternative(now, uplink);
    case UplinkPath::State::up: return;
  }
}

void PeerConnection::join(Timestamp now, std::size_t uplink) {
  UplinkPath& joining = uplink_paths_[uplink];
  const std::vector<UdpAddress> remotes = remotes_over(uplink);
  const auto route =
      remotes.empty() ? std::nullopt : open(uplink, {remotes.front(), uplinks::PortChoice::preferred});
  if (!route) {
    joining.next_try = now + kUplinkRetryDelay;
    return;
  }
  joining.path = context_.endpoint.add_path(now, *association_, *route);
  joining.next_try = now + (joining.path ? kJoinTimeout : kJoinRetryDelay);
  joining.tries = 0;
  joining.no_port_answers = false;
  if (!joining.path) return;
  joining.state = UplinkPath::State::joining;
  spdlog::info("peer {}: adding a path over {} to {}", name_, label(uplink), route->remote.to_string());
}

// The engine goes on probing the path itself, so that both routes are tried from now on.
void PeerConnection::try_alternative(Timestamp now, std::size_t uplink) {
  UplinkPath& each = uplink_paths_[uplink];
  const unsigned doublings = std::min(each.tries, 8U);
  each.next_try = now + std::min(kMinAlternativeTime * (1U << doublings), kMaxAlternativeTime);
  const auto taken = route_of(*each.path);
  const auto before = each.alternative ? route_of(*each.alternative) : std::nullopt;
  if (before) note_silence(uplink, *before, taken);
  const auto candidates = taken ? alternatives(uplink, each, *taken) : std::vector<Candidate>{};
  const auto route =
      candidates.empty() ? std::nullopt : open(uplink, candidates[each.tries++ % candidates.size()]);
  if (route && route == before) return;  // its join is repeated
  remove(now, each.alternative);
  if (!route) return;
  each.alternative = context_.endpoint.add_path(now, *association_, *route);
  const auto level = each.tries == 1 ? spdlog::level::info : spdlog::level::debug;
  if (each.alternative)
    spdlog::log(level, "peer {}: no answer over {}, trying {} to {}", name_, label(uplink),
                route->remote == taken->remote ? "another port" : "another address",
                route->remote.to_string());
}

// A line that is cut, a peer that is down and a NAT without a free port look the same from here.
void PeerConnection::note_silence(std::size_t uplink, const Route& alternative,
                                  const std::optional<Route>& path) {
  context_.uplinks.note_silence(alternative.socket);
  if (path && path->socket == alternative.socket) return;
  if (!std::exchange(uplink_paths_[uplink].no_port_answers, true))
    spdlog::warn("peer {}: no answer over {} from any port: {}", name_, label(uplink), kNoPortAnswers);
}

bool PeerConnection::no_port_answers(sctp::PathId path) const {
  return std::ranges::any_of(uplink_paths_, [path](const UplinkPath& each) {
    return each.no_port_answers && (each.path == path || each.alternative == path);
  });
}

void PeerConnection::remove(Timestamp now, std::optional<sctp::PathId>& path) {
  if (path) context_.endpoint.remove_path(now, *association_, *std::exchange(path, {}));
}

// --- routes

// The addresses that can be reached over the uplink: the one that won the race, then the others of the peer.
std::vector<UdpAddress> PeerConnection::remotes_over(std::size_t uplink) const {
  std::vector<UdpAddress> remotes{remote_};
  for (const UdpAddress& remote : race_.addresses()) {
    if (remote != remote_) remotes.push_back(remote);
  }
  const uplinks::Uplinks::Uplink& over = context_.uplinks.at(uplink);
  std::erase_if(remotes,
                [&](const UdpAddress& remote) { return !(remote.ip.is_v6() ? over.v6 : over.v4).usable(); });
  return remotes;
}

// What could be tried instead of the route that a path has taken. A path that never was up has rather the
// wrong address than the wrong port. When no path is up, the address is not the cause, and the connection
// race tries every route.
std::vector<PeerConnection::Candidate> PeerConnection::alternatives(std::size_t uplink, const UplinkPath& of,
                                                                    const Route& taken) const {
  std::vector<Candidate> out;
  const std::vector<UdpAddress> remotes = remotes_over(uplink);
  for (const UdpAddress& remote : remotes) {
    if (remote != taken.remote && silent_since_ == kNever)
      out.push_back({remote, uplinks::PortChoice::preferred});
  }
  if (std::ranges::find(remotes, taken.remote) == remotes.end()) return out;
  const Candidate other_port{taken.remote, context_.uplinks.other_than(taken.socket)};
  out.insert(of.state == UplinkPath::State::joining ? out.end() : out.begin(), other_port);
  return out;
}

// None: the path is gone, and the event that reports it is still to come.
std::optional<Route> PeerConnection::route_of(sctp::PathId path) const {
  const auto status = context_.endpoint.status(*association_);
  if (!status) return std::nullopt;
  const auto found = std::ranges::find(status->paths, path, &sctp::PathStatus::id);
  return found == status->paths.end() ? std::nullopt : std::optional(found->route);
}

std::optional<Route> PeerConnection::open(std::size_t uplink, const Candidate& candidate) const {
  const bool v6 = candidate.remote.ip.is_v6();
  const auto socket = context_.uplinks.socket(uplink, v6, candidate.port);
  if (!socket) return std::nullopt;
  return Route{*socket, v6 ? IpAddress::any_v6() : IpAddress::any_v4(), candidate.remote};
}

void PeerConnection::add_sockets(std::vector<SocketId>& out) const {
  race_.add_sockets(out);
  const auto status = association_ ? context_.endpoint.status(*association_) : std::nullopt;
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) out.push_back(path.route.socket);
}

std::vector<PeerConnection::Missing> PeerConnection::missing() const {
  std::vector<Missing> out;
  for (std::size_t i = 0; association_ && i < uplink_paths_.size(); ++i) {
    if (uplink_paths_[i].state == UplinkPath::State::missing) out.push_back({i, uplink_paths_[i].next_try});
  }
  return out;
}

// --- time

void PeerConnection::handle_timeout(Timestamp now) {
  if (stopped_) return;
  // A path that can be added to the association now is better than another association.
  if (now >= race_.next_attempt()) retry_all_uplinks(now);
  race_.handle_timeout(now);
  if (!association_) return;
  if (race_.idle() && silent_since_ != kNever && now - silent_since_ >= kMaxSilence) {
    spdlog::warn("peer {}: no path is active, connecting again", name_);
    race_.start(now);
  }
  join_uplinks(now);
}

Timestamp PeerConnection::next_timeout() const {
  if (stopped_) return kNever;
  Timestamp next = std::min(race_.next_timeout(), race_.next_resolve_request());
  if (!association_) return next;
  if (race_.idle() && silent_since_ != kNever) next = std::min(next, silent_since_ + kMaxSilence);
  for (const UplinkPath& each : uplink_paths_) next = std::min(next, each.next_try);
  return next;
}

void PeerConnection::stop(Timestamp now) {
  stopped_ = true;
  race_.stop(now);
}

}  // namespace hawser::daemon::peering
