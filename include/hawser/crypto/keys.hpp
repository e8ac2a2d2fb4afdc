#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/random.hpp"
#include "hawser/base/result.hpp"
#include "hawser/crypto/secret.hpp"

namespace hawser::crypto {

inline constexpr std::size_t kKeySize = 32;

/// Why a line of text is no key.
enum class KeyError : std::uint8_t {
  wrong_length,  ///< not the 44 characters of 32 bytes in base64, with or without one newline
  not_base64,    ///< another character, or an encoding that no encoder produces
  all_zero,      ///< a placeholder, never a key
};
/// "is not 44 characters of base64", …: to follow the name of the setting.
[[nodiscard]] std::string_view describe(KeyError error);

/// The public half of an Ed25519 key (RFC 8032): a peer's identity. A plain value.
class PublicKey {
 public:
  /// Expects kKeySize bytes.
  static PublicKey from_bytes(Bytes raw);
  static Result<PublicKey, KeyError> from_base64(std::string_view line);

  [[nodiscard]] Bytes bytes() const { return raw_; }
  /// 44 characters, no newline.
  [[nodiscard]] std::string to_base64() const;
  auto operator<=>(const PublicKey&) const = default;

 private:
  PublicKey() = default;
  std::array<std::byte, kKeySize> raw_{};
};

/// An Ed25519 private key, kept as its seed. Owns its memory; never printed, only written as a line of base64
/// into a SecretBytes.
class PrivateKey {
 public:
  static PrivateKey generate(RandomSource& random);
  /// Expects kKeySize bytes.
  static PrivateKey from_seed(Bytes seed);
  static Result<PrivateKey, KeyError> from_base64(std::string_view line);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Bytes seed() const { return seed_.view(); }
  /// 44 characters and a newline.
  [[nodiscard]] SecretBytes to_base64_line() const;
  [[nodiscard]] PrivateKey clone() const { return from_seed(seed()); }

 private:
  PrivateKey(SecretBytes seed, const PublicKey& public_key);
  SecretBytes seed_;
  PublicKey public_key_;
};

/// 32 random bytes that both peers know beside their keys: what keeps recorded traffic secret if X25519
/// falls.
class PresharedKey {
 public:
  static PresharedKey generate(RandomSource& random);
  /// Expects kKeySize bytes.
  static PresharedKey from_bytes(Bytes raw);
  static Result<PresharedKey, KeyError> from_base64(std::string_view line);

  [[nodiscard]] Bytes bytes() const { return raw_.view(); }
  /// 44 characters and a newline.
  [[nodiscard]] SecretBytes to_base64_line() const;
  [[nodiscard]] PresharedKey clone() const { return from_bytes(bytes()); }

 private:
  explicit PresharedKey(SecretBytes raw) : raw_(std::move(raw)) {}
  SecretBytes raw_;
};

/// A key file that cannot be used: the text names the file, the reason and, for one that others may read, the
/// command that mends it.
struct KeyFileError {
  std::string text;
};
/// Read one key from a regular file that nobody but its owner may read or write. The file's content is wiped
/// from memory.
[[nodiscard]] Result<PrivateKey, KeyFileError> load_private_key_file(const std::string& path);
[[nodiscard]] Result<PresharedKey, KeyFileError> load_preshared_key_file(const std::string& path);

}  // namespace hawser::crypto
