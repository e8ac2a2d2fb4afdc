#pragma once

#include <array>
#include <memory>

#include "crypto/aead_cipher.hpp"

struct evp_mac_ctx_st;

namespace hawser::crypto::detail {

/// ChaCha20-Poly1305 (RFC 8439 §2.8), combined from OpenSSL's ChaCha20 and Poly1305. OpenSSL's own
/// combination computes the one-time key and the last, incomplete block of a packet one block at a time,
/// which costs as much as half of the packet at full speed. Here a packet is one run over whole blocks. Owns
/// the key's contexts and the memory for that run, which it wipes; never allocates after construction.
class ChaCha20Poly1305 final : public Aead {
 public:
  /// Expects 32 bytes. Throws std::runtime_error when OpenSSL does not offer ChaCha20 or Poly1305.
  explicit ChaCha20Poly1305(Bytes key);
  ~ChaCha20Poly1305() override;

  bool seal(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<std::byte, kAeadTagSize> tag) override;
  bool open(AeadNonce nonce, Bytes associated_data, MutableBytes data,
            std::span<const std::byte, kAeadTagSize> tag) override;

 private:
  /// Frees OpenSSL's MAC context.
  struct MacDeleter {
    void operator()(evp_mac_ctx_st* context) const;
  };
  static constexpr std::size_t kBlock = 64;  ///< bytes (RFC 8439 §2.3)
  /// Bytes of one run: the block of the one-time key and a packet of up to 1,536 bytes.
  static constexpr std::size_t kRun = kBlock + 1536;

  bool begin(AeadNonce nonce, Bytes data);
  bool run_blocks(std::size_t bytes);
  bool finish(MutableBytes data);
  bool make_tag(Bytes associated_data, Bytes ciphertext, std::span<std::byte, kAeadTagSize> tag);

  CipherContext cipher_;
  std::unique_ptr<evp_mac_ctx_st, MacDeleter> mac_;
  alignas(kBlock) std::array<std::byte, kRun> run_{};  ///< one run of input and output
};

}  // namespace hawser::crypto::detail
