#pragma once

#include "sctp/path/path_table.hpp"

namespace hawser::sctp::path {

/// Whether window, pacer and cap of the path permit a packet. Lowers `limited` to when pacer and cap will, if
/// only they do not.
[[nodiscard]] bool may_send(const Path& path, Timestamp now, Timestamp& limited);

/// The path for data while no path is active: the failed one with the fewest errors; null: it may not send.
[[nodiscard]] Path* fallback(PathTable& paths, Timestamp now, Timestamp& limited);

}  // namespace hawser::sctp::path
