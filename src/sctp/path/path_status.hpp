#pragma once

#include "sctp/path/idle_reason.hpp"

namespace hawser::sctp::path {

/// The status of `path` for display. Walks over all paths, so it is not for the data path.
[[nodiscard]] PathStatus describe(const Path& path, const PathTable& paths, const SendState& send_state);

}  // namespace hawser::sctp::path
