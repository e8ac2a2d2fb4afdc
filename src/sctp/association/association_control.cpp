#include <algorithm>

#include "sctp/association/association.hpp"

// Control chunks on their way out.

namespace hawser::sctp::association {
namespace {

constexpr std::uint64_t kAmplificationFactor = 3;

}  // namespace

const Route* Association::route_of(const control::ControlChunk& chunk) {
  if (const path::Path* path = core_.paths.find(chunk.path)) return &path->route;
  if (chunk.route) return &*chunk.route;
  const path::Path* best = core_.paths.for_control();
  return best == nullptr ? nullptr : &best->route;
}

// One packet with all control chunks that take the same way, up to the size of a packet.
bool Association::poll_control(Timestamp now, TransmitBatch& batch) {
  std::vector<control::ControlChunk>& chunks = core_.control.chunks();
  while (!chunks.empty()) {
    const Route* first = route_of(chunks.front());
    if (first == nullptr) {
      chunks.clear();
      return false;
    }
    const Route route = *first;
    batch.clear();
    batch.route = route;
    tx::PacketBuilder builder = begin_control(route, chunks.front(), batch);
    bool cookie_echo = false;
    std::erase_if(chunks, [&](const control::ControlChunk& chunk) {
      const Route* own = route_of(chunk);
      if (own == nullptr || *own != route) return false;
      if (!builder.fits(chunk.type, chunk.bytes.size()))
        return builder.empty();  // larger than any packet: never
      // An INIT travels alone (RFC 9260 §6.10).
      if (chunk.type == wire::ChunkType::kInit && !builder.empty()) return false;
      builder.add(chunk.type, chunk.bytes);
      cookie_echo |= chunk.type == wire::ChunkType::kCookieEcho;
      return true;
    });
    if (builder.empty()) continue;
    if (cookie_echo && channel_ != nullptr) add_early_data(builder, now);
    const std::size_t size = builder.finish();
    path::Path* path = core_.paths.find(route);
    if (!within_amplification(path, size)) {
      core_.drop(DropReason::amplification_limit);
      continue;
    }
    batch.commit(size);
    if (path != nullptr) count_sent(*path, size, now);
    return true;
  }
  return false;
}

// Control packets keep to the base size, as nobody would notice why they are lost. What does not fit (the
// answer to a HEARTBEAT with much in it) may be fragmented, as a whole it is never larger than any packet of
// ours.
tx::PacketBuilder Association::begin_control(const Route& route, const control::ControlChunk& first,
                                             TransmitBatch& batch) {
  const std::size_t safe = safe_payload(route);
  tx::PacketBuilder builder = begin_packet(batch.next(safe));
  if (builder.fits(first.type, first.bytes.size())) return builder;
  const std::size_t largest = path::PmtuDiscovery::max_payload(route.remote.ip, core_.config());
  batch.may_fragment = largest > safe;
  return begin_packet(batch.next(largest));
}

std::size_t Association::safe_payload(const Route& route) {
  const path::Path* path = core_.paths.find(route);
  return path != nullptr ? path->pmtu.safe_payload()
                         : path::PmtuDiscovery(route.remote.ip, core_.config()).safe_payload();
}

// To an address the peer named and nobody answered from yet, at most three times goes what came from there.
bool Association::within_amplification(path::Path* path, std::size_t bytes) {
  if (path == nullptr || path->ours || path->proven()) return true;
  return path->unproven_sent + bytes <= kAmplificationFactor * path->unproven_received;
}

void Association::count_sent(path::Path& path, std::size_t bytes, Timestamp now) {
  ++path.counters.datagrams_sent;
  path.counters.bytes_sent += bytes;
  if (!path.proven()) path.unproven_sent += bytes;
  path.cap.on_sent(now, path.ip_size(bytes));
}

}  // namespace hawser::sctp::association
