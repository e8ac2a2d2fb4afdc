#pragma once

#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "trace/packet_view.hpp"

namespace hawser::sim {

using trace::ChunkType;
using trace::ChunkView;
using trace::describe;
using trace::is_sealed;
using trace::PacketView;
using trace::record_of;
using trace::RecordView;
using trace::to_string;

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
