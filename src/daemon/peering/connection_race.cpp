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
  if (state_ != State::idle && addresses_.empty()) return "resolving";
  switch (state_) {
    case State::idle: return "idle";
    case State::waiting: return "waiting";
    case State::connecting: break;
  }
  return "connecting";
}

// --- a round

void ConnectionRace::start(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::connecting;
  tried_.clear();
  for (const Attempt& each : attempts_) tried_.push_back(each.route);
  port_ = uplinks::PortChoice::preferred;
  round_begun_ = wake_ = now;
  start_next_attempt(now);
}

void ConnectionRace::start_later(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::waiting;
  wake_ = now + pause_ - pause_ / 2 * (context_.random.u32() % 1024) / 1024;
  pause_ = std::min(pause_ * 2, kMaxPause);
}

bool ConnectionRace::poll_resolve_request(Timestamp now) {
  if (now < next_resolve_request()) return false;
  ask_ = now + name_pause_;
  name_pause_ = std::min(name_pause_ * 2, kMaxNamePause);
  return true;
}

Timestamp ConnectionRace::next_resolve_request() const {
  return state_ == State::idle || !peer_.has_names ? kNever : ask_;
}

void ConnectionRace::handle_name_interfaces_changed(Timestamp now) {
  ask_ = std::min(ask_, now);
  name_pause_ = kMinNamePause;
}

void ConnectionRace::handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
  if (addresses.empty()) return;
  const bool more = std::ranges::any_of(addresses, [this](const UdpAddress& each) {
    return std::ranges::find(addresses_, each) == addresses_.end();
  });
  addresses_ = std::move(addresses);
  if (!more || state_ == State::idle) return;
  // A new address is tried now, unless another attempt has begun at this very moment.
  const bool just_begun = !attempts_.empty() && attempts_.back().begun == now;
  if (!just_begun) wake_ = std::min(wake_, now);
  handle_timeout(now);
}

void ConnectionRace::start_next_attempt(Timestamp now) {
  if (state_ != State::connecting || now < wake_) return;
  wake_ = now + kStagger;
  if (settles_for_an_answered_one(now)) return;
  if (now >= other_ports_at()) port_ = uplinks::PortChoice::other;
  if (const auto untried = next_untried_route()) return attempt(now, *untried);
  wake_ = std::min(other_ports_at(), end_of_turn());
  if (end_of_turn() <= now) end_round(now);
}

// The attempts of earlier rounds have had their turn. A round without an attempt of its own waits as well, so
// that the same routes are not listed again and again.
Timestamp ConnectionRace::end_of_turn() const {
  if (attempts_.empty()) return Timestamp::min();
  return std::max(attempts_.back().begun, round_begun_) + kTurn;
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

// Whether an attempt was answered recently, and may well succeed. Then the others end: if two of them
// succeeded, the peer would replace the first association by the second, while this end aborts the second.
bool ConnectionRace::settles_for_an_answered_one(Timestamp now) {
  const Attempt* best = nullptr;
  for (Attempt& each : attempts_) {
    const auto status = context_.endpoint.status(each.association);
    if (!status || status->state == sctp::AssociationState::cookie_wait) continue;
    if (!each.answered) each.answered = now;
    const Duration patience = kAnsweredDelay + 2 * (*each.answered - each.begun);
    if (now - *each.answered < patience && (best == nullptr || each.answered < best->answered)) best = &each;
  }
  if (best == nullptr) return false;
  const Attempt kept = *best;
  const std::vector<Attempt> others = std::exchange(attempts_, {kept});
  for (const Attempt& each : others) {
    if (each.association != kept.association)
      context_.endpoint.abort(now, each.association, "another one was answered");
  }
  return true;
}

void ConnectionRace::attempt(Timestamp now, const UntriedRoute& untried) {
  const Route& route = untried.route;
  spdlog::log(last_failure_.empty() ? spdlog::level::info : spdlog::level::debug,
              "peer {}: connecting to {} over {}", peer_.name, route.remote.to_string(),
              context_.uplinks.at(untried.uplink).config.label);
  tried_.push_back(route);
  const sctp::AssociationId id = context_.endpoint.connect(now, route, peer_.key);
  attempts_.push_back({id, route, now});
  watch_ = now + kStagger;
  context_.tunnel.expect(id, peer_.index);
}

void ConnectionRace::end_round(Timestamp now) {
  if (!tried_.empty()) first_uplink_ = (first_uplink_ + 1) % context_.uplinks.count();
  state_ = State::idle;
  start_later(now);
}

void ConnectionRace::handle_timeout(Timestamp now) {
  if (now >= watch_) watch_answers(now);
  if (now < wake_) return;
  if (state_ == State::connecting) return start_next_attempt(now);
  if (state_ != State::waiting) return;
  state_ = State::idle;
  start(now);
}

Timestamp ConnectionRace::next_timeout() const {
  return state_ == State::idle ? kNever : std::min(wake_, watch_);
}

// Attempts also wait for their answers while a round has nothing left to try, and during the pause.
void ConnectionRace::watch_answers(Timestamp now) {
  watch_ = attempts_.size() < 2 ? kNever : now + kStagger;
  static_cast<void>(settles_for_an_answered_one(now));
}

// The round goes on now; a pause goes on.
void ConnectionRace::wake_now(Timestamp now) {
  if (state_ != State::connecting) return;
  wake_ = now;
  start_next_attempt(now);
}

// --- the attempts

void ConnectionRace::add_sockets(std::vector<SocketId>& out) const {
  for (const Attempt& each : attempts_) out.push_back(each.route.socket);
}

bool ConnectionRace::owns(sctp::AssociationId association) const {
  return std::ranges::find(attempts_, association, &Attempt::association) != attempts_.end();
}

UdpAddress ConnectionRace::remote_of(sctp::AssociationId attempt) const {
  return std::ranges::find(attempts_, attempt, &Attempt::association)->route.remote;
}

void ConnectionRace::handle_failure(Timestamp now, sctp::AssociationId attempt, std::string_view reason) {
  const auto failed = std::ranges::find(attempts_, attempt, &Attempt::association);
  if (failed == attempts_.end()) return;
  last_failure_ = failed->route.remote.to_string() + ": " + std::string(reason);
  const auto left_out = failures_.note(now, reason);
  spdlog::log(left_out ? spdlog::level::warn : spdlog::level::debug, "peer {}: {}{}", peer_.name,
              last_failure_, fold_text(left_out.value_or(0)));
  attempts_.erase(failed);
  wake_now(now);
}

void ConnectionRace::handle_socket_closed(Timestamp now, SocketId socket) {
  const auto gone = std::partition(attempts_.begin(), attempts_.end(),
                                   [&](const Attempt& each) { return each.route.socket != socket; });
  if (gone == attempts_.end()) return;
  const std::vector<Attempt> ended(gone, attempts_.end());
  attempts_.erase(gone, attempts_.end());
  for (const Attempt& each : ended) context_.endpoint.abort(now, each.association, "the uplink is gone");
  wake_now(now);
}

void ConnectionRace::handle_uplinks_changed(Timestamp now) {
  wake_ = now;
  pause_ = kMinPause;
  handle_name_interfaces_changed(now);
  handle_timeout(now);
}

void ConnectionRace::finish(Timestamp now, sctp::AssociationId winner) {
  const auto won = std::ranges::find(attempts_, winner, &Attempt::association);
  context_.uplinks.prefer(won->route.socket);
  attempts_.erase(won);
  stop(now);
}

void ConnectionRace::stop(Timestamp now) {
  const std::vector<Attempt> ended = std::exchange(attempts_, {});
  state_ = State::idle;
  wake_ = watch_ = kNever;
  pause_ = kMinPause;
  ask_ = Timestamp::min();
  name_pause_ = kMinNamePause;
  last_failure_.clear();
  failures_.clear();
  for (const Attempt& each : ended) context_.endpoint.abort(now, each.association, "no longer needed");
}

}  // namespace hawser::daemon::peering
