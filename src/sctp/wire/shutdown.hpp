#pragma once

#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// SHUTDOWN (RFC 9260 §3.3.8):
///
///  +---------------+---------------+-------------------------------+
///  |   type = 7    |     flags     |          length = 8           |
///  +---------------+---------------+-------------------------------+
///  |                      cumulative TSN ack                       |
///  +---------------------------------------------------------------+
struct ShutdownChunk {
  Tsn cumulative_tsn{};

  /// Fails on any other length.
  static Parsed<ShutdownChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

/// SHUTDOWN ACK (RFC 9260 §3.3.9): only a header.
///
///  +---------------+---------------+-------------------------------+
///  |   type = 8    |     flags     |          length = 4           |
///  +---------------+---------------+-------------------------------+
struct ShutdownAckChunk {
  /// Fails on any other length.
  static Parsed<ShutdownAckChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

/// SHUTDOWN COMPLETE (RFC 9260 §3.3.13): only a header. The T bit means that the sender has no association
/// and reflected the verification tag of the packet it answers (§8.5.1).
///
///  +---------------+-------------+-+-------------------------------+
///  |   type = 14   |  reserved   |T|          length = 4           |
///  +---------------+-------------+-+-------------------------------+
struct ShutdownCompleteChunk {
  bool tag_reflected = false;

  /// Fails on any other length.
  static Parsed<ShutdownCompleteChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
