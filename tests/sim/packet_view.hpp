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

/// CRC32c over `packet` with its checksum field taken as zero, as it stands on the wire (RFC 9260 §6.8,
/// appendix A).
[[nodiscard]] std::uint32_t checksum_of(Bytes packet);
[[nodiscard]] bool checksum_ok(Bytes packet);
/// The CRC32c is right; or it is left zero, as a sealed packet may (RFC 9653).
[[nodiscard]] bool checksum_acceptable(Bytes packet);
void fix_checksum(MutableBytes packet);
/// Tells packets apart by all but their checksum, which anybody can make right and a sealed one need not
/// have.
[[nodiscard]] std::uint64_t content_hash(Bytes packet);

/// Builds packets that no endpoint would send: for attackers and for fuzzing.
class PacketBuilder {
 public:
  PacketBuilder(std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t tag);
  PacketBuilder& chunk(ChunkType type, std::uint8_t flags, Bytes value);
  /// The packet with a right checksum.
  [[nodiscard]] std::vector<std::byte> build();

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace hawser::sim
