#pragma once

#include "hawser/sctp/types.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::peering {

/// Whether the association carries the tunnel of its peer: it is up, and no newer one has replaced it.
[[nodiscard]] inline bool is_up(const tunnel::Tunnel& tunnel, sctp::AssociationId id) {
  const auto peer = tunnel.peer_of(id);
  return peer && tunnel.peer(*peer).association == id;
}

}  // namespace hawser::daemon::peering
