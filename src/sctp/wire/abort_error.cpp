#include "sctp/wire/abort_error.hpp"

namespace hawser::sctp::wire {

Parsed<AbortChunk> AbortChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kAbort)) return ParseError::kWrongChunkType;
  return AbortChunk{(chunk.flags & 1) != 0, chunk.value};
}

void AbortChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kAbort, tag_reflected ? 1 : 0);
  writer.bytes(causes);
}

Parsed<ErrorChunk> ErrorChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kError)) return ParseError::kWrongChunkType;
  return ErrorChunk{chunk.value};
}

void ErrorChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kError);
  writer.bytes(causes);
}

}  // namespace hawser::sctp::wire
