#pragma once

#include <cstdint>

#include "hawser/base/strong.hpp"

namespace hawser::sctp {

/// Names an association of one Endpoint; never reused.
using AssociationId = Strong<struct AssociationIdTag, std::uint32_t>;
/// Names a path of one association; never reused within it.
using PathId = Strong<struct PathIdTag, std::uint32_t>;
/// Stream identifier, RFC 9260 §3.3.1.
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
/// Payload protocol identifier, carried untouched (RFC 9260 §3.3.1), in host order.
using Ppid = Strong<struct PpidTag, std::uint32_t>;

inline constexpr PathId kNoPath{0xffff'ffff};

}  // namespace hawser::sctp
