#include "daemon/caller.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace hawser::daemon {

Caller::Caller(Context context, Peer peer, std::function<void()> resolve)
    : context_(context), peer_(std::move(peer)), resolve_(std::move(resolve)) {}

std::string_view Caller::state() const {
  switch (state_) {
    case State::idle: return "idle";
    case State::waiting: return "waiting";
    case State::resolving: return "resolving";
    case State::connecting: break;
  }
  return "connecting";
}

void Caller::start(Timestamp) {
  if (state_ != State::idle) return;
  state_ = State::resolving;
  resolve_();
}

void Caller::start_later(Timestamp now) {
  if (state_ != State::idle) return;
  state_ = State::waiting;
  wake_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
}

void Caller::handle_addresses(Timestamp now, std::vector<UdpAddress> addresses) {
  if (state_ != State::resolving) return;
  addresses_ = std::move(addresses);
  attempt_ = 0;
  call_next(now);
}

/// The next combination of this round that can be tried: every uplink with the first address, then with the
/// second.
void Caller::call_next(Timestamp now) {
  const std::size_t uplinks = context_.uplinks.count();
  while (attempt_ < uplinks * addresses_.size()) {
    const std::size_t uplink = (first_uplink_ + attempt_) % uplinks;
    const UdpAddress& remote = addresses_[attempt_ / uplinks];
    ++attempt_;
    const auto socket = context_.uplinks.socket(uplink, remote.ip.is_v6());
    if (!socket) continue;
    const IpAddress any = remote.ip.is_v6() ? IpAddress::any_v6() : IpAddress::any_v4();
    return call(now, {*socket, any, remote}, uplink);
  }
  if (uplinks != 0) first_uplink_ = (first_uplink_ + 1) % uplinks;
  state_ = State::idle;
  start_later(now);
}

void Caller::call(Timestamp now, const Route& route, std::size_t uplink) {
  spdlog::log(last_reason_.empty() ? spdlog::level::info : spdlog::level::debug,
              "peer {}: calling {} over {}", peer_.name, route.remote.to_string(),
              context_.uplinks.at(uplink).config.label);
  state_ = State::connecting;
  socket_ = route.uplink;
  remote_ = route.remote;
  association_ = context_.endpoint.connect(now, route, peer_.key);
  context_.tunnel.expect(*association_, peer_.index);
}

void Caller::handle_failure(Timestamp now, std::string_view reason) {
  spdlog::log(reason == last_reason_ ? spdlog::level::debug : spdlog::level::warn, "peer {}: {}: {}",
              peer_.name, remote_.to_string(), reason);
  last_reason_ = reason;
  association_.reset();
  call_next(now);
}

void Caller::handle_socket_closed(Timestamp now, UplinkId socket) {
  if (!association_ || socket_ != socket) return;
  context_.endpoint.abort(now, *std::exchange(association_, std::nullopt), "the uplink is gone");
  call_next(now);
}

void Caller::handle_timeout(Timestamp now) {
  if (state_ != State::waiting || now < wake_) return;
  state_ = State::idle;
  start(now);
}

void Caller::stop(Timestamp now) {
  const auto association = association_;
  rest();
  if (association) context_.endpoint.abort(now, *association, "not needed any more");
}

Caller::Answer Caller::take() {
  const Answer answer{*association_, remote_};
  rest();
  return answer;
}

void Caller::rest() {
  state_ = State::idle;
  association_.reset();
  pause_ = kFirstPause;
  last_reason_ = {};
}

}  // namespace hawser::daemon
