#pragma once

#include <array>
#include <utility>

#include "crypto/hmac.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/wire/crc32c.hpp"
#include "sctp/wire/sealed_chunk.hpp"
#include "unit/sctp/support/endpoint_pair.hpp"

namespace hawser::sctp::test {

/// A private key for tests, always the same for a seed.
inline crypto::PrivateKey key_of(std::uint64_t seed) {
  TestRandom random(seed);
  return crypto::PrivateKey::generate(random);
}
inline crypto::PresharedKey preshared_key_of(std::uint64_t seed) {
  TestRandom random(seed);
  return crypto::PresharedKey::generate(random);
}

inline constexpr std::uint64_t kEdgeKey = 11;
inline constexpr std::uint64_t kHubKey = 22;

/// The security configuration of the end with key `own` and the peers with keys `peers`.
inline SecurityConfig protection_of(std::uint64_t own, const std::vector<std::uint64_t>& peers) {
  SecurityConfig protection{.private_key = key_of(own), .peers = {}, .cipher_costs = {500, 900}};
  for (const std::uint64_t peer : peers) protection.peers.push_back({key_of(peer).public_key(), {}});
  return protection;
}
inline SecurityConfig edge_protection() {
  return protection_of(kEdgeKey, {kHubKey});
}
inline SecurityConfig hub_protection() {
  return protection_of(kHubKey, {33, kEdgeKey, 44});
}

/// The configuration of an endpoint in a tunnel.
inline EndpointConfig tunnel_like(bool accept) {
  EndpointConfig config;
  config.accept = accept;
  config.listed_addresses = false;
  config.rto_min = std::chrono::milliseconds(200);
  config.sack_delay = std::chrono::milliseconds(20);
  config.rto_max = std::chrono::seconds(5);
  return config;
}

class ProtectedPair : public EndpointPair {
 public:
  explicit ProtectedPair(SecurityConfig edge = edge_protection(), SecurityConfig hub = hub_protection())
      : EndpointPair(tunnel_like(false), std::move(edge), tunnel_like(true), std::move(hub)) {}
};

/// The secrets of an edge of the hub, without a pre-shared key.
inline const security::InitSecrets& edge_secrets() {
  static const security::InitSecrets secrets =
      security::InitSecrets::derive(key_of(kHubKey).public_key(), nullptr);
  return secrets;
}

/// The only chunk of an INIT packet, or the first of an INIT ACK packet.
inline Bytes only_chunk_of(Bytes packet) {
  return wire::ChunkReader(packet).next()->whole;
}
/// The context of the handshake MAC of the INIT ACK for this INIT.
inline crypto::Sha256Digest init_hash_of(Bytes init_packet) {
  return crypto::sha256(std::array{only_chunk_of(init_packet)});
}
/// The transcript of the handshake that begins with these two packets.
inline crypto::Sha256Digest transcript_of(Bytes init_packet, Bytes init_ack_packet) {
  const Bytes ack = only_chunk_of(init_ack_packet);
  const auto init = wire::InitChunk::parse(*wire::ChunkReader(init_ack_packet).next());
  const auto parameters = wire::InitParameters::parse(init->parameters);
  const Bytes front(ack.data() + wire::kChunkHeaderSize, parameters->cookie->whole.data());
  return crypto::sha256(std::array{only_chunk_of(init_packet), front});
}
/// The handshake MAC of an end that knows the access key of an edge without a pre-shared key.
inline security::HandshakeMac mac_of(crypto::TlsRole role, const crypto::Sha256Digest& context) {
  return {role, edge_secrets().access_key.view(), context};
}
/// A packet whose handshake MAC and checksum are made again after it was altered.
inline ByteVector signed_again(ByteVector packet, const security::HandshakeMac& mac) {
  mac.sign(packet);
  wire::seal_checksum(packet);
  return packet;
}

inline bool is_sealed(const Datagram& datagram) {
  return wire::is_sealed(datagram.bytes);
}

}  // namespace hawser::sctp::test
