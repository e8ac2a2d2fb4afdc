#pragma once

#include <cstddef>
#include <span>

namespace hawser::linkem {

/// Sets Congestion Experienced in the IP packet of an Ethernet frame (RFC 3168 §5). False, and nothing
/// changes: it is no IP packet, or its sender is not ECN-capable.
bool mark_congestion(std::span<std::byte> frame);

/// Clears the ECN field of the IP packet of an Ethernet frame, as some routers do.
void clear_ecn(std::span<std::byte> frame);

}  // namespace hawser::linkem
