#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace hawser::crypto {

/// The numbers are those on the wire.
enum class Cipher : std::uint8_t { aes_128_gcm = 1, chacha20_poly1305 = 2 };
/// As `openssl speed -evp` calls it: "aes-128-gcm", "chacha20-poly1305".
[[nodiscard]] std::string_view name(Cipher cipher);

/// What one packet of 1400 bytes costs to seal, in nanoseconds: small enough for the wire, so that two ends
/// can tell each other.
struct CipherCosts {
  std::uint32_t aes_128_gcm = 0;
  std::uint32_t chacha20_poly1305 = 0;
  bool operator==(const CipherCosts&) const = default;
};
/// Measures both in turns for about `budget` in all and takes the best of each, which a busy machine hardly
/// disturbs.
[[nodiscard]] CipherCosts measure_ciphers(std::chrono::microseconds budget = std::chrono::milliseconds(4));
/// The cipher whose slower end is faster, since that end bounds the tunnel; AES-128-GCM among equals. Both
/// ends, asking with the two sides swapped, choose the same.
[[nodiscard]] Cipher choose_cipher(const CipherCosts& ours, const CipherCosts& theirs);

}  // namespace hawser::crypto
