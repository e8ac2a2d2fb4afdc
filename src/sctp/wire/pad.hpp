#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// PAD chunk (RFC 4820 §3): fills a packet for path MTU discovery. Its content has no meaning and is written
/// as zeros.
///
///  +---------------+---------------+-------------------------------+
///  |  type = 132   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |                         padding data                          |
///  +---------------------------------------------------------------+
struct PadChunk {
  std::size_t size = 0;  ///< bytes of padding data, without the header

  /// Parses a chunk of this type.
  static Parsed<PadChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// Appends a Padding parameter (RFC 4820 §4), for INIT only: `size` zero bytes after the header.
void write_padding_parameter(ByteWriter& writer, std::size_t size);

}  // namespace hawser::sctp::wire
