#pragma once

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// What an association knows at its last poll that no path does.
struct DataSituation {
  bool waiting = false;            ///< something is to be sent, for the first time or again
  bool peer_has_room = true;       ///< the peer's window lets it
  Timestamp paced_until = kNever;  ///< the earliest time at which a pacer or cap lets a packet go
};

/// Why `path` carries no (more) data now, in the words of PathLimit. Asked for people only: it goes through
/// all paths.
[[nodiscard]] PathLimit limit_of(const Path& path, const PathManager& paths, const DataSituation& situation);

}  // namespace hawser::sctp::path
