#include "sctp/wire/forward_tsn.hpp"

namespace hawser::sctp::wire {
namespace {

// FORWARD TSN and I-FORWARD-TSN both consist of a TSN and a list that runs to the end of the chunk.
template <class Chunk, class Skipped>
Parsed<Chunk> parse_skips(const ChunkView& chunk, ChunkType type) {
  if (!chunk.is(type)) return ParseError::kWrongChunkType;
  if (chunk.value.size() < 4 || (chunk.value.size() - 4) % Skipped::kWireSize != 0) {
    return ParseError::kChunkSize;
  }
  return Chunk{Tsn{load_be<std::uint32_t>(chunk.value.data())}, WireList<Skipped>(chunk.value.subspan(4))};
}

}  // namespace

Parsed<ForwardTsnChunk> ForwardTsnChunk::parse(const ChunkView& chunk) {
  return parse_skips<ForwardTsnChunk, SkippedStream>(chunk, ChunkType::kForwardTsn);
}

void ForwardTsnChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kForwardTsn);
  writer.u32(new_cumulative_tsn.value());
  writer.bytes(skipped.bytes());
}

void ForwardTsnChunk::write(ByteWriter& writer, Tsn new_cumulative_tsn,
                            std::span<const SkippedStream> skipped) {
  const ChunkScope scope(writer, ChunkType::kForwardTsn);
  writer.u32(new_cumulative_tsn.value());
  write_list(writer, skipped);
}

Parsed<IForwardTsnChunk> IForwardTsnChunk::parse(const ChunkView& chunk) {
  return parse_skips<IForwardTsnChunk, SkippedMessage>(chunk, ChunkType::kIForwardTsn);
}

void IForwardTsnChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kIForwardTsn);
  writer.u32(new_cumulative_tsn.value());
  writer.bytes(skipped.bytes());
}

void IForwardTsnChunk::write(ByteWriter& writer, Tsn new_cumulative_tsn,
                             std::span<const SkippedMessage> skipped) {
  const ChunkScope scope(writer, ChunkType::kIForwardTsn);
  writer.u32(new_cumulative_tsn.value());
  write_list(writer, skipped);
}

}  // namespace hawser::sctp::wire
