#include "sctp/security/access_proof.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::security {
namespace {

static_assert(wire::kAccessHintSize == crypto::kAccessHintSize);

// Offsets of the parts of ACCESS from the end of the chunk.
constexpr std::size_t kMacFromEnd = wire::kAccessMacSize;
constexpr std::size_t kHintFromEnd = kMacFromEnd + wire::kAccessHintSize;
constexpr std::size_t kHubMacFromEnd = kHintFromEnd + wire::kAccessMacSize;

crypto::Sha256Digest mac_of(Bytes chunk, std::size_t from_end, Bytes key) {
  const std::array<Bytes, 1> parts = {chunk.first(chunk.size() - from_end)};
  return crypto::hmac_sha256(key, parts);
}

template <class Span>
Span part_of(Span chunk, std::size_t from_end, std::size_t size) {
  return chunk.last(from_end).first(size);
}

// The nonce selects one of the hints of a key, so that not every INIT of an edge has the same.
std::size_t hint_index(Bytes chunk) {
  return std::to_integer<std::size_t>(chunk.last(wire::kAccessSize)[0]) % crypto::kAccessHints;
}

// The bytes of the first HMAC behind the hub MAC hide the hint from those who do not know the hub's public
// key.
std::uint32_t mask_of(const crypto::Sha256Digest& hub_mac) {
  return load_be<std::uint32_t>(hub_mac.data() + wire::kAccessMacSize);
}

bool equal(const crypto::Sha256Digest& mac, Bytes received) {
  return crypto::constant_time_equal(Bytes(mac).first(wire::kAccessMacSize), received);
}

bool last_of(Bytes init_chunk, const std::optional<wire::ParameterView>& access) {
  return access && access->whole.size() == wire::kAccessParameterSize &&
         access->whole.data() + access->whole.size() == init_chunk.data() + init_chunk.size();
}

std::vector<const crypto::PresharedKey*> distinct_keys(const std::vector<ProtectedPeer>& peers) {
  std::vector<const crypto::PresharedKey*> distinct;
  for (const ProtectedPeer& peer : peers) {
    const crypto::PresharedKey* key = peer.preshared_key ? &*peer.preshared_key : nullptr;
    const auto same = [key](const crypto::PresharedKey* other) {
      return key == nullptr || other == nullptr ? key == other
                                                : crypto::constant_time_equal(key->bytes(), other->bytes());
    };
    if (std::ranges::none_of(distinct, same)) distinct.push_back(key);
  }
  return distinct;
}

}  // namespace

InitSecrets InitSecrets::derive(const crypto::PublicKey& hub, const crypto::PresharedKey* preshared_key) {
  return {crypto::derive_hub_key(hub), crypto::derive_access_key(hub, preshared_key),
          crypto::derive_access_hints(hub, preshared_key)};
}

void write_access_nonce(ByteWriter& parameters, RandomSource& random) {
  std::array<std::byte, wire::kAccessSize> value{};
  random.fill(MutableBytes(value).first(wire::kAccessNonceSize));
  wire::write_parameter(parameters, wire::ParameterType::kAccess, value);
}

void sign_access(MutableBytes init_chunk, const InitSecrets& secrets) {
  const crypto::Sha256Digest hub_mac = mac_of(init_chunk, kHubMacFromEnd, secrets.hub_key.view());
  std::ranges::copy(Bytes(hub_mac).first(wire::kAccessMacSize),
                    part_of(init_chunk, kHubMacFromEnd, wire::kAccessMacSize).begin());
  const std::byte* hint = secrets.hints.view().data() + hint_index(init_chunk) * crypto::kAccessHintSize;
  store_be(part_of(init_chunk, kHintFromEnd, wire::kAccessHintSize).data(),
           load_be<std::uint32_t>(hint) ^ mask_of(hub_mac));
  const crypto::Sha256Digest mac = mac_of(init_chunk, kMacFromEnd, secrets.access_key.view());
  std::ranges::copy(Bytes(mac).first(wire::kAccessMacSize), init_chunk.last(kMacFromEnd).begin());
}

AccessKeys::AccessKeys(const SecurityConfig& security)
    : hub_key_(crypto::derive_hub_key(security.private_key.public_key())) {
  const auto distinct = distinct_keys(security.peers);
  hints_.resize(crypto::kAccessHints * distinct.size());
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    const crypto::PublicKey& hub = security.private_key.public_key();
    keys_.push_back(crypto::derive_access_key(hub, distinct[i]));
    const crypto::SecretBytes hints = crypto::derive_access_hints(hub, distinct[i]);
    for (std::size_t table = 0; table < crypto::kAccessHints; ++table) {
      hints_[table * distinct.size() + i] = {
          load_be<std::uint32_t>(hints.view().data() + table * crypto::kAccessHintSize),
          static_cast<std::uint16_t>(i)};
    }
  }
  for (std::size_t table = 0; table < crypto::kAccessHints; ++table) {
    std::ranges::sort(std::span(hints_).subspan(table * keys_.size(), keys_.size()), {}, &Hint::value);
  }
}

std::optional<AccessKeys::Candidates> AccessKeys::candidates(Bytes init_chunk,
                                                             const wire::InitParameters& parameters) const {
  if (!last_of(init_chunk, parameters.access)) return std::nullopt;
  const crypto::Sha256Digest hub_mac = mac_of(init_chunk, kHubMacFromEnd, hub_key_.view());
  if (!equal(hub_mac, part_of(init_chunk, kHubMacFromEnd, wire::kAccessMacSize))) return std::nullopt;
  const Bytes hidden = part_of(init_chunk, kHintFromEnd, wire::kAccessHintSize);
  const std::uint32_t hint = load_be<std::uint32_t>(hidden.data()) ^ mask_of(hub_mac);
  const Candidates table = Candidates(hints_).subspan(hint_index(init_chunk) * keys_.size(), keys_.size());
  const auto less = [](const Hint& a, const Hint& b) { return a.value < b.value; };
  const auto [begin, end] = std::equal_range(table.begin(), table.end(), Hint{hint, 0}, less);
  return Candidates(begin, end)
      .first(std::min(static_cast<std::size_t>(std::distance(begin, end)), kMaxCandidates));
}

std::optional<std::uint16_t> AccessKeys::verify(Bytes init_chunk, Candidates candidates) const {
  for (const Hint& candidate : candidates) {
    const crypto::Sha256Digest mac = mac_of(init_chunk, kMacFromEnd, keys_[candidate.key].view());
    if (equal(mac, init_chunk.last(kMacFromEnd))) return candidate.key;
  }
  return std::nullopt;
}

}  // namespace hawser::sctp::security
