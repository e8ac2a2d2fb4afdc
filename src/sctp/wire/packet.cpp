#include "sctp/wire/packet.hpp"

#include <algorithm>
#include <cassert>

namespace hawser::sctp::wire {

void CommonHeader::write(ByteWriter& writer) const {
  writer.u16(source_port);
  writer.u16(destination_port);
  writer.u32(verification_tag.value());
  writer.u32(checksum);
}

Parsed<PacketView> PacketView::parse(Bytes packet) {
  if (packet.size() < kCommonHeaderSize) return ParseError::kPacketTooShort;
  const std::byte* at = packet.data();
  const CommonHeader header{load_be<std::uint16_t>(at), load_be<std::uint16_t>(at + 2),
                            VerificationTag{load_be<std::uint32_t>(at + 4)}, load_be<std::uint32_t>(at + 8)};
  return PacketView(header, packet);
}

std::optional<ChunkView> ChunkReader::next() {
  const Bytes rest = packet_.subspan(offset_);
  if (rest.empty() || error_) return std::nullopt;
  if (rest.size() < kChunkHeaderSize) return fail(ParseError::kChunkHeaderCut);
  const std::size_t length = load_be<std::uint16_t>(rest.data() + 2);
  if (length < kChunkHeaderSize) return fail(ParseError::kChunkLengthTooSmall);
  if (length > rest.size()) return fail(ParseError::kChunkOverrun);
  offset_ += std::min(padded4(length), rest.size());
  const Bytes whole = rest.first(length);
  return ChunkView{std::to_integer<std::uint8_t>(whole[0]), std::to_integer<std::uint8_t>(whole[1]),
                   whole.subspan(kChunkHeaderSize), whole};
}

std::optional<ChunkView> ChunkReader::fail(ParseError error) {
  error_ = error;
  return std::nullopt;
}

ChunkScope::ChunkScope(ByteWriter& writer, ChunkType type, std::uint8_t flags)
    : writer_(writer), start_(writer.size()) {
  assert(!writer.ok() || start_ == padded4(start_));
  writer_.u8(static_cast<std::uint8_t>(type));
  writer_.u8(flags);
  writer_.u16(0);
}

ChunkScope::~ChunkScope() {
  const std::size_t length = writer_.size() - start_;
  assert(length <= 0xFFFF);
  writer_.patch_u16(start_ + 2, static_cast<std::uint16_t>(length));
  writer_.pad4();
}

}  // namespace hawser::sctp::wire
