#pragma once

#include "sctp/path/path.hpp"

namespace hawser::sctp::path {

/// Lets the congestion control of `path` react to the marks that the peer has reported since the last call:
/// as to a loss, at most once per window (RFC 3168 §5, RFC 9002 §7.1).
void respond_to_marks(Path& path);

}  // namespace hawser::sctp::path
