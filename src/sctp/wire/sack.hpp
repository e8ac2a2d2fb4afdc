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

/// A run of received TSNs, both ends included, as offsets from the cumulative TSN.
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;

  static constexpr std::size_t kWireSize = 4;
  static GapBlock load(const std::byte* at) {
    return {load_be<std::uint16_t>(at), load_be<std::uint16_t>(at + 2)};
  }
  void store(std::byte* at) const {
    store_be(at, start);
    store_be(at + 2, end);
  }
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};

using GapBlockList = WireList<GapBlock>;
using DuplicateList = WireList<Tsn>;

inline constexpr std::size_t kSackHeaderSize = 16;
inline constexpr std::size_t kNrSackHeaderSize = 20;
/// The delayed-ack count of CMT (DAC) travels in the two highest flag bits.
inline constexpr std::uint8_t kMaxDacPackets = 3;

/// What SACK and NR-SACK have in common.
struct SackFields {
  Tsn cumulative_tsn{};
  std::uint32_t a_rwnd = 0;
  std::uint8_t dac_packets =
      0;  ///< 0..3: packets received since the last SACK, for DAC; 0 from peers without it
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
/// The blocks are as the peer wrote them: order, overlap and plausibility are the loss detection's to judge.
struct SackChunk : SackFields {
  GapBlockList gaps{};
  DuplicateList duplicates{};

  static Parsed<SackChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

/// NR-SACK (draft-tuexen-tsvwg-sctp-multipath, section on NR-SACK):
///
///  +---------------+---+-----------+-------------------------------+
///  |   type = 16   |DAC|   flags   |            length             |
///  +---------------+---+-----------+-------------------------------+
///  |                      cumulative TSN ack                       |
///  +---------------------------------------------------------------+
///  |                            a_rwnd                             |
///  +-------------------------------+-------------------------------+
///  |  number of R gap blocks (N)   |  number of NR gap blocks (M)  |
///  +-------------------------------+-------------------------------+
///  |   number of duplicates (X)    |           reserved            |
///  +-------------------------------+-------------------------------+
///  |     R gap block start         |       R gap block end         |  N times
///  +-------------------------------+-------------------------------+
///  |     NR gap block start        |       NR gap block end        |  M times
///  +-------------------------------+-------------------------------+
///  |                         duplicate TSN                         |  X times
///  +---------------------------------------------------------------+
struct NrSackChunk : SackFields {
  GapBlockList gaps{};                ///< received, the receiver may still renege
  GapBlockList non_renegable_gaps{};  ///< received for good: the sender frees them
  DuplicateList duplicates{};

  static Parsed<NrSackChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

void write_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                std::span<const Tsn> duplicates);
void write_nr_sack(ByteWriter& writer, const SackFields& fields, std::span<const GapBlock> gaps,
                   std::span<const GapBlock> non_renegable_gaps, std::span<const Tsn> duplicates);

}  // namespace hawser::sctp::wire
