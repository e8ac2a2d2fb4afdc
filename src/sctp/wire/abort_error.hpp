#pragma once

#include "hawser/base/bytes.hpp"
#include "sctp/wire/causes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// ABORT (RFC 9260 §3.3.7). The T bit says that the verification tag is the receiver's own, reflected
/// (§8.5.1).
///
///  +---------------+-------------+-+-------------------------------+
///  |   type = 6    |  reserved   |T|            length             |
///  +---------------+-------------+-+-------------------------------+
///  |                     zero or more causes                       |
///  +---------------------------------------------------------------+
///
/// The causes are not looked at by parse(): an ABORT counts even when its causes are broken.
struct AbortChunk {
  bool tag_reflected = false;
  Bytes causes{};

  [[nodiscard]] CauseReader cause_reader() const { return CauseReader(causes); }
  static Parsed<AbortChunk> parse(const ChunkView& chunk);
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

  [[nodiscard]] CauseReader cause_reader() const { return CauseReader(causes); }
  static Parsed<ErrorChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
