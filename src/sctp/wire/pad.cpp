#include "sctp/wire/pad.hpp"

#include "sctp/wire/parameter.hpp"

namespace hawser::sctp::wire {

Parsed<PadChunk> PadChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kPad)) return ParseError::kWrongChunkType;
  return PadChunk{chunk.value.size()};
}

void PadChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kPad);
  writer.zeros(size);
}

void write_padding_parameter(ByteWriter& writer, std::size_t size) {
  const ParameterScope scope(writer, ParameterType::kPadding);
  writer.zeros(size);
}

}  // namespace hawser::sctp::wire
