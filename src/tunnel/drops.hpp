#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hawser::tunnel {

/// Why the tunnel dropped an IP packet or a message. Every drop is counted under exactly one of these.
enum class Drop : std::uint8_t {
  // From the host towards a peer.
  host_malformed,  ///< the host gave something that is no well-formed IPv4 or IPv6 packet
  no_peer,         ///< no peer's allowed IPs hold the destination
  peer_down,       ///< the peer of the destination has no association
  packet_too_big,  ///< larger than fits a datagram to the peer; answered with an ICMP error that says so
  queue_full,      ///< the peer's queue held its limit of bytes
  send_refused,    ///< the association would not take the message
  // From a peer towards the host.
  peer_malformed,  ///< the message is no well-formed IP packet, or its version contradicts the PPID
  source_refused,  ///< the source address is not in the peer's allowed IPs
  too_large,       ///< larger than the tunnel's MTU
  no_association,  ///< an IP packet of an association that is no peer's, e.g. one that was replaced
  unknown_ppid,    ///< a message of a kind that this version does not know
  unknown_peer,    ///< an association whose key no peer has, which the engine should have refused
  wrong_caller,    ///< an association begun by a peer that is ours to call
  count_,
};

inline constexpr std::size_t kDrops = static_cast<std::size_t>(Drop::count_);

/// The name used in `status --json`, e.g. "no_peer".
[[nodiscard]] std::string_view to_string(Drop drop);

struct DropCounters {
  std::array<std::uint64_t, kDrops> by_reason{};
  void add(Drop drop, std::uint64_t count = 1) { by_reason[static_cast<std::size_t>(drop)] += count; }
  [[nodiscard]] std::uint64_t of(Drop drop) const { return by_reason[static_cast<std::size_t>(drop)]; }
};

}  // namespace hawser::tunnel
