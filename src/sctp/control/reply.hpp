#pragma once

#include "hawser/base/buffer.hpp"
#include "hawser/base/datagram.hpp"

namespace hawser::sctp::control {

/// A finished packet that leaves outside of the normal flow of an association: the answer to a packet that
/// belongs to none, or the final packet of one that ends.
struct Reply {
  Route route;
  Buffer packet;
  bool sealed = false;  ///< encrypted already; reported to the PacketTap before that
};

}  // namespace hawser::sctp::control
