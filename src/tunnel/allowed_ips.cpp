#include "tunnel/allowed_ips.hpp"

#include <algorithm>

namespace hawser::tunnel {

AllowedIps::Key AllowedIps::key_of(const IpAddress& address) {
  const Bytes raw = address.bytes();
  if (raw.size() == 4) return {std::uint64_t{load_be<std::uint32_t>(raw.data())} << 32U, 0};
  return {load_be<std::uint64_t>(raw.data()), load_be<std::uint64_t>(raw.data() + 8)};
}

AllowedIps::Key AllowedIps::mask_of(unsigned bits) {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  if (bits == 0) return {0, 0};
  if (bits <= 64) return {kAll << (64 - bits), 0};
  return {kAll, kAll << (128 - bits)};
}

AllowedIps::Length& AllowedIps::length_of(std::vector<Length>& lengths, unsigned bits) {
  const auto at =
      std::find_if(lengths.begin(), lengths.end(), [&](const Length& l) { return l.bits <= bits; });
  if (at != lengths.end() && at->bits == bits) return *at;
  return *lengths.insert(at, Length{bits, mask_of(bits), {}});
}

bool AllowedIps::insert(const IpPrefix& prefix, PeerIndex peer) {
  Length& length = length_of(prefix.ip.is_v4() ? v4_ : v6_, prefix.length);
  const Key key = key_of(prefix.ip);
  const Key masked{key.high & length.mask.high, key.low & length.mask.low};
  const auto at = std::lower_bound(length.entries.begin(), length.entries.end(), masked,
                                   [](const Entry& e, const Key& k) { return e.key < k; });
  if (at != length.entries.end() && at->key == masked) return false;
  length.entries.insert(at, Entry{masked, peer});
  return true;
}

std::optional<PeerIndex> AllowedIps::lookup(const IpAddress& address) const {
  const Key key = key_of(address);
  for (const Length& length : address.is_v4() ? v4_ : v6_) {
    const Key masked{key.high & length.mask.high, key.low & length.mask.low};
    const auto at = std::lower_bound(length.entries.begin(), length.entries.end(), masked,
                                     [](const Entry& e, const Key& k) { return e.key < k; });
    if (at != length.entries.end() && at->key == masked) return at->peer;
  }
  return std::nullopt;
}

}  // namespace hawser::tunnel
