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

  static Parsed<CookieEchoChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

/// COOKIE ACK (RFC 9260 §3.3.12): a header alone.
///
///  +---------------+---------------+-------------------------------+
///  |   type = 11   |     flags     |          length = 4           |
///  +---------------+---------------+-------------------------------+
struct CookieAckChunk {
  static Parsed<CookieAckChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
