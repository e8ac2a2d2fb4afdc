#include "sctp/wire/path_ack.hpp"

namespace hawser::sctp::wire {

PathAckEntry PathAckEntry::load(const std::byte* at) {
  PathAckEntry entry;
  entry.record = {Epoch{static_cast<std::uint8_t>(at[0])}, RecordPathId{static_cast<std::uint8_t>(at[1])}};
  entry.packets = load_be<std::uint16_t>(at + 2);
  entry.sequence = load_be<std::uint32_t>(at + 4);
  entry.received_us = load_be<std::uint32_t>(at + 8);
  entry.ect = load_be<std::uint16_t>(at + 12);
  entry.ce = load_be<std::uint16_t>(at + 14);
  return entry;
}

void PathAckEntry::store(std::byte* at) const {
  at[0] = static_cast<std::byte>(record.epoch.value());
  at[1] = static_cast<std::byte>(record.path_id.value());
  store_be(at + 2, packets);
  store_be(at + 4, sequence);
  store_be(at + 8, received_us);
  store_be(at + 12, ect);
  store_be(at + 14, ce);
}

Parsed<PathAckChunk> PathAckChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kPathAck)) return ParseError::kWrongChunkType;
  ByteReader reader(chunk.value);
  PathAckChunk ack;
  ack.sent_at_us = reader.u32();
  const std::size_t left = reader.remaining();
  if (!reader.ok() || left == 0 || left % PathAckEntry::kWireSize != 0) return ParseError::kChunkSize;
  ack.entries = WireList<PathAckEntry>(reader.take(left));
  return ack;
}

void write_path_ack(ByteWriter& writer, std::uint32_t sent_at_us, std::span<const PathAckEntry> entries) {
  const ChunkScope scope(writer, ChunkType::kPathAck);
  writer.u32(sent_at_us);
  write_list(writer, entries);
}

}  // namespace hawser::sctp::wire
