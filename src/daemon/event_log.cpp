#include "daemon/event_log.hpp"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string_view>

#include "daemon/peering/association_state.hpp"

namespace hawser::daemon {
namespace {

using Kind = sctp::Event::Kind;

// What the lines of this kind say; a refusal has its reason.
std::string_view text_of(const sctp::Event& event) {
  switch (event.kind) {
    case Kind::accepted: return "accepted";
    case Kind::connected: return "connected";
    case Kind::refused: return event.reason;
    case Kind::closed: return "shut down";
    case Kind::aborted: return "aborted";
    case Kind::lost: return "lost";
    case Kind::path_added: return "path added";
    case Kind::path_up: return "path up";
    case Kind::path_down: return "path down";
    case Kind::path_moved: return "path moved";
    case Kind::path_removed: return "path removed";
    case Kind::path_refused: return "path refused";
    case Kind::restarted:
    case Kind::writable: break;
  }
  return {};
}

}  // namespace

void EventLog::handle_event(Timestamp now, const sctp::Event& event) {
  // A protected association does not restart: it ends, and another one begins.
  if (event.kind == Kind::restarted || event.kind == Kind::writable) return;
  if (limiter_.admit(now, kind_of(event))) log(event);
}

void EventLog::log(const sctp::Event& event) const {
  const std::uint32_t id = event.association.value();
  const std::uint32_t path = event.path.value();
  switch (event.kind) {
    case Kind::accepted:
      return spdlog::info("association {}: accepted, peer {}", id, name_of(peer_of(event.association)));
    case Kind::connected:
      return spdlog::info("association {}: connected, peer {}", id, name_of(peer_of(event.association)));
    case Kind::refused: return spdlog::info("initiator refused: {}", event.reason);
    case Kind::closed:
    case Kind::aborted:
    case Kind::lost: return log_end(event);
    case Kind::path_added: return spdlog::info("association {} path {}: added", id, path);
    case Kind::path_up: return spdlog::info("association {} path {}: up", id, path);
    case Kind::path_down: return spdlog::warn("association {} path {}: down: {}", id, path, event.reason);
    case Kind::path_moved:
      return spdlog::info("association {} path {}: moved from {}", id, path, event.previous.to_string());
    case Kind::path_removed: return spdlog::info("association {} path {}: removed", id, path);
    case Kind::path_refused:
      return spdlog::warn("association {} path {}: refused, cause {}", id, path, event.cause);
    case Kind::restarted:
    case Kind::writable: return;
  }
}

void EventLog::handle_rejection(Timestamp now, const sctp::Event& event) {
  if (event.kind != Kind::accepted || peering::is_up(tunnel_, event.association)) return;
  if (!limiter_.admit(now, {kind_of(event).peer, "rejected"})) return;
  spdlog::warn("association {}: rejected: this peer has an endpoint, so we initiate",
               event.association.value());
}

// The end of an association that was never up is logged for debugging only: the connection race reports its
// failed attempts, each reason once.
void EventLog::log_end(const sctp::Event& event) const {
  const auto level = !peering::is_up(tunnel_, event.association) ? spdlog::level::debug
                     : event.kind == Kind::closed                ? spdlog::level::info
                                                                 : spdlog::level::warn;
  spdlog::log(level, "association {}: {}, cause {}: {}", event.association.value(), text_of(event),
              event.cause, event.reason);
}

void EventLog::report_suppressed(Timestamp now) {
  for (const auto& [kind, lines] : limiter_.take_suppressed(now)) {
    const bool known = kind.peer < config_.peers.size();
    spdlog::warn("peer {}: {} similar lines suppressed: {}",
                 name_of(known ? std::optional(kind.peer) : std::nullopt), lines, kind.text);
  }
}

LogLimiter::Kind EventLog::kind_of(const sctp::Event& event) const {
  const auto peer = peer_of(event.association);
  return {peer ? *peer : config_.peers.size(), text_of(event)};
}

std::optional<tunnel::PeerIndex> EventLog::peer_of(sctp::AssociationId id) const {
  if (const auto peer = tunnel_.peer_of(id)) return peer;
  const auto key = endpoint_.peer_key(id);
  return key ? tunnel_.peer_with(*key) : std::nullopt;
}

std::string EventLog::name_of(std::optional<tunnel::PeerIndex> peer) const {
  return peer ? config_.peers[*peer].name : "unknown";
}

}  // namespace hawser::daemon
