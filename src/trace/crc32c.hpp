#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"

namespace hawser::trace {

/// CRC32c of an SCTP packet with a checksum field of zero (RFC 9260 §6.8, appendix A). The field has the low
/// byte of this value first. `header` has 12 bytes, of which the last four do not count. Does not use the
/// engine's code, so that a test may compare both.
[[nodiscard]] std::uint32_t packet_checksum(Bytes header, Bytes chunks);

}  // namespace hawser::trace
