#include "sctp/wire/data.hpp"

#include <array>

namespace hawser::sctp::wire {
namespace {

template <class Chunk>
void read_flags(Chunk& out, std::uint8_t flags) {
  out.immediate = (flags & 8) != 0;
  out.unordered = (flags & 4) != 0;
  out.begin = (flags & 2) != 0;
  out.end = (flags & 1) != 0;
}

template <std::size_t kHeaderSize, class Chunk>
void write_whole(ByteWriter& writer, const Chunk& chunk) {
  std::array<std::byte, kHeaderSize> header;
  write_data_header(header.data(), chunk, chunk.payload.size());
  writer.bytes(header);
  writer.bytes(chunk.payload);
  writer.pad4();
}

}  // namespace

Parsed<DataChunk> DataChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kData)) return ParseError::kWrongChunkType;
  if (chunk.whole.size() < kDataHeaderSize) return ParseError::kChunkSize;
  const std::byte* at = chunk.whole.data();
  DataChunk data;
  read_flags(data, chunk.flags);
  data.tsn = Tsn{load_be<std::uint32_t>(at + 4)};
  data.stream = StreamId{load_be<std::uint16_t>(at + 8)};
  data.ssn = Ssn{load_be<std::uint16_t>(at + 10)};
  data.ppid = Ppid{load_be<std::uint32_t>(at + 12)};
  data.payload = chunk.whole.subspan(kDataHeaderSize);
  return data;
}

void DataChunk::write(ByteWriter& writer) const {
  write_whole<kDataHeaderSize>(writer, *this);
}

Parsed<IDataChunk> IDataChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kIData)) return ParseError::kWrongChunkType;
  if (chunk.whole.size() < kIDataHeaderSize) return ParseError::kChunkSize;
  const std::byte* at = chunk.whole.data();
  IDataChunk data;
  read_flags(data, chunk.flags);
  data.tsn = Tsn{load_be<std::uint32_t>(at + 4)};
  data.stream = StreamId{load_be<std::uint16_t>(at + 8)};
  data.mid = load_be<std::uint32_t>(at + 12);
  data.ppid_or_fsn = load_be<std::uint32_t>(at + 16);
  data.payload = chunk.whole.subspan(kIDataHeaderSize);
  return data;
}

void IDataChunk::write(ByteWriter& writer) const {
  write_whole<kIDataHeaderSize>(writer, *this);
}

}  // namespace hawser::sctp::wire
