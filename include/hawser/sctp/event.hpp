#pragma once

#include <cstdint>
#include <string_view>

#include "hawser/base/address.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp {

struct Event {
  enum class Kind : std::uint8_t {
    connected,   ///< the association that connect() began is up
    accepted,    ///< a peer's association is up
    refused,     ///< a caller's handshake failed, `reason` says why; of this id nothing else is ever told
    restarted,   ///< the peer restarted; unacknowledged messages are gone (RFC 9260 §5.2)
    closed,      ///< shut down gracefully by either side; the id is gone
    aborted,     ///< ABORT from the peer, or sent for a protocol violation; the id is gone
    lost,        ///< error limit exceeded, or set-up retries exhausted; the id is gone
    path_added,  ///< by us or by the peer
    path_up,     ///< proven, carries data
    path_down,   ///< left the schedule
    path_moved,  ///< the peer's address or port on it is another now, as its NAT rebound; see `previous`
    path_removed,
    path_refused,  ///< the peer refused our ASCONF for it; the path is gone
    writable,      ///< send() would succeed again
  };
  Kind kind{};
  AssociationId association;
  PathId path = kNoPath;  ///< for path_* events
  std::uint16_t cause =
      0;  ///< error cause code for aborted and path_refused, 0 when there is none (RFC 9260 §3.3.10)
  std::string_view reason;  ///< static text, for people
  UdpAddress previous{};    ///< path_moved: where the peer was before
};

}  // namespace hawser::sctp
