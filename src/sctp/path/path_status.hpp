#pragma once

#include "sctp/path/idle_reason.hpp"

namespace hawser::sctp::path {

/// The status of `path` for people. Walks over all paths.
[[nodiscard]] PathStatus describe(const Path& path, const PathTable& paths, const SendState& situation);

}  // namespace hawser::sctp::path
