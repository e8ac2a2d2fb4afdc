#include "sim/packet_view.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <functional>

namespace hawser::sim {
namespace {

constexpr std::size_t kCommonHeader = 12;

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t crc = n;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f6'3b78U : 0U);
    tables[0][n] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice) {
    for (std::size_t n = 0; n < 256; ++n) {
      const std::uint32_t before = tables[slice - 1][n];
      tables[slice][n] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();

std::uint32_t crc_update(std::uint32_t crc, Bytes bytes) {
  while (bytes.size() >= 8) {
    std::array<std::uint8_t, 8> raw{};
    std::memcpy(raw.data(), bytes.data(), 8);
    for (std::size_t i = 0; i < 4; ++i) raw[i] = static_cast<std::uint8_t>(raw[i] ^ (crc >> (8 * i)));
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kCrc[7 - i][raw[i]];
    bytes = bytes.subspan(8);
  }
  for (const std::byte b : bytes) crc = (crc >> 8) ^ kCrc[0][(crc ^ static_cast<std::uint32_t>(b)) & 0xff];
  return crc;
}

std::string describe_data(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  const std::uint32_t tsn = reader.u32();
  const std::uint16_t stream = reader.u16();
  const std::uint16_t ssn = reader.u16();
  reader.u32();
  char text[96];
  std::snprintf(text, sizeof text, "(tsn=%u sid=%u ssn=%u %s%s%s%s %zu)", tsn, stream, ssn,
                (chunk.flags & 8) != 0 ? "I" : "", (chunk.flags & 4) != 0 ? "U" : "",
                (chunk.flags & 2) != 0 ? "B" : "", (chunk.flags & 1) != 0 ? "E" : "", reader.remaining());
  return text;
}

std::string describe_sack(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  const std::uint32_t cumulative = reader.u32();
  const std::uint32_t window = reader.u32();
  const unsigned gaps = reader.u16();
  const unsigned second = reader.u16();
  std::string text = "(cum=" + std::to_string(cumulative) + " rwnd=" + std::to_string(window);
  unsigned blocks = gaps;
  if (chunk.type == ChunkType::nr_sack) {
    blocks += second;
    text += " dups=" + std::to_string(reader.u16());
    reader.u16();
  } else {
    text += " dups=" + std::to_string(second);
  }
  for (unsigned i = 0; i < blocks && i < 4; ++i) {
    const auto from = reader.u16();
    const auto to = reader.u16();
    text += (i < gaps ? " g" : " n") + std::to_string(from) + "-" + std::to_string(to);
  }
  if (blocks > 4) text += " …" + std::to_string(blocks);
  return text + ")";
}

RecordView read_record(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  RecordView record;
  record.path_id = reader.u8();
  record.epoch = reader.u8();
  record.sequence = (std::uint64_t{reader.u16()} << 32U) | reader.u32();
  return record;
}

std::string describe_record(const ChunkView& chunk) {
  const RecordView record = read_record(chunk);
  return "(path=" + std::to_string(record.path_id) + " epoch=" + std::to_string(record.epoch) +
         " seq=" + std::to_string(record.sequence) + " " + std::to_string(chunk.value.size()) + ")";
}

std::string describe_chunk(const ChunkView& chunk) {
  std::string text(to_string(chunk.type));
  switch (chunk.type) {
    case ChunkType::data: return text + describe_data(chunk);
    case ChunkType::sack:
    case ChunkType::nr_sack: return text + describe_sack(chunk);
    case ChunkType::asconf:
    case ChunkType::asconf_ack:
    case ChunkType::shutdown:
      return text + "(" + std::to_string(ByteReader(chunk.value).u32()) + " " +
             std::to_string(chunk.value.size()) + ")";
    case ChunkType::init:
    case ChunkType::init_ack: {
      ByteReader reader(chunk.value);
      const auto tag = reader.u32();
      const auto window = reader.u32();
      reader.u32();
      char more[80];
      std::snprintf(more, sizeof more, "(tag=%08x rwnd=%u tsn=%u %zu)", tag, window, reader.u32(),
                    chunk.value.size());
      return text + more;
    }
    case ChunkType::sealed: return text + describe_record(chunk);
    default: break;
  }
  if (chunk.flags != 0) text += "/" + std::to_string(chunk.flags);
  if (chunk.type == ChunkType::abort || chunk.type == ChunkType::error) {
    text += "(cause=" + std::to_string(ByteReader(chunk.value).u16()) + ")";
  } else if (!chunk.value.empty()) {
    text += "(" + std::to_string(chunk.value.size()) + ")";
  }
  return text;
}

}  // namespace

std::string_view to_string(ChunkType type) {
  switch (type) {
    case ChunkType::data: return "DATA";
    case ChunkType::init: return "INIT";
    case ChunkType::init_ack: return "INIT-ACK";
    case ChunkType::sack: return "SACK";
    case ChunkType::heartbeat: return "HEARTBEAT";
    case ChunkType::heartbeat_ack: return "HEARTBEAT-ACK";
    case ChunkType::abort: return "ABORT";
    case ChunkType::shutdown: return "SHUTDOWN";
    case ChunkType::shutdown_ack: return "SHUTDOWN-ACK";
    case ChunkType::error: return "ERROR";
    case ChunkType::cookie_echo: return "COOKIE-ECHO";
    case ChunkType::cookie_ack: return "COOKIE-ACK";
    case ChunkType::shutdown_complete: return "SHUTDOWN-COMPLETE";
    case ChunkType::auth: return "AUTH";
    case ChunkType::nr_sack: return "NR-SACK";
    case ChunkType::i_data: return "I-DATA";
    case ChunkType::asconf_ack: return "ASCONF-ACK";
    case ChunkType::reconfig: return "RE-CONFIG";
    case ChunkType::sealed: return "SEALED";
    case ChunkType::pad: return "PAD";
    case ChunkType::forward_tsn: return "FORWARD-TSN";
    case ChunkType::asconf: return "ASCONF";
    case ChunkType::i_forward_tsn: return "I-FORWARD-TSN";
  }
  return "?";
}

void PacketView::parse(Bytes packet) {
  chunks.clear();
  well_formed = false;
  ByteReader reader(packet);
  source_port = reader.u16();
  destination_port = reader.u16();
  tag = reader.u32();
  reader.u32();
  while (reader.remaining() >= 4) {
    ChunkView chunk;
    chunk.type = static_cast<ChunkType>(reader.u8());
    chunk.flags = reader.u8();
    const std::size_t length = reader.u16();
    if (length < 4) return;
    chunk.value = reader.take(length - 4);
    reader.take(padded4(length) - length);
    if (!reader.ok()) return;
    chunks.push_back(chunk);
  }
  well_formed = reader.ok() && reader.empty() && !chunks.empty();
}

const ChunkView* PacketView::find(ChunkType type) const {
  for (const ChunkView& chunk : chunks) {
    if (chunk.type == type) return &chunk;
  }
  return nullptr;
}

std::optional<RecordView> record_of(const PacketView& packet) {
  constexpr std::size_t kHeaderAndTag = 8 + 16;
  const bool whole = packet.well_formed && packet.chunks.size() == 1 &&
                     packet.chunks[0].type == ChunkType::sealed &&
                     packet.chunks[0].value.size() >= kHeaderAndTag;
  if (!whole) return std::nullopt;
  return read_record(packet.chunks[0]);
}

bool is_sealed(Bytes packet) {
  return packet.size() > kCommonHeader && packet[kCommonHeader] == static_cast<std::byte>(ChunkType::sealed);
}

std::uint32_t checksum_of(Bytes packet) {
  constexpr std::array<std::byte, 4> kZero{};
  std::uint32_t crc = crc_update(~0U, packet.first(8));
  crc = crc_update(crc, kZero);
  return ~crc_update(crc, packet.subspan(kCommonHeader));
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

std::string describe(Bytes packet) {
  PacketView view;
  view.parse(packet);
  char head[16];
  std::snprintf(head, sizeof head, "tag=%08x", view.tag);
  std::string text = head;
  for (const ChunkView& chunk : view.chunks) text += " " + describe_chunk(chunk);
  if (!view.well_formed) text += " (malformed)";
  return text;
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
