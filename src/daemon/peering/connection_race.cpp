#include "daemon/peering/connection_race.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace hawser::daemon::peering {

ConnectionRace::ConnectionRace(Context context, Peer peer, std::function<void()> resolve)
    : context_(context), peer_(std::move(peer)), resolve_(std::move(resolve)) {}

std::string_view ConnectionRace::state() const {
  switch (state_) {
    case State::idle: return "idle";
    case State::waiting: return "waiting";
    case State::calling: break;
  }
  return calls_.empty() && resolving_ ? "resolving" : "connecting";
}

// --- a round
// ---------------------------------------------------------------------------------------------------

/// Addresses of an earlier round are called at once: the names may only be found through the tunnel.
void ConnectionRace::start(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::calling;
  tried_.clear();
  wake_ = now;
  if (!std::exchange(resolving_, true)) resolve_();
  start_next_attempt(now);
}

void ConnectionRace::start_later(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::waiting;
  wake_ = now + pause_;
  pause_ = std::min(pause_ * 2, kMaxPause);
}

void ConnectionRace::handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
  resolving_ = false;
  if (!addresses.empty()) addresses_ = std::move(addresses);
  if (state_ != State::calling) return;
  wake_ = std::min(wake_, now);
  start_next_attempt(now);
}

void ConnectionRace::start_next_attempt(Timestamp now) {
  if (state_ != State::calling || now < wake_) return;
  wake_ = now + kStagger;
  if (answered(now)) return;
  if (const auto candidate = next_candidate()) return call(now, *candidate);
  wake_ = kNever;
  if (calls_.empty() && (!resolving_ || !addresses_.empty())) end_round(now);
}

/// Uplinks and addresses both change from one call to the next, so that neither a dead uplink nor a dead
/// address is met many times in a row.
std::optional<ConnectionRace::Candidate> ConnectionRace::next_candidate() {
  const std::size_t uplinks = context_.uplinks.count();
  for (std::size_t i = 0; i < uplinks * addresses_.size(); ++i) {
    const std::size_t uplink = (first_uplink_ + i) % uplinks;
    const UdpAddress& remote = addresses_[(i / uplinks + i % uplinks) % addresses_.size()];
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (!socket) continue;
    const Route route{*socket, remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4(), remote};
    if (std::ranges::find(tried_, route) == tried_.end()) return Candidate{route, uplink};
  }
  return std::nullopt;
}

/// A call made a moment ago has got an answer, and may well be the one.
bool ConnectionRace::answered(Timestamp now) const {
  return std::ranges::any_of(calls_, [&](const Call& call) {
    const auto status = context_.endpoint.status(call.association);
    return status && status->state != sctp::AssociationState::cookie_wait && now - call.begun < kTrust;
  });
}

void ConnectionRace::call(Timestamp now, const Candidate& candidate) {
  const Route& route = candidate.route;
  spdlog::log(last_reason_.empty() ? spdlog::level::info : spdlog::level::debug,
              "peer {}: calling {} over {}", peer_.name, route.remote.to_string(),
              context_.uplinks.at(candidate.uplink).config.label);
  tried_.push_back(route);
  const sctp::AssociationId id = context_.endpoint.connect(now, route, peer_.key);
  calls_.push_back({id, route.socket, route.remote, now});
  context_.tunnel.expect(id, peer_.index);
}

void ConnectionRace::end_round(Timestamp now) {
  if (context_.uplinks.count() != 0) first_uplink_ = (first_uplink_ + 1) % context_.uplinks.count();
  state_ = State::idle;
  start_later(now);
}

void ConnectionRace::handle_timeout(Timestamp now) {
  if (now < wake_) return;
  if (state_ == State::calling) return start_next_attempt(now);
  if (state_ != State::waiting) return;
  state_ = State::idle;
  start(now);
}

Timestamp ConnectionRace::next_timeout() const {
  return state_ == State::idle ? kNever : wake_;
}

// --- what happens to calls
// -------------------------------------------------------------------------------------

bool ConnectionRace::owns(sctp::AssociationId association) const {
  return std::ranges::find(calls_, association, &Call::association) != calls_.end();
}

void ConnectionRace::handle_failure(Timestamp now, sctp::AssociationId call, std::string_view reason) {
  const auto failed = std::ranges::find(calls_, call, &Call::association);
  if (failed == calls_.end()) return;
  spdlog::log(reason == last_reason_ ? spdlog::level::debug : spdlog::level::warn, "peer {}: {}: {}",
              peer_.name, failed->remote.to_string(), reason);
  last_reason_ = reason;
  calls_.erase(failed);
  wake_ = now;
  start_next_attempt(now);
}

void ConnectionRace::handle_socket_closed(Timestamp now, SocketId socket) {
  const auto gone =
      std::partition(calls_.begin(), calls_.end(), [&](const Call& call) { return call.socket != socket; });
  if (gone == calls_.end()) return;
  const std::vector<Call> ended(gone, calls_.end());
  calls_.erase(gone, calls_.end());
  for (const Call& call : ended) context_.endpoint.abort(now, call.association, "the uplink is gone");
  wake_ = now;
  start_next_attempt(now);
}

void ConnectionRace::handle_uplinks_changed(Timestamp now) {
  wake_ = now;
  pause_ = kMinPause;
  handle_timeout(now);
}

UdpAddress ConnectionRace::take(Timestamp now, sctp::AssociationId winner) {
  const auto won = std::ranges::find(calls_, winner, &Call::association);
  const UdpAddress remote = won->remote;
  calls_.erase(won);
  stop(now);
  return remote;
}

void ConnectionRace::stop(Timestamp now) {
  const std::vector<Call> ended = std::exchange(calls_, {});
  reset();
  for (const Call& call : ended) context_.endpoint.abort(now, call.association, "not needed any more");
}

void ConnectionRace::reset() {
  state_ = State::idle;
  wake_ = kNever;
  pause_ = kMinPause;
  last_reason_ = {};
}

}  // namespace hawser::daemon::peering
