#include "daemon/peering/peer_connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon::peering {

PeerConnection::PeerConnection(ConnectionRace::Context context, ConnectionRace::Peer peer,
                               std::function<void()> resolve)
    : context_(context),
      peer_(peer.index),
      name_(peer.name),
      race_(context, std::move(peer), std::move(resolve)) {}

std::string_view PeerConnection::state() const {
  if (stopped_) return "stopped";
  return association_ ? "connected" : race_.state();
}

void PeerConnection::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (stopped_) return;
  if (race_.owns(event.association)) return on_call_event(now, event);
  if (event.association != association_) return;
  switch (event.kind) {
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return on_ended(now, event.reason);
    case Kind::path_removed:
    case Kind::path_refused: on_path_gone(event.path, now + kJoinRetryDelay); return on_path_state(now);
    case Kind::path_up: return on_path_up(now, event.path);
    case Kind::path_down: return on_path_down(now, event.path);
    default: return;
  }
}

void PeerConnection::on_call_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  switch (event.kind) {
    case Kind::connected: return on_connected(now, event.association);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return race_.handle_failure(now, event.association, event.reason);
    default: return;
  }
}

/// The tunnel has put the new association in the place of an older one, if there was one.
void PeerConnection::on_connected(Timestamp now, sctp::AssociationId winner) {
  remote_ = race_.take(now, winner);
  if (!context_.tunnel.peer_of(winner)) return race_.start_later(now);  // the tunnel refused it
  spdlog::info("peer {}: connected to {}", name_, remote_.to_string());
  association_ = winner;
  last_path_.reset();
  uplink_paths_.assign(context_.uplinks.count(), UplinkPath{});
  if (const auto status = context_.endpoint.status(*association_)) {
    for (const sctp::PathStatus& path : status->paths) {
      const auto uplink = context_.uplinks.uplink_of(path.route.socket);
      if (uplink) uplink_paths_[*uplink] = {.path = path.id, .proven = true, .next_try = kNever};
    }
  }
  silent_since_ = kNever;
  on_path_state(now);
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
  for (UplinkPath& join : uplink_paths_) {
    if (join.detour == path) {
      std::swap(join.path, join.detour);
    } else if (join.path != path) {
      continue;
    }
    join.proven = true;
    join.next_try = kNever;
    remove(now, join.detour);
  }
  if (last_path_ != path) remove(now, last_path_);
  on_path_state(now);
}

/// What the interface can no longer do needs no patience.
void PeerConnection::on_path_down(Timestamp now, sctp::PathId path) {
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    if (uplink_paths_[i].path != path) continue;
    const bool possible = detours(i, path).size() != routes_over(i).size();
    uplink_paths_[i].next_try = possible ? now + kDetourPatience : now;
  }
  on_path_state(now);
}

void PeerConnection::on_path_gone(sctp::PathId path, Timestamp next_try) {
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    UplinkPath& join = uplink_paths_[i];
    if (join.detour == path) {
      join.detour.reset();
    } else if (join.path == path) {
      spdlog::warn("peer {}: path over {} is gone", name_, label(i));
      join = {.path = join.detour, .next_try = next_try};
    }
  }
}

void PeerConnection::on_path_state(Timestamp now) {
  const auto status = context_.endpoint.status(*association_);
  const bool active =
      status && std::any_of(status->paths.begin(), status->paths.end(), [this](const sctp::PathStatus& p) {
        return p.state == sctp::PathState::active && p.id != last_path_;
      });
  if (!active) {
    if (silent_since_ == kNever) silent_since_ = now;
    return;
  }
  silent_since_ = kNever;
  if (race_.idle()) return;
  // Both ends still have the association: the peer takes a call for up only after we did.
  spdlog::info("peer {}: a path answers again, no new association is needed", name_);
  race_.stop(now);
}

/// The interface may be back already, under another index: its path is added at once.
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
  on_path_state(now);
}

void PeerConnection::handle_socket_moved(Timestamp now, SocketId socket) {
  const auto status = association_ ? context_.endpoint.status(*association_) : std::nullopt;
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) {
    if (path.route.socket == socket) context_.endpoint.probe_path(now, *association_, path.id);
  }
}

void PeerConnection::handle_uplinks_changed(Timestamp now) {
  if (stopped_) return;
  retry_all_uplinks(now);
  race_.handle_uplinks_changed(now);
}

void PeerConnection::retry_all_uplinks(Timestamp now) {
  for (UplinkPath& join : uplink_paths_) {
    if (!join.path || (join.down() && !join.detour)) join.next_try = now;
  }
  if (association_) join_uplinks(now);
}

void PeerConnection::join_uplinks(Timestamp now) {
  uplink_paths_.resize(context_.uplinks.count());
  for (std::size_t i = 0; i < uplink_paths_.size(); ++i) {
    if (now < uplink_paths_[i].next_try) continue;
    if (uplink_paths_[i].down()) {
      try_detour(now, i);
    } else if (uplink_paths_[i].path) {
      try_next_address(now, i);
    } else {
      join(now, i);
      if (uplink_paths_[i].path) restart_silence_timer(now);
    }
  }
}

/// What a new path can still save is not given up for a new association.
void PeerConnection::restart_silence_timer(Timestamp now) {
  if (silent_since_ == kNever) return;
  silent_since_ = now;
  race_.stop(now);
}

void PeerConnection::join(Timestamp now, std::size_t uplink) {
  UplinkPath& join = uplink_paths_[uplink];
  const std::vector<Route> routes = routes_over(uplink);
  if (routes.empty()) {
    join.next_try = now + kUplinkRetryDelay;
    return;
  }
  const Route& route = routes[join.choice % routes.size()];
  join.path = context_.endpoint.add_path(now, *association_, route);
  join.next_try = now + (join.path ? kJoinPatience : kJoinRetryDelay);
  if (join.path)
    spdlog::info("peer {}: adding a path over {} to {}", name_, label(uplink), route.remote.to_string());
}

/// The engine goes on asking the address it was given; if there is another one, that may be the one that
/// answers on this uplink.
void PeerConnection::try_next_address(Timestamp now, std::size_t uplink) {
  UplinkPath& join = uplink_paths_[uplink];
  join.next_try = now + kJoinPatience;
  if (routes_over(uplink).size() < 2) return;
  const std::size_t choice = join.choice + 1;
  const sctp::PathId path = *std::exchange(join.path, std::nullopt);
  if (!context_.endpoint.remove_path(now, *association_, path)) last_path_ = path;
  join = {.path = {}, .next_try = now, .choice = choice};
  this->join(now, uplink);
}

/// When no path is up, it is not the way that is broken, and the ConnectionRace tries every way.
void PeerConnection::try_detour(Timestamp now, std::size_t uplink) {
  UplinkPath& join = uplink_paths_[uplink];
  join.next_try = now + kDetourPatience;
  remove(now, join.detour);
  const std::vector<Route> routes = detours(uplink, *join.path);
  if (routes.empty() || silent_since_ != kNever) return;
  const Route& route = routes[join.choice++ % routes.size()];
  join.detour = context_.endpoint.add_path(now, *association_, route);
  if (join.detour)
    spdlog::info("peer {}: trying {} beside the path over {}", name_, route.remote.to_string(),
                 label(uplink));
}

void PeerConnection::remove(Timestamp now, std::optional<sctp::PathId>& path) {
  if (path) context_.endpoint.remove_path(now, *association_, *std::exchange(path, {}));
}

/// To the peer's address that answered first, then to its others, as far as the uplink has the family.
std::vector<Route> PeerConnection::routes_over(std::size_t uplink) const {
  std::vector<UdpAddress> remotes{remote_};
  for (const UdpAddress& remote : race_.addresses()) {
    if (remote != remote_) remotes.push_back(remote);
  }
  std::vector<Route> routes;
  for (const UdpAddress& remote : remotes) {
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (socket)
      routes.push_back({*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote});
  }
  return routes;
}

std::vector<Route> PeerConnection::detours(std::size_t uplink, sctp::PathId path) const {
  std::vector<Route> routes = routes_over(uplink);
  std::erase_if(routes, [taken = remote_of(path)](const Route& route) { return route.remote == taken; });
  return routes;
}

/// Nothing: the path is gone, and the event that says so is still to come.
std::optional<UdpAddress> PeerConnection::remote_of(sctp::PathId path) const {
  const auto status = context_.endpoint.status(*association_);
  if (!status) return std::nullopt;
  const auto found = std::ranges::find(status->paths, path, &sctp::PathStatus::id);
  return found == status->paths.end() ? std::nullopt : std::optional(found->route.remote);
}

std::vector<PeerConnection::Missing> PeerConnection::missing() const {
  std::vector<Missing> out;
  for (std::size_t i = 0; association_ && i < uplink_paths_.size(); ++i) {
    if (!uplink_paths_[i].path) out.push_back({i, uplink_paths_[i].next_try});
  }
  return out;
}

void PeerConnection::handle_timeout(Timestamp now) {
  if (stopped_) return;
  // A path that can be added to the association now is better than another association.
  if (now >= race_.next_timeout()) retry_all_uplinks(now);
  race_.handle_timeout(now);
  if (!association_) return;
  if (race_.idle() && silent_since_ != kNever && now - silent_since_ >= kSilence) {
    spdlog::warn("peer {}: no path answers, calling again", name_);
    race_.start(now);
  }
  join_uplinks(now);
}

Timestamp PeerConnection::next_timeout() const {
  if (stopped_) return kNever;
  Timestamp next = race_.next_timeout();
  if (!association_) return next;
  if (race_.idle() && silent_since_ != kNever) next = std::min(next, silent_since_ + kSilence);
  for (const UplinkPath& join : uplink_paths_) {
    next = std::min(next, join.next_try);
  }
  return next;
}

void PeerConnection::stop(Timestamp now) {
  stopped_ = true;
  race_.stop(now);
}

}  // namespace hawser::daemon::peering
