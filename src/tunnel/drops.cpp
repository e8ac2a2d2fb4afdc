#include "tunnel/drops.hpp"

namespace hawser::tunnel {

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::host_malformed: return "host_malformed";
    case Drop::no_peer: return "no_peer";
    case Drop::peer_down: return "peer_down";
    case Drop::packet_too_big: return "packet_too_big";
    case Drop::queue_delay: return "queue_delay";
    case Drop::queue_overflow: return "queue_overflow";
    case Drop::queue_age: return "queue_age";
    case Drop::peer_malformed: return "peer_malformed";
    case Drop::source_refused: return "source_refused";
    case Drop::too_large: return "too_large";
    case Drop::no_association: return "no_association";
    case Drop::unknown_ppid: return "unknown_ppid";
    case Drop::unknown_peer: return "unknown_peer";
    case Drop::wrong_caller: return "wrong_caller";
    case Drop::count_: break;
  }
  return "unknown";
}

}  // namespace hawser::tunnel
