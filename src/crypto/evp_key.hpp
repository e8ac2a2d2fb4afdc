#pragma once

#include <openssl/evp.h>

#include <memory>

#include "hawser/base/bytes.hpp"

namespace hawser::crypto {

struct EvpKeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using EvpKeyPtr = std::unique_ptr<EVP_PKEY, EvpKeyDeleter>;

/// OpenSSL's form of an Ed25519 private key. Throws std::runtime_error when OpenSSL may not use Ed25519.
[[nodiscard]] EvpKeyPtr make_ed25519_key(Bytes seed);

}  // namespace hawser::crypto
