#pragma once

#include <cstddef>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// PAD chunk (RFC 4820 §3): fills a packet for path MTU discovery. Its content means nothing and is written
/// as zeros.
///
///  +---------------+---------------+-------------------------------+
///  |  type = 132   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |                         padding data                          |
///  +---------------------------------------------------------------+
struct PadChunk {
  std::size_t size = 0;  ///< bytes of padding data, without the header

  static Parsed<PadChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

/// Padding parameter (RFC 4820 §4), for INIT only: `size` zero bytes behind its header.
void write_padding_parameter(ByteWriter& writer, std::size_t size);

}  // namespace hawser::sctp::wire
