#include "sctp/wire/ecn.hpp"

namespace hawser::sctp::wire {

Parsed<EcneChunk> EcneChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kEcne)) return ParseError::kWrongChunkType;
  if (chunk.value.size() != 4 && chunk.value.size() != 8) return ParseError::kChunkSize;
  return EcneChunk{Tsn{load_be<std::uint32_t>(chunk.value.data())}};
}

void EcneChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kEcne);
  writer.u32(lowest_tsn.value());
}

Parsed<CwrChunk> CwrChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kCwr)) return ParseError::kWrongChunkType;
  if (chunk.value.size() != 4) return ParseError::kChunkSize;
  return CwrChunk{Tsn{load_be<std::uint32_t>(chunk.value.data())}};
}

void CwrChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kCwr);
  writer.u32(lowest_tsn.value());
}

}  // namespace hawser::sctp::wire
