#include "crypto/chacha20_poly1305.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>

#include "crypto/hmac.hpp"
#include "hawser/crypto/secret.hpp"

namespace hawser::crypto::detail {
namespace {

constexpr std::size_t kOneTimeKey = 32;
constexpr std::size_t kMacBlock = 16;

unsigned char* raw(MutableBytes bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* raw(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void store_le(std::byte* at, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

CipherContext make_cipher(Bytes key) {
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> fetched(
      EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr), EVP_CIPHER_free);
  CipherContext context(EVP_CIPHER_CTX_new());
  if (fetched == nullptr || context == nullptr ||
      EVP_CipherInit_ex2(context.get(), fetched.get(), raw(key), nullptr, 1, nullptr) != 1) {
    throw std::runtime_error("openssl does not offer chacha20");
  }
  return context;
}

EVP_MAC_CTX* make_mac() {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> fetched(EVP_MAC_fetch(nullptr, "POLY1305", nullptr),
                                                                  EVP_MAC_free);
  EVP_MAC_CTX* const context = fetched == nullptr ? nullptr : EVP_MAC_CTX_new(fetched.get());
  if (context == nullptr) throw std::runtime_error("openssl does not offer poly1305");
  return context;
}

}  // namespace

void ChaCha20Poly1305::MacDeleter::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

ChaCha20Poly1305::ChaCha20Poly1305(Bytes key) : cipher_(make_cipher(key)), mac_(make_mac()) {}
ChaCha20Poly1305::~ChaCha20Poly1305() {
  wipe(run_);
}

bool ChaCha20Poly1305::seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                            std::span<std::byte, kAeadTagSize> tag) {
  return begin(nonce, data) && finish(data) && make_tag(associated_data, data, tag);
}

bool ChaCha20Poly1305::open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
                            std::span<const std::byte, kAeadTagSize> tag) {
  std::array<std::byte, kAeadTagSize> expected;
  return begin(nonce, data) && make_tag(associated_data, data, expected) &&
         constant_time_equal(expected, tag) && finish(data);
}

// Encrypts one run: block 0 of zeros, which gives the one-time key (RFC 8439 §2.6), and behind it as much of
// the data as fits. `data` itself stays unchanged, because the caller computes the tag of a received packet
// from it.
bool ChaCha20Poly1305::begin(AeadNonce nonce, Bytes data) {
  std::array<std::byte, 4 + kAeadNonceSize> counter_and_nonce{};
  std::ranges::copy(nonce, counter_and_nonce.begin() + 4);
  if (EVP_CipherInit_ex2(cipher_.get(), nullptr, nullptr, raw(Bytes(counter_and_nonce)), 1, nullptr) != 1)
    return false;
  std::memset(run_.data(), 0, kBlock);
  const std::size_t piece = std::min(data.size(), kRun - kBlock);
  if (piece != 0) std::memcpy(run_.data() + kBlock, data.data(), piece);
  if (!run_blocks(kBlock + piece)) return false;
  const bool keyed = EVP_MAC_init(mac_.get(), raw(Bytes(run_)), kOneTimeKey, nullptr) == 1;
  wipe(MutableBytes(run_).first(kBlock));
  return keyed;
}

// Encrypts or decrypts whole blocks; the bytes of the last block behind the data are never used.
bool ChaCha20Poly1305::run_blocks(std::size_t bytes) {
  const std::size_t whole = (bytes + kBlock - 1) / kBlock * kBlock;
  int size = 0;
  return EVP_CipherUpdate(cipher_.get(), raw(MutableBytes(run_)), &size, raw(Bytes(run_)),
                          static_cast<int>(whole)) == 1;
}

// Writes the result over `data`: first the run of begin(), then the rest of a large packet.
bool ChaCha20Poly1305::finish(MutableBytes data) {
  const std::size_t first = std::min(data.size(), kRun - kBlock);
  if (first != 0) std::memcpy(data.data(), run_.data() + kBlock, first);
  for (MutableBytes rest = data.subspan(first); !rest.empty();) {
    const MutableBytes piece = rest.first(std::min(rest.size(), kRun));
    std::memcpy(run_.data(), piece.data(), piece.size());
    if (!run_blocks(piece.size())) return false;
    std::memcpy(piece.data(), run_.data(), piece.size());
    rest = rest.subspan(piece.size());
  }
  return true;
}

// RFC 8439 §2.8: authenticates associated data and ciphertext, each padded to 16 bytes with zeros, and both
// lengths.
bool ChaCha20Poly1305::make_tag(Bytes associated_data, Bytes ciphertext,
                                std::span<std::byte, kAeadTagSize> tag) {
  static constexpr std::array<unsigned char, kMacBlock> kZeros{};
  const auto padding = [](Bytes bytes) { return (kMacBlock - bytes.size() % kMacBlock) % kMacBlock; };
  std::array<std::byte, kMacBlock> lengths;
  store_le(lengths.data(), associated_data.size());
  store_le(lengths.data() + 8, ciphertext.size());
  std::size_t size = 0;
  EVP_MAC_CTX* const mac = mac_.get();
  return EVP_MAC_update(mac, raw(associated_data), associated_data.size()) == 1 &&
         EVP_MAC_update(mac, kZeros.data(), padding(associated_data)) == 1 &&
         EVP_MAC_update(mac, raw(ciphertext), ciphertext.size()) == 1 &&
         EVP_MAC_update(mac, kZeros.data(), padding(ciphertext)) == 1 &&
         EVP_MAC_update(mac, raw(Bytes(lengths)), lengths.size()) == 1 &&
         EVP_MAC_final(mac, raw(MutableBytes(tag)), &size, tag.size()) == 1;
}

}  // namespace hawser::crypto::detail
