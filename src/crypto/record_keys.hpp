#pragma once

#include <array>
#include <cstdint>

#include "crypto/aead.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {

/// The part of the nonce that is the same for all records of one direction and epoch.
using RecordIv = std::array<std::byte, kAeadNonceSize>;

/// The keys that seal the records of one epoch.
struct SendKeys {
  SealingKey key;  ///< seals
  RecordIv iv;     ///< see record_nonce()
};
/// The keys that open the records of one epoch.
struct ReceiveKeys {
  OpeningKey key;  ///< opens
  RecordIv iv;     ///< see record_nonce()
};
/// The keys of one epoch in both directions.
struct RecordKeys {
  SendKeys send;        ///< from this end to the peer
  ReceiveKeys receive;  ///< from the peer to this end
};

/// This end's role in the TLS handshake: the initiator of the association is the client.
enum class TlsRole : std::uint8_t { client, server };

/// Derives the keys of one epoch for both directions:
///
///   master    = HKDF-Extract(salt = pre-shared key or 32 zero bytes, input = exporter secret)
///   traffic_d = expand_label(master, "client traffic" or "server traffic", epoch(1) ‖ cipher(1), 32)
///   key_d     = expand_label(traffic_d, "key", "", 16 or 32)
///   iv_d      = expand_label(traffic_d, "iv", "", 12)
///
/// "client traffic" is the direction in which the TLS client sends. Intermediate secrets are wiped.
[[nodiscard]] RecordKeys derive_record_keys(Cipher cipher, TlsRole own_role, std::uint8_t epoch,
                                            Bytes exporter_secret, const PresharedKey* preshared_key);

/// The nonce of a record: iv xor (0(5) ‖ path id(1) ‖ sequence(6)). `sequence` is below 2^48. The caller
/// never uses a pair of path id and sequence twice under one key.
[[nodiscard]] RecordIv record_nonce(const RecordIv& iv, std::uint8_t path_id, std::uint64_t sequence);

/// Derives the HMAC key that depends on a hub's public key alone: expand_label(HKDF-Extract(salt = 32 zero
/// bytes, input = hub's public key), "hub", "", 32). Everyone who knows the public key can compute it.
[[nodiscard]] SecretBytes derive_hub_key(const PublicKey& hub);

/// Derives the HMAC key of ACCESS proofs to a hub and of the packets of a handshake:
/// expand_label(HKDF-Extract(salt = pre-shared key or 32 zero bytes, input = hub's public key), "access", "",
/// 32). Everyone who knows these two keys can compute it.
[[nodiscard]] SecretBytes derive_access_key(const PublicKey& hub, const PresharedKey* preshared_key);

inline constexpr std::size_t kAccessHints = 64;    ///< hints of one access key
inline constexpr std::size_t kAccessHintSize = 4;  ///< bytes
/// Derives the hints by which a hub finds an access key: kAccessHints hints of kAccessHintSize bytes, as
/// derive_access_key() does with the label "hints".
[[nodiscard]] SecretBytes derive_access_hints(const PublicKey& hub, const PresharedKey* preshared_key);

}  // namespace hawser::crypto
