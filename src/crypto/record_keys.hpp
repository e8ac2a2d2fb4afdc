#pragma once

#include <array>
#include <cstdint>

#include "crypto/aead.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {

using RecordIv = std::array<std::byte, kAeadNonceSize>;

struct SendKeys {
  SealingKey key;
  RecordIv iv;
};
struct ReceiveKeys {
  OpeningKey key;
  RecordIv iv;
};
struct RecordKeys {
  SendKeys send;
  ReceiveKeys receive;
};

/// Which end of the TLS handshake we were.
enum class TlsRole : std::uint8_t { client, server };

/// The keys of one epoch, both directions:
///
///   master    = HKDF-Extract(salt = pre-shared key or 32 zero bytes, input = exporter secret)
///   traffic_d = expand_label(master, "client traffic" or "server traffic", epoch(1) ‖ cipher(1), 32)
///   key_d     = expand_label(traffic_d, "key", "", 16 or 32)
///   iv_d      = expand_label(traffic_d, "iv", "", 12)
///
/// "client traffic" is what the TLS client sends. Everything in between is wiped.
[[nodiscard]] RecordKeys derive_record_keys(Cipher cipher, TlsRole own_role, std::uint8_t epoch,
                                            Bytes exporter_secret, const PresharedKey* preshared_key);

/// iv xor (0(5) ‖ path id(1) ‖ sequence(6)). `sequence` is below 2^48, and no pair is ever used twice under
/// one key.
[[nodiscard]] RecordIv record_nonce(const RecordIv& iv, std::uint8_t path_id, std::uint64_t sequence);

/// The HMAC key of ACCESS proofs towards a hub, which whoever knows the hub's public key (and the pre-shared
/// key, if there is one) can compute: expand_label(HKDF-Extract(salt = pre-shared key or zeros, hub's public
/// key), "access", "", 32).
[[nodiscard]] SecretBytes derive_access_key(const PublicKey& hub, const PresharedKey* preshared_key);

}  // namespace hawser::crypto
