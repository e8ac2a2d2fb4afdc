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

/// State of an association (RFC 9260 §4). There is no CLOSED: such an association does not exist.
enum class AssociationState : std::uint8_t {
  cookie_wait,        ///< INIT sent, no INIT ACK yet
  cookie_echoed,      ///< COOKIE ECHO sent, no COOKIE ACK yet
  established,        ///< data flows; a protected association may still agree on keys
  shutdown_pending,   ///< shutdown() called; outstanding data is being delivered first
  shutdown_sent,      ///< SHUTDOWN sent
  shutdown_received,  ///< SHUTDOWN received; outstanding data is being delivered first
  shutdown_ack_sent,  ///< SHUTDOWN ACK sent
};

/// State of a path.
enum class PathState : std::uint8_t {
  joining,             ///< the peer has not acknowledged our wildcard ASCONF from this socket yet (RFC 5061)
  unconfirmed,         ///< the peer's address has not passed path validation yet (RFC 9260 §5.4)
  active,              ///< works
  potentially_failed,  ///< a time-out; probed, and used only when no path is active (RFC 7829)
  inactive,            ///< more errors than EndpointConfig::path_max_retrans (RFC 9260 §8.2); probed
};

/// Whether packets with DATA leave a path with ECT(0) (RFC 3168), and if not, why.
enum class EcnState : std::uint8_t {
  off,      ///< switched off, or plain mode
  testing,  ///< the first packets leave with it
  capable,  ///< the path carries it
  lost,     ///< no packet with it arrived
  cleared,  ///< packets arrived without it
  mangled,  ///< the peer reported impossible counts, or every packet was marked
};

/// The enumerator's name, e.g. "established".
[[nodiscard]] std::string_view to_string(AssociationState state);
/// The enumerator's name, e.g. "potentially_failed".
[[nodiscard]] std::string_view to_string(PathState state);
/// The enumerator's name, e.g. "capable".
[[nodiscard]] std::string_view to_string(EcnState state);
/// The enumerator's name, e.g. "backup".
[[nodiscard]] std::string_view to_string(PathRole role);
/// The name in configurations: "earliest", "weighted", "redundant", "redundant-all".
[[nodiscard]] std::string_view to_string(Scheduling scheduling);
/// The name in configurations: "bbr", "cubic", "newreno", "coupled".
[[nodiscard]] std::string_view to_string(CongestionControl control);

/// Counts since the path was added.
struct PathCounters {
  std::uint64_t datagrams_sent = 0;             ///< UDP datagrams
  std::uint64_t datagrams_received = 0;         ///< UDP datagrams that passed every check
  std::uint64_t bytes_sent = 0;                 ///< UDP payload bytes
  std::uint64_t bytes_received = 0;             ///< UDP payload bytes of datagrams that passed every check
  std::uint64_t data_chunks_sent = 0;           ///< first transmissions
  std::uint64_t data_chunks_retransmitted = 0;  ///< retransmissions that left here
  std::uint64_t data_chunks_copied = 0;       ///< that had left on another path before, and may have arrived
  std::uint64_t data_chunks_lost = 0;         ///< sent here and declared lost
  std::uint64_t spurious_losses = 0;          ///< declared lost, and arrived nevertheless
  std::uint64_t tail_loss_probes = 0;         ///< RFC 8985 §7
  std::uint64_t fast_recoveries = 0;          ///< reductions of cwnd after a loss (RFC 9260 §7.2.4)
  std::uint64_t timeouts = 0;                 ///< expirations of T3-rtx (RFC 9260 §6.3.3)
  std::uint64_t heartbeats_sent = 0;          ///< without PMTU probes
  std::uint64_t heartbeat_acks_received = 0;  ///< valid ones, without those of PMTU probes
  std::uint64_t mtu_probes_sent = 0;          ///< PMTU probes (RFC 8899 §4.1)
  std::uint64_t mtu_probes_lost = 0;          ///< neither a sign of congestion nor a path error
  std::uint64_t ect_sent = 0;                 ///< packets with DATA that left with ECT(0)
  std::uint64_t ecn_marks_reported = 0;       ///< of ect_sent: those that the peer received with CE
  std::uint64_t ecn_marks_received = 0;       ///< packets with DATA that arrived here with CE
  std::uint64_t mtu_black_holes = 0;  ///< a packet size that had passed no longer did (RFC 8899 §4.3)
};

/// Snapshot of one path.
struct PathStatus {
  PathId id;                                 ///< names the path within its association
  Route route;                               ///< its socket and addresses
  PathState state = PathState::unconfirmed;  ///< whether it works
  bool primary = false;                      ///< it is the primary path (RFC 9260 §6.4)
  PathRole role = PathRole::always;          ///< the less preferred of our role and the peer's
  Duration srtt{};    ///< smoothed round-trip time (RFC 9260 §6.3.1); zero: not measured yet
  Duration rttvar{};  ///< its variation (RFC 9260 §6.3.1)
  Duration rto{};     ///< retransmission time-out, with back-off
  CongestionControl congestion = CongestionControl::model;  ///< of what this end sends
  std::size_t cwnd = 0;                                     ///< bytes
  std::size_t ssthresh = 0;                                 ///< bytes
  std::size_t flight = 0;                                   ///< bytes of user data outstanding on this path
  EcnState ecn = EcnState::off;                             ///< whether packets leave with ECT(0)
  std::size_t mtu = 0;       ///< largest UDP payload that is known to pass, bytes (RFC 8899)
  unsigned error_count = 0;  ///< consecutive errors (RFC 9260 §8.2)
  PathCounters counters;     ///< since the path was added
  PathIdleReason idle_reason = PathIdleReason::none;  ///< why it carries no more data now
  Timestamp failed_since = kNever;                    ///< since when it failed; only in the two failed states
  /// The lower of our upload cap and the peer's download cap, in bits per second of IP packets; 0: no cap.
  std::uint64_t cap_bps = 0;
};

/// Snapshot of one association.
struct AssociationStatus {
  AssociationId id;                                        ///< names the association
  AssociationState state = AssociationState::cookie_wait;  ///< see AssociationState
  std::uint16_t outbound_streams = 0;  ///< streams that this end may send on; 0: not agreed yet
  std::uint16_t inbound_streams = 0;   ///< streams that the peer may send on; 0: not agreed yet
  bool nr_sack = false;                ///< both ends use NR-SACK
  bool partial_reliability = false;    ///< both ends use PR-SCTP (RFC 3758)
  bool dynamic_addresses = false;      ///< both ends use ASCONF (RFC 5061)
  std::size_t peer_window = 0;         ///< newest a_rwnd of the peer, bytes; data in flight is not subtracted
  std::size_t queued_bytes = 0;        ///< user bytes accepted by send() and not yet acknowledged
  std::size_t outstanding_bytes = 0;   ///< user bytes in flight
  std::size_t receive_buffered = 0;    ///< bytes held for reassembly, for ordering, and for poll_message()
  std::uint64_t messages_sent = 0;     ///< messages that send() accepted, or that came from the source
  std::uint64_t messages_refused = 0;  ///< messages of the source that send() would have refused; dropped
  std::uint64_t messages_abandoned = 0;       ///< of messages_sent, no longer sent (SendOptions::lifetime)
  std::uint64_t messages_received = 0;        ///< complete messages from the peer
  std::uint64_t duplicate_tsns_received = 0;  ///< DATA chunks that had arrived before
  std::uint64_t abandoned_tsns_received = 0;  ///< DATA chunks that the peer abandoned and that never arrived
  /// How long messages wait for an earlier one of their stream now; zero: as long as it takes.
  Duration order_hold{};
  std::uint64_t holes_skipped = 0;  ///< runs of messages that later ones of their stream no longer waited for
  std::uint64_t late_messages_received = 0;  ///< messages that arrived after that
  std::optional<SecurityStatus> protection;  ///< the keys; nothing in plain mode and before keys exist
  std::vector<PathStatus> paths;             ///< without candidates of a migration
};

}  // namespace hawser::sctp
