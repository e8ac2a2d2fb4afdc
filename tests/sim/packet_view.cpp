#include "sim/packet_view.hpp"

#include <functional>

#include "trace/crc32c.hpp"

namespace hawser::sim {

using trace::kCommonHeader;

std::uint32_t checksum_of(Bytes packet) {
  return trace::packet_checksum(packet.first(kCommonHeader), packet.subspan(kCommonHeader));
}

bool checksum_ok(Bytes packet) {
  // The reflected CRC is sent low byte first: the field, read as big-endian, is the byte-swapped CRC.
  return packet.size() >= kCommonHeader &&
         load_be<std::uint32_t>(packet.data() + 8) == __builtin_bswap32(checksum_of(packet));
}

bool checksum_acceptable(Bytes packet) {
  if (is_sealed(packet) && load_be<std::uint32_t>(packet.data() + 8) == 0) return true;
  return checksum_ok(packet);
}

void fix_checksum(MutableBytes packet) {
  if (packet.size() >= kCommonHeader) store_be(packet.data() + 8, __builtin_bswap32(checksum_of(packet)));
}

std::uint64_t content_hash(Bytes packet) {
  const auto hash = [](Bytes bytes) {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  if (packet.size() < kCommonHeader) return hash(packet);
  return hash(packet.first(8)) * 31 + hash(packet.subspan(kCommonHeader));
}

PacketBuilder::PacketBuilder(std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t tag)
    : bytes_(kCommonHeader) {
  ByteWriter writer(bytes_);
  writer.u16(source_port);
  writer.u16(destination_port);
  writer.u32(tag);
}

PacketBuilder& PacketBuilder::chunk(ChunkType type, std::uint8_t flags, Bytes value) {
  const std::size_t start = bytes_.size();
  bytes_.resize(start + padded4(value.size() + 4));
  ByteWriter writer(MutableBytes(bytes_).subspan(start));
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(flags);
  writer.u16(static_cast<std::uint16_t>(value.size() + 4));
  writer.bytes(value);
  return *this;
}

std::vector<std::byte> PacketBuilder::build() {
  fix_checksum(bytes_);
  return bytes_;
}

}  // namespace hawser::sim
