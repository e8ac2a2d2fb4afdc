#include <algorithm>
#include <array>

#include "sctp/association/association.hpp"
#include "sctp/wire/heartbeat.hpp"
#include "sctp/wire/pad.hpp"

// Path MTU discovery (RFC 8899): what the paths' searches ask for. A probe is a HEARTBEAT and a PAD chunk
// that fill a packet of exactly the size in question (RFC 8899 §6.2.1, RFC 4820). It is no heartbeat of
// heartbeat.cpp: one may be under way beside the other, and its loss is no error of the path.

namespace hawser::sctp::association {
namespace {

/// Its Heartbeat Info: path id and a nonce that only a receiver of this very probe can know. Its size tells
/// it from that of a heartbeat.
constexpr std::size_t kInfoSize = 4 + 8;
/// So many packets of a size are lost and none is delivered, while smaller ones are: time to ask.
constexpr unsigned kSuspiciousLosses = 3;

}  // namespace

// --- in
// ------------------------------------------------------------------------------------------------------------

bool Association::is_probe_ack(const wire::HeartbeatChunk& chunk) {
  return chunk.info.size() == kInfoSize;
}

// It has to come back the way the probe went, like any HEARTBEAT ACK.
void Association::handle_probe_ack(const Packet& packet, const wire::HeartbeatChunk& chunk) {
  ByteReader reader(chunk.info);
  path::Path* path = core_.paths.find(PathId(reader.u32()));
  const std::uint64_t nonce = reader.u64();
  if (path == nullptr || core_.paths.find(packet.route) != path ||
      !path->pmtu.on_probe_acked(nonce, packet.now)) {
    return core_.drop(DropReason::bad_heartbeat_ack);
  }
  path->congestion->on_mtu(path->pmtu.payload());
}

void Association::on_probe_timeouts(Timestamp now) {
  for (const auto& path : core_.paths) {
    if (path->pmtu.next_timeout() > now) continue;
    if (!path->pmtu.on_timeout(now, path->state == PathState::active)) continue;
    ++path->counters.mtu_probes_lost;
    path->congestion->on_mtu(path->pmtu.payload());
  }
}

// RFC 8899 §4.3: only packets above some size are lost, or all that was in flight, such ones among it. The
// probe of the present size and a HEARTBEAT behind it will tell.
void Association::look_for_black_hole(path::Path& path, unsigned enough) {
  if (path.pmtu.suspicious_losses() >= enough) path.pmtu.verify();
}

void Association::after_losses(path::Path& path) {
  path.pmtu.on_delivered(path.flight.acked.largest);
  look_for_black_hole(path, kSuspiciousLosses);
}

// What was in flight is lost, and nobody's congestion.
void Association::on_black_hole(path::Path& path) {
  ++path.counters.mtu_black_holes;
  ++path.counters.mtu_probes_lost;
  sender_.outstanding().lose_all(path);
  path.pmtu.on_delivered(path::PacketSize::large);
  path.congestion->on_mtu(path.pmtu.payload());
}

Timestamp Association::next_probe_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : core_.paths) next = std::min(next, path->pmtu.next_timeout());
  return next;
}

// --- out
// -----------------------------------------------------------------------------------------------------------

std::size_t Association::unfragmented_size() const {
  return core_.paths.payload_mtu() - chunk_overhead_;
}

// UDP payload of the smallest packet with the next chunk.
std::size_t Association::next_packet_size() {
  return chunk_overhead_ + padded4(sender_.next_chunk_size());
}

// A chunk that was cut when the paths carried more keeps its TSN, and so its size. It takes a path that
// carries it; only where there is none, it leaves in a packet that IP may fragment (RFC 9260 §6.9).
path::Path* Association::pick_path(Timestamp now) {
  const std::size_t size = next_packet_size();
  return scheduler_->pick(core_.paths, now, pacing_deadline_, core_.paths.any_carries(size) ? size : 0);
}

bool Association::poll_probe(Timestamp now, TransmitBatch& batch) {
  if (!may_send_data() || half_open()) return false;  // a caller that is not proven is sent nothing large
  for (const auto& path : core_.paths) {
    const std::size_t size = path->pmtu.due_probe(path->state == PathState::active);
    if (size == 0) continue;
    if (poll_control(now, batch)) return true;  // what waits has waited longer
    build_probe(*path, size, now, batch);
    if (path->pmtu.verifying()) path::PathValidation::probe(*path);
    return true;
  }
  return false;
}

void Association::build_probe(path::Path& path, std::size_t size, Timestamp now, TransmitBatch& batch) {
  const std::uint64_t nonce = core_.endpoint.random.u64();
  std::array<std::byte, kInfoSize> info{};
  ByteWriter writer(info);
  writer.u32(path.id.value());
  writer.u64(nonce);
  batch.clear();
  batch.route = path.route;
  tx::PacketBuilder packet = begin_packet(batch.next(size));
  wire::HeartbeatChunk{false, info}.write(packet.begin_chunk(wire::ChunkType::kHeartbeat));
  ByteWriter& rest = packet.begin_chunk(wire::ChunkType::kPad);
  wire::PadChunk{packet.room_for(wire::ChunkType::kPad) - wire::kTlvHeaderSize}.write(rest);
  const std::size_t built = packet.finish();
  batch.commit(built);
  count_sent(path, built, now);
  ++path.counters.mtu_probes_sent;
  path.pmtu.on_probe_sent(nonce, now, path.rtt.rto_before_back_off());
}

}  // namespace hawser::sctp::association
