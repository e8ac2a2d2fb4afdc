#pragma once

#include "hawser/base/buffer.hpp"
#include "hawser/base/datagram.hpp"

namespace hawser::sctp::control {

/// A finished packet that leaves outside of an association's batches: the answer to a packet that belongs to
/// no association, or a final packet.
struct Reply {
  Route route;
  Buffer packet;
  bool sealed = false;  ///< already encrypted; the PacketTap has reported it before that
};

}  // namespace hawser::sctp::control
