#include "daemon/peering/connection_race.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon::peering {
namespace {

/// One uplink and one address of the peer, by index.
struct Combination {
  std::size_t uplink;
  std::size_t address;
};

// Combination number `i` of a round that begins with uplink `first`. Uplink and address both change from one
// combination to the next, so that neither a dead uplink nor a dead address takes several attempts in a row.
// With 2 uplinks and 3 addresses: (0,0) (1,1) (0,1) (1,2) (0,2) (1,0).
Combination combination(std::size_t i, std::size_t first, std::size_t uplinks, std::size_t addresses) {
  return {(first + i) % uplinks, (i / uplinks + i % uplinks) % addresses};
}

}  // namespace

ConnectionRace::ConnectionRace(Context context, Peer peer) : context_(context), peer_(std::move(peer)) {}

std::string_view ConnectionRace::state() const {
  switch (state_) {
    case State::idle: return "idle";
    case State::waiting: return "waiting";
    case State::connecting: break;
  }
  return attempts_.empty() && resolution_ != Resolution::none ? "resolving" : "connecting";
}

// --- a round

void ConnectionRace::start(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::connecting;
  tried_.clear();
  port_ = uplinks::PortChoice::preferred;
  wake_ = now;
  if (resolution_ == Resolution::none) resolution_ = Resolution::requested;
  start_next_attempt(now);
}

void ConnectionRace::start_later(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::waiting;
  wake_ = now + pause_;
  pause_ = std::min(pause_ * 2, kMaxPause);
}

bool ConnectionRace::poll_resolve_request() {
  if (resolution_ != Resolution::requested) return false;
  resolution_ = Resolution::pending;
  return true;
}

void ConnectionRace::handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
  resolution_ = Resolution::none;
  if (!addresses.empty()) addresses_ = std::move(addresses);
  if (state_ != State::connecting) return;
  // New addresses are tried now, unless the round has begun at this very moment with an earlier address.
  const bool just_begun = !attempts_.empty() && attempts_.back().begun == now;
  if (!just_begun) wake_ = std::min(wake_, now);
  start_next_attempt(now);
}

void ConnectionRace::start_next_attempt(Timestamp now) {
  if (state_ != State::connecting || now < wake_) return;
  wake_ = now + kStagger;
  if (is_answered(now)) return;
  if (now >= other_ports_at()) port_ = uplinks::PortChoice::other;
  if (const auto untried = next_untried_route()) return attempt(now, *untried);
  wake_ = other_ports_at();
  const bool more_addresses_to_come = resolution_ != Resolution::none && addresses_.empty();
  if (attempts_.empty() && !more_addresses_to_come) end_round(now);
}

// When no attempt from the preferred ports was answered; kNever: the other ports have had their turn.
Timestamp ConnectionRace::other_ports_at() const {
  const bool waits = port_ == uplinks::PortChoice::preferred && !attempts_.empty();
  return waits ? attempts_.back().begun + kOtherPortDelay : kNever;
}

std::optional<ConnectionRace::UntriedRoute> ConnectionRace::next_untried_route() {
  const std::size_t uplinks = context_.uplinks.count();
  for (std::size_t i = 0; i < uplinks * addresses_.size(); ++i) {
    const auto [uplink, address] = combination(i, first_uplink_, uplinks, addresses_.size());
    const UdpAddress& remote = addresses_[address];
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6(), port_);
    if (!socket) continue;
    const Route route{*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote};
    if (std::ranges::find(tried_, route) == tried_.end()) return UntriedRoute{route, uplink};
  }
  return std::nullopt;
}

// Whether a recent attempt was answered, and may well succeed.
bool ConnectionRace::is_answered(Timestamp now) const {
  return std::ranges::any_of(attempts_, [&](const Attempt& each) {
    const auto status = context_.endpoint.status(each.association);
    return status && status->state != sctp::AssociationState::cookie_wait &&
           now - each.begun < kAnsweredDelay;
  });
}

void ConnectionRace::attempt(Timestamp now, const UntriedRoute& untried) {
  const Route& route = untried.route;
  spdlog::log(last_reason_.empty() ? spdlog::level::info : spdlog::level::debug,
              "peer {}: connecting to {} over {}", peer_.name, route.remote.to_string(),
              context_.uplinks.at(untried.uplink).config.label);
  tried_.push_back(route);
  const sctp::AssociationId id = context_.endpoint.connect(now, route, peer_.key);
  attempts_.push_back({id, route.socket, route.remote, now});
  context_.tunnel.expect(id, peer_.index);
}

void ConnectionRace::end_round(Timestamp now) {
  if (context_.uplinks.count() != 0) first_uplink_ = (first_uplink_ + 1) % context_.uplinks.count();
  state_ = State::idle;
  start_later(now);
}

void ConnectionRace::handle_timeout(Timestamp now) {
  if (now < wake_) return;
  if (state_ == State::connecting) return start_next_attempt(now);
  if (state_ != State::waiting) return;
  state_ = State::idle;
  start(now);
}

Timestamp ConnectionRace::next_timeout() const {
  return state_ == State::idle ? kNever : wake_;
}

// --- the attempts

void ConnectionRace::add_sockets(std::vector<SocketId>& out) const {
  for (const Attempt& each : attempts_) out.push_back(each.socket);
}

bool ConnectionRace::owns(sctp::AssociationId association) const {
  return std::ranges::find(attempts_, association, &Attempt::association) != attempts_.end();
}

UdpAddress ConnectionRace::remote_of(sctp::AssociationId attempt) const {
  return std::ranges::find(attempts_, attempt, &Attempt::association)->remote;
}

void ConnectionRace::handle_failure(Timestamp now, sctp::AssociationId attempt, std::string_view reason) {
  const auto failed = std::ranges::find(attempts_, attempt, &Attempt::association);
  if (failed == attempts_.end()) return;
  spdlog::log(reason == last_reason_ ? spdlog::level::debug : spdlog::level::warn, "peer {}: {}: {}",
              peer_.name, failed->remote.to_string(), reason);
  last_reason_ = reason;
  attempts_.erase(failed);
  wake_ = now;
  start_next_attempt(now);
}

void ConnectionRace::handle_socket_closed(Timestamp now, SocketId socket) {
  const auto gone = std::partition(attempts_.begin(), attempts_.end(),
                                   [&](const Attempt& each) { return each.socket != socket; });
  if (gone == attempts_.end()) return;
  const std::vector<Attempt> ended(gone, attempts_.end());
  attempts_.erase(gone, attempts_.end());
  for (const Attempt& each : ended) context_.endpoint.abort(now, each.association, "the uplink is gone");
  wake_ = now;
  start_next_attempt(now);
}

void ConnectionRace::handle_uplinks_changed(Timestamp now) {
  wake_ = now;
  pause_ = kMinPause;
  handle_timeout(now);
}

void ConnectionRace::finish(Timestamp now, sctp::AssociationId winner) {
  const auto won = std::ranges::find(attempts_, winner, &Attempt::association);
  context_.uplinks.prefer(won->socket);
  attempts_.erase(won);
  stop(now);
}

void ConnectionRace::stop(Timestamp now) {
  const std::vector<Attempt> ended = std::exchange(attempts_, {});
  state_ = State::idle;
  wake_ = kNever;
  pause_ = kMinPause;
  last_reason_ = {};
  for (const Attempt& each : ended) context_.endpoint.abort(now, each.association, "no longer needed");
}

}  // namespace hawser::daemon::peering
