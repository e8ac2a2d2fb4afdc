#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/config/config.hpp"
#include "hawser/sctp/config.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon::config {

/// The engine's parameters for a tunnel: timers, windows and limits for several paths, of which the loss of
/// one is noticed within a few hundred milliseconds.
[[nodiscard]] sctp::EndpointConfig endpoint_config(const Config& config);

/// The tunnel's parameters. Peers keep their order. `hash_seed` keys the flow hash and is unpredictable.
/// Every peer has a public key.
[[nodiscard]] tunnel::TunnelConfig tunnel_config(const Config& config, std::uint64_t hash_seed);

/// The tunnel's settings of these peers; nothing for a vacant position.
[[nodiscard]] std::vector<std::optional<tunnel::PeerConfig>> tunnel_peers(
    const std::vector<PeerConfig>& peers);

}  // namespace hawser::daemon::config
