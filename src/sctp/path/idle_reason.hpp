#pragma once

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// The state of an association at its last poll that decides whether its paths carry data.
struct SendState {
  bool waiting = false;            ///< new or lost data waits to be sent
  bool peer_has_room = true;       ///< the peer's receive window has room for it
  Timestamp paced_until = kNever;  ///< the earliest time at which a pacer or cap lets a packet leave
};

/// Why `path` carries no more data now. For display: walks over all paths.
[[nodiscard]] PathIdleReason idle_reason(const Path& path, const PathTable& paths,
                                         const SendState& send_state);

}  // namespace hawser::sctp::path
