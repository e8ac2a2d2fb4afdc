#include "sim/wire_monitor.hpp"

#include <algorithm>

namespace hawser::sim {
namespace {

std::string key_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool allowed_while_joining(const PacketView& view) {
  const bool farewell = std::all_of(view.chunks.begin(), view.chunks.end(), [](const ChunkView& chunk) {
    // Answers of the last hour go where the question came from (RFC 9260 §6.4, §8.4).
    return chunk.type == ChunkType::abort || chunk.type == ChunkType::shutdown_complete ||
           chunk.type == ChunkType::shutdown_ack;
  });
  const bool asconf = std::all_of(view.chunks.begin(), view.chunks.end(), [](const ChunkView& chunk) {
    return chunk.type == ChunkType::asconf || chunk.type == ChunkType::auth;
  });
  return farewell || asconf;
}

}  // namespace

void WireMonitor::on_connect(UplinkId uplink, const UdpAddress& remote) {
  remotes_[{uplink, remote}].proven = true;
}

void WireMonitor::on_add_path(UplinkId uplink, const UdpAddress& remote) {
  Remote& entry = remotes_[{uplink, remote}];
  entry = {};
  entry.proven = true;
  entry.joining = true;
}

void WireMonitor::on_remove_path(UplinkId uplink, const UdpAddress& remote) {
  remotes_.erase({uplink, remote});
}

void WireMonitor::on_sent(Timestamp now, UplinkId uplink, const SimDatagram& datagram) {
  view_.parse(datagram.payload);
  check_form(now, datagram);
  Remote& remote = remotes_[{uplink, datagram.destination}];
  remote.bytes_sent += datagram.payload.size();
  if (!remote.proven && remote.bytes_sent > 3 * remote.bytes_received) {
    complain(now, uplink, datagram,
             "amplifies: " + std::to_string(remote.bytes_sent) + " bytes sent to an unproven address, " +
                 std::to_string(remote.bytes_received) + " received");
  }
  if (remote.joining) check_joining(now, uplink, datagram, remote);
  note_sent_chunks(now, remote);
}

void WireMonitor::check_form(Timestamp now, const SimDatagram& datagram) {
  if (!view_.well_formed) complain(now, {}, datagram, "sends a malformed packet");
  if (!checksum_ok(datagram.payload)) complain(now, {}, datagram, "sends a wrong checksum");
  if (datagram.wire_size() > path_mtu_) {
    complain(now, {}, datagram, "exceeds the path MTU: " + std::to_string(datagram.wire_size()) + " bytes");
  }
  // RFC 9260 §6.10: these three travel alone.
  for (const ChunkType lone : {ChunkType::init, ChunkType::init_ack, ChunkType::shutdown_complete}) {
    if (view_.has(lone) && view_.chunks.size() != 1)
      complain(now, {}, datagram, "bundles what travels alone");
  }
  // RFC 9260 §8.5.1: an INIT, and only an INIT, has the verification tag zero.
  if (view_.has(ChunkType::init) != (view_.tag == 0))
    complain(now, {}, datagram, "has an illegal verification tag");
}

void WireMonitor::check_joining(Timestamp now, UplinkId uplink, const SimDatagram& datagram, Remote& remote) {
  if (!allowed_while_joining(view_))
    complain(now, uplink, datagram, "sends more than ASCONF on a path that joins");
  if (const ChunkView* asconf = view_.find(ChunkType::asconf)) {
    remote.asconf_serials.insert(ByteReader(asconf->value).u32());
  }
}

void WireMonitor::note_sent_chunks(Timestamp now, Remote& remote) {
  for (const ChunkView& chunk : view_.chunks) {
    if (chunk.type == ChunkType::heartbeat) remote.nonces.insert(key_of(chunk.value));
    if (chunk.type == ChunkType::asconf) remote.first_asconf = std::min(remote.first_asconf, now);
    if (chunk.type == ChunkType::data) remote.first_data = std::min(remote.first_data, now);
  }
}

void WireMonitor::on_received(Timestamp, UplinkId uplink, const SimDatagram& datagram) {
  Remote& remote = remotes_[{uplink, datagram.source}];
  remote.bytes_received += datagram.payload.size();
  if (datagram.damaged || !checksum_ok(datagram.payload)) return;
  view_.parse(datagram.payload);
  for (const ChunkView& chunk : view_.chunks) {
    // A returned cookie, or a returned nonce, comes only from somebody who can read what is sent there.
    if (chunk.type == ChunkType::cookie_echo) remote.proven = true;
    if (chunk.type == ChunkType::heartbeat_ack && remote.nonces.contains(key_of(chunk.value)))
      remote.proven = true;
    if (chunk.type != ChunkType::asconf_ack) continue;
    const std::uint32_t serial = ByteReader(chunk.value).u32();
    for (auto& [key, any] : remotes_) {
      if (any.asconf_serials.contains(serial)) any.joining = false;
    }
  }
}

Timestamp WireMonitor::first_asconf(UplinkId uplink, const UdpAddress& remote) const {
  const auto found = remotes_.find({uplink, remote});
  return found == remotes_.end() ? kNever : found->second.first_asconf;
}

Timestamp WireMonitor::first_data(UplinkId uplink, const UdpAddress& remote) const {
  const auto found = remotes_.find({uplink, remote});
  return found == remotes_.end() ? kNever : found->second.first_data;
}

void WireMonitor::complain(Timestamp now, UplinkId uplink, const SimDatagram& datagram,
                           const std::string& what) {
  violations_.add(now, host_ + "/" + std::to_string(uplink.value()) + " " + what + ": " +
                           datagram.source.to_string() + " > " + datagram.destination.to_string() + " " +
                           describe(datagram.payload));
}

}  // namespace hawser::sim
