#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace hawser::crypto {

/// The ciphers that can seal records; the numbers go into the wire format.
enum class Cipher : std::uint8_t {
  aes_128_gcm = 1,       ///< AES-128-GCM (RFC 5116 §5.1)
  chacha20_poly1305 = 2  ///< ChaCha20-Poly1305 (RFC 8439)
};
/// The cipher's name as `openssl speed -evp` takes it: "aes-128-gcm" or "chacha20-poly1305".
[[nodiscard]] std::string_view name(Cipher cipher);

/// The time that sealing one packet of 1,400 bytes takes on this machine with each cipher. Both ends send
/// theirs in the handshake.
struct CipherCosts {
  std::uint32_t aes_128_gcm = 0;        ///< nanoseconds
  std::uint32_t chacha20_poly1305 = 0;  ///< nanoseconds
  bool operator==(const CipherCosts&) const = default;
};
/// Measures both ciphers in turns for about `budget` in total and returns the best time of each, on which
/// other load of the machine has little influence.
[[nodiscard]] CipherCosts measure_ciphers(std::chrono::microseconds budget = std::chrono::milliseconds(4));
/// Returns the cipher whose slower end is faster, because that end limits the tunnel; AES-128-GCM when both
/// are equal. Both ends choose the same cipher, each with its own costs as `ours`.
[[nodiscard]] Cipher choose_cipher(const CipherCosts& ours, const CipherCosts& theirs);

}  // namespace hawser::crypto
