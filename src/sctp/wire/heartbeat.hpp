#pragma once

#include "hawser/base/bytes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// HEARTBEAT and HEARTBEAT ACK (RFC 9260 §3.3.5, §3.3.6):
///
///  +---------------+---------------+-------------------------------+
///  | type = 4 or 5 |     flags     |            length             |
///  +---------------+---------------+-------------------------------+
///  |      parameter type = 1       |       parameter length        |
///  +-------------------------------+-------------------------------+
///  |       information that the HEARTBEAT's sender has chosen      |
///  +---------------------------------------------------------------+
///
/// `info` may have any size, including 0: the sender of the HEARTBEAT compares size and content with what it
/// sent.
struct HeartbeatChunk {
  bool ack = false;
  Bytes info{};  ///< value of the Heartbeat Info parameter

  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<HeartbeatChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
