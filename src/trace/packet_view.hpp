#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::trace {

/// Size of the common header of an SCTP packet (RFC 9260 §3.1).
inline constexpr std::size_t kCommonHeader = 12;

/// Chunk types by their numbers in the IANA registry. This part has its own reader of packets: with the
/// engine's parser, a mistake in that parser would not show.
enum class ChunkType : std::uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  sack = 3,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  shutdown = 7,
  shutdown_ack = 8,
  error = 9,
  cookie_echo = 10,
  cookie_ack = 11,
  shutdown_complete = 14,
  auth = 15,
  nr_sack = 16,
  i_data = 64,
  asconf_ack = 128,
  reconfig = 130,
  sealed = 0x5e,         ///< the encrypted chunks of a packet (docs/protocol.md)
  handshake_mac = 0x5f,  ///< the last chunk of an unsealed packet of a protected handshake
  pad = 132,
  forward_tsn = 192,
  asconf = 193,
  i_forward_tsn = 194,
};

/// The name in the RFC, "DATA"; "?" for an unknown type.
[[nodiscard]] std::string_view to_string(ChunkType type);

/// One chunk in the memory of its packet.
struct ChunkView {
  ChunkType type{};
  std::uint8_t flags = 0;
  Bytes value;  ///< without header and padding
};

/// The common header and the chunks of an SCTP packet (RFC 9260 §3), in the memory of that packet.
struct PacketView {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t tag = 0;
  bool well_formed = false;  ///< header whole, lengths fit, padding at most 3 bytes, at least one chunk
  std::vector<ChunkView> chunks;

  /// Reads a packet; a view that is used again does not allocate.
  void parse(Bytes packet);
  /// Reads a packet that is in two places.
  void parse(Bytes header, Bytes chunks_of_packet);
  [[nodiscard]] bool has(ChunkType type) const { return find(type) != nullptr; }
  [[nodiscard]] const ChunkView* find(ChunkType type) const;
};

/// The clear-text fields of a sealed chunk (docs/protocol.md).
struct RecordView {
  std::uint8_t path_id = 0;
  std::uint8_t epoch = 0;
  std::uint64_t sequence = 0;
};
/// The record of a packet that is exactly one sealed chunk; nothing for other packets.
[[nodiscard]] std::optional<RecordView> record_of(const PacketView& packet);
/// Whether the first chunk has the type of a sealed chunk; its length is not checked.
[[nodiscard]] bool is_sealed(Bytes packet);

/// One line: "tag=1a2b3c4d DATA(tsn=7 sid=1 ssn=0 ppid=51 BE 1000) SACK(cum=3 rwnd=65536 dups=0 g2-3)". The
/// flags of DATA are I, U, B and E; the last number is the size of its user data. Of SACK it names the first
/// four blocks: g is a gap block, n a block that is not renegable.
[[nodiscard]] std::string describe(Bytes packet);
[[nodiscard]] std::string describe(const PacketView& packet);

}  // namespace hawser::trace
