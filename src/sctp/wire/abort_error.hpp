#pragma once

#include "hawser/base/bytes.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// ABORT (RFC 9260 §3.3.7). The T bit means that the verification tag is reflected: the tag of the packet
/// that the ABORT answers (§8.5.1).
///
///  +---------------+-------------+-+-------------------------------+
///  |   type = 6    |  reserved   |T|            length             |
///  +---------------+-------------+-+-------------------------------+
///  |                     zero or more causes                       |
///  +---------------------------------------------------------------+
///
/// parse() does not check the causes: an ABORT takes effect even when its causes are malformed.
struct AbortChunk {
  bool tag_reflected = false;
  Bytes causes{};

  /// Walks the error causes.
  [[nodiscard]] CauseReader cause_reader() const { return CauseReader(causes); }
  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<AbortChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// ERROR (RFC 9260 §3.3.10):
///
///  +---------------+---------------+-------------------------------+
///  |   type = 9    |     flags     |            length             |
///  +---------------+---------------+-------------------------------+
///  |                      one or more causes                       |
///  +---------------------------------------------------------------+
struct ErrorChunk {
  Bytes causes{};

  /// Walks the error causes.
  [[nodiscard]] CauseReader cause_reader() const { return CauseReader(causes); }
  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<ErrorChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
