#include "sctp/tx/control_sender.hpp"

#include <algorithm>

#include "sctp/wire/heartbeat.hpp"
#include "sctp/wire/pad.hpp"

namespace hawser::sctp::tx {

const Route* ControlSender::route_of(const control::ControlChunk& chunk) {
  if (const path::Path* path = context_.paths.find(chunk.path)) return &path->route;
  if (chunk.route) return &*chunk.route;
  const path::Path* best = context_.paths.for_control();
  return best == nullptr ? nullptr : &best->route;
}

bool ControlSender::poll(Timestamp now, TransmitBatch& batch) {
  std::vector<control::ControlChunk>& chunks = context_.queue.chunks();
  while (!chunks.empty()) {
    const Route* first = route_of(chunks.front());
    if (first == nullptr) {
      chunks.clear();
      return false;
    }
    const Route route = *first;
    batch.clear();
    batch.route = route;
    PacketBuilder packet = begin(route, chunks.front(), batch);
    const Filled filled = fill(packet, route);
    if (packet.empty()) continue;
    const bool early_data = filled.cookie_echo && bundle_data_with_cookie_ && add_early_data(packet, now);
    const std::size_t size = packet.finish();
    path::Path* path = context_.paths.find(route);
    const bool permitted = path == nullptr ? size <= filled.asked : path->within_amplification_limit(size);
    if (!permitted) {
      context_.drops.add(DropReason::amplification_limit);
      continue;
    }
    batch.commit(size);
    if (path != nullptr) path->on_sent(now, size);
    if (early_data) context_.paths.primary()->flight.on_sent(now, size, 0);
    return true;
  }
  return false;
}

// Moves all chunks that take this route and fit.
ControlSender::Filled ControlSender::fill(PacketBuilder& packet, const Route& route) {
  Filled filled;
  std::erase_if(context_.queue.chunks(), [&](const control::ControlChunk& chunk) {
    const Route* own = route_of(chunk);
    if (own == nullptr || *own != route) return false;
    // A chunk that does not fit into an empty packet never fits.
    if (!packet.fits(chunk.type, chunk.bytes.size())) {
      if (packet.empty()) context_.drops.add(DropReason::control_overflow);
      return packet.empty();
    }
    // An INIT is never bundled (RFC 9260 §6.10).
    if (chunk.type == wire::ChunkType::kInit && !packet.empty()) return false;
    packet.add(chunk.type, chunk.bytes);
    filled.cookie_echo |= chunk.type == wire::ChunkType::kCookieEcho;
    filled.asked += std::min(chunk.asked, control::ControlChunk::kAnySize - filled.asked);
    return true;
  });
  return filled;
}

// Control packets keep to the base size, because a loss that is due to their size would not be detected. A
// packet for a chunk that does not fit (the answer to a large HEARTBEAT) may be fragmented by IP; it is never
// larger than the largest packet that the configuration allows.
PacketBuilder ControlSender::begin(const Route& route, const control::ControlChunk& first,
                                   TransmitBatch& batch) {
  const std::size_t safe = safe_payload(route);
  PacketBuilder packet = context_.writer.begin(batch.next(safe));
  if (packet.fits(first.type, first.bytes.size())) return packet;
  const std::size_t max = path::PmtuDiscovery::max_payload(route.remote.ip, context_.config);
  batch.may_fragment = max > safe;
  return context_.writer.begin(batch.next(max));
}

std::size_t ControlSender::safe_payload(const Route& route) {
  const path::Path* path = context_.paths.find(route);
  return path != nullptr ? path->pmtu.safe_payload()
                         : path::PmtuDiscovery(route.remote.ip, context_.config).safe_payload();
}

// The ClientHello leaves with the COOKIE ECHO, which saves a round trip.
bool ControlSender::add_early_data(PacketBuilder& packet, Timestamp now) {
  path::Path& path = *context_.paths.primary();
  return context_.data.fill(packet, path, path.flight.sent.next(), now) != 0;
}

void ControlSender::build_probe(path::Path& path, const path::MtuProbe& probe, Timestamp now,
                                TransmitBatch& batch) {
  batch.clear();
  batch.route = path.route;
  PacketBuilder packet = context_.writer.begin(batch.next(probe.size));
  const auto info = probe.info();
  wire::HeartbeatChunk{false, info}.write(packet.begin_chunk(wire::ChunkType::kHeartbeat));
  ByteWriter& rest = packet.begin_chunk(wire::ChunkType::kPad);
  wire::PadChunk{packet.room_for(wire::ChunkType::kPad) - wire::kTlvHeaderSize}.write(rest);
  const std::size_t size = packet.finish();
  batch.commit(size);
  path.on_sent(now, size);
  path::MtuProber::on_probe_sent(path, probe, now);
}

void ControlSender::send_final_packet(Timestamp now, const Route& route, wire::ChunkType type, Bytes chunk,
                                      VerificationTag tag) {
  Buffer packet = context_.pool.acquire(safe_payload(route));
  PacketBuilder builder = context_.writer.begin(packet.bytes(), tag);
  builder.add(type, chunk);
  packet.resize(builder.finish());
  const bool sealed = context_.writer.seals();
  if (sealed && !context_.writer.finish(now, route, packet.bytes(), record_numbers(route))) return;
  if (!sealed) context_.writer.finish_unsealed(packet.bytes());
  context_.replies.push_back({route, std::move(packet), sealed});
}

bool ControlSender::finish(Timestamp now, TransmitBatch& batch) {
  return context_.writer.finish(now, batch, record_numbers(batch.route));
}

path::RecordNumbers& ControlSender::record_numbers(const Route& route) {
  path::Path* path = context_.paths.find(route);
  return path == nullptr ? pathless_record_ : path->record;
}

}  // namespace hawser::sctp::tx
