#pragma once

#include <cstdint>
#include <string_view>

namespace hawser::sctp {

/// Why a path carries no (more) data at this moment: the first that applies.
enum class PathIdleReason : std::uint8_t {
  none,               ///< nothing: the next data may take it
  joining,            ///< see PathState
  unproven,           ///< PathState::unconfirmed
  failed,             ///< PathState::potentially_failed, see failed_since
  given_up,           ///< PathState::inactive, see failed_since
  never,              ///< by its role
  backup,             ///< by its role, as an `always` or `secondary` path works
  secondary,          ///< by its role, as the `always` paths have room
  idle,               ///< there is no data to send
  peer_window,        ///< the peer's receive window is full
  congestion_window,  ///< the path's window is full
  capped,             ///< it has sent what its cap allows
  pacing,             ///< the packets of its window are being spread over the round trip
};

[[nodiscard]] std::string_view to_string(PathIdleReason reason);

}  // namespace hawser::sctp
