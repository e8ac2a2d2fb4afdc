#include "sim/address_proofs.hpp"

#include <functional>
#include <string_view>

namespace hawser::sim {
namespace {

std::uint64_t hash_of(Bytes bytes) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// The State Cookie of an INIT ACK (RFC 9260 §3.3.3.1).
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

}  // namespace

void AddressProofs::on_sent(const Place& to, const PacketView& view, Bytes payload) {
  Proof& proof = proofs_[to];
  if (proof.proven) return;
  proof.challenges.insert(hash_of(payload));
  if (const ChunkView* init_ack = view.find(ChunkType::init_ack))
    proof.cookies.insert(hash_of(cookie_in(*init_ack)));
}

void AddressProofs::on_peer_received(Bytes payload) {
  if (!undecided()) return;
  const std::uint64_t hash = hash_of(payload);
  for (auto& [place, proof] : proofs_) {
    if (!proof.proven && proof.challenges.contains(hash)) proof.challenged = true;
  }
}

void AddressProofs::on_peer_sent(Bytes payload) {
  if (!undecided()) return;
  const std::uint64_t hash = hash_of(payload);
  for (auto& [place, proof] : proofs_) {
    if (!proof.proven && proof.challenged) proof.answers.insert(hash);
  }
}

void AddressProofs::on_received(UplinkId uplink, const UdpAddress& from, const PacketView& view,
                                Bytes payload) {
  if (!undecided()) return;
  const std::uint64_t hash = hash_of(payload);
  const ChunkView* echo = view.find(ChunkType::cookie_echo);
  for (auto at = proofs_.lower_bound({uplink, from, 0}); at != proofs_.end(); ++at) {
    auto& [place, proof] = *at;
    if (place.uplink != uplink || place.remote != from) break;
    if (proof.proven) continue;
    if (echo != nullptr && proof.cookies.contains(hash_of(echo->value))) proof.cookie_returned = true;
    if (!proof.answers.contains(hash)) continue;
    proof.proven = true;
    ++proven_;
    proof.challenges.clear();
    proof.answers.clear();
  }
}

bool AddressProofs::proven(const Place& place) const {
  const auto at = proofs_.find(place);
  return at != proofs_.end() && at->second.proven;
}

bool AddressProofs::proven(UplinkId uplink, const UdpAddress& remote) const {
  for (auto at = proofs_.lower_bound({uplink, remote, 0}); at != proofs_.end(); ++at) {
    if (at->first.uplink != uplink || at->first.remote != remote) return false;
    if (at->second.proven) return true;
  }
  return false;
}

bool AddressProofs::cookie_returned(const Place& place) const {
  const auto at = proofs_.find(place);
  return at != proofs_.end() && at->second.cookie_returned;
}

}  // namespace hawser::sim
