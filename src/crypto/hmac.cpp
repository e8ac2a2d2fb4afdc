#include "crypto/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>
#include <new>
#include <string>

namespace hawser::crypto {
namespace {

/// Frees OpenSSL's MAC objects.
struct MacDeleter {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacPtr = std::unique_ptr<EVP_MAC, MacDeleter>;
using ContextPtr = std::unique_ptr<EVP_MAC_CTX, MacDeleter>;

const unsigned char* raw(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Makes a context with a hash and without a key. Copying it for each message is cheaper than fetching the
// algorithm.
ContextPtr make_prototype(const char* digest_name) {
  const MacPtr mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  ContextPtr context(EVP_MAC_CTX_new(mac.get()));
  std::string name(digest_name);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                   OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_MAC_CTX_set_params(context.get(), parameters) != 1) throw std::bad_alloc();
  return context;
}

void compute(const EVP_MAC_CTX* prototype, Bytes key, std::span<const Bytes> parts, MutableBytes digest) {
  // OpenSSL keeps the previous key when the pointer is null, so that an empty key needs an address.
  static constexpr std::byte kNoKey{};
  if (key.empty()) key = Bytes(&kNoKey, 0);
  const ContextPtr context(EVP_MAC_CTX_dup(prototype));
  bool ok = context != nullptr && EVP_MAC_init(context.get(), raw(key), key.size(), nullptr) == 1;
  for (const Bytes part : parts) ok = ok && EVP_MAC_update(context.get(), raw(part), part.size()) == 1;
  std::size_t size = 0;
  ok = ok && EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                           digest.size()) == 1;
  if (!ok || size != digest.size()) throw std::bad_alloc();
}

}  // namespace

Sha1Digest hmac_sha1(Bytes key, std::span<const Bytes> parts) {
  static const ContextPtr prototype = make_prototype("SHA1");
  Sha1Digest digest;
  compute(prototype.get(), key, parts, digest);
  return digest;
}

Sha256Digest hmac_sha256(Bytes key, std::span<const Bytes> parts) {
  static const ContextPtr prototype = make_prototype("SHA256");
  Sha256Digest digest;
  compute(prototype.get(), key, parts, digest);
  return digest;
}

Sha256Digest sha256(std::span<const Bytes> parts) {
  /// Frees an OpenSSL digest context.
  struct Deleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  bool ok = context != nullptr && EVP_DigestInit_ex2(context.get(), EVP_sha256(), nullptr) == 1;
  for (const Bytes part : parts) ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  Sha256Digest digest;
  ok = ok && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1;
  if (!ok) throw std::bad_alloc();
  return digest;
}

bool constant_time_equal(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hawser::crypto
