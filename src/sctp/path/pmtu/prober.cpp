#include "sctp/path/pmtu/prober.hpp"

#include <algorithm>

namespace hawser::sctp::path {
namespace {

// On a path that this end adds, the first probe leaves together with the HEARTBEAT that validates the path,
// so that large packets can follow as soon as it is validated.
bool may_probe(const Path& path) {
  return path.lifecycle.active() || (path.ours && path.state() == PathState::unconfirmed);
}

}  // namespace

std::array<std::byte, MtuProbe::kInfoSize> MtuProbe::info() const {
  std::array<std::byte, kInfoSize> raw{};
  ByteWriter writer(raw);
  writer.u32(path.value());
  writer.u64(nonce);
  return raw;
}

bool MtuProber::is_probe_ack(const wire::HeartbeatChunk& chunk) {
  return chunk.info.size() == MtuProbe::kInfoSize;
}

bool MtuProber::on_probe_ack(Timestamp now, const Route& route, PathId home,
                             const wire::HeartbeatChunk& chunk) {
  ByteReader reader(chunk.info);
  Path* path = paths_.find(PathId(reader.u32()));
  const std::uint64_t nonce = reader.u64();
  if (path == nullptr || (paths_.find(route) != path && path->id != home)) return false;
  if (!path->pmtu.on_probe_acked(nonce, now)) return false;
  path->congestion->on_mtu(path->pmtu.size());
  return true;
}

void MtuProber::on_timeout(Timestamp now) {
  for (const auto& path : paths_) {
    if (path->pmtu.next_timeout() > now) continue;
    if (!path->pmtu.on_timeout(now, path->lifecycle.active())) continue;
    ++path->counters.mtu_probes_lost;
    path->congestion->on_mtu(path->pmtu.size());
  }
}

Timestamp MtuProber::next_timeout() const {
  Timestamp next = kNever;
  for (const auto& path : paths_) next = std::min(next, path->pmtu.next_timeout());
  return next;
}

// Either only packets above some size are lost, or all packets in flight are. The probe of the current size
// and a HEARTBEAT after it show which.
void MtuProber::look_for_black_hole(Path& path, unsigned enough) {
  if (path.pmtu.suspicious_losses() >= enough) path.pmtu.verify();
}

Path* MtuProber::due_path() const {
  for (const auto& path : paths_) {
    // The peer cannot answer a probe from an address that it does not know yet.
    if (path->moving) continue;
    if (path->pmtu.due_probe(may_probe(*path)) != 0) return path.get();
  }
  return nullptr;
}

MtuProbe MtuProber::start_probe(const Path& path) {
  return {path.id, path.pmtu.due_probe(may_probe(path)), random_.u64()};
}

void MtuProber::on_probe_sent(Path& path, const MtuProbe& probe, Timestamp now) {
  ++path.counters.mtu_probes_sent;
  path.pmtu.on_probe_sent(probe.nonce, now, path.rtt.rto_before_back_off());
}

}  // namespace hawser::sctp::path
