#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hawser::tunnel {

/// Why the tunnel dropped an IP packet or a message. Each drop counts under exactly one reason.
enum class Drop : std::uint8_t {
  // From the host to a peer.
  host_malformed,  ///< a packet from the host that is not a well-formed IPv4 or IPv6 packet
  no_peer,         ///< no peer's allowed IPs contain the destination
  peer_down,       ///< the peer of the destination has no association
  packet_too_big,  ///< larger than one datagram to the peer carries; answered with an ICMP error
  queue_delay,     ///< CoDel: the flow has kept its queue too long (RFC 8289)
  queue_overflow,  ///< the peer's queue, or all queues together, have reached their limit
  queue_age,       ///< it waited so long that it is stale
  // From a peer to the host.
  peer_malformed,  ///< a message that is not a well-formed IP packet of the version that its PPID names
  source_refused,  ///< the source address is not in the peer's allowed IPs
  too_large,       ///< larger than the tunnel's MTU
  no_association,  ///< an IP packet on an association that is no peer's, e.g. one that was replaced
  unknown_ppid,    ///< a message with a PPID that this version does not support
  unknown_peer,    ///< an association whose key no peer has, or not the peer it was begun for
  wrong_caller,    ///< an association begun by a peer to which only this end initiates
  count_,          ///< number of reasons
};

/// Number of reasons.
inline constexpr std::size_t kDrops = static_cast<std::size_t>(Drop::count_);

/// The name used in `status --json`, e.g. "no_peer".
[[nodiscard]] std::string_view to_string(Drop drop);

/// Number of drops for each reason.
struct DropCounters {
  std::array<std::uint64_t, kDrops> by_reason{};  ///< indexed by Drop
  /// Counts `count` drops.
  void add(Drop drop, std::uint64_t count = 1) { by_reason[static_cast<std::size_t>(drop)] += count; }
  /// The count of one reason.
  [[nodiscard]] std::uint64_t of(Drop drop) const { return by_reason[static_cast<std::size_t>(drop)]; }
};

}  // namespace hawser::tunnel
