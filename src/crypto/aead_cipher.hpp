#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "hawser/base/bytes.hpp"

struct evp_cipher_ctx_st;

namespace hawser::crypto {

inline constexpr std::size_t kAeadNonceSize = 12;  ///< bytes, for both ciphers
inline constexpr std::size_t kAeadTagSize = 16;    ///< bytes, for both ciphers
using AeadNonce = std::span<const std::byte, kAeadNonceSize>;

namespace detail {

/// Frees OpenSSL's cipher context.
struct CipherContextDeleter {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, CipherContextDeleter>;

/// A cipher under one key, for one direction: the interface that the ciphers implement and the keys own.
class Aead {
 public:
  Aead() = default;
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;
  virtual ~Aead() = default;

  /// Encrypts `data` in place and writes the tag. False: OpenSSL failed.
  virtual bool seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                    std::span<std::byte, kAeadTagSize> tag) = 0;
  /// Decrypts `data` in place. False: the tag does not match, or OpenSSL failed; `data` is then unspecified.
  virtual bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                    std::span<const std::byte, kAeadTagSize> tag) = 0;
};

}  // namespace detail
}  // namespace hawser::crypto
