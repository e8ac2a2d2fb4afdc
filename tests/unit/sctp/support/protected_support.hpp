#pragma once

#include <utility>

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

inline bool is_sealed(const Datagram& datagram) {
  return wire::is_sealed(datagram.bytes);
}

}  // namespace hawser::sctp::test
