#include "daemon/event_log.hpp"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string_view>

#include "daemon/peering/association_state.hpp"

namespace hawser::daemon {

void EventLog::handle_event(const sctp::Event& event) const {
  using Kind = sctp::Event::Kind;
  const std::uint32_t id = event.association.value();
  const std::uint32_t path = event.path.value();
  switch (event.kind) {
    case Kind::accepted:
      return spdlog::info("association {}: accepted, peer {}", id, peer_name_of(event.association));
    case Kind::connected:
      return spdlog::info("association {}: connected, peer {}", id, peer_name_of(event.association));
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
    case Kind::restarted:  // a protected association ends instead, and another one begins
    case Kind::writable: return;
  }
}

void EventLog::handle_rejection(const sctp::Event& event) const {
  if (event.kind != sctp::Event::Kind::accepted || peering::is_up(tunnel_, event.association)) return;
  spdlog::warn("association {}: rejected: this peer has an endpoint, so we initiate",
               event.association.value());
}

// The end of an association that was never up is logged for debugging only: the connection race reports its
// failed attempts, each reason once.
void EventLog::log_end(const sctp::Event& event) const {
  using Kind = sctp::Event::Kind;
  const auto level = !peering::is_up(tunnel_, event.association) ? spdlog::level::debug
                     : event.kind == Kind::closed                ? spdlog::level::info
                                                                 : spdlog::level::warn;
  const std::string_view what = event.kind == Kind::closed    ? "shut down"
                                : event.kind == Kind::aborted ? "aborted"
                                                              : "lost";
  spdlog::log(level, "association {}: {}, cause {}: {}", event.association.value(), what, event.cause,
              event.reason);
}

std::string EventLog::peer_name_of(sctp::AssociationId id) const {
  const auto key = endpoint_.peer_key(id);
  const auto peer = key ? tunnel_.peer_with(*key) : std::nullopt;
  return peer ? config_.peers[*peer].name : "unknown";
}

}  // namespace hawser::daemon
