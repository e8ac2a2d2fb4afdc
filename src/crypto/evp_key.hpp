#pragma once

#include <openssl/evp.h>

#include <memory>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

/// Frees an OpenSSL key.
struct EvpKeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
/// Owns an OpenSSL key.
using EvpKeyPtr = std::unique_ptr<EVP_PKEY, EvpKeyDeleter>;

/// Converts an Ed25519 seed of 32 bytes into an OpenSSL key. Throws std::runtime_error when OpenSSL does not
/// offer Ed25519.
[[nodiscard]] EvpKeyPtr make_ed25519_key(Bytes seed);

}  // namespace hawser::crypto
