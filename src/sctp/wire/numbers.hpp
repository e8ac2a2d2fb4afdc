#pragma once

#include <cstdint>

#include "hawser/base/strong.hpp"

// Numbers of the wire as types of their own. StreamId and Ppid, which the application sees, are in
// hawser/sctp/types.hpp.

namespace hawser::sctp {

/// Verification tag, initiate tag or tie-tag (RFC 9260 §3.1, §3.3.2, §5.2.2).
using VerificationTag = Strong<struct VerificationTagTag, std::uint32_t>;
/// No tag. A packet with an INIT carries it (RFC 9260 §8.5.1 A); no association has it.
inline constexpr VerificationTag kNoTag{0};

}  // namespace hawser::sctp
