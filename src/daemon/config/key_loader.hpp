#pragma once

#include <vector>

#include "daemon/config/config.hpp"
#include "hawser/base/result.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon::config {

/// Reads the key files that the configuration names and checks what needs their content. The error holds
/// every mistake; messages never hold a key. `readers`: the group that may read key files.
/// `cipher_costs` stays unset: the caller measures them.
[[nodiscard]] Result<sctp::SecurityConfig, ConfigErrors> load_keys(const Config& config,
                                                                   crypto::KeyReaders readers = std::nullopt);

/// Reads the pre-shared keys of the peers again, for a daemon whose own key is `own`. The error holds every
/// mistake.
[[nodiscard]] Result<std::vector<sctp::ProtectedPeer>, ConfigErrors> load_peer_keys(
    const Config& config, const crypto::PublicKey& own, crypto::KeyReaders readers);

}  // namespace hawser::daemon::config
