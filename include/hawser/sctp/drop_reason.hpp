#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hawser::sctp {

/// Why a packet, or a chunk of it, was dropped. Every drop is counted under exactly one of these.
enum class DropReason : std::uint8_t {
  truncated_packet,      ///< shorter than the common header
  bad_checksum,          ///< CRC32c mismatch (RFC 9260 §6.8)
  bad_port,              ///< SCTP port zero, or not ours
  bad_source_address,    ///< source is not unicast (RFC 9260 §8.4 rule 1)
  bad_verification_tag,  ///< tag illegal for the chunk (RFC 9260 §8.5)
  out_of_the_blue,       ///< no association, not answered or answered by ABORT / SHUTDOWN COMPLETE (§8.4)
  malformed_chunk,       ///< a length or field of a chunk is impossible
  illegal_bundling,      ///< INIT, INIT ACK or SHUTDOWN COMPLETE bundled with others (§6.10)
  unknown_chunk,         ///< unrecognised chunk type, handled by its high bits (§3.2)
  unexpected_chunk,      ///< known chunk that makes no sense in this state
  malformed_init,        ///< INIT or INIT ACK with missing or impossible fields
  not_listening,         ///< INIT to an endpoint that does not accept
  too_many_associations,
  forged_cookie,          ///< State Cookie whose MAC, address or ports do not fit
  stale_cookie,           ///< State Cookie past its lifetime
  restart_refused,        ///< INIT for a live association that adds addresses (§5.2.2)
  duplicate_handshake,    ///< a handshake chunk that was already dealt with
  unauthenticated_chunk,  ///< a chunk that must follow an AUTH chunk and does not (RFC 4895 §6.3)
  bad_auth,               ///< AUTH with a wrong digest, unknown key or unknown HMAC
  duplicate_tsn,
  tsn_out_of_window,
  receive_window_full,
  invalid_stream,          ///< DATA for a stream that does not exist (§6.5)
  empty_data,              ///< DATA without user data (§6.2)
  inconsistent_fragment,   ///< B/E bits, SSN or stream that contradict neighbouring fragments
  stale_sack,              ///< SACK older than one already seen (§6.2.1)
  invalid_sack,            ///< SACK for TSNs never sent, or with impossible gaps
  bad_heartbeat_ack,       ///< HEARTBEAT ACK without the right nonce
  unknown_source,          ///< source is no path of the association and the chunk may not come from there
  asconf_out_of_sequence,  ///< ASCONF ahead of the next serial, or an ASCONF ACK not awaited (RFC 5061 §5.2)
  too_many_paths,
  no_access,               ///< INIT to a protected endpoint without a valid ACCESS proof
  handshake_rate_limited,  ///< more handshakes from one network, or in all, than are answered
  handshake_failed,        ///< TLS refused the peer, or it did not come to an end in time
  unprotected_chunk,       ///< outside a sealed chunk, of a protected association
  malformed_record,        ///< a sealed chunk whose length or neighbours are impossible
  unknown_epoch,           ///< a sealed chunk under keys that we do not have (yet, or any more)
  replayed_record,         ///< a sealed chunk that was taken already, or is older than the replay window
  bad_record,              ///< a sealed chunk that is not authentic
  amplification_limit,     ///< answer withheld: 3 times the bytes received from an unproven address are spent
  count_,
};

inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::count_);

/// The name used in `status --json`, e.g. "bad_checksum".
[[nodiscard]] std::string_view to_string(DropReason reason);

/// Counts of drops; part of the status of an endpoint.
struct DropCounters {
  std::array<std::uint64_t, kDropReasons> by_reason{};
  void add(DropReason reason) { ++by_reason[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t of(DropReason reason) const {
    return by_reason[static_cast<std::size_t>(reason)];
  }
};

}  // namespace hawser::sctp
