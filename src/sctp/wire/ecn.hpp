#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// ECNE (RFC 9260 appendix A): a packet whose lowest TSN was `lowest_tsn` came with Congestion Experienced.
///
///  +---------------+---------------+-------------------------------+
///  |   type = 12   |   flags = 0   |          length = 8           |
///  +---------------+---------------+-------------------------------+
///  |                          lowest TSN                           |
///  +---------------------------------------------------------------+
///
/// Some peers append a 32-bit count of marked packets; it is accepted and not kept.
struct EcneChunk {
  Tsn lowest_tsn{};

  static Parsed<EcneChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

/// CWR (RFC 9260 appendix A): the sender has reduced its window for the ECNE with that TSN. Same layout,
/// type 13.
struct CwrChunk {
  Tsn lowest_tsn{};

  static Parsed<CwrChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
