#pragma once

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// What an association knows at its last poll that no path does.
struct SendState {
  bool waiting = false;            ///< something is to be sent, for the first time or again
  bool peer_has_room = true;       ///< the peer's window lets it
  Timestamp paced_until = kNever;  ///< the earliest time at which a pacer or cap lets a packet go
};

/// Why `path` carries no (more) data now, in the words of PathIdleReason. Asked for people only: it goes
/// through all paths.
[[nodiscard]] PathIdleReason idle_reason(const Path& path, const PathTable& paths,
                                         const SendState& situation);

}  // namespace hawser::sctp::path
