#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"

namespace hawser::daemon::config {

/// What a configuration that was read again changes in a daemon that runs.
struct Changes {
  std::vector<PeerConfig> peers;           ///< all of them, each at its position; some positions are vacant
  std::vector<std::size_t> ended;          ///< positions whose association and connection end
  std::vector<std::size_t> begun;          ///< positions with a peer that is new, or that has other endpoints
  std::vector<std::string> report;         ///< what is added, removed and changed, for the log
  std::vector<std::string> needs_restart;  ///< the tables that differ and cannot be applied
};

/// Compares the configuration that runs with one that was read again. A peer is identified by its public key,
/// and keeps its position. The content of key files does not count.
[[nodiscard]] Changes compare(const Config& running, const Config& fresh);

}  // namespace hawser::daemon::config
