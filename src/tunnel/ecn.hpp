#pragma once

#include "hawser/base/bytes.hpp"

namespace hawser::tunnel {

/// Sets the codepoint CE (RFC 3168 §5) in a well-formed IPv4 or IPv6 packet that is ECN-capable, and updates
/// the checksum of an IPv4 header. Returns whether the packet carries CE now; false: it is not ECN-capable,
/// and unchanged.
[[nodiscard]] bool mark_congestion(MutableBytes packet);

}  // namespace hawser::tunnel
