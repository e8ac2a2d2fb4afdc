#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"

namespace hawser::sctp::wire {

/// CRC32c (Castagnoli, reflected; RFC 9260 appendix B): crc32c("123456789") is 0xE3069283. Uses the CPU's
/// CRC32 instruction if it has one.
[[nodiscard]] std::uint32_t crc32c(Bytes bytes);

/// CRC32c by tables only: the fallback of crc32c(), public so that a test can compare both.
[[nodiscard]] std::uint32_t crc32c_table(Bytes bytes);

/// Writes the checksum of `packet` (at least 12 bytes) into its common header.
void seal_checksum(MutableBytes packet);

/// Whether the checksum of `packet` is correct. False for fewer than 12 bytes; does not modify the packet.
[[nodiscard]] bool checksum_ok(Bytes packet);

}  // namespace hawser::sctp::wire
