#include "sctp/path/loose_packets.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

// When packets of so long a time are not reported, the path does not work, although no chunk misses it.
constexpr Duration kSilence = std::chrono::milliseconds(100);

}  // namespace

// Packets before a reported one count as delivered: no chunk waits for them, and the path's own chunks show
// its losses.
std::size_t settle_loose(Path& path, Timestamp now) {
  std::size_t arrived = 0;
  PathFlight& flight = path.flight;
  while (flight.loose != 0 && flight.first_loose < flight.sent.next()) {
    const PacketNumber number = flight.first_loose;
    const SentPacket* packet = flight.sent.find(number);
    const Duration age = packet == nullptr ? Duration::max() : now - packet->sent_at;
    const bool sealed = packet != nullptr && packet->record != 0;
    const bool reported =
        packet != nullptr && (sealed ? packet->record <= flight.reported_record : age >= path.rtt.srtt());
    if (!reported && age < path.rtt.rto() + kSilence) break;
    const bool silent = sealed && !reported && flight.last_sent - packet->sent_at >= kSilence;
    if (silent && flight.t3 == kNever) flight.t3 = now;
    ++flight.first_loose;
    if (packet == nullptr || !packet->loose) continue;
    const bool newest = sealed && packet->record == flight.reported_record;
    const Duration took = age;
    const std::size_t bytes = flight.take_out(number);
    if (!reported) continue;
    ++arrived;
    flight.acked.any = true;
    flight.acked.bytes += bytes;
    flight.acked.newest = std::max(flight.acked.newest, number);
    flight.rate.on_delivered(bytes);
    if (!newest) continue;
    flight.acked.unambiguous = true;
    if (number <= flight.largest_acked) continue;
    flight.largest_acked = number;
    flight.rtt_of_largest = took;
  }
  return arrived;
}

}  // namespace hawser::sctp::path
