#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "hawser/base/bytes.hpp"

struct evp_cipher_ctx_st;

namespace hawser::crypto {

/// The numbers are those on the wire.
enum class Cipher : std::uint8_t { aes_128_gcm = 1, chacha20_poly1305 = 2 };

inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;
using AeadNonce = std::span<const std::byte, kAeadNonceSize>;

/// Bytes of a key: 16 or 32.
[[nodiscard]] std::size_t key_size(Cipher cipher);
/// As `openssl speed -evp` calls it: "aes-128-gcm", "chacha20-poly1305".
[[nodiscard]] std::string_view name(Cipher cipher);

namespace detail {
struct CipherContextDeleter {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, CipherContextDeleter>;

/// A cipher under one key, for one direction.
class Aead {
 public:
  Aead() = default;
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;
  virtual ~Aead() = default;

  /// False: OpenSSL does not work.
  virtual bool seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                    std::span<std::byte, kAeadTagSize> tag) = 0;
  /// On false, `data` may be anything.
  virtual bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                    std::span<const std::byte, kAeadTagSize> tag) = 0;
};
}  // namespace detail

/// The key of the direction that we send in (RFC 5116). Owns OpenSSL's context, in which the key was set
/// once: a packet sets the nonce only and allocates nothing. Never sees to it that nonces differ: its user
/// does.
class SealingKey {
 public:
  /// Expects key_size(cipher) bytes, which the caller wipes. Throws std::runtime_error when OpenSSL lacks the
  /// cipher.
  SealingKey(Cipher cipher, Bytes key);

  /// Encrypts `data` in place and writes the tag, which may lie right behind it.
  void seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<std::byte, kAeadTagSize> tag);

 private:
  std::unique_ptr<detail::Aead> aead_;
};

/// The key of the direction that we receive in; everything else is as with SealingKey.
class OpeningKey {
 public:
  OpeningKey(Cipher cipher, Bytes key);

  /// Decrypts `data` in place. On false nothing is authentic, and `data` is zero: what had been decrypted is
  /// never seen.
  [[nodiscard]] bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                          std::span<const std::byte, kAeadTagSize> tag);

 private:
  std::unique_ptr<detail::Aead> aead_;
};

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
