#pragma once

#include "daemon/config/config.hpp"
#include "hawser/base/result.hpp"
#include "hawser/sctp/security.hpp"

namespace hawser::daemon::config {

/// Reads the key files that the configuration names and checks what needs their content. The error holds
/// every mistake; messages never hold a key. `readers`: the group that may read key files.
/// `cipher_costs` stays unset: the caller measures them.
[[nodiscard]] Result<sctp::SecurityConfig, ConfigErrors> load_keys(const Config& config,
                                                                   crypto::KeyReaders readers = std::nullopt);

}  // namespace hawser::daemon::config
