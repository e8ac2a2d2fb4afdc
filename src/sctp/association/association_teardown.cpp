#include <algorithm>

#include "sctp/association/association.hpp"
#include "sctp/wire/shutdown.hpp"

// Graceful end of an association (RFC 9260 §9.2).

namespace hawser::sctp::association {
namespace {

constexpr int kGuardFactor = 5;  // T5-shutdown-guard: five times RTO.Max

}  // namespace

void Association::shutdown(Timestamp now) {
  if (closed()) return;
  if (opening()) {
    close(Event::Kind::closed, 0, "shut down before it was up");
    return;
  }
  if (in<Established>()) state_ = ShutdownPending{};
  advance_shutdown(now);
}

// All that was accepted is delivered: the next step of the exchange can be made.
void Association::advance_shutdown(Timestamp now) {
  if (!sender_.drained()) return;
  if (in<ShutdownPending>()) {
    state_ = ShutdownSent{kNever, now + kGuardFactor * core_.config().rto_max, {}, 0};
    send_shutdown(now);
  } else if (in<ShutdownReceived>()) {
    enter_shutdown_ack_sent(now);
    send_shutdown_ack(now, nullptr);
  }
}

// A peer that has gone is silent to what it does not know, if it is a protected one: nobody would ever say
// that its SHUTDOWN COMPLETE was lost.
void Association::enter_shutdown_ack_sent(Timestamp now) {
  ShutdownAckSent sent;
  if (channel_ != nullptr) sent.t5 = now + kGuardFactor * core_.config().rto_max;
  state_ = sent;
}

// All was delivered both ways, and nobody answers any more.
bool Association::lacks_only_last_word() const {
  return in<ShutdownAckSent>() && channel_ != nullptr;
}

void Association::send_shutdown(Timestamp now) {
  auto& sent = std::get<ShutdownSent>(state_);
  const path::Path* path = core_.paths.for_control();
  sent.timeout =
      sent.transmissions == 0 ? path->rtt.rto() : std::min(2 * sent.timeout, core_.config().rto_max);
  sent.t2 = now + sent.timeout;
  sent.path = path->id;
  ++sent.transmissions;
  core_.control.drop(wire::ChunkType::kShutdown);
  core_.control.push(wire::ChunkType::kShutdown, wire::ShutdownChunk{receiver_->cumulative_tsn()}, path->id);
}

// To the source of the SHUTDOWN that it answers, even when that is no path (any more); else the best way.
void Association::send_shutdown_ack(Timestamp now, const Route* source) {
  auto& sent = std::get<ShutdownAckSent>(state_);
  const path::Path* path = source == nullptr ? nullptr : core_.paths.find(*source);
  if (path != nullptr && path->state == PathState::joining) source = nullptr;
  if (source == nullptr) path = core_.paths.for_control();
  const Duration first = path == nullptr ? core_.config().rto_initial : path->rtt.rto();
  sent.timeout = sent.transmissions == 0 ? first : std::min(2 * sent.timeout, core_.config().rto_max);
  sent.t2 = now + sent.timeout;
  sent.path = path == nullptr ? kNoPath : path->id;
  ++sent.transmissions;
  core_.control.drop(wire::ChunkType::kShutdownAck);
  const auto route = source == nullptr ? std::nullopt : std::optional<Route>(*source);
  core_.control.push(wire::ChunkType::kShutdownAck, wire::ShutdownAckChunk{}, sent.path, route);
}

void Association::handle_shutdown(Packet& packet, const wire::ChunkView& chunk) {
  const Timestamp now = packet.now;
  const auto shutdown = wire::ShutdownChunk::parse(chunk);
  if (!shutdown) return core_.drop(DropReason::malformed_chunk);
  if (handshaking()) return core_.drop(DropReason::unexpected_chunk);
  const auto verdict = sender_.on_cumulative(shutdown->cumulative_tsn, core_.paths, now);
  if (verdict == tx::DataSender::SackVerdict::invalid) return core_.drop(DropReason::invalid_sack);
  after_sack(now, verdict, nullptr);
  if (in<Established>() || in<ShutdownPending>()) {
    state_ = ShutdownReceived{};
  } else if (in<ShutdownSent>()) {
    // Both sides shut down at once.
    enter_shutdown_ack_sent(now);
    core_.control.drop(wire::ChunkType::kShutdown);
    send_shutdown_ack(now, &packet.route);
  } else if (in<ShutdownAckSent>()) {
    send_shutdown_ack(now, &packet.route);  // ours was lost, or went where the peer no longer is
  }
}

void Association::handle_shutdown_ack(Packet& packet) {
  if (!in<ShutdownSent>() && !in<ShutdownAckSent>()) {
    // RFC 9260 §8.5.1 E: while the cookie is on its way, the peer still has an older association to end.
    if (handshaking()) {
      const auto chunk = control::ControlQueue::serialise(wire::ShutdownCompleteChunk{true});
      send_last_word(packet.route, wire::ChunkType::kShutdownComplete, chunk,
                     packet.view.header().verification_tag);
      return;
    }
    return core_.drop(DropReason::unexpected_chunk);
  }
  const auto chunk = control::ControlQueue::serialise(wire::ShutdownCompleteChunk{false});
  send_last_word(packet.route, wire::ChunkType::kShutdownComplete, chunk, core_.peer_tag);
  close(Event::Kind::closed, 0, "shut down");
}

bool Association::refuse_init(const Route& source) {
  if (!in<ShutdownAckSent>()) return false;
  core_.control.drop(wire::ChunkType::kShutdownAck);
  core_.control.push(wire::ChunkType::kShutdownAck, wire::ShutdownAckChunk{}, kNoPath, source);
  return true;
}

void Association::handle_shutdown_complete() {
  if (!in<ShutdownAckSent>()) return core_.drop(DropReason::unexpected_chunk);
  close(Event::Kind::closed, 0, "shut down");
}

// A path over which the exchange goes unanswered is suspected like any other (RFC 9260 §8.2); the next try
// takes the best one left.
void Association::on_shutdown_timeout(Timestamp now) {
  const unsigned limit = core_.config().association_max_retrans;
  const auto suspect = [&](PathId id) {
    if (path::Path* path = core_.paths.find(id)) heartbeats_.on_path_error(*path, now);
  };
  if (auto* sent = std::get_if<ShutdownSent>(&state_)) {
    if (sent->t5 <= now || (sent->t2 <= now && sent->transmissions > limit)) {
      abort(wire::CauseCode::kUserInitiatedAbort, "shutdown not answered");
    } else if (sent->t2 <= now) {
      suspect(sent->path);
      send_shutdown(now);
    }
  } else if (auto* acked = std::get_if<ShutdownAckSent>(&state_)) {
    if (acked->t5 <= now) return close(Event::Kind::closed, 0, "shut down");
    if (acked->t2 > now) return;
    if (acked->transmissions > limit) {
      abort(wire::CauseCode::kUserInitiatedAbort, "shutdown not completed");
    } else {
      suspect(acked->path);
      send_shutdown_ack(now, nullptr);
    }
  }
}

Timestamp Association::shutdown_deadline() const {
  if (const auto* sent = std::get_if<ShutdownSent>(&state_)) return std::min(sent->t2, sent->t5);
  if (const auto* acked = std::get_if<ShutdownAckSent>(&state_)) return std::min(acked->t2, acked->t5);
  return kNever;
}

}  // namespace hawser::sctp::association
