#pragma once

#include <cstddef>
#include <cstdint>

#include "hawser/base/strong.hpp"

namespace hawser::sctp {

/// Names an association of one Endpoint; never reused.
using AssociationId = Strong<struct AssociationIdTag, std::uint32_t>;
/// Names a path of one association; never reused within it.
using PathId = Strong<struct PathIdTag, std::uint32_t>;
/// Stream identifier (RFC 9260 §3.3.1).
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
/// Payload protocol identifier (RFC 9260 §3.3.1) in host byte order; the engine carries it unchanged.
using Ppid = Strong<struct PpidTag, std::uint32_t>;

/// When a path carries data, from most to least preferred. Each end of a protected association sets a role;
/// the less preferred of the two counts.
enum class PathRole : std::uint8_t {
  always,     ///< whenever it is active
  secondary,  ///< when no `always` path is active, or all of them are full (window or cap)
  backup,     ///< when no `always` or `secondary` path is active
  never,      ///< never, but it stays up, so that the role can change again
};
/// Number of roles.
inline constexpr std::size_t kPathRoles = 4;

/// How this end chooses the paths of what it sends. Each end chooses for itself; the peer does not learn of
/// it.
enum class Scheduling : std::uint8_t {
  earliest,       ///< the path that delivers earliest
  weighted,       ///< in proportion to the weights of the paths, as long as these have room
  redundant,      ///< as earliest; real-time messages leave on a second path as well
  redundant_all,  ///< as earliest; every message leaves on a second path as well
};
/// Number of ways of scheduling.
inline constexpr std::size_t kSchedulings = 4;

/// How this end controls congestion on a path. Each end chooses for what it sends; the peer does not learn
/// it.
enum class CongestionControl : std::uint8_t {
  model,     ///< model of rate and round trip; for radio and deep queues
  cubic,     ///< CUBIC (RFC 9438)
  new_reno,  ///< the algorithm of RFC 9260 §7.2
  coupled,   ///< linked increases (RFC 6356), for paths that share a bottleneck
};
/// Number of congestion controls.
inline constexpr std::size_t kCongestionControls = 4;

/// The highest rates that a path may carry, in bits per second of whole IP packets; 0: no cap.
struct PathCaps {
  std::uint64_t upload_bps = 0;    ///< of what this end sends
  std::uint64_t download_bps = 0;  ///< of what the peer sends; a protected peer receives this value
  bool operator==(const PathCaps&) const = default;
};
/// Lowest cap, bits per second: below it, a single full packet would take longer than a time-out.
inline constexpr std::uint64_t kMinCap = 64'000;
/// Highest cap, bits per second.
inline constexpr std::uint64_t kMaxCap = 1'000'000'000'000;
/// Whether `bps` is a valid cap: 0 (none), or kMinCap to kMaxCap.
[[nodiscard]] constexpr bool is_cap(std::uint64_t bps) {
  return bps == 0 || (bps >= kMinCap && bps <= kMaxCap);
}

/// No path.
inline constexpr PathId kNoPath{0xffff'ffff};

}  // namespace hawser::sctp
