#include "crypto/record_keys.hpp"

#include <algorithm>
#include <cassert>

#include "crypto/hkdf.hpp"

namespace hawser::crypto {
namespace {

SecretBytes extract_master(const PresharedKey* preshared_key, Bytes input) {
  static constexpr std::array<std::byte, kKeySize> kNoPresharedKey{};
  return hkdf_extract(preshared_key != nullptr ? preshared_key->bytes() : Bytes(kNoPresharedKey), input);
}

/// The secrets of one direction.
struct TrafficKey {
  SecretBytes key;
  RecordIv iv;
};

TrafficKey derive_direction(Bytes master, TlsRole sender, Cipher cipher, std::uint8_t epoch) {
  const std::array context{std::byte{epoch}, static_cast<std::byte>(cipher)};
  const SecretBytes traffic = hkdf_expand_label(
      master, sender == TlsRole::client ? "client traffic" : "server traffic", context, kKeySize);
  TrafficKey out{hkdf_expand_label(traffic.view(), "key", {}, key_size(cipher)), {}};
  const SecretBytes iv = hkdf_expand_label(traffic.view(), "iv", {}, kAeadNonceSize);
  std::ranges::copy(iv.view(), out.iv.begin());
  return out;
}

}  // namespace

RecordKeys derive_record_keys(Cipher cipher, TlsRole own_role, std::uint8_t epoch, Bytes exporter_secret,
                              const PresharedKey* preshared_key) {
  const SecretBytes master = extract_master(preshared_key, exporter_secret);
  const TlsRole peer_role = own_role == TlsRole::client ? TlsRole::server : TlsRole::client;
  const TrafficKey ours = derive_direction(master.view(), own_role, cipher, epoch);
  const TrafficKey theirs = derive_direction(master.view(), peer_role, cipher, epoch);
  return {{SealingKey(cipher, ours.key.view()), ours.iv}, {OpeningKey(cipher, theirs.key.view()), theirs.iv}};
}

RecordIv record_nonce(const RecordIv& iv, std::uint8_t path_id, std::uint64_t sequence) {
  assert(sequence >> 48U == 0);
  RecordIv nonce = iv;
  std::byte* low = nonce.data() + 4;  // 8 bytes: 0(1) ‖ path id(1) ‖ sequence(6)
  store_be<std::uint64_t>(low, load_be<std::uint64_t>(low) ^ (std::uint64_t{path_id} << 48U | sequence));
  return nonce;
}

SecretBytes derive_hub_key(const PublicKey& hub) {
  return hkdf_expand_label(extract_master(nullptr, hub.bytes()).view(), "hub", {}, kKeySize);
}

SecretBytes derive_access_key(const PublicKey& hub, const PresharedKey* preshared_key) {
  return hkdf_expand_label(extract_master(preshared_key, hub.bytes()).view(), "access", {}, kKeySize);
}

SecretBytes derive_access_hints(const PublicKey& hub, const PresharedKey* preshared_key) {
  return hkdf_expand_label(extract_master(preshared_key, hub.bytes()).view(), "hints", {},
                           kAccessHints * kAccessHintSize);
}

}  // namespace hawser::crypto
