#pragma once

#include <array>
#include <memory>

#include "crypto/aead_cipher.hpp"

struct evp_mac_ctx_st;

namespace hawser::crypto::detail {

/// ChaCha20-Poly1305 (RFC 8439 §2.8) put together from OpenSSL's ChaCha20 and Poly1305. OpenSSL's own
/// combination makes the one-time key and the last, incomplete block of a packet one block at a time, which
/// costs as much as half of the packet does many blocks at a time; here all of them are one run over whole
/// blocks. Owns the key's contexts and the memory for that run; never allocates after construction.
class ChaCha20Poly1305 final : public Aead {
 public:
  explicit ChaCha20Poly1305(Bytes key);
  ~ChaCha20Poly1305() override;

  bool seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<std::byte, kAeadTagSize> tag) override;
  bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<const std::byte, kAeadTagSize> tag) override;

 private:
  struct MacDeleter {
    void operator()(evp_mac_ctx_st* context) const;
  };
  static constexpr std::size_t kBlock = 64;
  /// The block of the one-time key, and the largest packet of an ordinary network.
  static constexpr std::size_t kRun = kBlock + 1536;

  bool begin(AeadNonce nonce, Bytes data);
  bool run_blocks(std::size_t bytes);
  bool finish(MutableBytes data);
  bool make_tag(Bytes associated_data, Bytes ciphertext, std::span<std::byte, kAeadTagSize> tag);

  CipherContext cipher_;
  std::unique_ptr<evp_mac_ctx_st, MacDeleter> mac_;
  alignas(kBlock) std::array<std::byte, kRun> run_{};  ///< what is being en- or decrypted, in whole blocks
};

}  // namespace hawser::crypto::detail
