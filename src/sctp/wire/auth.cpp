#include "sctp/wire/auth.hpp"

namespace hawser::sctp::wire {

Parsed<AuthChunk> AuthChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kAuth)) return ParseError::kWrongChunkType;
  ByteReader reader(chunk.value);
  AuthChunk auth;
  auth.key_id = reader.u16();
  auth.hmac_id = reader.u16();
  if (!reader.ok()) return ParseError::kChunkSize;
  auth.digest = reader.take_rest();
  return auth;
}

void AuthChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kAuth);
  writer.u16(key_id);
  writer.u16(hmac_id);
  writer.bytes(digest);
}

std::size_t AuthChunk::write_unsigned(ByteWriter& writer, std::uint16_t key_id, HmacId hmac_id) {
  const std::size_t start = writer.size();
  const ChunkScope scope(writer, ChunkType::kAuth);
  writer.u16(key_id);
  writer.u16(static_cast<std::uint16_t>(hmac_id));
  writer.zeros(hmac_size(static_cast<std::uint16_t>(hmac_id)));
  return start + kDigestOffset;
}

}  // namespace hawser::sctp::wire
