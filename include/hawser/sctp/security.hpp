#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/crypto/cipher_costs.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::sctp {

/// A peer that a protected endpoint accepts.
struct ProtectedPeer {
  crypto::PublicKey key;                              ///< identifies the peer
  std::optional<crypto::PresharedKey> preshared_key;  ///< both ends have the same one, or neither has one
};

/// Keys, peers and limits of a protected endpoint. Owns secrets. An Endpoint with a SecurityConfig speaks
/// only protected SCTP (docs/protocol.md): it does not answer packets without an ACCESS proof, and neither
/// sends nor accepts an unsealed packet once an association has keys.
struct SecurityConfig {
  crypto::PrivateKey private_key;    ///< identifies this end
  std::vector<ProtectedPeer> peers;  ///< the only peers that can connect or be connected to
  /// Cost of sealing on this machine; both ends agree on the cipher whose slower end is faster.
  crypto::CipherCosts cipher_costs;

  /// Age of the keys at which they are renewed.
  Duration rekey_after = std::chrono::minutes(15);
  /// Bytes, in the direction with more of them, after which the keys are renewed.
  std::uint64_t rekey_after_bytes = 100'000'000'000;
  /// Packets, in the direction with more of them, after which the keys are renewed.
  std::uint64_t rekey_after_packets = std::uint64_t{1} << 27U;
  /// Least time between TLS handshakes of one association, in the long run: the first kRekeyBurst rekeys may
  /// follow each other immediately, then one per interval. Holds for what this end begins and for what it
  /// answers, so both ends must have the same value. Zero: no limit.
  Duration least_rekey_interval = std::chrono::seconds(10);
  /// Rekeys that an end may begin without a pause. It answers one more, because a handshake may arrive late.
  static constexpr int kRekeyBurst = 3;
  /// Age of keys at which an association ends, whatever was configured.
  static constexpr Duration kHardAge = std::chrono::hours(1);
  /// Bytes under one key at which an association ends. Together with kHardPackets, this keeps an attacker's
  /// advantage against AES-128-GCM below 2^-57 (RFC 9001 appendix B, RFC 8446 §5.5).
  static constexpr std::uint64_t kHardBytes = 380'000'000'000;
  /// Packets under one key at which an association ends, see kHardBytes.
  static constexpr std::uint64_t kHardPackets = std::uint64_t{1} << 29U;
  /// Forged packets under one key at which an association ends (RFC 9001 §6.6, for the weaker of the two
  /// ciphers).
  static constexpr std::uint64_t kHardForgeries = std::uint64_t{1} << 36U;

  /// Longest TLS handshake, from the valid State Cookie (RFC 9260 §5.1) to the keys.
  Duration handshake_timeout = std::chrono::seconds(10);
  /// Most associations whose peers have not proven a key yet. When there are as many, the oldest of the
  /// source prefix (IPv4 /24, IPv6 /48, /56, /64) that has most of them makes room for a newer one. One
  /// prefix has an eighth of them at most.
  std::size_t max_half_open = 1024;
  /// Handshakes per second and source prefix that may end without a proof of a known key; an eighth of
  /// max_half_open of them in a burst.
  unsigned unproven_rate = 4;
};

/// The keys of a protected association; part of its status.
struct SecurityStatus {
  crypto::PublicKey peer;            ///< the key that the peer has proven
  crypto::Cipher cipher{};           ///< of this association
  std::uint8_t epoch = 0;            ///< of the keys that seal what is sent
  Timestamp keys_since{};            ///< when these keys began to seal
  Timestamp last_handshake{};        ///< when the last TLS handshake was complete
  std::uint64_t handshakes = 0;      ///< complete TLS handshakes of this association
  std::uint64_t sealed_packets = 0;  ///< packets under these keys, in the direction with more of them
};

}  // namespace hawser::sctp
