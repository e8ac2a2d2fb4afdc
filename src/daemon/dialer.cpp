#include "daemon/dialer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon {

Dialer::Dialer(Caller::Context context, Caller::Peer peer, std::function<void()> resolve)
    : context_(context),
      peer_(peer.index),
      name_(peer.name),
      caller_(context, std::move(peer), std::move(resolve)) {}

std::string_view Dialer::state() const {
  if (stopped_) return "stopped";
  return association_ ? "connected" : caller_.state();
}

void Dialer::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (stopped_) return;
  if (event.association == caller_.association()) return on_call_event(now, event);
  if (event.association != association_) return;
  switch (event.kind) {
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return on_ended(now, event.reason);
    case Kind::path_removed:
    case Kind::path_refused: return on_path_gone(now, event.path);
    case Kind::path_up:
    case Kind::path_down: return on_path_state(now);
    default: return;
  }
}

void Dialer::on_call_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  switch (event.kind) {
    case Kind::connected: return on_connected(now);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return caller_.handle_failure(now, event.reason);
    default: return;
  }
}

/// The tunnel has put the new association in the place of an older one, if there was one.
void Dialer::on_connected(Timestamp now) {
  const Caller::Answer answer = caller_.take();
  if (!context_.tunnel.peer_of(answer.association)) return caller_.start_later(now);  // the tunnel refused it
  spdlog::info("peer {}: connected to {}", name_, answer.remote.to_string());
  association_ = answer.association;
  remote_ = answer.remote;
  joins_.assign(context_.uplinks.count(), Join{});
  if (const auto status = context_.endpoint.status(*association_)) {
    for (const sctp::PathStatus& path : status->paths) {
      if (const auto uplink = context_.uplinks.uplink_of(path.route.uplink)) joins_[*uplink].path = path.id;
    }
  }
  silent_since_ = kNever;
  on_path_state(now);
  join_uplinks(now);
}

void Dialer::on_ended(Timestamp now, std::string_view reason) {
  spdlog::warn("peer {}: association ended: {}", name_, reason);
  association_.reset();
  silent_since_ = kNever;
  caller_.start_later(now);
}

void Dialer::on_path_gone(Timestamp now, sctp::PathId path) {
  for (std::size_t i = 0; i < joins_.size(); ++i) {
    if (joins_[i].path != path) continue;
    spdlog::warn("peer {}: path over {} is gone", name_, label(i));
    joins_[i] = {std::nullopt, now + kJoinAgain};
  }
  on_path_state(now);
}

void Dialer::on_path_state(Timestamp now) {
  const auto status = context_.endpoint.status(*association_);
  const bool active =
      status && std::any_of(status->paths.begin(), status->paths.end(),
                            [](const sctp::PathStatus& p) { return p.state == sctp::PathState::active; });
  if (!active) {
    if (silent_since_ == kNever) silent_since_ = now;
    return;
  }
  silent_since_ = kNever;
  if (caller_.idle()) return;
  // Both ends still have the association: the peer takes a call for up only after we did.
  spdlog::info("peer {}: a path answers again, no new association is needed", name_);
  caller_.stop(now);
}

void Dialer::handle_socket_closed(Timestamp now, UplinkId socket) {
  if (stopped_) return;
  caller_.handle_socket_closed(now, socket);
  const auto status = association_ ? context_.endpoint.status(*association_) : std::nullopt;
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) {
    if (path.route.uplink != socket) continue;
    if (!context_.endpoint.remove_path(now, *association_, path.id)) return give_up(now);
    on_path_gone(now, path.id);
  }
}

/// Its last path went with the interface.
void Dialer::give_up(Timestamp now) {
  spdlog::warn("peer {}: no path is left, calling again", name_);
  context_.endpoint.abort(now, *std::exchange(association_, std::nullopt), "no path is left");
  silent_since_ = kNever;
  caller_.start(now);
}

void Dialer::join_uplinks(Timestamp now) {
  joins_.resize(context_.uplinks.count());
  for (std::size_t i = 0; i < joins_.size(); ++i) {
    if (!joins_[i].path && now >= joins_[i].next_try) join(now, i);
  }
}

void Dialer::join(Timestamp now, std::size_t uplink) {
  const auto route = route_over(uplink);
  if (!route) {
    joins_[uplink].next_try = now + kLookAgain;
    return;
  }
  joins_[uplink].path = context_.endpoint.add_path(now, *association_, *route);
  joins_[uplink].next_try = now + kJoinAgain;
  if (joins_[uplink].path) spdlog::info("peer {}: adding a path over {}", name_, label(uplink));
}

/// The peer's address that answered first, or another of the family that the uplink has.
std::optional<Route> Dialer::route_over(std::size_t uplink) const {
  std::vector<UdpAddress> candidates{remote_};
  candidates.insert(candidates.end(), caller_.addresses().begin(), caller_.addresses().end());
  for (const UdpAddress& remote : candidates) {
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (socket) return Route{*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote};
  }
  return std::nullopt;
}

std::vector<Dialer::Missing> Dialer::missing() const {
  std::vector<Missing> out;
  for (std::size_t i = 0; association_ && i < joins_.size(); ++i) {
    if (!joins_[i].path) out.push_back({i, joins_[i].next_try});
  }
  return out;
}

void Dialer::handle_timeout(Timestamp now) {
  if (stopped_) return;
  caller_.handle_timeout(now);
  if (!association_) return;
  if (caller_.idle() && silent_since_ != kNever && now - silent_since_ >= kSilence) {
    spdlog::warn("peer {}: no path answers, calling again", name_);
    caller_.start(now);
  }
  join_uplinks(now);
}

Timestamp Dialer::next_timeout() const {
  if (stopped_) return kNever;
  Timestamp next = caller_.next_timeout();
  if (!association_) return next;
  if (caller_.idle() && silent_since_ != kNever) next = std::min(next, silent_since_ + kSilence);
  for (const Join& join : joins_) {
    if (!join.path) next = std::min(next, join.next_try);
  }
  return next;
}

void Dialer::stop(Timestamp now) {
  stopped_ = true;
  caller_.stop(now);
}

}  // namespace hawser::daemon
