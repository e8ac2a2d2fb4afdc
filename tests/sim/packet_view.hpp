#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::sim {

/// Chunk types by their IANA numbers. The simulator parses packets with its own code, so that a fault of the
/// engine's parser cannot hide itself.
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
  sealed = 0x5e,  ///< all chunks of a packet of a protected association, encrypted
  pad = 132,
  forward_tsn = 192,
  asconf = 193,
  i_forward_tsn = 194,
};

[[nodiscard]] std::string_view to_string(ChunkType type);

/// One chunk; `value` points into the packet.
struct ChunkView {
  ChunkType type{};
  std::uint8_t flags = 0;
  Bytes value;  ///< without header and padding
};

/// A parsed SCTP packet: common header and chunks (RFC 9260 §3). Points into the packet.
struct PacketView {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t tag = 0;
  bool well_formed = false;  ///< complete header, valid lengths, padding <= 3 bytes, at least one chunk
  std::vector<ChunkView> chunks;

  /// Parses `packet`; the view points into it. Reuse one view to save allocations.
  void parse(Bytes packet);
  [[nodiscard]] bool has(ChunkType type) const { return find(type) != nullptr; }
  [[nodiscard]] const ChunkView* find(ChunkType type) const;
};

/// The unencrypted fields of a sealed packet (docs/protocol.md).
struct RecordView {
  std::uint8_t path_id = 0;
  std::uint8_t epoch = 0;
  std::uint64_t sequence = 0;
};
/// The record header of a packet that is exactly one sealed chunk; nullopt for any other packet.
[[nodiscard]] std::optional<RecordView> record_of(const PacketView& packet);
/// Whether the first chunk is a sealed chunk, well formed or not.
[[nodiscard]] bool is_sealed(Bytes packet);

/// CRC32c over `packet` with a checksum field of zero, in wire order (RFC 9260 §6.8, appendix A).
[[nodiscard]] std::uint32_t checksum_of(Bytes packet);
/// Whether the checksum field holds the right CRC32c.
[[nodiscard]] bool checksum_ok(Bytes packet);
/// Whether the CRC32c is right, or zero in a sealed packet (RFC 9653).
[[nodiscard]] bool checksum_acceptable(Bytes packet);
/// Writes the right CRC32c.
void fix_checksum(MutableBytes packet);
/// A hash over everything but the checksum. The checksum identifies nothing: an attacker can correct it, and
/// a sealed packet may have none.
[[nodiscard]] std::uint64_t content_hash(Bytes packet);

/// One line for a trace: "tag=1a2b3c4d DATA(tsn=7 sid=1 ssn=0 BE 1000) SACK(cum=3 rwnd=65536 gaps=1)".
[[nodiscard]] std::string describe(Bytes packet);

/// Builds packets that no endpoint would send, for attackers and fuzzing. Owns the bytes.
class PacketBuilder {
 public:
  PacketBuilder(std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t tag);
  PacketBuilder& chunk(ChunkType type, std::uint8_t flags, Bytes value);
  /// Returns the packet with a valid checksum.
  [[nodiscard]] std::vector<std::byte> build();

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace hawser::sim
