#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "hawser/base/bytes.hpp"
#include "hawser/crypto/cipher_costs.hpp"

namespace hawser::crypto {

inline constexpr std::size_t kAeadNonceSize = 12;  ///< bytes, for both ciphers
inline constexpr std::size_t kAeadTagSize = 16;    ///< bytes, for both ciphers
using AeadNonce = std::span<const std::byte, kAeadNonceSize>;

namespace detail {
class Aead;
/// Deletes the type that only aead.cpp knows.
struct AeadDeleter {
  void operator()(Aead* aead) const;
};
}  // namespace detail

/// Bytes of a key: 16 for AES-128-GCM, 32 for ChaCha20-Poly1305.
[[nodiscard]] std::size_t key_size(Cipher cipher);

/// The key of the direction that this end sends in (RFC 5116). Owns OpenSSL's context, in which the key is
/// set once, so that a packet sets only the nonce and allocates nothing. Does not check that nonces differ:
/// the caller does.
class SealingKey {
 public:
  /// Expects key_size(cipher) bytes, which the caller wipes. Throws std::runtime_error when OpenSSL does not
  /// offer the cipher.
  SealingKey(Cipher cipher, Bytes key);

  /// Encrypts `data` in place and writes the tag, which may follow directly behind it. Throws
  /// std::runtime_error when OpenSSL fails; `data` is then zero.
  void seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<std::byte, kAeadTagSize> tag);

 private:
  std::unique_ptr<detail::Aead, detail::AeadDeleter> aead_;
};

/// The key of the direction that this end receives in (RFC 5116). Owns OpenSSL's context, in which the key is
/// set once; opening a packet allocates nothing.
class OpeningKey {
 public:
  /// Expects key_size(cipher) bytes, which the caller wipes. Throws std::runtime_error when OpenSSL does not
  /// offer the cipher.
  OpeningKey(Cipher cipher, Bytes key);

  /// Checks the tag and decrypts `data` in place. False: not authentic; `data` is then zero, so that
  /// unauthenticated plaintext never leaves this function.
  [[nodiscard]] bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                          std::span<const std::byte, kAeadTagSize> tag);

 private:
  std::unique_ptr<detail::Aead, detail::AeadDeleter> aead_;
};

}  // namespace hawser::crypto
