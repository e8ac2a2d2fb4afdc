#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "crypto/aead_cipher.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/crypto/cipher_costs.hpp"

namespace hawser::crypto {

/// Bytes of a key: 16 or 32.
[[nodiscard]] std::size_t key_size(Cipher cipher);

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
