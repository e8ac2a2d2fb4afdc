#include "sctp/association/teardown.hpp"

#include <algorithm>

#include "sctp/wire/shutdown.hpp"

namespace hawser::sctp::association {
namespace {

constexpr int kGuardFactor = 5;  // T5-shutdown-guard: five times RTO.Max

}  // namespace

void Teardown::request() {
  if (state_ == State::none) state_ = State::pending;
}

void Teardown::on_drained(Timestamp now, Tsn cumulative) {
  if (state_ == State::pending) {
    state_ = State::sent;
    transmissions_ = 0;
    t5_ = now + kGuardFactor * context_.config.rto_max;
    send_shutdown(now, cumulative);
  } else if (state_ == State::received) {
    enter_ack_sent(now);
    send_shutdown_ack(now, nullptr);
  }
}

void Teardown::enter_ack_sent(Timestamp now) {
  state_ = State::ack_sent;
  transmissions_ = 0;
  t5_ = protected_ ? now + kGuardFactor * context_.config.rto_max : kNever;
}

void Teardown::on_data(Timestamp now, Tsn cumulative) {
  if (state_ != State::sent) return;
  transmissions_ = 0;
  send_shutdown(now, cumulative);
}

void Teardown::on_shutdown(Timestamp now, const Route& source, std::size_t size) {
  switch (state_) {
    case State::none:
    case State::pending: state_ = State::received; break;
    case State::received: break;
    case State::sent:
      // Both ends shut down at the same time.
      enter_ack_sent(now);
      context_.control.drop(wire::ChunkType::kShutdown);
      send_shutdown_ack(now, &source, size);
      break;
    case State::ack_sent:
      send_shutdown_ack(now, &source, size);  // ours was lost, or was sent to an old address of the peer
      break;
  }
}

void Teardown::on_path_moved(Timestamp now, Tsn cumulative) {
  if (state_ == State::sent) send_shutdown(now, cumulative);
  if (state_ == State::ack_sent) send_shutdown_ack(now, nullptr);
}

void Teardown::answer_init(const Route& source) {
  context_.control.drop(wire::ChunkType::kShutdownAck);
  context_.control.push(wire::ChunkType::kShutdownAck, wire::ShutdownAckChunk{}, kNoPath, source);
}

// --- transmission

void Teardown::on_sent(Timestamp now, PathId path, Duration first_timeout) {
  timeout_ = transmissions_ == 0 ? first_timeout : std::min(2 * timeout_, context_.config.rto_max);
  t2_ = now + timeout_;
  path_ = path;
  ++transmissions_;
}

void Teardown::send_shutdown(Timestamp now, Tsn cumulative) {
  const path::Path* path = context_.paths.for_control();
  on_sent(now, path->id, path->rtt.rto());
  context_.control.drop(wire::ChunkType::kShutdown);
  context_.control.push(wire::ChunkType::kShutdown, wire::ShutdownChunk{cumulative}, path->id);
}

// Sends it to the source of the SHUTDOWN that it answers, even when that is not a path; otherwise on the best
// path.
void Teardown::send_shutdown_ack(Timestamp now, const Route* source, std::size_t asked) {
  const path::Path* path = source == nullptr ? nullptr : context_.paths.find(*source);
  if (path != nullptr && path->state() == PathState::joining) source = nullptr;
  if (source == nullptr) path = context_.paths.for_control();
  on_sent(now, path == nullptr ? kNoPath : path->id,
          path == nullptr ? context_.config.rto_initial : path->rtt.rto());
  context_.control.drop(wire::ChunkType::kShutdownAck);
  const auto route = source == nullptr ? std::nullopt : std::optional<Route>(*source);
  context_.control.push(wire::ChunkType::kShutdownAck, wire::ShutdownAckChunk{}, path_, route, asked);
}

// --- timers

// A missing answer counts as an error of the path (RFC 9260 §8.2); the next transmission takes the best path
// that is left.
void Teardown::suspect_path(Timestamp now) {
  if (path::Path* path = context_.paths.find(path_)) context_.validation.on_path_error(*path, now);
}

Teardown::Outcome Teardown::on_timeout(Timestamp now, Tsn cumulative) {
  const bool too_often = transmissions_ > context_.config.association_max_retrans;
  if (state_ == State::sent) {
    if (t5_ <= now || (t2_ <= now && too_often)) return Outcome::not_answered;
    if (t2_ > now) return Outcome::pending;
    suspect_path(now);
    send_shutdown(now, cumulative);
  } else if (state_ == State::ack_sent) {
    if (t5_ <= now) return Outcome::completed;
    if (t2_ > now) return Outcome::pending;
    if (too_often) return Outcome::not_completed;
    suspect_path(now);
    send_shutdown_ack(now, nullptr);
  }
  return Outcome::pending;
}

Timestamp Teardown::next_timeout() const {
  return state_ == State::sent || state_ == State::ack_sent ? std::min(t2_, t5_) : kNever;
}

}  // namespace hawser::sctp::association
