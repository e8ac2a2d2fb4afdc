#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/numbers.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// A gap ack block: a run of received TSNs, both ends included, as offsets from the cumulative TSN.
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;

  static constexpr std::size_t kWireSize = 4;  ///< bytes
  /// Reads kWireSize bytes.
  static GapBlock load(const std::byte* at) {
    return {load_be<std::uint16_t>(at), load_be<std::uint16_t>(at + 2)};
  }
  /// Writes kWireSize bytes.
  void store(std::byte* at) const {
    store_be(at, start);
    store_be(at + 2, end);
  }
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};

/// The gap ack blocks of a received SACK.
using GapBlockList = WireList<GapBlock>;
/// The duplicate TSNs of a received SACK.
using DuplicateList = WireList<Tsn>;

/// Size of a SACK without blocks and duplicates, bytes.
inline constexpr std::size_t kSackHeaderSize = 16;
/// Size of an NR-SACK without blocks and duplicates, bytes.
inline constexpr std::size_t kNrSackHeaderSize = 20;
/// Highest count of CMT's delayed ack (DAC), which the two highest flag bits hold.
inline constexpr std::uint8_t kMaxDacPackets = 3;

/// What the gap blocks of an NR-SACK leave out, between ends of this project (docs/protocol.md): the two
/// lowest flag bits. A block that is left out says nothing about its TSNs.
enum class SackCoverage : std::uint8_t {
  unstated = 0,  ///< as RFC 9260 has it: all blocks, or the lowest ones when they do not fit
  complete = 1,  ///< all blocks
  recent = 2,    ///< the TSNs that arrived after the fourth last NR-SACK by number
  partial = 3,   ///< any blocks
};

/// The fields that SACK and NR-SACK share.
struct SackFields {
  Tsn cumulative_tsn{};
  std::uint32_t a_rwnd = 0;
  /// Packets received since the last SACK, for DAC: 0 to kMaxDacPackets; 0 from a peer without DAC.
  std::uint8_t dac_packets = 0;
  SackCoverage coverage = SackCoverage::unstated;  ///< only of an NR-SACK
  /// Only of an NR-SACK whose coverage is stated: counts those for all paths. A partial one has the
  /// number of the last one that was not.
  std::uint16_t number = 0;
};

/// SACK (RFC 9260 §3.3.4):
///
///   0                   1                   2                   3
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///  +---------------+---+-----------+-------------------------------+
///  |   type = 3    |DAC|   flags   |            length             |
///  +---------------+---+-----------+-------------------------------+
///  |                      cumulative TSN ack                       |
///  +---------------------------------------------------------------+
///  |                            a_rwnd                             |
///  +-------------------------------+-------------------------------+
///  |     number of gap blocks (N)  |   number of duplicates (X)    |
///  +-------------------------------+-------------------------------+
///  |       gap block start         |         gap block end         |  N times
///  +-------------------------------+-------------------------------+
///  |                         duplicate TSN                         |  X times
///  +---------------------------------------------------------------+
///
/// The blocks are as the peer wrote them; tx::Outstanding checks whether they are plausible.
struct SackChunk : SackFields {
  GapBlockList gaps{};
  DuplicateList duplicates{};

  /// The lists borrow the bytes of the chunk.
  static Parsed<SackChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

/// NR-SACK (draft-tuexen-tsvwg-sctp-multipath, section on NR-SACK):
///
///  +---------------+---+-----------+-------------------------------+
///  |   type = 16   |DAC| flags |Cov|            length             |
///  +---------------+---+-----------+-------------------------------+
///  |                      cumulative TSN ack                       |
///  +---------------------------------------------------------------+
///  |                            a_rwnd                             |
///  +-------------------------------+-------------------------------+
///  |  number of R gap blocks (N)   |  number of NR gap blocks (M)  |
///  +-------------------------------+-------------------------------+
///  |   number of duplicates (X)    |     reserved, or a number     |
///  +-------------------------------+-------------------------------+
///  |     R gap block start         |       R gap block end         |  N times
///  +-------------------------------+-------------------------------+
///  |     NR gap block start        |       NR gap block end        |  M times
///  +-------------------------------+-------------------------------+
///  |                         duplicate TSN                         |  X times
///  +---------------------------------------------------------------+
///
/// Cov is the coverage (SackCoverage), which only ends of this project set in protected associations.
struct NrSackChunk : SackFields {
  GapBlockList gaps{};                ///< received, but the receiver may renege
  GapBlockList non_renegable_gaps{};  ///< received, never reneged: the sender frees them
  DuplicateList duplicates{};

  /// The lists borrow the bytes of the chunk.
  static Parsed<NrSackChunk> parse(const ChunkView& chunk);
  /// Writes the whole chunk.
  void write(ByteWriter& writer) const;
};

/// Writes a SACK.
void write_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                std::span<const Tsn> duplicates);
/// Writes an NR-SACK; `gaps` are the renegable blocks.
void write_nr_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                   std::span<const GapBlock> non_renegable_gaps, std::span<const Tsn> duplicates);

}  // namespace hawser::sctp::wire
