#include "sctp/wire/sack.hpp"

namespace hawser::sctp::wire {
namespace {

constexpr unsigned kDacShift = 6;
constexpr std::uint8_t kCoverageBits = 3;

std::uint8_t dac_flags(const SackFields& fields) {
  return static_cast<std::uint8_t>((fields.dac_packets & kMaxDacPackets) << kDacShift);
}

std::uint8_t nr_flags(const SackFields& fields) {
  return static_cast<std::uint8_t>(dac_flags(fields) | static_cast<std::uint8_t>(fields.coverage));
}

SackFields read_fields(ByteReader& reader, std::uint8_t flags) {
  SackFields fields;
  fields.cumulative_tsn = Tsn{reader.u32()};
  fields.a_rwnd = reader.u32();
  fields.dac_packets = static_cast<std::uint8_t>(flags >> kDacShift);
  return fields;
}

template <class T>
WireList<T> take_list(ByteReader& reader, std::size_t count) {
  return WireList<T>(reader.take(count * WireFormat<T>::kSize));
}

std::uint16_t count16(std::size_t count) {
  return static_cast<std::uint16_t>(count);
}

}  // namespace

Parsed<SackChunk> SackChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kSack)) return ParseError::kWrongChunkType;
  ByteReader reader(chunk.value);
  SackChunk sack;
  static_cast<SackFields&>(sack) = read_fields(reader, chunk.flags);
  const std::uint16_t gaps = reader.u16();
  const std::uint16_t duplicates = reader.u16();
  if (!reader.ok()) return ParseError::kChunkSize;
  sack.gaps = take_list<GapBlock>(reader, gaps);
  sack.duplicates = take_list<Tsn>(reader, duplicates);
  if (!reader.ok()) return ParseError::kListOverrun;
  return sack;
}

void SackChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kSack, dac_flags(*this));
  writer.u32(cumulative_tsn.value());
  writer.u32(a_rwnd);
  writer.u16(count16(gaps.size()));
  writer.u16(count16(duplicates.size()));
  writer.bytes(gaps.bytes());
  writer.bytes(duplicates.bytes());
}

Parsed<NrSackChunk> NrSackChunk::parse(const ChunkView& chunk) {
  if (!chunk.is(ChunkType::kNrSack)) return ParseError::kWrongChunkType;
  ByteReader reader(chunk.value);
  NrSackChunk sack;
  static_cast<SackFields&>(sack) = read_fields(reader, chunk.flags);
  const std::uint16_t gaps = reader.u16();
  const std::uint16_t non_renegable_gaps = reader.u16();
  const std::uint16_t duplicates = reader.u16();
  sack.number = reader.u16();
  sack.coverage = static_cast<SackCoverage>(chunk.flags & kCoverageBits);
  if (!reader.ok()) return ParseError::kChunkSize;
  sack.gaps = take_list<GapBlock>(reader, gaps);
  sack.non_renegable_gaps = take_list<GapBlock>(reader, non_renegable_gaps);
  sack.duplicates = take_list<Tsn>(reader, duplicates);
  if (!reader.ok()) return ParseError::kListOverrun;
  return sack;
}

void NrSackChunk::write(ByteWriter& writer) const {
  const ChunkScope scope(writer, ChunkType::kNrSack, nr_flags(*this));
  writer.u32(cumulative_tsn.value());
  writer.u32(a_rwnd);
  writer.u16(count16(gaps.size()));
  writer.u16(count16(non_renegable_gaps.size()));
  writer.u16(count16(duplicates.size()));
  writer.u16(number);
  writer.bytes(gaps.bytes());
  writer.bytes(non_renegable_gaps.bytes());
  writer.bytes(duplicates.bytes());
}

void write_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                std::span<const Tsn> duplicates) {
  const ChunkScope scope(writer, ChunkType::kSack, dac_flags(fields));
  writer.u32(fields.cumulative_tsn.value());
  writer.u32(fields.a_rwnd);
  writer.u16(count16(gaps.size()));
  writer.u16(count16(duplicates.size()));
  write_list(writer, gaps);
  write_list(writer, duplicates);
}

void write_nr_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                   std::span<const GapBlock> non_renegable_gaps, std::span<const Tsn> duplicates) {
  const ChunkScope scope(writer, ChunkType::kNrSack, nr_flags(fields));
  writer.u32(fields.cumulative_tsn.value());
  writer.u32(fields.a_rwnd);
  writer.u16(count16(gaps.size()));
  writer.u16(count16(non_renegable_gaps.size()));
  writer.u16(count16(duplicates.size()));
  writer.u16(fields.number);
  write_list(writer, gaps);
  write_list(writer, non_renegable_gaps);
  write_list(writer, duplicates);
}

}  // namespace hawser::sctp::wire
