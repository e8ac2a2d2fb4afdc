#pragma once

#include <cstdint>
#include <string_view>

#include "hawser/base/address.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

/// Something that happened to an association; see Endpoint::poll_event().
struct Event {
  /// The kinds of events. After closed, aborted, lost and refused, the association no longer exists.
  enum class Kind : std::uint8_t {
    connected,     ///< the association that connect() began is up
    accepted,      ///< an association that a peer began is up
    refused,       ///< the handshake of a peer failed before `accepted`; the only event with this id
    restarted,     ///< the peer restarted (RFC 9260 §5.2); unacknowledged messages are lost
    closed,        ///< either end shut down gracefully (RFC 9260 §9.2)
    aborted,       ///< ABORT received, or sent by abort() or for a protocol violation (RFC 9260 §9.1)
    lost,          ///< error limit exceeded (RFC 9260 §8.1), handshake failed, or keys used up
    path_added,    ///< this end or the peer added a path
    path_up,       ///< the path passed path validation and may carry data
    path_down,     ///< the path failed and carries data only when no other path is active
    path_moved,    ///< the peer's address on the path changed, e.g. because its NAT rebound; see `previous`
    path_removed,  ///< the path no longer exists
    path_refused,  ///< the peer refused our ASCONF for the path; path_removed follows if it never worked
    writable,      ///< half of the send buffer is free again after SendResult::would_block
  };
  Kind kind{};                ///< what happened
  AssociationId association;  ///< the association that it happened to
  PathId path = kNoPath;      ///< for path_* events
  std::uint16_t cause =
      0;  ///< error cause code (RFC 9260 §3.3.10) that ended it or that the peer gave; 0: none
  std::string_view reason;  ///< static text for people, may be empty
  UdpAddress previous{};    ///< path_moved: the peer's address before
};

}  // namespace hawser::sctp
