#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/strong.hpp"

namespace hawser::sctp {

/// Names an association of one Endpoint; never reused.
using AssociationId = Strong<struct AssociationIdTag, std::uint32_t>;
/// Names a path of one association; never reused within it.
using PathId = Strong<struct PathIdTag, std::uint32_t>;
/// Stream identifier, RFC 9260 §3.3.1.
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
/// Payload protocol identifier, carried untouched (RFC 9260 §3.3.1), in host order.
using Ppid = Strong<struct PpidTag, std::uint32_t>;

/// When a path carries data, in the order of preference. Both ends have a say: the later one counts.
enum class PathRole : std::uint8_t {
  always,
  secondary,  ///< when the windows of all `always` paths are full
  backup,     ///< when no `always` or `secondary` path is active
  never,      ///< it is kept up, and may be chosen again
};
inline constexpr std::size_t kPathRoles = 4;

/// The most that may be sent on a path, in bits per second of whole IP packets; 0: no cap.
struct PathCaps {
  std::uint64_t upload_bps = 0;    ///< what we send
  std::uint64_t download_bps = 0;  ///< what the peer sends, who is told
};
/// What a cap other than 0 may be: below, a single full packet takes longer than a time-out.
inline constexpr std::uint64_t kMinCap = 64'000;
inline constexpr std::uint64_t kMaxCap = 1'000'000'000'000;
[[nodiscard]] constexpr bool is_cap(std::uint64_t bps) {
  return bps == 0 || (bps >= kMinCap && bps <= kMaxCap);
}

inline constexpr PathId kNoPath{0xffff'ffff};

}  // namespace hawser::sctp
