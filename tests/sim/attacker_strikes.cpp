// The attacker's own actions: replays and forgeries of every kind that need no key.
#include <array>
#include <utility>

#include "sim/attacker.hpp"

namespace hawser::sim {
namespace {

constexpr std::uint32_t kKeyManagement = 0x4857'0002;

}  // namespace

void Attacker::strike() {
  if (!active_) return;
  switch (random_.below(9)) {
    case 0: replay_as_it_was(); break;
    case 1: replay_from_elsewhere(); break;
    case 2: replay_small_records(); break;
    case 3: reflect(); break;
    case 4: replay_handshake(); break;
    case 5: send_init_of_its_own(); break;
    case 6: forge_unsealed(); break;
    default: forge_record(); break;
  }
  const auto mean = static_cast<std::uint64_t>(spec_.strike_every.count());
  world_.events().after(Duration(static_cast<Duration::rep>(random_.between(1, 2 * mean))),
                        [this] { strike(); });
}

const Attacker::Recorded* Attacker::any_recorded() {
  return recorded_.empty() ? nullptr : &recorded_[random_.below(recorded_.size())];
}

void Attacker::replay_as_it_was() {
  if (const Recorded* old = any_recorded()) send(old->datagram);
}

void Attacker::replay_from_elsewhere() {
  const Recorded* old = any_recorded();
  if (old == nullptr) return;
  SimDatagram datagram = old->datagram;
  if (old->outward) return send_from_elsewhere(std::move(datagram));
  datagram.source = own_address();
  send(std::move(datagram));
}

// An ASCONF that adds its own source address is a small record. The attacker cannot tell which one it is, so
// it replays all of them.
void Attacker::replay_small_records() {
  constexpr std::size_t kSmall = 160;
  const UdpAddress from = own_address();
  unsigned left = 30;
  for (const Recorded& old : recorded_) {
    if (!old.outward || old.datagram.payload.size() > kSmall) continue;
    SimDatagram datagram = old.datagram;
    datagram.source = from;
    send(std::move(datagram));
    if (--left == 0) break;
  }
}

// Sends a datagram back to its sender, with the receiver as source.
void Attacker::reflect() {
  const Recorded* old = any_recorded();
  if (old == nullptr) return;
  SimDatagram datagram = old->datagram;
  std::swap(datagram.source, datagram.destination);
  send(std::move(datagram));
}

// Replays INIT with its ACCESS proof, COOKIE ECHO and TLS messages, from their source or from another,
// unchanged or altered.
void Attacker::replay_handshake() {
  if (handshakes_.empty()) return;
  const Recorded& old = handshakes_[random_.below(handshakes_.size())];
  SimDatagram datagram = old.datagram;
  if (random_.chance(0.3)) damage(datagram);
  if (old.outward && random_.chance(0.6)) datagram.source = own_address();
  send(std::move(datagram));
}

// Needs no knowledge: an INIT without an ACCESS proof, or with random MACs.
void Attacker::send_init_of_its_own() {
  if (hubs_.empty()) return;
  constexpr std::size_t kFixed = 16;
  constexpr std::uint16_t kProtection = 16;
  constexpr std::uint16_t kAccess = 56;
  std::vector<std::byte> value = noise(random_.chance(0.3) ? kFixed : kFixed + kProtection + kAccess);
  ByteWriter writer(value);
  writer.u32(static_cast<std::uint32_t>(random_.next()) | 1U);
  writer.u32(100'000);
  writer.u16(10);
  writer.u16(10);
  writer.u32(1);
  if (value.size() > kFixed) {
    writer.u16(0x8f57);
    writer.u16(kProtection);
    writer.u32(0x0100'0000);
    writer.u32(500);
    writer.u32(900);
    writer.u16(0x8f58);  // followed by random bytes as the proof
    writer.u16(kAccess);
  }
  SimDatagram datagram;
  datagram.source = own_address();
  datagram.destination = hubs_[random_.below(hubs_.size())];
  datagram.payload = PacketBuilder(9899, 9899, 0).chunk(ChunkType::init, 0, value).build();
  send(std::move(datagram));
}

// One unsealed chunk of any type, with the tag, the ports and the addresses of a recorded packet.
void Attacker::forge_unsealed() {
  static constexpr std::array kTypes = {
      ChunkType::data,          ChunkType::init_ack,     ChunkType::sack,
      ChunkType::nr_sack,       ChunkType::heartbeat,    ChunkType::abort,
      ChunkType::shutdown,      ChunkType::shutdown_ack, ChunkType::error,
      ChunkType::cookie_ack,    ChunkType::auth,         ChunkType::asconf,
      ChunkType::asconf_ack,    ChunkType::reconfig,     ChunkType::forward_tsn,
      ChunkType::heartbeat_ack, ChunkType::cookie_echo,  ChunkType::shutdown_complete};
  const Recorded* old = any_recorded();
  if (old == nullptr) return;
  PacketView view;
  view.parse(old->datagram.payload);
  SimDatagram datagram = old->datagram;
  const auto flags = static_cast<std::uint8_t>(random_.below(8));
  PacketBuilder builder(view.source_port, view.destination_port, view.tag);
  if (random_.chance(0.3)) {
    builder.chunk(ChunkType::data, 3, guessed_data(view.tag));
  } else {
    builder.chunk(kTypes[random_.below(kTypes.size())], flags, noise(random_.below(10) * 8));
  }
  datagram.payload = builder.build();
  send(std::move(datagram));
}

// A complete user message with a TSN close to the expected one: the handshake has shown the initial TSN.
std::vector<std::byte> Attacker::guessed_data(std::uint32_t tag) {
  std::uint32_t first = static_cast<std::uint32_t>(random_.next());
  for (const Recorded& known : handshakes_) {
    PacketView view;
    view.parse(known.datagram.payload);
    if (view.tag != tag || !view.has(ChunkType::data)) continue;
    first = ByteReader(view.find(ChunkType::data)->value).u32();
    break;
  }
  std::vector<std::byte> value = noise(12 + random_.between(1, 40));
  ByteWriter writer(value);
  writer.u32(first + static_cast<std::uint32_t>(random_.below(recorded_.size() + 1)));
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(random_.below(recorded_.size() + 1)));
  writer.u32(static_cast<std::uint32_t>(random_.below(recorded_.size() + 1)));
  return value;
}

// A record with another path id, epoch or sequence; or random bytes behind a valid header.
void Attacker::forge_record() {
  const Recorded* old = any_recorded();
  if (old == nullptr || old->datagram.payload.size() < 24) return;
  SimDatagram datagram = old->datagram;
  std::vector<std::byte>& bytes = datagram.payload;
  switch (random_.below(4)) {
    case 0: bytes[16] = static_cast<std::byte>(random_.below(256)); break;  // path id
    case 1: bytes[17] = static_cast<std::byte>(random_.below(4)); break;    // epoch
    case 2: store_be(bytes.data() + 20, static_cast<std::uint32_t>(random_.next())); break;
    default: random_.fill(MutableBytes(bytes).subspan(24)); break;
  }
  if (random_.chance(0.3)) fix_checksum(bytes);
  if (old->outward && random_.chance(0.3)) datagram.source = own_address();
  send(std::move(datagram));
}

// --- during a handshake

// Sends, in addition to an unsealed packet or bundled with it, a chunk that is only accepted during a
// handshake. Returns true when the packet itself must not be delivered.
bool Attacker::forge_beside(const SimDatagram& datagram) {
  if (is_sealed(datagram.payload)) return false;
  PacketView view;
  view.parse(datagram.payload);
  if (!view.well_formed || view.has(ChunkType::init)) return false;
  SimDatagram forged = datagram;
  PacketBuilder builder(view.source_port, view.destination_port, view.tag);
  if (view.has(ChunkType::init_ack)) {
    // The same answer comes from another source: does the receiver follow it?
    forged.source = own_address();
    send(std::move(forged));
    return random_.chance(0.5);
  }
  const bool bundled = random_.chance(0.5);
  if (bundled) {
    for (const ChunkView& chunk : view.chunks) builder.chunk(chunk.type, chunk.flags, chunk.value);
  }
  if (view.has(ChunkType::data)) {
    const auto flags = static_cast<std::uint8_t>(random_.below(4));
    builder.chunk(ChunkType::data, flags, forged_data(view));
  } else {
    builder.chunk(random_.chance(0.5) ? ChunkType::cookie_ack : ChunkType::heartbeat, 0, noise(8));
  }
  forged.payload = builder.build();
  send(std::move(forged));
  return bundled;
}

// Key management data with a TSN that the real sender will soon use for other data.
std::vector<std::byte> Attacker::forged_data(const PacketView& like) {
  ByteReader reader(like.find(ChunkType::data)->value);
  const std::uint32_t tsn = reader.u32();
  reader.u16();
  const std::uint16_t ssn = reader.u16();
  std::vector<std::byte> value = noise(12 + random_.between(1, 40));
  ByteWriter writer(value);
  writer.u32(tsn + static_cast<std::uint32_t>(random_.between(1, 4)));
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(ssn + random_.below(4)));
  writer.u32(kKeyManagement);
  return value;
}

std::vector<std::byte> Attacker::noise(std::size_t size) {
  std::vector<std::byte> bytes(size);
  random_.fill(bytes);
  return bytes;
}

}  // namespace hawser::sim
