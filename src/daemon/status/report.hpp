#pragma once

#include "control/status.hpp"
#include "daemon/config/config.hpp"
#include "daemon/peering/peer_connections.hpp"
#include "daemon/quota/quota_enforcer.hpp"
#include "daemon/status/rate_meter.hpp"
#include "daemon/uplinks/policies.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/time.hpp"
#include "hawser/crypto/keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/packet_device.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::status {

/// The parts of the daemon that a status describes.
struct Sources {
  const config::Config& config;
  const crypto::PublicKey& public_key;  ///< of this end
  Timestamp started;                    ///< when the daemon started
  const io::PacketDevice& device;
  const sctp::Endpoint& endpoint;
  const tunnel::Tunnel& tunnel;
  const uplinks::Sockets& sockets;
  const uplinks::Uplinks& uplinks;
  const uplinks::PathPolicies& policies;
  const quota::QuotaEnforcer& quotas;
  const peering::PeerConnections& connections;
  const RateMeter& rates;
};

/// The status at `now` (docs/control.md), without the counters of hooks, which the event loop adds. Changes
/// nothing.
[[nodiscard]] control::Status report(const Sources& from, Timestamp now);

}  // namespace hawser::daemon::status
