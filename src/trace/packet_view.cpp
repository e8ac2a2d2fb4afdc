#include "trace/packet_view.hpp"

#include <algorithm>
#include <cstdio>

namespace hawser::trace {
namespace {

std::string describe_data(const ChunkView& chunk) {
  ByteReader reader(chunk.value);
  const std::uint32_t tsn = reader.u32();
  const std::uint16_t stream = reader.u16();
  const std::uint16_t ssn = reader.u16();
  const std::uint32_t ppid = reader.u32();
  char text[96];
  std::snprintf(text, sizeof text, "(tsn=%u sid=%u ssn=%u ppid=%u %s%s%s%s %zu)", tsn, stream, ssn, ppid,
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
    case ChunkType::handshake_mac: return "HANDSHAKE-MAC";
    case ChunkType::pad: return "PAD";
    case ChunkType::forward_tsn: return "FORWARD-TSN";
    case ChunkType::asconf: return "ASCONF";
    case ChunkType::i_forward_tsn: return "I-FORWARD-TSN";
  }
  return "?";
}

void PacketView::parse(Bytes packet) {
  const std::size_t header = std::min(packet.size(), kCommonHeader);
  parse(packet.first(header), packet.subspan(header));
}

void PacketView::parse(Bytes header, Bytes chunks_of_packet) {
  chunks.clear();
  well_formed = false;
  ByteReader head(header);
  source_port = head.u16();
  destination_port = head.u16();
  tag = head.u32();
  head.u32();
  ByteReader reader(chunks_of_packet);
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
  well_formed = head.ok() && reader.ok() && reader.empty() && !chunks.empty();
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

std::string describe(Bytes packet) {
  PacketView view;
  view.parse(packet);
  return describe(view);
}

std::string describe(const PacketView& packet) {
  char head[16];
  std::snprintf(head, sizeof head, "tag=%08x", packet.tag);
  std::string text = head;
  for (const ChunkView& chunk : packet.chunks) text += " " + describe_chunk(chunk);
  if (!packet.well_formed) text += " (malformed)";
  return text;
}

}  // namespace hawser::trace
