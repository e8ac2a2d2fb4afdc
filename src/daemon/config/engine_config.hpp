#pragma once

#include <cstdint>

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

}  // namespace hawser::daemon::config
