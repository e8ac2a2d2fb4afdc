#pragma once

#include <cstdint>
#include <string_view>

namespace hawser::sctp {

/// Why a path carries no more data at this moment: the first reason that applies, in this order.
enum class PathIdleReason : std::uint8_t {
  none,               ///< no reason: the next data may leave here
  joining,            ///< PathState::joining
  unproven,           ///< PathState::unconfirmed
  failed,             ///< PathState::potentially_failed, see PathStatus::failed_since
  given_up,           ///< PathState::inactive, see PathStatus::failed_since
  moving,             ///< the own address has changed, and the peer has not answered there yet
  never,              ///< PathRole::never
  backup,             ///< PathRole::backup, and an `always` or `secondary` path is active
  secondary,          ///< PathRole::secondary, and an `always` path is active and has room
  idle,               ///< there is no data to send
  peer_window,        ///< the peer's receive window is full
  congestion_window,  ///< the path's congestion window is full
  capped,             ///< the cap permits no further packet yet
  pacing,             ///< pacing spreads the packets of the window over the round trip
};

/// The enumerator's name, e.g. "peer_window".
[[nodiscard]] std::string_view to_string(PathIdleReason reason);

}  // namespace hawser::sctp
