#include "sctp/wire/heartbeat.hpp"

#include "sctp/wire/parameter.hpp"

namespace hawser::sctp::wire {

Parsed<HeartbeatChunk> HeartbeatChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kHeartbeat) && !chunk.is(ChunkType::kHeartbeatAck))
    return ParseError::kWrongChunkType;
  ParameterReader reader(chunk.value);
  const auto parameter = reader.next();
  if (reader.error()) return *reader.error();
  if (!parameter) return ParseError::kMissingParameter;
  if (!parameter->is(ParameterType::kHeartbeatInfo)) return ParseError::kWrongParameterType;
  return HeartbeatChunk{chunk.is(ChunkType::kHeartbeatAck), parameter->value};
}

void HeartbeatChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ack ? ChunkType::kHeartbeatAck : ChunkType::kHeartbeat);
  write_parameter(writer, ParameterType::kHeartbeatInfo, info);
}

}  // namespace hawser::sctp::wire
