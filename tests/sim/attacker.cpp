#include "sim/attacker.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"

namespace hawser::sim {
namespace {

constexpr std::size_t kMaxRecorded = 1500;
constexpr std::size_t kMaxHandshakes = 200;
constexpr std::uint16_t kFirstPort = 6000;
constexpr std::uint16_t kPorts = 6;
constexpr std::size_t kMac = 16;

}  // namespace

Attacker::Attacker(World& world, const AttackerSpec& spec, const crypto::PublicKey& hub_key,
                   std::uint64_t seed)
    : world_(world), spec_(spec), hub_key_(hub_key), random_(seed) {
  world.own(home(), [this](SimDatagram&& datagram) { on_arrival(std::move(datagram)); });
}

IpAddress Attacker::home() {
  return *IpAddress::parse("192.0.2.66");
}

void Attacker::sit_on(Access& access) {
  access.on_path = [this](bool outward, SimDatagram& datagram) { return on_path(outward, datagram); };
}

void Attacker::start() {
  active_ = true;
  if (spec_.strike_every == Duration::zero()) return;
  world_.events().after(spec_.strike_every, [this] { strike(); });
}

void Attacker::hijack(bool on, Manner manner) {
  hijacking_ = on;
  manner_ = manner;
  hijack_port_ = static_cast<std::uint16_t>(random_.between(kFirstPort, kFirstPort + kPorts - 1));
}

// --- passing datagrams

bool Attacker::on_path(bool outward, SimDatagram& datagram) {
  if (!active_) return false;
  ++figures_.seen;
  record(outward, datagram);
  if (outage_ || random_.chance(spec_.drop)) {
    ++figures_.dropped;
    return true;
  }
  if (random_.chance(spec_.forge) && forge_beside(datagram)) return true;
  if (random_.chance(spec_.damage)) {
    damage(datagram);
    send(std::move(datagram));
    return true;
  }
  if (random_.chance(spec_.duplicate)) send_later(datagram);
  if (random_.chance(spec_.delay)) {
    send_later(std::move(datagram));
    return true;
  }
  if (!outward) return false;
  if (hijacking_) {
    send_from_own(std::move(datagram));
    return true;
  }
  if (random_.chance(spec_.copy)) send_from_elsewhere(datagram);
  if (!random_.chance(spec_.rewrite)) return false;
  send_from_elsewhere(std::move(datagram));
  return true;
}

void Attacker::record(bool outward, const SimDatagram& datagram) {
  if (outward) sources_.insert(datagram.source);
  std::vector<Recorded>& list = is_sealed(datagram.payload) ? recorded_ : handshakes_;
  const std::size_t limit = &list == &recorded_ ? kMaxRecorded : kMaxHandshakes;
  if (list.size() < limit) {
    list.push_back({outward, datagram});
  } else {
    list[random_.below(limit)] = {outward, datagram};
  }
}

void Attacker::send(SimDatagram datagram) {
  ++figures_.sent;
  world_.inject(std::move(datagram));
}

void Attacker::send_later(SimDatagram datagram) {
  const Duration wait(static_cast<Duration::rep>(
      random_.between(0, static_cast<std::uint64_t>(spec_.longest_delay.count()))));
  world_.events().after(wait, [this, held = std::move(datagram)]() mutable { send(std::move(held)); });
}

void Attacker::send_from_own(SimDatagram datagram) {
  seats_[hijack_port_] = {datagram.source, datagram.destination};
  datagram.source = {home(), hijack_port_};
  send(std::move(datagram));
}

void Attacker::send_from_elsewhere(SimDatagram datagram) {
  const UdpAddress real = datagram.source;
  datagram.source = other_source(real);
  if (datagram.source.ip == home()) seats_[datagram.source.port] = {real, datagram.destination};
  send(std::move(datagram));
}

// Its own address, another port of the edge's address, or the source of another path of the edge.
UdpAddress Attacker::other_source(const UdpAddress& instead_of) {
  switch (random_.below(4)) {
    case 0: return {instead_of.ip, static_cast<std::uint16_t>(random_.between(1024, 65'535))};
    case 1: {
      auto at = sources_.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random_.below(sources_.size() + 1)));
      return at == sources_.end() ? own_address() : *at;
    }
    default: return own_address();
  }
}

UdpAddress Attacker::own_address() {
  return {home(), static_cast<std::uint16_t>(random_.between(kFirstPort, kFirstPort + kPorts - 1))};
}

void Attacker::damage(SimDatagram& datagram) {
  if (datagram.payload.empty()) return;
  if (random_.chance(0.3)) {
    datagram.payload.resize(random_.below(datagram.payload.size()));
  } else {
    for (std::uint64_t flips = random_.between(1, 4); flips > 0; --flips) {
      const std::uint64_t bit = random_.below(datagram.payload.size() * 8);
      datagram.payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
  }
  // With a valid checksum it is a forgery, not damage.
  datagram.damaged = !random_.chance(0.5);
  if (!datagram.damaged) fix_checksum(datagram.payload);
}

// --- datagrams to its own addresses

void Attacker::on_arrival(SimDatagram&& datagram) {
  if (!active_ || datagram.source.ip == home()) return;
  PacketView view;
  view.parse(datagram.payload);
  if (view.has(ChunkType::init_ack) && random_.chance(0.5)) return claim_cookie(datagram);
  const auto seat = seats_.find(datagram.destination.port);
  if (manner_ == Manner::reflect) {
    std::swap(datagram.source, datagram.destination);
    send(std::move(datagram));
  } else if (manner_ == Manner::relay && seat != seats_.end()) {
    datagram.source = seat->second.hub;
    datagram.destination = seat->second.edge;
    send(std::move(datagram));
  }
}

// The handshake MAC of an edge (docs/protocol.md): without a pre-shared key, the hub's public key is enough
// to compute it. `packet` ends with room for the MAC.
void Attacker::sign(std::vector<std::byte>& packet, Bytes transcript) const {
  static constexpr std::string_view kLabel = "hawser edge handshake";
  store_be(packet.data() + 8, std::uint32_t{0});
  const std::array<Bytes, 3> parts = {std::as_bytes(std::span(kLabel)), transcript,
                                      Bytes(packet).first(packet.size() - kMac)};
  const auto key = crypto::derive_access_key(hub_key_, nullptr);
  const auto mac = crypto::hmac_sha256(key.view(), parts);
  std::copy_n(mac.begin(), kMac, packet.end() - static_cast<std::ptrdiff_t>(kMac));
  fix_checksum(packet);
}

// The recorded INIT to which an INIT ACK belongs; null: none. Its tag is the same.
const Attacker::Recorded* Attacker::init_of(const PacketView& init_ack) const {
  for (const Recorded& known : handshakes_) {
    PacketView view;
    view.parse(known.datagram.payload);
    const ChunkView* init = view.find(ChunkType::init);
    if (init != nullptr && init->value.size() >= 4 &&
        load_be<std::uint32_t>(init->value.data()) == init_ack.tag)
      return &known;
  }
  return nullptr;
}

// A receiver of an INIT ACK can return its cookie, and then send unsealed packets until it would need a
// private key.
void Attacker::claim_cookie(const SimDatagram& init_ack) {
  PacketView view;
  view.parse(init_ack.payload);
  const Recorded* init = init_of(view);
  if (init == nullptr) return;
  const Bytes ack = view.find(ChunkType::init_ack)->value;
  ByteReader reader(ack);
  const std::uint32_t tag = reader.u32();
  reader.take(12);
  Bytes cookie;
  std::size_t cookie_at = ack.size();
  while (reader.ok() && reader.remaining() >= 4) {
    const std::size_t at = ack.size() - reader.remaining();
    const std::uint16_t type = reader.u16();
    const Bytes value = reader.take(std::max<std::size_t>(reader.u16(), 4) - 4);
    if (type == 7) {
      cookie = value;
      cookie_at = at;
    }
    reader.take(std::min(padded4(value.size()) - value.size(), reader.remaining()));
  }
  const std::array<Bytes, 2> transcript = {Bytes(init->datagram.payload).subspan(12), ack.first(cookie_at)};
  PacketBuilder builder(view.destination_port, view.source_port, tag);
  builder.chunk(ChunkType::cookie_echo, 0, cookie);
  for (const Recorded& known : handshakes_) {
    PacketView client_hello;
    client_hello.parse(known.datagram.payload);
    const ChunkView* data = client_hello.find(ChunkType::data);
    if (!known.outward || data == nullptr || random_.chance(0.5)) continue;
    builder.chunk(ChunkType::data, data->flags, data->value);
    break;
  }
  builder.chunk(ChunkType::handshake_mac, 0, std::vector<std::byte>(kMac));
  SimDatagram echo;
  echo.source = init_ack.destination;
  echo.destination = init_ack.source;
  echo.payload = builder.build();
  sign(echo.payload, crypto::sha256(transcript));
  send(std::move(echo));
}

}  // namespace hawser::sim
