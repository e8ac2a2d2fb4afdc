#include "hawser/tunnel/drops.hpp"

namespace hawser::tunnel {

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::host_malformed: return "host_malformed";
    case Drop::no_peer: return "no_peer";
    case Drop::peer_down: return "peer_down";
    case Drop::queue_full: return "queue_full";
    case Drop::send_refused: return "send_refused";
    case Drop::peer_malformed: return "peer_malformed";
    case Drop::source_refused: return "source_refused";
    case Drop::too_large: return "too_large";
    case Drop::before_hello: return "before_hello";
    case Drop::unknown_ppid: return "unknown_ppid";
    case Drop::bad_hello: return "bad_hello";
    case Drop::unknown_peer: return "unknown_peer";
    case Drop::count_: break;
  }
  return "unknown";
}

}  // namespace hawser::tunnel
