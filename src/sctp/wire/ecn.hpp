#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// ECNE (RFC 9260 appendix A): a packet whose lowest TSN is `lowest_tsn` arrived with Congestion Experienced.
///
///  +---------------+---------------+-------------------------------+
///  |   type = 12   |   flags = 0   |          length = 8           |
///  +---------------+---------------+-------------------------------+
///  |                          lowest TSN                           |
///  +---------------------------------------------------------------+
///
/// Some peers append a 32-bit count of marked packets; parse() accepts and ignores it.
struct EcneChunk {
  Tsn lowest_tsn{};

  /// Parses a chunk of this type.
  static Parsed<EcneChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// CWR (RFC 9260 appendix A): the sender has reduced its window for the ECNE with `lowest_tsn`. The layout is
/// that of ECNE without a count; the type is 13.
struct CwrChunk {
  Tsn lowest_tsn{};

  /// Parses a chunk of this type.
  static Parsed<CwrChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
