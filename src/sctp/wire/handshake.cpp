#include "sctp/wire/handshake.hpp"

namespace hawser::sctp::wire {

Parsed<CookieEchoChunk> CookieEchoChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kCookieEcho)) return ParseError::kWrongChunkType;
  return CookieEchoChunk{chunk.value};
}

void CookieEchoChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kCookieEcho);
  writer.bytes(cookie);
}

Parsed<CookieAckChunk> CookieAckChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kCookieAck)) return ParseError::kWrongChunkType;
  if (!chunk.value.empty()) return ParseError::kChunkSize;
  return CookieAckChunk{};
}

void CookieAckChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kCookieAck);
}

}  // namespace hawser::sctp::wire
