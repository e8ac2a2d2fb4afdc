#pragma once

#include "hawser/base/bytes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// COOKIE ECHO (RFC 9260 §3.3.11):
///
///  +---------------+---------------+-------------------------------+
///  |   type = 10   |     flags     |            length             |
///  +---------------+---------------+-------------------------------+
///  |                            cookie                             |
///  +---------------------------------------------------------------+
struct CookieEchoChunk {
  Bytes cookie{};

  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<CookieEchoChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// COOKIE ACK (RFC 9260 §3.3.12): only a header.
///
///  +---------------+---------------+-------------------------------+
///  |   type = 11   |     flags     |          length = 4           |
///  +---------------+---------------+-------------------------------+
struct CookieAckChunk {
  /// Parses a chunk of this type.
  static Parsed<CookieAckChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
