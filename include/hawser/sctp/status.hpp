#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hawser/base/datagram.hpp"
#include "hawser/base/time.hpp"
#include "hawser/sctp/path_idle_reason.hpp"
#include "hawser/sctp/security.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// RFC 9260 §4. CLOSED associations do not exist.
enum class AssociationState : std::uint8_t {
  cookie_wait,
  cookie_echoed,
  established,
  shutdown_pending,
  shutdown_sent,
  shutdown_received,
  shutdown_ack_sent,
};

enum class PathState : std::uint8_t {
  joining,      ///< our wildcard ASCONF from this uplink is not acknowledged yet (RFC 5061)
  unconfirmed,  ///< the peer's address is not proven by a HEARTBEAT yet (RFC 9260 §5.4)
  active,
  potentially_failed,  ///< timed out; probed, used only when nothing better is left (RFC 7829)
  inactive,            ///< path error limit exceeded (RFC 9260 §8.2)
};

[[nodiscard]] std::string_view to_string(AssociationState state);
[[nodiscard]] std::string_view to_string(PathState state);
[[nodiscard]] std::string_view to_string(PathRole role);

struct PathCounters {
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t bytes_sent = 0;                 ///< UDP payload bytes
  std::uint64_t bytes_received = 0;             ///< UDP payload bytes of datagrams that passed every check
  std::uint64_t data_chunks_sent = 0;           ///< first transmissions
  std::uint64_t data_chunks_retransmitted = 0;  ///< retransmissions that went out here
  std::uint64_t data_chunks_lost = 0;           ///< sent here and declared lost
  std::uint64_t fast_recoveries = 0;
  std::uint64_t timeouts = 0;  ///< T3-rtx expirations
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeat_acks_received = 0;
  std::uint64_t mtu_probes_sent = 0;
  std::uint64_t mtu_probes_lost = 0;  ///< no sign of congestion, nor of a failing path
  std::uint64_t mtu_black_holes = 0;  ///< times that packets of a size that had passed did so no longer
};

struct PathStatus {
  PathId id;
  Route route;
  PathState state = PathState::unconfirmed;
  bool primary = false;
  PathRole role = PathRole::always;  ///< the one that counts, of ours and the peer's
  Duration srtt{};                   ///< zero: not measured yet
  Duration rttvar{};
  Duration rto{};
  std::size_t cwnd = 0;      ///< bytes
  std::size_t ssthresh = 0;  ///< bytes
  std::size_t flight = 0;    ///< bytes outstanding on this path
  std::size_t mtu = 0;       ///< largest UDP payload that is known to pass, bytes (RFC 8899)
  unsigned error_count = 0;
  PathCounters counters;
  PathIdleReason idle_reason = PathIdleReason::none;
  Timestamp failed_since = kNever;  ///< while potentially failed or inactive
  std::uint64_t cap_bps = 0;        ///< the cap on what we send: the lower of ours and the peer's; 0: none
};

struct AssociationStatus {
  AssociationId id;
  AssociationState state = AssociationState::cookie_wait;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  bool nr_sack = false;
  bool dynamic_addresses = false;
  std::size_t peer_window = 0;        ///< bytes the peer can take now
  std::size_t queued_bytes = 0;       ///< user bytes accepted by send() and not yet acknowledged
  std::size_t outstanding_bytes = 0;  ///< user bytes in flight
  std::size_t receive_buffered = 0;   ///< bytes held for reassembly and ordering
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t duplicate_tsns_received = 0;
  std::optional<SecurityStatus> protection;  ///< of a protected association that is up
  std::vector<PathStatus> paths;
};

}  // namespace hawser::sctp
