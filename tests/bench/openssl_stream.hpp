#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "crypto/aead.hpp"

namespace hawser::bench {

/// OpenSSL alone: a key, a nonce, and one endless message in blocks of a packet's size. Owns the OpenSSL
/// contexts.
class BareStream {
 public:
  explicit BareStream(crypto::Cipher cipher)
      : context_(EVP_CIPHER_CTX_new()),
        cipher_(EVP_CIPHER_fetch(nullptr, crypto::name(cipher).data(), nullptr)) {
    restart();
  }
  ~BareStream() {
    EVP_CIPHER_CTX_free(context_);
    EVP_CIPHER_free(cipher_);
  }
  BareStream(const BareStream&) = delete;
  BareStream& operator=(const BareStream&) = delete;

  void restart() {
    const std::array<unsigned char, 32> key{};
    if (EVP_EncryptInit_ex2(context_, cipher_, key.data(), key.data(), nullptr) != 1) std::abort();
  }
  void encrypt(MutableBytes data) {
    auto* bytes = reinterpret_cast<unsigned char*>(data.data());
    int size = 0;
    if (EVP_EncryptUpdate(context_, bytes, &size, bytes, static_cast<int>(data.size())) != 1) std::abort();
  }

 private:
  EVP_CIPHER_CTX* context_;
  EVP_CIPHER* cipher_;
};

}  // namespace hawser::bench
