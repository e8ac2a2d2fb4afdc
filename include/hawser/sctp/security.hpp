#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/crypto/cipher_costs.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::sctp {

/// A peer that a protected endpoint knows by its public key.
struct ProtectedPeer {
  crypto::PublicKey key;
  std::optional<crypto::PresharedKey> preshared_key;
};

/// Who a protected endpoint is, whom it lets in, and when it renews keys. Owns secrets; an Endpoint that is
/// given one speaks nothing but protected SCTP (docs/protocol.md): it answers no stranger, sends no packet of
/// an established association unsealed, and takes none.
struct SecurityConfig {
  crypto::PrivateKey private_key;
  std::vector<ProtectedPeer> peers;
  /// What sealing costs on this machine: both ends agree on the cipher whose slower end is faster.
  crypto::CipherCosts cipher_costs;

  /// New keys at the first of these; the packets and bytes are those of either direction.
  Duration rekey_after = std::chrono::minutes(15);
  std::uint64_t rekey_after_bytes = 100'000'000'000;
  std::uint64_t rekey_after_packets = std::uint64_t{1} << 27U;
  /// What an association never seals or opens beyond, whatever was configured: it ends. Bytes and packets
  /// together keep an attacker's advantage against AES-128-GCM below 2^-57 (RFC 9001 appendix B, RFC 8446
  /// §5.5).
  static constexpr Duration kHardAge = std::chrono::hours(1);
  static constexpr std::uint64_t kHardBytes = 380'000'000'000;
  static constexpr std::uint64_t kHardPackets = std::uint64_t{1} << 29U;
  /// Forged packets under one key (RFC 9001 §6.6, for the weaker of the two ciphers).
  static constexpr std::uint64_t kHardForgeries = std::uint64_t{1} << 36U;

  /// How long a handshake may take, from the valid State Cookie on (RFC 9260 §5.1) to the first sealed
  /// packet.
  Duration handshake_timeout = std::chrono::seconds(10);
  /// Associations of peers that have not proven their key yet.
  std::size_t max_half_open = 1024;
  /// Handshakes answered per second for each source prefix (IPv4 /24, IPv6 /64), with bursts of twice that.
  unsigned handshake_rate = 8;
};

/// The keys of a protected association; part of its status.
struct SecurityStatus {
  crypto::PublicKey peer;
  crypto::Cipher cipher{};
  std::uint8_t epoch = 0;            ///< of the keys we seal with
  Timestamp keys_since{};            ///< when we began to seal with them
  Timestamp last_handshake{};        ///< when the last TLS handshake was complete
  std::uint64_t handshakes = 0;      ///< complete ones of this association
  std::uint64_t sealed_packets = 0;  ///< under these keys
};

}  // namespace hawser::sctp
