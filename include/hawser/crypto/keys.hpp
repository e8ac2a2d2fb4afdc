#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/random.hpp"
#include "hawser/base/result.hpp"
#include "hawser/crypto/secret.hpp"

namespace hawser::crypto {

/// Bytes of every key: Ed25519 public key and seed (RFC 8032), pre-shared key.
inline constexpr std::size_t kKeySize = 32;

/// Why a line of text is not a key.
enum class KeyError : std::uint8_t {
  wrong_length,  ///< not 44 characters of base64, with or without one newline
  not_base64,    ///< a character outside base64, or an encoding that no encoder produces
  all_zero,      ///< 32 zero bytes: a placeholder, not a key
};
/// The error as the end of a sentence that begins with the name of the key, such as "is not base64 of 32
/// bytes".
[[nodiscard]] std::string_view describe(KeyError error);

/// The public half of an Ed25519 key (RFC 8032), which identifies a peer. A plain value.
class PublicKey {
 public:
  /// Expects kKeySize bytes.
  static PublicKey from_bytes(Bytes raw);
  /// Reads 44 characters of base64, with or without one newline.
  static Result<PublicKey, KeyError> from_base64(std::string_view line);

  /// The kKeySize bytes of the key; valid as long as this object.
  [[nodiscard]] Bytes bytes() const { return raw_; }
  /// 44 characters, no newline.
  [[nodiscard]] std::string to_base64() const;
  auto operator<=>(const PublicKey&) const = default;

 private:
  PublicKey() = default;
  std::array<std::byte, kKeySize> raw_{};
};

/// An Ed25519 private key (RFC 8032), kept as its seed in secret memory, which it owns. There is no
/// conversion to std::string: to_base64_line() writes into secret memory.
class PrivateKey {
 public:
  /// Makes a new key. Throws std::runtime_error when OpenSSL does not offer Ed25519.
  static PrivateKey generate(RandomSource& random);
  /// Expects kKeySize bytes. Throws std::runtime_error when OpenSSL does not offer Ed25519.
  static PrivateKey from_seed(Bytes seed);
  /// Reads 44 characters of base64, with or without one newline. Throws as from_seed() does.
  static Result<PrivateKey, KeyError> from_base64(std::string_view line);

  /// The public half.
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// The kKeySize secret bytes; valid as long as this object.
  [[nodiscard]] Bytes seed() const { return seed_.view(); }
  /// 44 characters and a newline.
  [[nodiscard]] SecretBytes to_base64_line() const;
  /// A copy in secret memory of its own.
  [[nodiscard]] PrivateKey clone() const { return from_seed(seed()); }

 private:
  PrivateKey(SecretBytes seed, const PublicKey& public_key);
  SecretBytes seed_;
  PublicKey public_key_;
};

/// 32 random bytes that two peers share in addition to their keys; they keep recorded traffic secret if
/// X25519 is broken. Kept in secret memory, which it owns.
class PresharedKey {
 public:
  /// Makes a new key.
  static PresharedKey generate(RandomSource& random);
  /// Expects kKeySize bytes.
  static PresharedKey from_bytes(Bytes raw);
  /// Reads 44 characters of base64, with or without one newline.
  static Result<PresharedKey, KeyError> from_base64(std::string_view line);

  /// The kKeySize secret bytes; valid as long as this object.
  [[nodiscard]] Bytes bytes() const { return raw_.view(); }
  /// 44 characters and a newline.
  [[nodiscard]] SecretBytes to_base64_line() const;
  /// A copy in secret memory of its own.
  [[nodiscard]] PresharedKey clone() const { return from_bytes(bytes()); }

 private:
  explicit PresharedKey(SecretBytes raw) : raw_(std::move(raw)) {}
  SecretBytes raw_;
};

/// Why a key file cannot be used.
struct KeyFileError {
  /// Names the file and the reason; when other users have access, also the command that removes it.
  std::string text;
};
/// The number of a group that may read key files in addition to their owner; none: no group may.
using KeyReaders = std::optional<std::uint32_t>;
/// Reads a private key from a regular file to which only its owner, root or the effective user, and `readers`
/// have access, and which no other user can replace. The file's content is wiped from memory.
[[nodiscard]] Result<PrivateKey, KeyFileError> load_private_key_file(const std::string& path,
                                                                     KeyReaders readers = std::nullopt);
/// Reads a pre-shared key, under the conditions of load_private_key_file().
[[nodiscard]] Result<PresharedKey, KeyFileError> load_preshared_key_file(const std::string& path,
                                                                         KeyReaders readers = std::nullopt);

}  // namespace hawser::crypto
