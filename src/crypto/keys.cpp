#include "hawser/crypto/keys.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <stdexcept>

#include "crypto/base64.hpp"
#include "crypto/evp_key.hpp"

namespace hawser::crypto {
namespace {

constexpr std::size_t kTextSize = base64_size(kKeySize);

std::optional<KeyError> parse_key(std::string_view line, MutableBytes out) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.size() != kTextSize) return KeyError::wrong_length;
  if (!base64_decode(line, out)) return KeyError::not_base64;
  if (std::ranges::all_of(out, [](std::byte b) { return b == std::byte{}; })) return KeyError::all_zero;
  return std::nullopt;
}

SecretBytes secret_line(Bytes key) {
  SecretBytes line(kTextSize + 1);
  const std::span text(reinterpret_cast<char*>(line.writable().data()), line.size());
  base64_encode(key, text.first(kTextSize));
  text.back() = '\n';
  return line;
}

SecretBytes random_key(RandomSource& random) {
  SecretBytes key(kKeySize);
  random.fill(key.writable());
  return key;
}

PublicKey compute_public_key(Bytes seed) {
  const EvpKeyPtr key = make_ed25519_key(seed);
  std::array<std::byte, kKeySize> raw;
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) {
    throw std::runtime_error("openssl cannot compute the ed25519 public key");
  }
  return PublicKey::from_bytes(raw);
}

}  // namespace

std::string_view describe(KeyError error) {
  switch (error) {
    case KeyError::wrong_length: return "is not one line of 44 characters";
    case KeyError::not_base64: return "is not base64 of 32 bytes";
    case KeyError::all_zero: return "is all zero, which is not a key";
  }
  return "is not a key";
}

EvpKeyPtr make_ed25519_key(Bytes seed) {
  EvpKeyPtr key(EVP_PKEY_new_raw_private_key_ex(
      nullptr, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(seed.data()), seed.size()));
  if (key == nullptr) throw std::runtime_error("openssl does not offer ed25519");
  return key;
}

PublicKey PublicKey::from_bytes(Bytes raw) {
  assert(raw.size() == kKeySize);
  PublicKey key;
  std::ranges::copy(raw, key.raw_.begin());
  return key;
}

Result<PublicKey, KeyError> PublicKey::from_base64(std::string_view line) {
  PublicKey key;
  if (const auto error = parse_key(line, key.raw_)) return *error;
  return key;
}

std::string PublicKey::to_base64() const {
  std::string text(kTextSize, '\0');
  base64_encode(raw_, text);
  return text;
}

PrivateKey::PrivateKey(SecretBytes seed, const PublicKey& public_key)
    : seed_(std::move(seed)), public_key_(public_key) {}

PrivateKey PrivateKey::generate(RandomSource& random) {
  SecretBytes seed = random_key(random);
  const PublicKey public_key = compute_public_key(seed.view());
  return {std::move(seed), public_key};
}

PrivateKey PrivateKey::from_seed(Bytes seed) {
  assert(seed.size() == kKeySize);
  return {SecretBytes::copy_of(seed), compute_public_key(seed)};
}

Result<PrivateKey, KeyError> PrivateKey::from_base64(std::string_view line) {
  SecretBytes seed(kKeySize);
  if (const auto error = parse_key(line, seed.writable())) return *error;
  const PublicKey public_key = compute_public_key(seed.view());
  return PrivateKey(std::move(seed), public_key);
}

SecretBytes PrivateKey::to_base64_line() const {
  return secret_line(seed_.view());
}

PresharedKey PresharedKey::generate(RandomSource& random) {
  return PresharedKey(random_key(random));
}

PresharedKey PresharedKey::from_bytes(Bytes raw) {
  assert(raw.size() == kKeySize);
  return PresharedKey(SecretBytes::copy_of(raw));
}

Result<PresharedKey, KeyError> PresharedKey::from_base64(std::string_view line) {
  SecretBytes raw(kKeySize);
  if (const auto error = parse_key(line, raw.writable())) return *error;
  return PresharedKey(std::move(raw));
}

SecretBytes PresharedKey::to_base64_line() const {
  return secret_line(raw_.view());
}

}  // namespace hawser::crypto
