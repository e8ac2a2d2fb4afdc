#include "sctp/wire/shutdown.hpp"

namespace hawser::sctp::wire {

Parsed<ShutdownChunk> ShutdownChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kShutdown)) return ParseError::kWrongChunkType;
  if (chunk.value.size() != 4) return ParseError::kChunkSize;
  return ShutdownChunk{Tsn{load_be<std::uint32_t>(chunk.value.data())}};
}

void ShutdownChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kShutdown);
  writer.u32(cumulative_tsn.value());
}

Parsed<ShutdownAckChunk> ShutdownAckChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kShutdownAck)) return ParseError::kWrongChunkType;
  if (!chunk.value.empty()) return ParseError::kChunkSize;
  return ShutdownAckChunk{};
}

void ShutdownAckChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kShutdownAck);
}

Parsed<ShutdownCompleteChunk> ShutdownCompleteChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kShutdownComplete)) return ParseError::kWrongChunkType;
  if (!chunk.value.empty()) return ParseError::kChunkSize;
  return ShutdownCompleteChunk{(chunk.flags & 1) != 0};
}

void ShutdownCompleteChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kShutdownComplete, tag_reflected ? 1 : 0);
}

}  // namespace hawser::sctp::wire
