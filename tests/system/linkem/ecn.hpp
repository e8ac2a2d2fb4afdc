#pragma once

#include <cstddef>
#include <span>

namespace hawser::linkem {

/// Whether the IP packet in an Ethernet frame may be marked (ECT(0), ECT(1) or already CE, RFC 3168 section
/// 5).
bool may_be_marked(std::span<const std::byte> frame);

/// Sets CE in a frame for which may_be_marked() is true, and corrects the checksum of an IPv4 header.
void mark_congestion(std::span<std::byte> frame);

/// Clears the ECN field of the IP packet in a frame, if it has one, and corrects the checksum of an IPv4
/// header.
void clear_ecn(std::span<std::byte> frame);

}  // namespace hawser::linkem
