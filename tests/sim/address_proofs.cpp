#include "sim/address_proofs.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace hawser::sim {
namespace {

std::uint64_t hash_of(Bytes bytes) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The State Cookie of an INIT ACK (RFC 9260 §3.3.3.1).
Bytes cookie_in(const ChunkView& init_ack) {
  constexpr std::uint16_t kStateCookie = 7;
  ByteReader reader(init_ack.value);
  reader.take(16);
  while (reader.ok() && reader.remaining() >= 4) {
    const std::uint16_t type = reader.u16();
    const std::size_t length = reader.u16();
    if (length < 4) break;
    const Bytes value = reader.take(length - 4);
    if (type == kStateCookie) return value;
    reader.take(std::min(padded4(length) - length, reader.remaining()));
  }
  return {};
}

// The State Cookie of a COOKIE ECHO, without the ACCESS proof behind it.
Bytes without_proof(Bytes echo) {
  constexpr std::size_t kProof = 16;
  return echo.first(echo.size() - std::min(echo.size(), kProof));
}

}  // namespace

void AddressProofs::on_sent(const Place& to, const PacketView& view, Bytes payload) {
  Proof& proof = proofs_[to];
  if (const ChunkView* init_ack = view.find(ChunkType::init_ack))
    proof.cookies.insert(hash_of(cookie_in(*init_ack)));
  if (!proof.proven) proof.challenges.insert(content_hash(payload));
}

void AddressProofs::on_peer_received(Bytes payload) {
  if (!undecided()) return;
  const std::uint64_t hash = content_hash(payload);
  for (auto& [place, proof] : proofs_) {
    if (!proof.proven && proof.challenges.contains(hash)) proof.challenged = true;
  }
}

void AddressProofs::on_peer_sent(Bytes payload) {
  if (is_sealed(payload)) joined_.insert(load_be<std::uint32_t>(payload.data() + 4));
  if (!undecided()) return;
  const std::uint64_t hash = content_hash(payload);
  for (auto& [place, proof] : proofs_) {
    if (!proof.proven && proof.challenged) proof.answers.insert(hash);
  }
}

void AddressProofs::on_received(Timestamp now, SocketId uplink, const UdpAddress& from,
                                const PacketView& view, Bytes payload) {
  const std::uint64_t hash = undecided() ? content_hash(payload) : 0;
  const ChunkView* echo = view.find(ChunkType::cookie_echo);
  for (auto at = proofs_.lower_bound({uplink, from, 0}); at != proofs_.end(); ++at) {
    auto& [place, proof] = *at;
    if (place.uplink != uplink || place.remote != from) break;
    if (echo != nullptr && proof.cookies.contains(hash_of(without_proof(echo->value)))) {
      proof.cookie_returned = now;
      proof.made.insert(view.tag);
    }
    if (proof.proven || !proof.answers.contains(hash)) continue;
    proof.proven = true;
    ++proven_;
    proof.challenges.clear();
    proof.answers.clear();
  }
}

bool AddressProofs::proven(const Proof& proof) const {
  return proof.proven || std::any_of(proof.made.begin(), proof.made.end(),
                                     [this](std::uint32_t tag) { return joined_.contains(tag); });
}

bool AddressProofs::proven(const Place& place) const {
  const auto at = proofs_.find(place);
  return at != proofs_.end() && proven(at->second);
}

bool AddressProofs::proven(SocketId uplink, const UdpAddress& remote) const {
  for (auto at = proofs_.lower_bound({uplink, remote, 0}); at != proofs_.end(); ++at) {
    if (at->first.uplink != uplink || at->first.remote != remote) return false;
    if (proven(at->second)) return true;
  }
  return false;
}

Timestamp AddressProofs::cookie_returned(const Place& place) const {
  const auto at = proofs_.find(place);
  return at == proofs_.end() ? kNever : at->second.cookie_returned;
}

}  // namespace hawser::sim
