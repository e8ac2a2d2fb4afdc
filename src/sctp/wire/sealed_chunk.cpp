#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::wire {
namespace {

constexpr std::uint8_t kRemovedFlag = 1;  // in an entry of path preferences

}  // namespace

Parsed<ProtectionParameter> ProtectionParameter::parse(Bytes value) {
  if (value.size() != kSize) return ParseError::kParameterSize;
  ByteReader reader(value);
  if (reader.u8() != kVersion) return ParseError::kWrongParameterType;
  reader.take(3);
  ProtectionParameter out;
  out.costs.aes_128_gcm = reader.u32();
  out.costs.chacha20_poly1305 = reader.u32();
  return out;
}

void ProtectionParameter::write(ByteWriter& writer) const {
  const ParameterScope scope(writer, ParameterType::kProtection);
  writer.u8(kVersion);
  writer.zeros(3);
  writer.u32(costs.aes_128_gcm);
  writer.u32(costs.chacha20_poly1305);
}

Parsed<PathPreferencesHead> PathPreferencesHead::parse(Bytes message) {
  ByteReader reader(message);
  const bool known = reader.u8() == kVersion;
  const PathPreferencesHead head{reader.u8()};
  if (!reader.ok() || !known || head.entry_size < PathPreferenceEntry::kSize)
    return ParseError::kParameterSize;
  if ((message.size() - kSize) % head.entry_size != 0) return ParseError::kParameterSize;
  return head;
}

void PathPreferencesHead::write(ByteWriter& writer) {
  writer.u8(kVersion);
  writer.u8(PathPreferenceEntry::kSize);
}

Parsed<PathPreferenceEntry> PathPreferenceEntry::parse(Bytes bytes) {
  ByteReader reader(bytes);
  PathPreferenceEntry entry;
  entry.epoch = Epoch{reader.u8()};
  entry.path_id = RecordPathId{reader.u8()};
  const std::uint8_t role = reader.u8();
  entry.removed = (reader.u8() & kRemovedFlag) != 0;
  entry.cap_bps = reader.u64();
  if (!reader.ok() || role >= kPathRoles || !is_cap(entry.cap_bps)) return ParseError::kParameterSize;
  entry.role = static_cast<PathRole>(role);
  return entry;
}

void PathPreferenceEntry::write(ByteWriter& writer) const {
  writer.u8(epoch.value());
  writer.u8(path_id.value());
  writer.u8(static_cast<std::uint8_t>(role));
  writer.u8(removed ? kRemovedFlag : 0);
  writer.u64(cap_bps);
}

bool is_sealed(Bytes datagram) {
  return datagram.size() > kCommonHeaderSize &&
         datagram[kCommonHeaderSize] == static_cast<std::byte>(ChunkType::kSealed);
}

void write_record_header(MutableBytes packet, const RecordHeader& header) {
  std::byte* at = packet.data() + kCommonHeaderSize;
  at[0] = static_cast<std::byte>(ChunkType::kSealed);
  at[1] = std::byte{0};
  store_be(at + 2, static_cast<std::uint16_t>(packet.size() - kCommonHeaderSize));
  store_be(at + 4, header.sequence.value() | std::uint64_t{header.path_id.value()} << 56U |
                       std::uint64_t{header.epoch.value()} << 48U);
}

std::optional<RecordHeader> read_record_header(Bytes datagram) {
  if (datagram.size() < kSealedHeadSize + crypto::kAeadTagSize) return std::nullopt;
  const std::byte* at = datagram.data() + kCommonHeaderSize;
  if (load_be<std::uint16_t>(at + 2) != datagram.size() - kCommonHeaderSize) return std::nullopt;
  const auto word = load_be<std::uint64_t>(at + 4);
  return RecordHeader{RecordPathId{static_cast<std::uint8_t>(word >> 56U)},
                      Epoch{static_cast<std::uint8_t>(word >> 48U)},
                      RecordSequence{word & kMaxRecordSequence.value()}};
}

}  // namespace hawser::sctp::wire
