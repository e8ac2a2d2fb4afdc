#include "sctp/path/mark_response.hpp"

namespace hawser::sctp::path {

void respond_to_marks(Path& path) {
  const std::uint64_t marks = path.ecn.take_new_marks();
  path.counters.ecn_marks_reported += marks;
  PathFlight& flight = path.flight;
  if (marks == 0 || flight.in_recovery()) return;
  path.congestion->on_loss();
  flight.recovery_end = flight.next_packet;
}

}  // namespace hawser::sctp::path
