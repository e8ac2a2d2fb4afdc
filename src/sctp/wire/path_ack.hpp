#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hawser/base/bytes.hpp"
#include "hawser/base/time.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// What a PATH ACK reports of one path: the records with DATA that arrived on it. All numbers are the low
/// bits of counts and times that go on growing.
struct PathAckEntry {
  RecordOrigin record{};          ///< names the path: epoch and path id of the records that carried the DATA
  std::uint16_t packets = 0;      ///< records with DATA that arrived so far under this epoch and path id
  std::uint32_t sequence = 0;     ///< highest sequence of such a record, low 32 bits
  std::uint32_t received_us = 0;  ///< when that record arrived, microseconds of the receiver's clock
  std::uint16_t ect = 0;          ///< of `packets`: those that arrived with ECT(0) or CE
  std::uint16_t ce = 0;           ///< of `packets`: those that arrived with CE

  static constexpr std::size_t kWireSize = 16;  ///< bytes
  /// Reads kWireSize bytes.
  static PathAckEntry load(const std::byte* at);
  /// Writes kWireSize bytes.
  void store(std::byte* at) const;
  friend bool operator==(const PathAckEntry&, const PathAckEntry&) = default;
};

/// PATH ACK, a chunk of this project (docs/protocol.md), only in sealed packets: times and counts of the
/// records with DATA, for each path.
///
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +---------------+---------------+-------------------------------+
///  |  type = 0x9e  |   flags = 0   |        length = 8 + 16 N      |
///  +---------------+---------------+-------------------------------+
///  |              sent at, us of the receiver's clock              |
///  +---------------+---------------+-------------------------------+
///  |     epoch     |    path id    |       packets with DATA       |  N times
///  +---------------+---------------+-------------------------------+
///  |       highest sequence of a packet with DATA, low 32          |
///  +---------------------------------------------------------------+
///  |        when it arrived, us of the receiver's clock            |
///  +-------------------------------+-------------------------------+
///  |     with ECT(0) or CE         |           with CE             |
///  +-------------------------------+-------------------------------+
struct PathAckChunk {
  std::uint32_t sent_at_us = 0;  ///< when the chunk was written, microseconds of the receiver's clock
  WireList<PathAckEntry> entries{};

  /// The list borrows the bytes of the chunk. Fails without an entry, and on a size that is not a whole
  /// number of entries.
  static Parsed<PathAckChunk> parse(const ChunkView& chunk);
};

/// Size of a PATH ACK without entries, bytes.
inline constexpr std::size_t kPathAckHeaderSize = 8;

/// Writes a PATH ACK with at least one entry.
void write_path_ack(ByteWriter& writer, std::uint32_t sent_at_us, std::span<const PathAckEntry> entries);

/// `time` in microseconds as a PATH ACK carries it: 32 bits, which wrap after 71 minutes.
[[nodiscard]] constexpr std::uint32_t wire_microseconds(Timestamp time) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count());
}

}  // namespace hawser::sctp::wire
