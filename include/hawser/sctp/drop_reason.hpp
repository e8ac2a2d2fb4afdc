#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hawser::sctp {

/// Why a packet, or one chunk of it, was dropped. Each drop counts under exactly one reason.
enum class DropReason : std::uint8_t {
  truncated_packet,        ///< shorter than the common header
  bad_checksum,            ///< CRC32c mismatch (RFC 9260 §6.8)
  bad_port,                ///< SCTP source port zero, or a port that is not the association's
  bad_source_address,      ///< source is not unicast (RFC 9260 §8.4 rule 1)
  bad_verification_tag,    ///< tag not permitted for the chunk (RFC 9260 §8.5)
  out_of_the_blue,         ///< no association; answered with ABORT, SHUTDOWN COMPLETE or not at all (§8.4)
  malformed_chunk,         ///< a chunk with an impossible length or field
  illegal_bundling,        ///< INIT, INIT ACK or SHUTDOWN COMPLETE bundled with others (§6.10)
  unknown_chunk,           ///< chunk of an unknown type, handled as its two high bits demand (§3.2)
  unexpected_chunk,        ///< chunk that is not expected in this state
  malformed_init,          ///< INIT or INIT ACK with missing or impossible fields
  not_listening,           ///< INIT to an endpoint that does not accept
  too_many_associations,   ///< EndpointConfig::max_associations is reached
  forged_cookie,           ///< State Cookie whose MAC, address or ports do not match
  stale_cookie,            ///< State Cookie past its lifetime
  restart_refused,         ///< INIT for a live association that adds addresses (§5.2.2)
  duplicate_handshake,     ///< a handshake chunk that was processed before
  unauthenticated_chunk,   ///< a chunk that requires AUTH, without a valid AUTH before it (RFC 4895 §6.3)
  bad_auth,                ///< AUTH with a wrong digest, an unknown key or an unknown HMAC
  duplicate_tsn,           ///< DATA that arrived before
  tsn_out_of_window,       ///< DATA or FORWARD TSN too far ahead of the cumulative TSN
  receive_window_full,     ///< DATA without room in the receive window
  invalid_stream,          ///< DATA (§6.5) or FORWARD TSN for a stream that does not exist
  empty_data,              ///< DATA without user data (§6.2)
  inconsistent_fragment,   ///< B/E bits, SSN or stream that contradict neighbouring fragments
  stale_sack,              ///< SACK older than one already seen (§6.2.1)
  invalid_sack,            ///< SACK for TSNs that were never sent, or with impossible or unordered gaps
  bad_heartbeat_ack,       ///< HEARTBEAT ACK without the right nonce
  unknown_source,          ///< a source that is no path of the association, for a chunk that needs one
  asconf_out_of_sequence,  ///< ASCONF ahead of the next serial, or an unexpected ASCONF ACK (RFC 5061 §5.2)
  too_many_paths,          ///< EndpointConfig::max_paths is reached
  no_access,               ///< INIT to a protected endpoint without a valid ACCESS proof
  bad_handshake_mac,       ///< an unsealed packet of a protected handshake that is not authentic
  handshake_rate_limited,  ///< more HMACs for handshakes than are computed, from all sources together
  handshake_prefix_limited,  ///< too many handshakes of one source prefix have not proven a known key
  handshake_budget_spent,    ///< more TLS handshakes than are computed, from all sources together
  handshake_evicted,         ///< a handshake in progress ended, because a newer one needed its place
  handshake_failed,          ///< the TLS handshake failed or timed out
  rekey_too_soon,            ///< a rekey that follows the last ones faster than the limit permits
  unprotected_chunk,         ///< a chunk outside a sealed chunk, in a protected association
  malformed_record,          ///< a sealed chunk with an impossible length, or not alone in its packet
  unknown_epoch,             ///< a sealed chunk under keys that do not exist yet or no longer
  replayed_record,           ///< a sealed chunk that was received before, or is older than the replay window
  bad_record,                ///< a sealed chunk that is not authentic
  excess_chunk,              ///< a further HEARTBEAT, SACK, ASCONF or FORWARD TSN in a packet
  control_overflow,          ///< not sent: too many control chunks wait, or the chunk fits no packet
  event_overflow,            ///< not reported: an event of a path, while the user does not poll the others
  internal_failure,          ///< no memory, or a failure of OpenSSL, while the packet was processed
  amplification_limit,  ///< not sent: amplification limit of the address spent, or too many answers queued
  count_,               ///< number of reasons
};

/// Number of reasons.
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::count_);

/// The name used in `status --json`, e.g. "bad_checksum".
[[nodiscard]] std::string_view to_string(DropReason reason);

/// Number of drops for each reason; see Endpoint::drops().
struct DropCounters {
  std::array<std::uint64_t, kDropReasons> by_reason{};  ///< indexed by DropReason
  /// Counts one drop.
  void add(DropReason reason) { ++by_reason[static_cast<std::size_t>(reason)]; }
  /// The count of one reason.
  [[nodiscard]] std::uint64_t of(DropReason reason) const {
    return by_reason[static_cast<std::size_t>(reason)];
  }
};

}  // namespace hawser::sctp
