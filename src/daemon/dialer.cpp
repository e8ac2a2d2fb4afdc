#include "daemon/dialer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon {

Dialer::Dialer(Context context, tunnel::PeerIndex peer, std::string name, std::function<void()> resolve)
    : context_(context), peer_(peer), name_(std::move(name)), resolve_(std::move(resolve)) {}

std::string_view Dialer::state() const {
  switch (state_) {
    case State::waiting: return "waiting";
    case State::resolving: return "resolving";
    case State::connecting: return "connecting";
    case State::connected: return "connected";
    case State::stopped: break;
  }
  return "stopped";
}

void Dialer::start(Timestamp) {
  state_ = State::resolving;
  wake_ = kNever;
  resolve_();
}

void Dialer::handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
  if (state_ != State::resolving) return;
  addresses_ = std::move(addresses);
  attempt_ = 0;
  dial(now);
}

/// The next combination of this round that can be tried: every uplink with the first address, then with the
/// second.
void Dialer::dial(Timestamp now) {
  const std::size_t uplinks = context_.uplinks.count();
  while (attempt_ < uplinks * addresses_.size()) {
    const std::size_t uplink = (first_uplink_ + attempt_) % uplinks;
    const UdpAddress& remote = addresses_[attempt_ / uplinks];
    ++attempt_;
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (!socket) continue;
    const Route route{*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote};
    spdlog::info("peer {}: calling {} over {}", name_, remote.to_string(), label(uplink));
    state_ = State::connecting;
    remote_ = remote;
    association_ = context_.endpoint.connect(now, route);
    context_.tunnel.expect(*association_, peer_);
    return;
  }
  pause(now);
}

void Dialer::pause(Timestamp now) {
  state_ = State::waiting;
  association_.reset();
  if (context_.uplinks.count() != 0) first_uplink_ = (first_uplink_ + 1) % context_.uplinks.count();
  wake_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
}

/// Gives the association up although the engine does not: the peer or the network forgot it without telling
/// us.
void Dialer::begin_anew(Timestamp now) {
  const auto old = std::exchange(association_, std::nullopt);
  if (old) {
    const sctp::Event gone{.kind = sctp::Event::Kind::lost, .association = *old, .reason = "given up"};
    context_.tunnel.handle_event(now, gone);
    context_.endpoint.abort(now, *old, "no path answers");
  }
  silent_since_ = kNever;
  pause_ = kFirstPause;
  start(now);
}

void Dialer::handle_event(Timestamp now, const sctp::Event& event) {
  using Kind = sctp::Event::Kind;
  if (state_ == State::stopped || event.association != association_) return;
  switch (event.kind) {
    case Kind::connected: return on_connected(now);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return on_ended(now, event);
    case Kind::path_removed:
    case Kind::path_refused: return on_path_gone(now, event.path);
    case Kind::path_up:
    case Kind::path_down: return on_path_state(now);
    default: return;
  }
}

void Dialer::on_connected(Timestamp now) {
  spdlog::info("peer {}: connected to {}", name_, remote_.to_string());
  state_ = State::connected;
  pause_ = kFirstPause;
  joins_.assign(context_.uplinks.count(), Join{});
  if (const auto status = context_.endpoint.status(*association_)) {
    for (const sctp::PathStatus& path : status->paths) {
      if (const auto uplink = context_.uplinks.uplink_of(path.route.uplink)) joins_[*uplink].path = path.id;
    }
  }
  on_path_state(now);
  join_uplinks(now);
}

void Dialer::on_ended(Timestamp now, const sctp::Event& event) {
  spdlog::warn("peer {}: association ended: {}", name_, event.reason);
  association_.reset();
  silent_since_ = kNever;
  if (state_ == State::connecting) return dial(now);
  pause(now);
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
  if (active) {
    silent_since_ = kNever;
  } else if (silent_since_ == kNever) {
    silent_since_ = now;
  }
}

void Dialer::handle_socket_closed(Timestamp now, UplinkId socket) {
  if (!association_ || state_ == State::stopped) return;
  const auto status = context_.endpoint.status(*association_);
  if (!status) return;
  for (const sctp::PathStatus& path : status->paths) {
    if (path.route.uplink != socket) continue;
    if (!context_.endpoint.remove_path(now, *association_, path.id)) return begin_anew(now);
    on_path_gone(now, path.id);
  }
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
  candidates.insert(candidates.end(), addresses_.begin(), addresses_.end());
  for (const UdpAddress& remote : candidates) {
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (socket) return Route{*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote};
  }
  return std::nullopt;
}

void Dialer::handle_timeout(Timestamp now) {
  if (state_ == State::waiting && now >= wake_) return start(now);
  if (!association_ || state_ == State::stopped) return;
  if (!context_.tunnel.peer_of(*association_)) {  // the tunnel refused it
    association_.reset();
    silent_since_ = kNever;
    return pause(now);
  }
  if (state_ != State::connected) return;
  if (silent_since_ != kNever && now - silent_since_ >= kSilence) {
    spdlog::warn("peer {}: no path answers, calling again", name_);
    return begin_anew(now);
  }
  join_uplinks(now);
}

Timestamp Dialer::next_timeout() const {
  if (state_ == State::waiting) return wake_;
  if (state_ != State::connected) return kNever;
  Timestamp next = silent_since_ == kNever ? kNever : silent_since_ + kSilence;
  for (const Join& join : joins_) {
    if (!join.path) next = std::min(next, join.next_try);
  }
  return next;
}

}  // namespace hawser::daemon
