#include "sim/wire_monitor.hpp"

#include <algorithm>

namespace hawser::sim {
namespace {

std::string key_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool allowed_while_joining(const PacketView& view) {
  const bool final_packets = std::all_of(view.chunks.begin(), view.chunks.end(), [](const ChunkView& chunk) {
    // Final packets and SHUTDOWN ACK are sent to the source of the packet they answer (RFC 9260 §6.4, §8.4).
    return chunk.type == ChunkType::abort || chunk.type == ChunkType::shutdown_complete ||
           chunk.type == ChunkType::shutdown_ack;
  });
  const bool asconf = std::all_of(view.chunks.begin(), view.chunks.end(), [](const ChunkView& chunk) {
    return chunk.type == ChunkType::asconf || chunk.type == ChunkType::auth;
  });
  return final_packets || asconf;
}

// Upper limits of the size of a sealed packet with an ASCONF (of an IPv6 address), and of one with HEARTBEAT,
// HEARTBEAT ACK or ASCONF ACK, which validate a path. Scenarios that check for user data send larger packets.
constexpr std::size_t kMaxSealedAsconf = 160;
constexpr std::size_t kMaxSealedValidation = 400;

// A larger packet on a path that has just been validated is a PMTU probe.
constexpr std::size_t kMaxFirstData = 1280;

// Whether the chunk may be part of the key agreement.
bool belongs_to_handshake(const ChunkView& chunk) {
  constexpr std::uint32_t kKeyManagement = 0x4857'0002;
  switch (chunk.type) {
    case ChunkType::init:
    case ChunkType::init_ack:
    case ChunkType::cookie_echo:
    case ChunkType::cookie_ack:
    case ChunkType::sack:
    case ChunkType::nr_sack:
    case ChunkType::pad:
    case ChunkType::handshake_mac: return true;
    case ChunkType::data: {
      ByteReader reader(chunk.value);
      reader.u32();
      const bool first_stream = reader.u16() == 0;
      reader.u16();
      return first_stream && reader.u32() == kKeyManagement;
    }
    default: return false;
  }
}

// Whether the packet ends with its only handshake MAC; an INIT has its own proof.
bool has_handshake_mac(const PacketView& view) {
  const auto macs = std::ranges::count(view.chunks, ChunkType::handshake_mac, &ChunkView::type);
  if (view.has(ChunkType::init)) return macs == 0;
  return macs == 1 && view.chunks.back().type == ChunkType::handshake_mac && view.chunks.size() > 1;
}

}  // namespace

void WireMonitor::on_connect(SocketId socket, const UdpAddress& remote) {
  remotes_[{socket, remote}].validated = true;
}

void WireMonitor::on_add_path(SocketId socket, const UdpAddress& remote) {
  Remote& entry = remotes_[{socket, remote}];
  entry = {};
  entry.validated = true;
  entry.joining = true;
}

void WireMonitor::on_remove_path(SocketId socket, const UdpAddress& remote) {
  remotes_.erase({socket, remote});
}

void WireMonitor::on_sent(Timestamp now, SocketId socket, const SimDatagram& datagram) {
  view_.parse(datagram.payload);
  check_form(now, datagram);
  Remote& remote = remotes_[{socket, datagram.destination}];
  check_amplification(now, socket, datagram, remote);
  if (sealed_) {
    check_record(now, socket, datagram);
    check_unsealed(now, socket, datagram, remote);
    if (!remote.validated)
      address_validation_.on_sent({socket, datagram.destination, view_.tag}, view_, datagram.payload);
  }
  if (remote.joining) {
    sealed_ ? check_sealed_join(now, socket, datagram, remote) : check_joining(now, socket, datagram, remote);
  }
  note_sent_chunks(now, remote);
}

void WireMonitor::check_amplification(Timestamp now, SocketId socket, const SimDatagram& datagram,
                                      Remote& remote) {
  if (may_send_freely(socket, datagram, remote)) return;
  remote.bytes_sent += datagram.payload.size();
  if (remote.bytes_sent > 3 * remote.bytes_received) {
    complain(now, socket, datagram,
             "amplifies: " + std::to_string(remote.bytes_sent) +
                 " bytes sent to an address that is not validated, " + std::to_string(remote.bytes_received) +
                 " received");
  }
  if (is_sealed(datagram.payload) && datagram.payload.size() > max_sealed_validation)
    complain(now, socket, datagram, "sends possible user data to an address that is not validated");
}

bool WireMonitor::may_send_freely(SocketId socket, const SimDatagram& datagram, const Remote& remote) {
  if (remote.validated || !sealed_) return remote.validated;
  const AddressValidation::Location location{socket, datagram.destination, view_.tag};
  return address_validation_.validated(location) ||
         (!is_sealed(datagram.payload) && address_validation_.cookie_returned(location) != kNever);
}

void WireMonitor::check_record(Timestamp now, SocketId socket, const SimDatagram& datagram) {
  if (!is_sealed(datagram.payload)) return;
  const auto record = record_of(view_);
  if (!record || view_.chunks[0].flags != 0)
    return complain(now, {}, datagram, "sends a record of an impossible form");
  Records& records = records_[view_.tag];
  if (!records.first) {
    records.first = {socket, datagram.destination};
    records.begun = now;
  }
  std::uint64_t& next = records.next[{record->epoch, record->path_id}];
  if (record->sequence < next) complain(now, {}, datagram, "uses a record number twice");
  next = record->sequence + 1;
}

void WireMonitor::check_unsealed(Timestamp now, SocketId socket, const SimDatagram& datagram,
                                 Remote& remote) {
  if (is_sealed(datagram.payload)) return;
  if (!std::all_of(view_.chunks.begin(), view_.chunks.end(), belongs_to_handshake))
    complain(now, socket, datagram, "sends an unsealed chunk that belongs to no handshake");
  if (!has_handshake_mac(view_)) complain(now, socket, datagram, "sends an unsealed packet without a MAC");
  if (!view_.has(ChunkType::init_ack)) {
    // A replayed INIT whose cookie is returned leads to the same tag, and to another handshake.
    const Records& records = records_[view_.tag];
    const AddressValidation::Location location{socket, datagram.destination, view_.tag};
    const Timestamp cookie = address_validation_.cookie_returned(location);
    const bool first = records.first == std::pair(socket, datagram.destination);
    const bool another =
        cookie != kNever && (!first || cookie > records.begun || address_validation_.made_several(location));
    if (records.first && !another) complain(now, socket, datagram, "sends unsealed after the first record");
    return;
  }
  if (++remote.inits_answered > remote.inits_received)
    complain(now, socket, datagram, "sends more INIT ACKs than it got INITs and COOKIE ECHOs");
  if (datagram.payload.size() > remote.largest_init)
    complain(now, socket, datagram, "answers an INIT or COOKIE ECHO with a larger packet");
}

// The ASCONF is encrypted; but it is small, and nothing else may be sent while the path is joining.
void WireMonitor::check_sealed_join(Timestamp now, SocketId socket, const SimDatagram& datagram,
                                    Remote& remote) {
  const auto state = path_state(socket, datagram.destination);
  if (state && *state != sctp::PathState::joining) {
    remote.joining = false;
    return;
  }
  remote.first_asconf = std::min(remote.first_asconf, now);
  if (!is_sealed(datagram.payload) || datagram.payload.size() > kMaxSealedAsconf)
    complain(now, socket, datagram, "sends more than ASCONF on a joining path");
}

void WireMonitor::check_form(Timestamp now, const SimDatagram& datagram) {
  if (!view_.well_formed) complain(now, {}, datagram, "sends a malformed packet");
  if (!(sealed_ ? checksum_acceptable(datagram.payload) : checksum_ok(datagram.payload)))
    complain(now, {}, datagram, "sends a wrong checksum");
  if (datagram.wire_size() > path_mtu_) {
    complain(now, {}, datagram, "exceeds the path MTU: " + std::to_string(datagram.wire_size()) + " bytes");
  }
  // RFC 9260 §6.10: these three are never bundled.
  for (const ChunkType lone : {ChunkType::init, ChunkType::init_ack, ChunkType::shutdown_complete}) {
    const std::size_t macs = view_.has(ChunkType::handshake_mac) ? 1 : 0;
    if (view_.has(lone) && view_.chunks.size() != 1 + macs)
      complain(now, {}, datagram, "bundles a chunk that must be alone");
  }
  // RFC 9260 §8.5.1: an INIT, and only an INIT, has the verification tag zero.
  if (view_.has(ChunkType::init) != (view_.tag == 0))
    complain(now, {}, datagram, "has an illegal verification tag");
}

void WireMonitor::check_joining(Timestamp now, SocketId socket, const SimDatagram& datagram, Remote& remote) {
  if (!allowed_while_joining(view_))
    complain(now, socket, datagram, "sends more than ASCONF on a joining path");
  if (const ChunkView* asconf = view_.find(ChunkType::asconf)) {
    remote.asconf_serials.insert(ByteReader(asconf->value).u32());
  }
}

void WireMonitor::note_sent_chunks(Timestamp now, Remote& remote) {
  for (const ChunkView& chunk : view_.chunks) {
    if (chunk.type == ChunkType::heartbeat) remote.nonces.insert(key_of(chunk.value));
    if (chunk.type == ChunkType::asconf) remote.first_asconf = std::min(remote.first_asconf, now);
    const bool data = chunk.type == ChunkType::data ||
                      (chunk.type == ChunkType::sealed && chunk.value.size() > kMaxSealedValidation &&
                       chunk.value.size() < kMaxFirstData);
    if (data) remote.first_data = std::min(remote.first_data, now);
  }
}

void WireMonitor::on_received(Timestamp now, SocketId socket, const SimDatagram& datagram) {
  Remote& remote = remotes_[{socket, datagram.source}];
  remote.bytes_received += datagram.payload.size();
  // In protected mode an attacker may have repaired a damaged datagram: there the checksum alone decides.
  if ((datagram.damaged && !sealed_) || !checksum_acceptable(datagram.payload)) return;
  view_.parse(datagram.payload);
  if (sealed_) {
    // A COOKIE ECHO from another address than that of its INIT is answered by an INIT ACK, too.
    if (view_.has(ChunkType::init) || view_.has(ChunkType::cookie_echo)) {
      ++remote.inits_received;
      remote.largest_init = std::max(remote.largest_init, datagram.payload.size());
    }
    return address_validation_.on_received(now, socket, datagram.source, view_, datagram.payload);
  }
  for (const ChunkView& chunk : view_.chunks) {
    // A cookie or nonce can only be returned by a receiver at that address.
    if (chunk.type == ChunkType::cookie_echo) remote.validated = true;
    if (chunk.type == ChunkType::heartbeat_ack && remote.nonces.contains(key_of(chunk.value)))
      remote.validated = true;
    if (chunk.type != ChunkType::asconf_ack) continue;
    const std::uint32_t serial = ByteReader(chunk.value).u32();
    for (auto& [key, any] : remotes_) {
      if (any.asconf_serials.contains(serial)) any.joining = false;
    }
  }
}

void WireMonitor::on_peer_sent(const SimDatagram& datagram) {
  if (sealed_) address_validation_.on_peer_sent(datagram.payload);
}

void WireMonitor::on_peer_received(const SimDatagram& datagram) {
  if (sealed_ && checksum_acceptable(datagram.payload))
    address_validation_.on_peer_received(datagram.payload);
}

Timestamp WireMonitor::first_asconf(SocketId socket, const UdpAddress& remote) const {
  const auto found = remotes_.find({socket, remote});
  return found == remotes_.end() ? kNever : found->second.first_asconf;
}

Timestamp WireMonitor::first_data(SocketId socket, const UdpAddress& remote) const {
  const auto found = remotes_.find({socket, remote});
  return found == remotes_.end() ? kNever : found->second.first_data;
}

void WireMonitor::complain(Timestamp now, SocketId socket, const SimDatagram& datagram,
                           const std::string& what) {
  violations_.add(now, host_ + "/" + std::to_string(socket.value()) + " " + what + ": " +
                           datagram.source.to_string() + " > " + datagram.destination.to_string() + " " +
                           describe(datagram.payload));
}

}  // namespace hawser::sim
