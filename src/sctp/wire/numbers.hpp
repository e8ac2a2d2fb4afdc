#pragma once

#include <cstdint>

#include "hawser/base/strong.hpp"

// Numbers of the wire as types of their own. StreamId and Ppid, which the application sees, are in
// hawser/sctp/types.hpp.

namespace hawser::sctp {

/// Verification tag, initiate tag or tie-tag (RFC 9260 §3.1, §3.3.2, §5.2.2).
using VerificationTag = Strong<struct VerificationTagTag, std::uint32_t>;
/// No tag. A packet with an INIT carries it (RFC 9260 §8.5.1 A); no association has it.
inline constexpr VerificationTag kNoTag{0};

/// Transmission sequence number (RFC 9260 §3.3.1) as on the wire: it wraps around. Inside, the engine
/// compares unwrapped TSNs: 64 bits, of which the low 32 are the TSN (base/serial.hpp).
using Tsn = Strong<struct TsnTag, std::uint32_t>;
/// The TSN `count` after `tsn`.
[[nodiscard]] constexpr Tsn operator+(Tsn tsn, std::uint32_t count) {
  return Tsn{tsn.value() + count};
}
/// The TSN on the wire of an unwrapped TSN.
[[nodiscard]] constexpr Tsn wire_tsn(std::uint64_t unwrapped) {
  return Tsn{static_cast<std::uint32_t>(unwrapped)};
}

/// Stream sequence number (RFC 9260 §3.3.1) as on the wire: it wraps around.
using Ssn = Strong<struct SsnTag, std::uint16_t>;

/// Epoch of the keys of a record (docs/protocol.md): the first keys have epoch 0, and 0 follows 255.
using Epoch = Strong<struct EpochTag, std::uint8_t>;
/// Path id in a record: names a path of the record's sender under the keys of one epoch.
using RecordPathId = Strong<struct RecordPathIdTag, std::uint8_t>;
/// Sequence number of a record on its path id, below 2^48.
using RecordSequence = Strong<struct RecordSequenceTag, std::uint64_t>;

/// Epoch and path id of a record: together they name a path of the record's sender.
struct RecordOrigin {
  Epoch epoch{};
  RecordPathId path_id{};
  friend bool operator==(const RecordOrigin&, const RecordOrigin&) = default;
};

}  // namespace hawser::sctp
