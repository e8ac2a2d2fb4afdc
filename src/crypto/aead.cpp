#include "crypto/aead.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <climits>
#include <limits>
#include <stdexcept>
#include <string>

#include "hawser/crypto/secret.hpp"

namespace hawser::crypto {
namespace {

const unsigned char* raw(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(MutableBytes bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

enum Use : int { kOpen = 0, kSeal = 1 };

}  // namespace

namespace detail {

/// A cipher of OpenSSL under one key, for one direction. Owns the context, which keeps the key from packet to
/// packet.
class Aead {
 public:
  Aead(Cipher cipher, Bytes key, Use use) : context_(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free), use_(use) {
    assert(key.size() == key_size(cipher));
    const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> fetched(
        EVP_CIPHER_fetch(nullptr, name(cipher).data(), nullptr), EVP_CIPHER_free);
    if (fetched == nullptr || context_ == nullptr ||
        EVP_CipherInit_ex2(context_.get(), fetched.get(), raw(key), nullptr, use, nullptr) != 1) {
      throw std::runtime_error("openssl does not offer " + std::string(name(cipher)));
    }
  }

  /// Encrypts `data` in place and writes the tag. False: OpenSSL failed.
  bool seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<std::byte, kAeadTagSize> tag) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag.size()),
        OSSL_PARAM_construct_end()};
    return run(nonce, associated_data, data) && finish() &&
           EVP_CIPHER_CTX_get_params(context_.get(), parameters) == 1;
  }

  /// Decrypts `data` in place. False: the tag does not match, or OpenSSL failed; `data` is then unspecified.
  bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<const std::byte, kAeadTagSize> tag) {
    std::array<std::byte, kAeadTagSize> expected;
    std::ranges::copy(tag, expected.begin());
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, expected.data(), expected.size()),
        OSSL_PARAM_construct_end()};
    return run(nonce, associated_data, data) && EVP_CIPHER_CTX_set_params(context_.get(), parameters) == 1 &&
           finish();
  }

 private:
  // Sets the nonce of a packet (the key stays), processes the associated data, then encrypts or decrypts in
  // place.
  bool run(AeadNonce nonce, Bytes associated_data, MutableBytes data) {
    assert(associated_data.size() <= INT_MAX && data.size() <= INT_MAX);
    EVP_CIPHER_CTX* const context = context_.get();
    int size = 0;
    return EVP_CipherInit_ex2(context, nullptr, nullptr, raw(nonce), use_, nullptr) == 1 &&
           (associated_data.empty() || EVP_CipherUpdate(context, nullptr, &size, raw(associated_data),
                                                        static_cast<int>(associated_data.size())) == 1) &&
           (data.empty() ||
            EVP_CipherUpdate(context, raw(data), &size, raw(data), static_cast<int>(data.size())) == 1);
  }

  // Neither cipher produces bytes at its end, but OpenSSL requires an output buffer.
  bool finish() {
    std::array<unsigned char, 16> nothing;
    int size = 0;
    return EVP_CipherFinal_ex(context_.get(), nothing.data(), &size) == 1;
  }

  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
  Use use_;
};

}  // namespace detail

std::size_t key_size(Cipher cipher) {
  return cipher == Cipher::aes_128_gcm ? 16 : 32;
}

std::string_view name(Cipher cipher) {
  return cipher == Cipher::aes_128_gcm ? "aes-128-gcm" : "chacha20-poly1305";
}

void detail::AeadDeleter::operator()(Aead* aead) const {
  delete aead;
}

SealingKey::SealingKey(Cipher cipher, Bytes key) : aead_(new detail::Aead(cipher, key, kSeal)) {}

void SealingKey::seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                      std::span<std::byte, kAeadTagSize> tag) {
  if (aead_->seal(nonce, associated_data, data, tag)) return;
  wipe(data);
  throw std::runtime_error("openssl failed to encrypt");
}

OpeningKey::OpeningKey(Cipher cipher, Bytes key) : aead_(new detail::Aead(cipher, key, kOpen)) {}

bool OpeningKey::open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                      std::span<const std::byte, kAeadTagSize> tag) {
  if (aead_->open(nonce, associated_data, data, tag)) return true;
  wipe(data);
  return false;
}

CipherCosts measure_ciphers(std::chrono::microseconds budget) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kPackets = 32;
  std::array<std::byte, 1400> packet{};
  std::array<std::byte, kAeadTagSize> tag;
  std::array<std::byte, kAeadNonceSize> nonce{};
  const std::array<std::byte, 32> key{};
  const auto measure = [&](Cipher cipher) {
    SealingKey sealing(cipher, Bytes(key).first(key_size(cipher)));
    auto best = Clock::duration::max();
    for (const auto end = Clock::now() + budget / 8; best == Clock::duration::max() || Clock::now() < end;) {
      const auto start = Clock::now();
      for (std::size_t i = 0; i < kPackets; ++i) sealing.seal(nonce, nonce, packet, tag);
      best = std::min(best, Clock::now() - start);
    }
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(best).count() /
                                      static_cast<long>(kPackets));
  };
  constexpr auto kWorst = std::numeric_limits<std::uint32_t>::max();
  CipherCosts costs{kWorst, kWorst};
  for (int round = 0; round < 4; ++round) {
    costs.aes_128_gcm = std::min(costs.aes_128_gcm, measure(Cipher::aes_128_gcm));
    costs.chacha20_poly1305 = std::min(costs.chacha20_poly1305, measure(Cipher::chacha20_poly1305));
  }
  return costs;
}

Cipher choose_cipher(const CipherCosts& ours, const CipherCosts& theirs) {
  const auto aes = std::max(ours.aes_128_gcm, theirs.aes_128_gcm);
  const auto chacha = std::max(ours.chacha20_poly1305, theirs.chacha20_poly1305);
  return aes <= chacha ? Cipher::aes_128_gcm : Cipher::chacha20_poly1305;
}

}  // namespace hawser::crypto
