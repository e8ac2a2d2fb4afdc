#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "hawser/base/bytes.hpp"
#include "hawser/crypto/cipher_costs.hpp"

struct evp_cipher_ctx_st;

namespace hawser::crypto {

inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;
using AeadNonce = std::span<const std::byte, kAeadNonceSize>;

/// Bytes of a key: 16 or 32.
[[nodiscard]] std::size_t key_size(Cipher cipher);

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

}  // namespace hawser::crypto
