#include "sctp/security/access_proof.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::security {
namespace {

crypto::Sha256Digest mac_of(Bytes init_chunk, Bytes access_key) {
  const std::array<Bytes, 1> parts = {init_chunk.first(init_chunk.size() - wire::kAccessMacSize)};
  return crypto::hmac_sha256(access_key, parts);
}

bool last_of(Bytes init_chunk, const std::optional<wire::ParameterView>& access) {
  return access && access->whole.size() == wire::kAccessParameterSize &&
         access->whole.data() + access->whole.size() == init_chunk.data() + init_chunk.size();
}

}  // namespace

void write_access_nonce(ByteWriter& parameters, RandomSource& random) {
  std::array<std::byte, wire::kAccessNonceSize + wire::kAccessMacSize> value{};
  random.fill(MutableBytes(value).first(wire::kAccessNonceSize));
  wire::write_parameter(parameters, wire::ParameterType::kAccess, value);
}

void sign_access(MutableBytes init_chunk, Bytes access_key) {
  const crypto::Sha256Digest mac = mac_of(init_chunk, access_key);
  std::ranges::copy(Bytes(mac).first(wire::kAccessMacSize), init_chunk.last(wire::kAccessMacSize).begin());
}

// The input starts with a label that is no chunk header, so that this MAC is never valid for an INIT.
std::vector<std::byte> prove_cookie(Bytes cookie, Bytes access_key) {
  static constexpr std::string_view kLabel = "hawser cookie echo";
  const std::array<Bytes, 2> parts = {std::as_bytes(std::span(kLabel)), cookie};
  const crypto::Sha256Digest mac = crypto::hmac_sha256(access_key, parts);
  return {mac.begin(), mac.begin() + wire::kAccessMacSize};
}

AccessKeys::AccessKeys(const SecurityConfig& security) {
  std::vector<const crypto::PresharedKey*> distinct;
  for (const ProtectedPeer& peer : security.peers) {
    const crypto::PresharedKey* key = peer.preshared_key ? &*peer.preshared_key : nullptr;
    const auto same = [key](const crypto::PresharedKey* other) {
      return key == nullptr || other == nullptr ? key == other
                                                : crypto::constant_time_equal(key->bytes(), other->bytes());
    };
    if (std::ranges::none_of(distinct, same)) distinct.push_back(key);
  }
  for (const crypto::PresharedKey* key : distinct) {
    keys_.push_back(crypto::derive_access_key(security.private_key.public_key(), key));
  }
}

std::optional<std::size_t> AccessKeys::verify(Bytes init_chunk,
                                              const wire::InitParameters& parameters) const {
  if (!last_of(init_chunk, parameters.access)) return std::nullopt;
  const Bytes mac = init_chunk.last(wire::kAccessMacSize);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const crypto::Sha256Digest expected = mac_of(init_chunk, keys_[i].view());
    if (crypto::constant_time_equal(Bytes(expected).first(wire::kAccessMacSize), mac)) return i;
  }
  return std::nullopt;
}

bool AccessKeys::verify_cookie(Bytes cookie, Bytes proof, std::size_t index) const {
  return index < keys_.size() &&
         crypto::constant_time_equal(prove_cookie(cookie, keys_[index].view()), proof);
}

}  // namespace hawser::sctp::security
